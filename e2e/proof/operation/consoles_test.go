package operation

import (
	"net"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"testing"

	"keyferry/e2e/program"
)

var ready = regexp.MustCompile(`(?m)^Keyferry \S+: console on http`)

// socket is a socket that stays open while consoles come and go, as those of systemd do.
type socket struct{ file *os.File }

// openSocket listens on a loopback address, and returns that address as browsers have it.
func openSocket(t *testing.T) (s socket, base string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close() // and not the socket, which the file keeps
	file, err := listener.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close() })
	return socket{file}, "http://" + listener.Addr().String()
}

// start runs a console on the socket, as systemd does, and waits until it is ready.
func (s socket) start(c *company, log *program.Log, flags ...string) *program.Process {
	c.t.Helper()
	arguments := slices.Concat([]string{"-c", `LISTEN_PID=$$ exec "$@"`, "sh", program.Binary}, c.flags, flags)
	command := exec.Command("/bin/sh", arguments...)
	command.Env = append(os.Environ(), "LISTEN_FDS=1", "LISTEN_FDNAMES=keyferry.socket")
	command.ExtraFiles = []*os.File{s.file}
	return program.Run(c.t, command, log, ready)
}

// freeAddress returns a loopback address that nothing listens on, also as browsers have it.
func freeAddress(t *testing.T) (address, base string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String(), "http://" + listener.Addr().String()
}

func listens(address string) bool {
	connection, err := net.Dial("tcp", address)
	if err == nil {
		connection.Close()
	}
	return err == nil
}
