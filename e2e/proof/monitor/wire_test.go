package monitor

import (
	"io"
	"net"
	"testing"
)

// What passes through a passage is the test's own. A stream from the same port to another address is
// the browser's, and belongs to what is searched.
func TestPassageKnowsItsOwn(t *testing.T) {
	inside, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer inside.Close()
	to := inside.Addr().String()
	p := newPassage(t, nil, to)
	outside, err := net.Dial("tcp4", p.address)
	if err != nil {
		t.Fatal(err)
	}
	defer outside.Close()
	accepted, err := inside.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer accepted.Close()
	io.WriteString(outside, "x") // once it arrives, the passage has noted the connection
	if _, err := io.ReadFull(accepted, make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	from := accepted.RemoteAddr().String()
	for _, s := range []struct {
		stream stream
		own    bool
	}{
		{stream{from: from, to: to}, true},
		{stream{from: to, to: from}, true},
		{stream{from: from, to: "127.0.0.1:1"}, false},
		{stream{from: "127.0.0.1:1", to: from}, false},
		{stream{from: "127.0.0.1:1", to: to}, false},
	} {
		if got := p.passed(s.stream); got != s.own {
			t.Errorf("%s to %s: own %t, want %t", s.stream.from, s.stream.to, got, s.own)
		}
	}
}
