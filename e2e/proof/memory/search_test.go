package memory

import (
	"bytes"
	"cmp"
	"encoding/base64"
	numbers "encoding/binary"
	"encoding/hex"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strings"
	"sync"
	"testing"
	"unicode/utf16"

	"keyferry/e2e/browser"
	"keyferry/wasm/keywrap/keywraptest"
)

// piece is how many bytes of a secret are looked for at a time: no eight bytes of one turn up by
// chance.
const piece = 8

// search looks for every piece of some secrets in every form. It is made for hundreds of megabytes:
// two filters of bits answer for nearly every address, and only what passes them is looked up. The
// first fits into a processor's nearest caches, the second has room for the forms of many keys.
type search struct {
	first  [1 << 14]uint64
	second [1 << 18]uint64
	tails  map[uint64][]tail
}

// tail is what follows the first eight bytes of a piece that is longer in its form, such as sixteen
// digits.
type tail struct {
	name string
	rest []byte
}

func firstBit(word uint64) uint64 { return word * 0x9e3779b97f4a7c15 >> 44 }

func secondBit(word uint64) uint64 { return (word ^ word>>29) * 0xbf58476d1ce4e5b9 >> 40 }

func newSearch() *search { return &search{tails: map[uint64][]tail{}} }

// add looks for a spelled text or a run of bytes: for every window of that size in it.
func (s *search) add(name string, text []byte, window int) {
	for at := 0; at+window <= len(text); at++ {
		word := numbers.LittleEndian.Uint64(text[at:])
		if word == 0 {
			continue
		}
		bit := firstBit(word)
		s.first[bit>>6] |= 1 << (bit & 63)
		bit = secondBit(word)
		s.second[bit>>6] |= 1 << (bit & 63)
		s.tails[word] = append(s.tails[word], tail{name, bytes.Clone(text[at+piece : at+window])})
	}
}

// addRaw looks for the bytes themselves, forwards and backwards.
func (s *search) addRaw(name string, secret []byte) {
	s.add(name+", raw", secret, piece)
	s.add(name+", reversed", reversed(secret), piece)
}

// addSecret looks for the bytes and for their texts.
func (s *search) addSecret(name string, secret []byte) {
	s.addRaw(name, secret)
	for form, spelled := range texts(secret) {
		window := 2 * piece // as many digits as make eight bytes
		if strings.HasPrefix(form, "base64") {
			window = (piece*8 + 5) / 6
		}
		s.add(name+", "+form, spelled, window)
		s.add(name+", "+form+", reversed", reversed(spelled), window)
		s.add(name+", "+form+", UTF-16", wide(spelled), 2*window)
	}
}

// texts spells bytes in hexadecimal and, since base64 depends on where the bytes begin, in its
// three alignments. The ends that depend on their neighbours are left off.
func texts(secret []byte) map[string][]byte {
	found := map[string][]byte{
		"hex": []byte(hex.EncodeToString(secret)),
		"HEX": []byte(strings.ToUpper(hex.EncodeToString(secret))),
	}
	for shift := range 3 {
		padded := append(make([]byte, shift), secret...)
		for name, encoding := range map[string]*base64.Encoding{"base64": base64.RawStdEncoding, "base64url": base64.RawURLEncoding} {
			found[fmt.Sprintf("%s shifted by %d", name, shift)] = []byte(encoding.EncodeToString(padded)[(shift*8+5)/6 : len(padded)*8/6])
		}
	}
	return found
}

func reversed(b []byte) []byte {
	b = bytes.Clone(b)
	slices.Reverse(b)
	return b
}

func wide(text []byte) []byte {
	var b []byte
	for _, unit := range utf16.Encode([]rune(string(text))) {
		b = numbers.LittleEndian.AppendUint16(b, unit)
	}
	return b
}

// in calls hit for every piece that the memory holds.
func (s *search) in(memory []byte, hit func(at int, name string)) {
	for at := 0; at+piece <= len(memory); {
		word := numbers.LittleEndian.Uint64(memory[at:])
		if word == 0 && at+2*piece <= len(memory) && numbers.LittleEndian.Uint64(memory[at+piece:]) == 0 {
			at += piece
			continue
		}
		if bit := firstBit(word); s.first[bit>>6]>>(bit&63)&1 != 0 {
			if bit = secondBit(word); s.second[bit>>6]>>(bit&63)&1 != 0 {
				s.lookUp(word, memory, at, hit)
			}
		}
		at++
	}
}

