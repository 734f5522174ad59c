package reference

import (
	"fmt"
	"strings"
)

// Stream is what a module drew from the random generator of a browser: one slice for each call, in
// their order.
//
// The first mistake is remembered. Whoever takes from a stream asks [Stream.Close] for it once, at
// the end.
type Stream struct {
	draws [][]byte
	taken []string
	err   error
}

// NewStream returns the stream of these draws.
func NewStream(draws [][]byte) *Stream {
	return &Stream{draws: draws}
}

// Take returns the next draw, which must have n bytes. The purpose is for the error and for
// [Stream.Order].
func (s *Stream) Take(purpose string, n int) []byte {
	at := len(s.taken)
	s.taken = append(s.taken, fmt.Sprintf("%d for the %s", n, purpose))
	switch {
	case s.err != nil:
	case at >= len(s.draws):
		s.err = fmt.Errorf("reference: %d bytes for the %s were not drawn", n, purpose)
	case len(s.draws[at]) != n:
		s.err = fmt.Errorf("reference: %d random bytes were drawn where the %s takes %d", len(s.draws[at]), purpose, n)
	default:
		return s.draws[at]
	}
	return make([]byte, n)
}

// Order says what was taken, in order: "32 for the key, 32 for the salt".
func (s *Stream) Order() string { return strings.Join(s.taken, ", ") }

// Close returns the first mistake, or an error if more was drawn than taken.
func (s *Stream) Close() error {
	if s.err == nil && len(s.taken) < len(s.draws) {
		return fmt.Errorf("reference: %d draws more than %s need", len(s.draws)-len(s.taken), s.Order())
	}
	return s.err
}
