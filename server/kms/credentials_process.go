package kms

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os/exec"
	"strings"
	"time"

	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/auth/credentials"
)

const (
	maxProcessTime   = 10 * time.Second
	maxProcessOutput = 64 << 10
	// processRenewal is how long credentials are used that do not say when they expire.
	processRenewal = 10 * time.Minute
)

// processCredentials runs the process_command of a profile of mode External, as the aliyun command
// line does: split at spaces, without a shell. The process writes a profile of mode AK or StsToken,
// in JSON, to its standard output. Its standard error is not kept, since it may hold secrets.
type processCredentials struct {
	command string
	found   credentials.CredentialsProvider
	renewAt time.Time
}

// GetProviderName names the provider.
func (p *processCredentials) GetProviderName() string { return "external" }

// GetCredentials returns credentials that last, running the process when need be.
func (p *processCredentials) GetCredentials() (*credentials.Credentials, error) {
	if p.found == nil || time.Now().After(p.renewAt) {
		if err := p.run(); err != nil {
			return nil, unusable("there, but the process_command of its profile " + err.Error())
		}
	}
	found, err := p.found.GetCredentials()
	if err == nil {
		found.ProviderName = p.GetProviderName()
	}
	return found, err
}

func (p *processCredentials) run() error {
	ctx, cancel := context.WithTimeout(context.Background(), maxProcessTime)
	defer cancel()
	arguments := strings.Fields(p.command)
	process := exec.CommandContext(ctx, arguments[0], arguments[1:]...)
	process.WaitDelay = time.Second // for a child of the process that keeps its output open
	var output limited
	process.Stdout = &output
	err := process.Run()
	var ended *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return errors.New("did not end in time")
	case output.full:
		return errors.New("writes more than credentials")
	case errors.As(err, &ended):
		return errors.New("failed, " + ended.ProcessState.String())
	case err != nil && process.Process == nil:
		return errors.New("cannot be started: is it installed, and in PATH?")
	}
	var answer profile
	if json.Unmarshal(output.buffer.Bytes(), &answer) != nil {
		return errors.New("did not write JSON")
	}
	if mode := strings.ToLower(answer.Mode); mode != "ak" && mode != "ststoken" {
		return errors.New("did not write a profile of mode AK or StsToken")
	}
	found, err := answer.mode(nil)
	if err != nil {
		return errors.New("wrote a profile that " + err.Error())
	}
	p.found, p.renewAt = found, time.Now().Add(processRenewal)
	if answer.ExpiresUnix != 0 {
		p.renewAt = time.Unix(answer.ExpiresUnix, 0).Add(-renewEarly)
	}
	return nil
}

// limited keeps what a process writes, up to maxProcessOutput.
type limited struct {
	buffer bytes.Buffer
	full   bool
}

// Write fails when there is too much, which closes the pipe.
func (l *limited) Write(p []byte) (int, error) {
	if l.full = l.full || l.buffer.Len()+len(p) > maxProcessOutput; l.full {
		return 0, errors.New("too much")
	}
	return l.buffer.Write(p)
}
