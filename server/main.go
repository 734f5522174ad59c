// Command keyferry imports key material into Alibaba Cloud KMS from a browser.
//
// keyferry serve, the default, runs the console in front of an embedded local KMS or of Alibaba
// Cloud. keyferry desk writes an offline console in one file. keyferry localkms runs the local KMS
// alone. keyferry verify compares a running console with this binary. keyferry policy checks policies
// and says what they decide. keyferry ledger verifies and exports the record of what happened.
package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"
)

// version of the program, as the changelog has it.
const version = "0.1.0"

// commands are the commands and flags. Every flag also reads KEYFERRY_<FLAG>.
type commands struct {
	Serve    serveCommand    `cmd:"" default:"withargs" help:"Run the console (this is the default)."`
	Desk     deskCommand     `cmd:"" help:"Write the offline console, one HTML file."`
	LocalKMS localKMSCommand `cmd:"" name:"localkms" help:"Run the local KMS alone, as a test double for other projects."`
	Verify   verifyCommand   `cmd:"" help:"Compare what a running console serves with what this binary was built with."`
	Policy   policyCommand   `cmd:"" help:"Check policies on who may import, or ask what they decide."`
	Ledger   ledgerCommand   `cmd:"" help:"Verify or export the record of what happened."`
	Person   personCommand   `cmd:"" help:"Erase a person from the database of a console."`

	Version kong.VersionFlag `help:"Print the version and exit."`
}

// terminal is where a command writes: lines for the person, and the log.
type terminal struct {
	out io.Writer
	log *slog.Logger
}

// say writes one line for the person who started the program.
func (t terminal) say(format string, values ...any) {
	fmt.Fprintf(t.out, format+"\n", values...)
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	parser := newParser()
	parsed, err := parser.Parse(os.Args[1:])
	parser.FatalIfErrorf(err)
	parsed.BindTo(ctx, (*context.Context)(nil))
	parsed.Bind(terminal{out: os.Stdout, log: slog.New(slog.NewTextHandler(os.Stderr, nil))})
	parsed.FatalIfErrorf(parsed.Run())
}

// newParser reads the command line and the environment.
func newParser() *kong.Kong {
	return kong.Must(&commands{},
		kong.Name("keyferry"),
		kong.Description("Imports key material into Alibaba Cloud KMS from your browser. Nothing between the browser and the KMS can read it."),
		kong.DefaultEnvars("KEYFERRY"),
		kong.Vars{"version": version},
	)
}
