package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"keyferry/server/verify"
	"keyferry/web"
)

// verifyCommand compares a running console with this binary.
type verifyCommand struct {
	URL     string        `arg:"" name:"url" help:"Address of the console, such as https://keyferry.example."`
	Region  string        `help:"Region that the console must have. Otherwise it is taken from the console's own pages and shown."`
	KMS     string        `name:"kms" enum:",local,alibaba" default:"" help:"Where the console's calls must go: local or alibaba. Otherwise as its own pages say."`
	CAFile  string        `name:"ca-file" type:"existingfile" help:"Certificates to trust, in PEM, instead of the system's."`
	Timeout time.Duration `default:"5m" help:"How long the whole comparison may take."`
}

// Help is the long form of the help.
func (*verifyCommand) Help() string {
	return "Gets every page of a running console in each language, every file that the pages load in each " +
		"coding, and what those name in turn, sends what the pages' forms send and what a console refuses, and compares " +
		"status, headers and every byte with what this binary would answer. It asks as Chrome, Firefox and Safari do, in " +
		"random order, over HTTP/1.1 and HTTP/2: one to two thousand requests. None of them reaches the KMS. Build the binary " +
		"yourself, from sources that you trust.\n\n" +
		"Exit status: 0 if everything is the same, 1 if anything differs, 2 if the console could not be reached or the " +
		"comparison was not completed. No cookies are sent but those of language and theme. A proxy that announces " +
		"another protocol or port with Alt-Svc differs: browsers would load later pages from there, unseen by this command.\n\n" +
		"What it cannot prove: that the console answers everybody alike. A dishonest one can show honest pages to this " +
		"command and others to a chosen person. Nor does it see what a browser kept from an earlier visit, or what " +
		"the console does with what it receives. To be sure, run the console on your own computer."
}

// Run compares.
func (v *verifyCommand) Run(ctx context.Context, t terminal) error {
	static, err := web.Embedded()
	if err != nil {
		return err
	}
	verdict, err := verify.Run(ctx, verify.Config{
		URL: v.URL, Static: static, Version: version, Region: v.Region, KMS: v.KMS, CAFile: v.CAFile,
		Timeout: v.Timeout, Out: t.out, Local: localKMSCommands,
	})
	switch {
	case err != nil:
		return failed{fmt.Errorf("verifying %s: %w", v.URL, err), 2}
	case verdict.Differing > 0:
		return failed{errors.New("the console differs from this binary"), 1}
	}
	return nil
}

// failed is an error with an exit status of its own.
type failed struct {
	error
	status int
}

// ExitCode is the exit status.
func (f failed) ExitCode() int { return f.status }

// Unwrap is the error itself.
func (f failed) Unwrap() error { return f.error }
