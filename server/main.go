// Command keyferry imports key material into Alibaba Cloud KMS from a browser.
//
// keyferry serve, the default, runs the console in front of an embedded local KMS or of Alibaba
// Cloud. keyferry desk writes an offline console in one file. keyferry link prints a signed link to the
// KMS, for somebody who has that file. keyferry localkms runs the local KMS
// alone. keyferry verify compares a running console with this binary. keyferry policy checks policies
// and says what they decide. keyferry ledger verifies and exports the record of what happened. keyferry
// doctor finds out whether a computer is ready to import. keyferry ram-policy prints what the console
// has to be permitted.
package main

import (
	"context"
	"crypto/rsa"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"
	_ "golang.org/x/crypto/x509roots/fallback" // certificate authorities for where the system has none, as in a container
)

// version of the program, as the changelog has it.
const version = "0.1.0"

// commands are the commands and flags. Every flag also reads KEYFERRY_<FLAG>.
type commands struct {
	Serve     serveCommand     `cmd:"" default:"withargs" help:"Run the console (this is the default)."`
	Desk      deskCommand      `cmd:"" help:"Write the offline console, one HTML file."`
	Link      linkCommand      `cmd:"" help:"Print a signed link to the KMS, for somebody who has the desk."`
	LocalKMS  localKMSCommand  `cmd:"" name:"localkms" help:"Run the local KMS alone, as a test double for other projects."`
	Verify    verifyCommand    `cmd:"" help:"Compare what a running console serves with what this binary was built with."`
	Policy    policyCommand    `cmd:"" help:"Check policies on who may import, or ask what they decide."`
	Ledger    ledgerCommand    `cmd:"" help:"Verify or export the record of what happened."`
	Store     storeCommand     `cmd:"" help:"Back up and restore what the console must not lose."`
	Person    personCommand    `cmd:"" help:"Erase a person from the database of a console."`
	RAMPolicy ramPolicyCommand `cmd:"" name:"ram-policy" help:"Print the least RAM policy that a console needs."`
	Doctor    doctorCommand    `cmd:"" help:"Find out whether this computer is ready to import into a KMS."`

	LogFormat string           `enum:"text,json" default:"text" help:"How the log is written to standard error: text, or one JSON object a line (${enum})."`
	Version   kong.VersionFlag `help:"Print the version and exit."`
}

// terminal is where a command writes: lines for the person, and the log.
type terminal struct {
	out io.Writer
	log *slog.Logger

	// wrappingKeys are what local KMSs hand out, so that no test waits for RSA keys; none means
	// generated ones.
	wrappingKeys []*rsa.PrivateKey
}

// say writes one line for the person who started the program.
func (t terminal) say(format string, values ...any) {
	fmt.Fprintf(t.out, format+"\n", values...)
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends the program at once
	given := &commands{}
	parser := newParser(given)
	parsed, err := parser.Parse(os.Args[1:])
	parser.FatalIfErrorf(err)
	parsed.BindTo(ctx, (*context.Context)(nil))
	parsed.Bind(terminal{out: os.Stdout, log: newLog(os.Stderr, given.LogFormat)})
	parsed.FatalIfErrorf(parsed.Run())
}

// newLog returns the log of the program.
func newLog(to io.Writer, format string) *slog.Logger {
	if format == "json" {
		return slog.New(slog.NewJSONHandler(to, nil))
	}
	return slog.New(slog.NewTextHandler(to, nil))
}

// newParser reads the command line and the environment.
func newParser(into *commands) *kong.Kong {
	return kong.Must(into,
		kong.Name("keyferry"),
		kong.Description("Imports key material into Alibaba Cloud KMS from your browser. Nothing between the browser and the KMS can read it."),
		kong.DefaultEnvars("KEYFERRY"),
		kong.Vars{"version": version},
	)
}