// lookUp calls hit for the pieces that begin with a word, if they are there.
func (s *search) lookUp(word uint64, memory []byte, at int, hit func(at int, name string)) {
	for _, t := range s.tails[word] {
		if bytes.HasPrefix(memory[at+piece:], t.rest) {
			hit(at, t.name)
		}
	}
}

// secretsOf looks for everything that gives away what was wrapped: the material, the padded
// message, seed and mask, and the numbers that the exponentiation with 65537 goes through, from
// each of which the message follows.
func secretsOf(opened *keywraptest.Opened) *search {
	s := newSearch()
	s.addSecret("material", opened.Material)
	s.addSecret("padded message", opened.Padded)
	if opened.Seed != nil { // RSAES_PKCS1_V1_5 has neither
		s.addSecret("seed", opened.Seed)
		s.addSecret("mask", opened.Mask)
	}
	n := keywraptest.PrivateKey().N
	power := new(big.Int).SetBytes(opened.Padded)
	for i := range 17 {
		montgomery := new(big.Int).Lsh(power, uint(n.BitLen()))
		s.addRaw(fmt.Sprintf("power 2^%d", i), power.FillBytes(make([]byte, 256)))
		s.addRaw(fmt.Sprintf("power 2^%d in Montgomery form", i), montgomery.Mod(montgomery, n).FillBytes(make([]byte, 256)))
		power = new(big.Int).Exp(power, big.NewInt(2), n)
	}
	return s
}

// trace is what was found in one kind of process: how many pieces, in how many regions of memory,
// and where the first is.
type trace struct {
	process, name, region string
	pieces                int
}

// scanned is the result of searching all processes of a browser.
type scanned struct {
	processes int
	bytes     int64
	traces    []trace
}

// scan searches the memory of every process of the browser.
func (s *search) scan(t testing.TB, mark string) scanned {
	t.Helper()
	var (
		mu    sync.Mutex
		group sync.WaitGroup
		found = map[trace]int{}
		all   scanned
	)
	for _, p := range browser.BrowserProcesses(t, mark) {
		group.Go(func() {
			mine := map[trace]int{}
			total, err := p.Read(func(in browser.Region, address uint64, content []byte) {
				// What lies beyond is read again with the next piece.
				limit := int(min(uint64(browser.ChunkSize), in.End-address))
				s.in(content, func(at int, name string) {
					if at < limit {
						mine[trace{process: p.Kind, name: name, region: in.Kind()}]++
					}
				})
			})
			mu.Lock()
			defer mu.Unlock()
			if p.Ended() {
				return // its memory went with it
			}
			if err != nil {
				t.Errorf("reading the memory of the %s process: %v", p.Kind, err)
			}
			all.processes++
			all.bytes += total
			for one, pieces := range mine {
				found[one] += pieces
			}
		})
	}
	group.Wait()
	if all.processes < 3 || all.bytes < 32<<20 { // without a tab there is about three times as much
		t.Errorf("only %d bytes of %d processes were searched", all.bytes, all.processes)
	}
	for one, pieces := range found {
		one.pieces = pieces
		all.traces = append(all.traces, one)
	}
	slices.SortFunc(all.traces, func(a, b trace) int {
		return cmp.Or(cmp.Compare(a.process, b.process), cmp.Compare(a.name, b.name), cmp.Compare(a.region, b.region))
	})
	return all
}

// String tells what was found, in one line.
func (s scanned) String() string {
	if len(s.traces) == 0 {
		return fmt.Sprintf("nothing in %d processes, %d MB", s.processes, s.bytes>>20)
	}
	var parts []string
	for _, one := range s.traces {
		parts = append(parts, fmt.Sprintf("%s: %s ×%d (%s)", one.process, one.name, one.pieces, one.region))
	}
	return strings.Join(parts, "; ")
}

// places says what was found in which kind of process, without the forms.
func (s scanned) places() string {
	places := map[string]bool{}
	for _, one := range s.traces {
		name, _, _ := strings.Cut(one.name, ",")
		places[name+" in "+one.process] = true
	}
	if len(places) == 0 {
		return s.String()
	}
	return "found: " + strings.Join(slices.Sorted(maps.Keys(places)), ", ")
}

// names are the names of what was found, whatever the process.
func (s scanned) names() []string {
	names := map[string]bool{}
	for _, one := range s.traces {
		names[one.name] = true
	}
	return slices.Sorted(maps.Keys(names))
}
