// Package doctor finds out whether a computer is ready to import key material into a KMS: network,
// proxy, certificates, clock, credentials and permissions. Its report holds no secret.
package doctor

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"keyferry/server/kms"
)

// Result is how a check ended.
type Result string

// The results.
const (
	OK      Result = "ok"
	Warning Result = "warning"
	Failed  Result = "failed"
	Skipped Result = "skipped" // something before it failed, or it was not asked for
)

// Check is one thing that was looked at.
type Check struct {
	Name   string
	Result Result
	Said   []string // what was found, a line each
	Do     string   // what to do about it; empty if there is nothing to do
}

// Report is what the doctor found.
type Report struct {
	Address, Region string
	At              time.Time
	Checks          []Check
}

// Failed reports whether any check did.
func (r *Report) Failed() bool {
	for _, c := range r.Checks {
		if c.Result == Failed {
			return true
		}
	}
	return false
}

// Config says what to look at.
type Config struct {
	KMS kms.Config
	// KeyID is a CMK to get import parameters for, which changes nothing; empty means none.
	KeyID string
	// Algorithms are those to try with KeyID; nil means kms.WrappingAlgorithms.
	Algorithms []string
	// Now is this computer's clock; nil means time.Now.
	Now func() time.Time
}

// examination is a run of the doctor.
type examination struct {
	Config
	client  *kms.Client
	reached *kms.Reached // nil if the KMS was not reached
	ready   bool         // whether there are credentials
	report  *Report
}

// Run looks at everything. The error is about the configuration, before anything was looked at.
func Run(ctx context.Context, config Config) (*Report, error) {
	client, err := kms.New(config.KMS)
	if err != nil {
		return nil, err
	}
	if config.Now == nil {
		config.Now = time.Now
	}
	if config.Algorithms == nil {
		config.Algorithms = kms.WrappingAlgorithms
	}
	e := &examination{Config: config, client: client, report: &Report{
		Address: client.Address(), Region: config.KMS.Region, At: config.Now().UTC().Truncate(time.Second),
	}}
	for _, check := range []func(context.Context) Check{
		e.proxy, e.network, e.certificate, e.clock, e.credentials, e.parameters, e.browsers,
	} {
		e.report.Checks = append(e.report.Checks, check(ctx))
	}
	return e.report, nil
}

// Write writes the report as text.
func (r *Report) Write(w io.Writer, version, platform string) error {
	var b strings.Builder
	fmt.Fprintf(&b, "Keyferry %s on %s, %s\nKMS: %s, region %s\n\n", version, platform, r.At.Format(time.RFC3339), r.Address, r.Region)
	for _, c := range r.Checks {
		name := c.Name
		for i, line := range c.Said {
			result := string(c.Result)
			if i > 0 {
				name, result = "", ""
			}
			fmt.Fprintf(&b, "%-12s %-8s %s\n", name, result, line)
		}
		if c.Do != "" {
			fmt.Fprintf(&b, "%-21s To do: %s\n", "", c.Do)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}
