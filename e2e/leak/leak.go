// Package leak looks for secrets in whatever a program left behind: network captures, files,
// process memory.
//
// A secret is found if any eight bytes of it in a row turn up, forwards or backwards: raw, or in
// any spelling that a program would give them (hexadecimal, base64, lists of numbers, escapes,
// UTF-16), inside compressed data, and in every combination of these to a bounded depth. It works
// by decoding instead of by listing spellings: each layer that the content could have is peeled
// off, and what is below is searched for the raw bytes.
//
// What is encrypted or disguised on purpose is not found: no search can do that. Packed data that
// has no mark of its own (deflate, brotli) is found where a file or the body of an HTTP message
// begins, up to 1 GB of it in one content.
package leak

import (
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
)

// Window is the number of bytes that gives a secret away. Eight random bytes turn up by chance once
// in 2^64 places.
const Window = 8

// Search looks for a set of secrets. Many goroutines may share one.
type Search struct {
	names   []string
	windows map[uint64]origin
	filter  filter
	clean   sync.Map // of what was unpacked and held nothing, by its digest: the layers that it was below
}

// origin is where a window comes from.
type origin struct {
	secret   int
	offset   int
	backward bool
}

// filter says quickly that most values are no window. It fits into the nearest cache of a
// processor.
type filter [1 << 12]uint64

func (f *filter) slot(value uint64) (word uint64, bit uint64) {
	hash := value * 0x9e3779b97f4a7c15 >> (64 - 18)
	return hash >> 6, 1 << (hash & 63)
}

// New prepares a search for named secrets. Windows of fewer than four different bytes would be found
// everywhere, and are left out: one text of letters in a thousand has one. New refuses a secret of
// which that leaves less than half, and one that is shorter than a window.
func New(secrets map[string][]byte) (*Search, error) {
	s := &Search{windows: map[uint64]origin{}}
	for _, name := range slices.Sorted(maps.Keys(secrets)) {
		secret := secrets[name]
		if len(secret) < Window {
			return nil, fmt.Errorf("searching for %s: it is shorter than %d bytes", name, Window)
		}
		left := 0
		for i := range len(secret) - Window + 1 {
			piece := secret[i:][:Window]
			if distinct(piece) < 4 {
				if left++; 2*left > len(secret)-Window+1 {
					return nil, fmt.Errorf("searching for %s: most of it would be found by chance", name)
				}
				continue
			}
			backward := slices.Clone(piece)
			slices.Reverse(backward)
			for _, form := range [][]byte{piece, turned(piece)} {
				s.add(form, origin{len(s.names), i, false})
			}
			for _, form := range [][]byte{backward, turned(backward)} {
				s.add(form, origin{len(s.names), i, true})
			}
		}
		s.names = append(s.names, name)
	}
	return s, nil
}

// turned is bytes with their two halves exchanged: what hexadecimal digits that were turned round
// mean.
func turned(piece []byte) []byte {
	other := make([]byte, len(piece))
	for i, b := range piece {
		other[i] = b<<4 | b>>4
	}
	return other
}

func distinct(piece []byte) int {
	seen := map[byte]bool{}
	for _, b := range piece {
		seen[b] = true
	}
	return len(seen)
}

func (s *Search) add(piece []byte, from origin) {
	value := binary.LittleEndian.Uint64(piece)
	if _, taken := s.windows[value]; taken {
		return
	}
	s.windows[value] = from
	word, bit := s.filter.slot(value)
	s.filter[word] |= bit
}

// Finding is a piece of a secret that was found.
type Finding struct {
	Secret string
	Layers []string // what was peeled off, the innermost first; empty for raw bytes
	At     int      // where in the content the piece begins, or the outermost layer that holds it
	First  int      // the first byte of the secret that was found here
	Length int      // how many bytes are here
}

// Form is the layers as one word, "raw" where there are none.
func (f Finding) Form() string {
	if len(f.Layers) == 0 {
		return "raw"
	}
	return strings.Join(f.Layers, " in ")
}

func (f Finding) String() string {
	return fmt.Sprintf("bytes %d to %d of %s, %s, at %d", f.First, f.First+f.Length-1, f.Secret, f.Form(), f.At)
}

// In returns every piece of a secret in the content.
func (s *Search) In(content []byte) []Finding {
	l := &look{search: s, budget: unpackBudget}
	l.at(content, nil)
	return l.findings
}

// depth is how many layers are peeled off. What a network log holds of a request has three: the
// log's own base64, the request's compression, and the spelling of the key.
const depth = 4

// look is one search through one content.
type look struct {
	search   *Search
	findings []Finding
	layers   []string
	pieces   []piece // where something packed can begin in the present content
	budget   int     // how many bytes may still be unpacked
	scratch  []byte  // of values
}

// at searches content, which lies below the present layers, and what can be peeled off from it.
// place translates a position in the content into one of the outermost content; nil means the same
// one.
func (l *look) at(content []byte, place func(int) int) {
	l.scan(content, place)
	if len(l.layers) == depth {
		return
	}
	pieces := l.pieces
	for _, p := range peels {
		l.pieces = pieces
		v := p.peel(l, content)
		if len(v.bytes) < Window {
			continue
		}
		l.layers, l.pieces = append(l.layers, p.name), nil
		if p.begins {
			l.pieces = v.pieces
		}
		below := func(i int) int {
			i = v.from(i)
			if place != nil {
				return place(i)
			}
			return i
		}
		if before := len(l.findings); p.last {
			l.scan(v.bytes, below)
		} else if l.at(v.bytes, below); before == len(l.findings) && l.budget > 0 {
			l.remember(v)
		}
		l.layers = l.layers[:len(l.layers)-1]
	}
}

// scan looks for raw windows, and joins those that follow each other into one finding.
func (l *look) scan(content []byte, place func(int) int) {
	s := l.search
	var last origin
	lastAt := -2
	for i := 0; i+Window <= len(content); i++ {
		value := binary.LittleEndian.Uint64(content[i:])
		word, bit := s.filter.slot(value)
		if s.filter[word]&bit == 0 {
			continue
		}
		found, ok := s.windows[value]
		if !ok {
			continue
		}
		if lastAt == i-1 && follows(last, found) {
			piece := &l.findings[len(l.findings)-1]
			piece.First = min(piece.First, found.offset)
			piece.Length++
		} else {
			l.report(found, i, place)
		}
		last, lastAt = found, i
	}
}

func follows(before, after origin) bool {
	step := 1
	if after.backward {
		step = -1
	}
	return before.secret == after.secret && before.backward == after.backward && before.offset+step == after.offset
}

func (l *look) report(found origin, at int, place func(int) int) {
	if place != nil {
		at = place(at)
	}
	layers := slices.Clone(l.layers)
	slices.Reverse(layers) // the spelling of the key is what a reader wants first
	if found.backward {
		layers = append([]string{"reversed"}, layers...)
	}
	l.findings = append(l.findings, Finding{
		Secret: l.search.names[found.secret], Layers: layers, At: at, First: found.offset, Length: Window,
	})
}
