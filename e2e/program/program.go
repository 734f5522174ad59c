package program

import (
	"os/exec"
	"regexp"
	"slices"
	"testing"
)

// Program is one run of keyferry. The addresses are such as http://127.0.0.1:40123, and empty if
// the program does not listen there.
type Program struct {
	*Process
	Console string
	Local   string // of the local KMS
	Control string // of the control API of the local KMS
}

// The lines that keyferry prints when it listens. The last of them comes when it is ready.
var (
	printsLocal   = regexp.MustCompile(`(?m)^LOCAL KMS on (http://[^:]+:\d+)`)
	printsControl = regexp.MustCompile(`(?m)^Control API of the local KMS on (http://\S+)`)
	printsConsole = regexp.MustCompile(`(?m)^Keyferry \S+: console on (http://\S+)`)
)

// Start runs the console with its own local KMS on free ports, and these flags, until a test ends.
func Start(t testing.TB, flags ...string) *Program {
	t.Helper()
	return StartWith(t, append(flags, "--localkms-listen=127.0.0.1:0", "--localkms-control-listen=127.0.0.1:0")...)
}

// StartWith runs the console on a free port, with the given flags, until the test ends.
func StartWith(t testing.TB, flags ...string) *Program {
	t.Helper()
	return Launch(t, exec.Command(Binary, append([]string{"serve", "--listen=127.0.0.1:0"}, flags...)...), &Log{})
}

// StartKMS runs the local KMS alone on free ports, with the given flags, until the test ends.
func StartKMS(t testing.TB, flags ...string) *Program {
	t.Helper()
	return Launch(t, exec.Command(Binary, kmsArguments(flags...)...), &Log{})
}

func kmsArguments(flags ...string) []string {
	return append([]string{"localkms", "--listen=127.0.0.1:0", "--control-listen=127.0.0.1:0"}, flags...)
}

// Launch runs a command that is keyferry serve or keyferry localkms, and waits until it is ready.
func Launch(t testing.TB, command *exec.Cmd, log *Log) *Program {
	t.Helper()
	if testing.Short() {
		t.Skip("starts programs")
	}
	last := printsControl
	if slices.Contains(command.Args, "serve") {
		last = printsConsole
	}
	offset := len(log.Bytes())
	p := &Program{Process: Run(t, command, log, last)}
	printed := log.Bytes()[offset:]
	for pattern, address := range map[*regexp.Regexp]*string{
		printsLocal: &p.Local, printsControl: &p.Control, printsConsole: &p.Console,
	} {
		if found := pattern.FindSubmatch(printed); found != nil {
			*address = string(found[1])
		}
	}
	return p
}
