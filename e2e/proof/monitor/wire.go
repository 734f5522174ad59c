package monitor

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net"
	"sync"
	"testing"
)

// wire records what passes between the browser and everything else.
type wire interface {
	// stop ends the recording and returns what passed: the directions of every connection, and what
	// else there was.
	stop(t *testing.T) ([]stream, []Place)
}

// stream is one direction of a TCP connection.
type stream struct {
	from, to string // addresses
	Content  []byte
}

// captures are all interfaces of a namespace.
type captures []*capture

func (all captures) stop(t *testing.T) (streams []stream, others []Place) {
	t.Helper()
	for _, c := range all {
		more, rest := c.stop(t)
		streams, others = append(streams, more...), append(others, rest...)
	}
	return streams, others
}

// passage is a port outside a namespace that leads to one inside. The test uses it to ask the local
// KMS what arrived; its own connections are no part of what is searched, since the answers hold the
// key.
type passage struct {
	address string
	mu      sync.Mutex
	own     map[[2]string]bool // the test's own connections inside: from where, to where
}

// newPassage opens a passage to an address inside.
func newPassage(t *testing.T, s *space, to string) *passage {
	t.Helper()
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	d := &passage{address: listener.Addr().String(), own: map[[2]string]bool{}}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			outside, err := listener.Accept()
			if err != nil {
				return // the test ended
			}
			go d.pass(t, s, outside, to)
		}
	}()
	return d
}

func (d *passage) pass(t *testing.T, s *space, outside net.Conn, to string) {
	defer outside.Close()
	inside, err := s.dial(t.Context(), "tcp4", to)
	if err != nil {
		return // whoever knocked sees a closed connection
	}
	defer inside.Close()
	d.mu.Lock()
	d.own[[2]string{inside.LocalAddr().String(), to}] = true
	d.mu.Unlock()
	go func() {
		io.Copy(inside, outside)
		inside.(*net.TCPConn).CloseWrite()
	}()
	io.Copy(outside, inside)
}

// passed holds for a stream of the test's own. Both ends count: the browser may use the same port for
// a connection to somewhere else.
func (d *passage) passed(s stream) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.own[[2]string{s.from, s.to}] || d.own[[2]string{s.to, s.from}]
}

// frames opens what a browser sent over a WebSocket, which masks it. Streams of other kinds have
// none.
func frames(content []byte) []byte {
	_, head, upgraded := bytes.Cut(content, []byte("Upgrade: websocket"))
	_, body, complete := bytes.Cut(head, []byte("\r\n\r\n"))
	if !upgraded || !complete {
		return nil
	}
	var opened []byte
	reader := bufio.NewReader(bytes.NewReader(body))
	for {
		payload, err := frame(reader)
		if err != nil {
			return opened
		}
		opened = append(append(opened, payload...), '\n')
	}
}

// frame reads one frame (RFC 6455, section 5.2).
func frame(reader *bufio.Reader) ([]byte, error) {
	head := make([]byte, 2)
	if _, err := io.ReadFull(reader, head); err != nil {
		return nil, err
	}
	length := uint64(head[1] & 0x7f)
	if wide := map[uint64]int{126: 2, 127: 8}[length]; wide > 0 {
		digits := make([]byte, wide)
		if _, err := io.ReadFull(reader, digits); err != nil {
			return nil, err
		}
		length = 0
		for _, digit := range digits {
			length = length<<8 | uint64(digit)
		}
	}
	var mask [4]byte
	if head[1]&0x80 != 0 {
		if _, err := io.ReadFull(reader, mask[:]); err != nil {
			return nil, err
		}
	}
	if length > 1<<24 {
		return nil, errors.New("reading a frame: it is too long")
	}
	payload := make([]byte, length)
	if _, err := io.ReadFull(reader, payload); err != nil {
		return nil, err
	}
	for i := range payload {
		payload[i] ^= mask[i%4]
	}
	return payload, nil
}
