package monitor

import (
	"bufio"
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"

	"keyferry/e2e/program"
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

// capture is tcpdump on one interface of a namespace.
type capture struct {
	process *program.Process
	file    string
}

// newCapture records every packet of an interface from now on.
func newCapture(t *testing.T, s *space, on string) *capture {
	t.Helper()
	c := &capture{file: filepath.Join(t.TempDir(), on+".pcap")}
	// Packets are written as they come (-U) and whole (-s 0); the buffer of 64 MB outlasts a busy
	// computer.
	command := s.command("tcpdump", "-i", on, "-n", "-s", "0", "-U", "-B", "65536", "-Z", "root", "-w", c.file)
	c.process = program.Run(t, command, &program.Log{}, regexp.MustCompile("listening on "+on))
	return c
}

func (c *capture) stop(t *testing.T) ([]stream, []Place) {
	t.Helper()
	time.Sleep(300 * time.Millisecond) // for what is on its way through the kernel
	c.process.Stop(t)
	if !regexp.MustCompile(`(?m)^0 packets dropped by kernel`).Match(c.process.Log.Bytes()) {
		t.Errorf("the capture is not complete: %s", c.process.Log.Bytes())
	}
	content, err := os.ReadFile(c.file)
	if err != nil {
		t.Fatal(err)
	}
	streams, others, err := readCapture(bytes.NewReader(content))
	if err != nil {
		t.Fatalf("reading the capture: %v", err)
	}
	return streams, others
}

// segment is what one packet adds to a stream.
type segment struct {
	sequence uint32
	payload  []byte
}

// readCapture puts the streams of a capture together. Packets other than those of TCP are returned
// as they are.
func readCapture(from io.Reader) ([]stream, []Place, error) {
	reader, err := pcapgo.NewReader(from)
	if err != nil {
		return nil, nil, err
	}
	var streams []stream
	var others []Place
	open := map[string]int{} // address pairs to places in streams
	var segments [][]segment
	for {
		data, _, err := reader.ReadPacketData()
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			break
		}
		if err != nil {
			return nil, nil, err
		}
		packet := gopacket.NewPacket(data, reader.LinkType(), gopacket.DecodeOptions{NoCopy: true})
		tcp, ok := packet.Layer(layers.LayerTypeTCP).(*layers.TCP)
		if !ok {
			others = append(others, Place{"wire", fmt.Sprintf("packet %d", len(others)+1), data})
			continue
		}
		ends := packet.NetworkLayer().NetworkFlow()
		name := fmt.Sprintf("%s:%d > %s:%d", ends.Src(), tcp.SrcPort, ends.Dst(), tcp.DstPort)
		at, known := open[name]
		if tcp.SYN || !known {
			at = len(streams)
			open[name] = at
			from, to, _ := strings.Cut(name, " > ")
			streams = append(streams, stream{from: from, to: to})
			segments = append(segments, nil)
		}
		if len(tcp.Payload) > 0 {
			segments[at] = append(segments[at], segment{tcp.Seq, tcp.Payload})
		}
	}
	for i := range streams {
		if streams[i].Content, err = join(segments[i]); err != nil {
			return nil, nil, fmt.Errorf("%s to %s: %v", streams[i].from, streams[i].to, err)
		}
	}
	return streams, others, nil
}

// join puts segments in order. Numbers are compared by their difference from the first one, since
// they start anew after 4 GB. What was sent twice counts once.
func join(segments []segment) ([]byte, error) {
	if len(segments) == 0 {
		return nil, nil
	}
	first := segments[0].sequence
	slices.SortStableFunc(segments, func(a, b segment) int {
		return cmp.Compare(int32(a.sequence-first), int32(b.sequence-first))
	})
	first = segments[0].sequence
	var whole []byte
	for _, s := range segments {
		at := int(s.sequence - first)
		if at > len(whole) {
			return nil, fmt.Errorf("%d bytes are missing at byte %d", at-len(whole), len(whole))
		}
		if end := at + len(s.payload); end > len(whole) {
			whole = append(whole, s.payload[len(whole)-at:]...)
		}
	}
	return whole, nil
}

// passage is a port outside a namespace that leads to one inside. The test uses it to ask the local
// KMS what arrived; its own connections are no part of what is searched, since the answers hold the
// key.
type passage struct {
	address string
	mu      sync.Mutex
	own     map[string]bool // addresses inside, of the test's own connections
}

// newPassage opens a passage to an address inside.
func newPassage(t *testing.T, s *space, to string) *passage {
	t.Helper()
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	d := &passage{address: listener.Addr().String(), own: map[string]bool{}}
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
	d.own[inside.LocalAddr().String()] = true
	d.mu.Unlock()
	go func() {
		io.Copy(inside, outside)
		inside.(*net.TCPConn).CloseWrite()
	}()
	io.Copy(outside, inside)
}

// passed holds for a stream of the test's own.
func (d *passage) passed(s stream) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.own[s.from] || d.own[s.to]
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
