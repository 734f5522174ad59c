//go:build !linux

package monitor

import (
	"context"
	"errors"
	"net"
	"os/exec"
	"testing"

	"keyferry/e2e/program"
)

// outside is an interface of a namespace.
const outside = ""

// space is a network namespace, which Linux alone has; here the proof uses the recording proxy.
type space struct{}

func newSpace(*testing.T) (*space, error) {
	return nil, errors.New("only Linux has network namespaces")
}

func (*space) command(name string, arguments ...string) *exec.Cmd {
	return exec.Command(name, arguments...)
}

func (*space) listen(t *testing.T) net.Listener {
	t.Helper()
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	return listener
}

func (*space) dial(ctx context.Context, network, address string) (net.Conn, error) {
	return new(net.Dialer).DialContext(ctx, network, address)
}

// Processes needs a namespace, of which it lists the processes.
func (*Run) Processes(*program.Program, string) []string { return nil }
