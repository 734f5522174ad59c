package monitor

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// outside is an interface that looks like a way out and leads nowhere: both its ends are in the
// namespace. WebRTC looks for paths only where there is such a thing. Its address is one for
// documentation (RFC 5737).
const outside = "outside"

// space is a network namespace with nothing in it but a loopback interface and one that leads
// nowhere. What runs inside can reach nothing else, and nothing that it sends can pass unseen.
type space struct{ name string }

// newSpace makes a namespace until the test ends. Without the right to do so it returns nil and the
// reason.
func newSpace(t *testing.T) (*space, error) {
	t.Helper()
	if os.Geteuid() != 0 {
		return nil, fmt.Errorf("only root can make a network namespace")
	}
	for _, program := range []string{"ip", "tcpdump"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Fatalf("%s is missing: run make tools", program)
		}
	}
	s := &space{name: fmt.Sprintf("keyferry-%d-%s", os.Getpid(), filepath.Base(t.TempDir()))}
	if output, err := exec.Command("ip", "netns", "add", s.name).CombinedOutput(); err != nil {
		return nil, fmt.Errorf("making a network namespace: %v: %s", err, output)
	}
	t.Cleanup(func() {
		if output, err := exec.Command("ip", "netns", "del", s.name).CombinedOutput(); err != nil {
			t.Errorf("removing the network namespace: %v: %s", err, output)
		}
	})
	for _, line := range []string{
		"link set lo up",
		"link add " + outside + " type veth peer name " + outside + "-end",
		"address add 192.0.2.1/24 dev " + outside,
		"link set " + outside + " up",
		"link set " + outside + "-end up",
		// A gateway that nobody is: what is sent to other networks leaves by this interface, and is
		// seen there.
		"route add default via 192.0.2.2",
		"neighbour add 192.0.2.2 lladdr 02:00:00:00:00:02 dev " + outside,
	} {
		if output, err := s.command("ip", strings.Fields(line)...).CombinedOutput(); err != nil {
			return nil, fmt.Errorf("setting up the network namespace: ip %s: %v: %s", line, err, output)
		}
	}
	return s, nil
}

// command is a program that will run inside; a nil space is the ordinary network.
func (s *space) command(name string, arguments ...string) *exec.Cmd {
	if s == nil {
		return exec.Command(name, arguments...)
	}
	return exec.Command("ip", append([]string{"netns", "exec", s.name, name}, arguments...)...)
}

// listen opens a port inside, on loopback.
func (s *space) listen(t *testing.T) net.Listener {
	t.Helper()
	var listener net.Listener
	err := s.inside(func() (err error) {
		listener, err = net.Listen("tcp4", "127.0.0.1:0")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	return listener
}

// dial connects to an address inside.
func (s *space) dial(ctx context.Context, network, address string) (net.Conn, error) {
	var connection net.Conn
	err := s.inside(func() (err error) {
		connection, err = new(net.Dialer).DialContext(ctx, network, address)
		return err
	})
	return connection, err
}

// inside runs a function whose sockets belong to the namespace. Its thread ends with it, so that
// nothing else ever runs there by mistake.
func (s *space) inside(do func() error) error {
	if s == nil {
		return do()
	}
	done := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		done <- func() error {
			file, err := os.Open("/run/netns/" + s.name)
			if err != nil {
				return err
			}
			defer file.Close()
			if err := unix.Setns(int(file.Fd()), unix.CLONE_NEWNET); err != nil {
				return fmt.Errorf("entering the network namespace: %v", err)
			}
			return do()
		}()
	}()
	return <-done
}
