package monitor

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"

	"keyferry/e2e/program"
)

// capture is tcpdump on one interface of a namespace. Nothing that it misses passes for nothing: it
// is seen to run before anything else starts and until everything has ended, the kernel's count of
// dropped packets is read, and each stream is held against what its receiver acknowledged.
type capture struct {
	process *program.Process
	space   *space
	file    string
	probe   string // an address to which a packet leaves by the interface
}

// newCapture records every packet of an interface from now on.
func newCapture(t *testing.T, s *space, on string) *capture {
	t.Helper()
	c := &capture{space: s, file: filepath.Join(t.TempDir(), on+".pcap"), probe: "127.0.0.1:9"}
	if on == outside {
		c.probe = "192.0.2.2:9"
	}
	// Packets are written as they come (-U) and whole (-s 0); the buffer of 256 MB outlasts a busy
	// computer.
	command := s.command("tcpdump", "-i", on, "-n", "-s", "0", "-U", "-B", "262144", "-Z", "root", "-w", c.file)
	c.process = program.Run(t, command, &program.Log{}, regexp.MustCompile("listening on "+on))
	c.mustSee(t, "the first probe")
	return c
}

// probeMark begins the packets that only tell that the capture runs.
const probeMark = "keyferry probe: "

// mustSee sends a packet of the test's own and waits until the capture has written it.
func (c *capture) mustSee(t *testing.T, what string) {
	t.Helper()
	for began := time.Now(); ; time.Sleep(20 * time.Millisecond) {
		connection, err := c.space.dial(t.Context(), "udp4", c.probe)
		if err != nil {
			t.Fatalf("sending %s: %v", what, err)
		}
		io.WriteString(connection, probeMark+what)
		connection.Close()
		written, err := os.ReadFile(c.file)
		if err == nil && bytes.Contains(written, []byte(probeMark+what)) {
			return
		}
		if time.Since(began) > 30*time.Second {
			t.Fatalf("the capture is not complete: it does not have %s (%v): %s", what, err, c.process.Log)
		}
	}
}

// nothingDropped are the counts that tcpdump prints at its end.
var nothingDropped = regexp.MustCompile(`(?m)^0 packets dropped by kernel`)

func (c *capture) stop(t *testing.T) ([]stream, []Place) {
	t.Helper()
	c.mustSee(t, "the last probe") // what came before it is written as well
	c.process.Stop(t)
	if !nothingDropped.Match(c.process.Log.Bytes()) {
		t.Errorf("the capture is not complete: %s", c.process.Log.Bytes())
	}
	content, err := os.ReadFile(c.file)
	if err != nil {
		t.Fatal(err)
	}
	streams, others, err := readCapture(bytes.NewReader(content))
	if err != nil {
		t.Fatalf("the capture is not complete: %v", err)
	}
	return streams, others
}

// half is one direction of a connection as its packets tell it. Numbers are those of bytes in the
// stream, which start anywhere and start anew after 4 GB.
type half struct {
	stream
	segments []segment
	begun    bool   // the packet that opens the connection was seen
	first    uint32 // number of the first byte
	ended    bool   // the packet that ends this direction was seen; it counts as one byte
	got      bool   // the receiver acknowledged something
	next     uint32 // the first byte that it had not got then
}

// segment is what one packet adds to a stream.
type segment struct {
	sequence uint32
	payload  []byte
}

// readCapture puts the streams of a capture together, and refuses one in which a packet is missing.
// Packets other than those of TCP are returned as they are, without the probes.
func readCapture(from io.Reader) ([]stream, []Place, error) {
	reader, err := pcapgo.NewReader(from)
	if err != nil {
		return nil, nil, err
	}
	var all []*half
	var others []Place
	open := map[string]*half{}
	find := func(from, to string, anew bool) *half {
		name := from + " " + to
		if open[name] == nil || anew {
			open[name] = &half{stream: stream{from: from, to: to}}
			all = append(all, open[name])
		}
		return open[name]
	}
	for {
		data, _, err := reader.ReadPacketData()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, nil, err
		}
		packet := gopacket.NewPacket(data, reader.LinkType(), gopacket.DecodeOptions{NoCopy: true})
		tcp, ok := packet.Layer(layers.LayerTypeTCP).(*layers.TCP)
		if !ok {
			if !bytes.Contains(data, []byte(probeMark)) {
				others = append(others, Place{"wire", fmt.Sprintf("packet %d", len(others)+1), data})
			}
			continue
		}
		ends := packet.NetworkLayer().NetworkFlow()
		source, target := fmt.Sprintf("%s:%d", ends.Src(), tcp.SrcPort), fmt.Sprintf("%s:%d", ends.Dst(), tcp.DstPort)
		h := find(source, target, tcp.SYN)
		h.add(tcp)
		if tcp.ACK && !tcp.RST {
			find(target, source, false).acknowledge(tcp.Ack)
		}
	}
	var streams []stream
	for _, h := range all {
		if err := h.join(); err != nil {
			return nil, nil, fmt.Errorf("%s to %s: %v", h.from, h.to, err)
		}
		streams = append(streams, h.stream)
	}
	return streams, others, nil
}

// add takes a packet of this direction.
func (h *half) add(tcp *layers.TCP) {
	if tcp.SYN {
		h.begun, h.first = true, tcp.Seq+1
	}
	h.ended = h.ended || tcp.FIN
	if len(tcp.Payload) > 0 {
		h.segments = append(h.segments, segment{tcp.Seq, tcp.Payload})
	}
}

// acknowledge takes what the other side says that it got.
func (h *half) acknowledge(next uint32) {
	if !h.got || int32(next-h.next) > 0 {
		h.got, h.next = true, next
	}
}

// join puts the content together and checks it: from the first byte, without a gap, up to what was
// acknowledged.
func (h *half) join() error {
	if !h.begun {
		if len(h.segments) > 0 {
			return errors.New("its beginning is missing")
		}
		return nil // a refusal of what was not opened
	}
	var err error
	if h.Content, err = join(append([]segment{{h.first, nil}}, h.segments...)); err != nil {
		return err
	}
	missing := int(int32(h.next-h.first)) - len(h.Content)
	if h.ended {
		missing--
	}
	if h.got && missing > 0 {
		return fmt.Errorf("%d bytes are missing at its end", missing)
	}
	return nil
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
