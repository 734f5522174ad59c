package leak_test

import (
	"bytes"
	"compress/gzip"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	mathrand "math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"keyferry/e2e/leak"
)

func random(n int) []byte {
	b := make([]byte, n)
	rand.Read(b)
	return b
}

func search(t testing.TB, secrets map[string][]byte) *leak.Search {
	t.Helper()
	s, err := leak.New(secrets)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// planted is content with something in it, where such a thing can be: after a head, if it is a
// body.
func planted(f form, secret, before, after []byte) []byte {
	if f.body {
		before = append(slices.Clone(before), "\r\n\r\n"...)
	}
	return slices.Concat(before, f.encode(secret), after)
}

// Every form of a whole key is found in random noise, and in text.
func TestEveryFormIsFound(t *testing.T) {
	for _, f := range forms {
		t.Run(f.name, func(t *testing.T) {
			key := random(32)
			s := search(t, map[string][]byte{"the key": key})
			noise := planted(f, key, append(random(5000), ' '), append([]byte{' '}, random(5000)...))
			words := planted(f, key, []byte(strings.Repeat("all work and no play ", 99)), []byte(strings.Repeat(" makes Jack a dull boy", 99)))
			for name, content := range map[string][]byte{"noise": noise, "text": words} {
				findings := s.In(content)
				if len(findings) == 0 {
					t.Errorf("not found in %s", name)
				}
				for _, finding := range findings {
					if finding.Secret != "the key" || finding.Length < leak.Window {
						t.Errorf("found %v", finding)
					}
				}
			}
		})
	}
}

// Any eight bytes of a key are found by themselves: each of the 25 windows of 32 bytes, in every
// form.
func TestEveryWindowIsFound(t *testing.T) {
	for _, f := range forms {
		if !f.pieces {
			continue
		}
		key := random(32)
		s := search(t, map[string][]byte{"the key": key})
		for i := range 32 - leak.Window + 1 {
			content := slices.Concat([]byte("some text; "), f.encode(key[i:][:leak.Window]), []byte("; other text"))
			found := s.In(content)
			// A neighbour of the window may be found with it, where it is what happens to be there.
			covers := func(finding leak.Finding) bool {
				return finding.First <= i && i+leak.Window <= finding.First+finding.Length
			}
			if !slices.ContainsFunc(found, covers) {
				t.Errorf("%s: window %d of %x is not found in %q: %v", f.name, i, key, content, found)
			}
		}
	}
}

// Seven bytes are not enough: otherwise the search would find something everywhere.
func TestLessThanAWindowIsNotFound(t *testing.T) {
	key := random(32)
	for key[leak.Window-1] < utf8.RuneSelf { // else a letter, quote or blank around it may complete a window
		key = random(32)
	}
	s := search(t, map[string][]byte{"the key": key})
	for _, f := range forms {
		content := slices.Concat([]byte("text; "), f.encode(key[:leak.Window-1]), []byte("; text"))
		if found := s.In(content); len(found) != 0 {
			t.Errorf("%s: found %v", f.name, found)
		}
	}
}

// Random noise, text of many kinds and the sources of this package hold no key.
func TestNothingIsFoundWhereNothingIs(t *testing.T) {
	secrets := map[string][]byte{}
	for i := range 50 {
		secrets[string(rune('A'+i))] = random(32)
	}
	s := search(t, secrets)
	for range 4 {
		if found := s.In(random(4 << 20)); len(found) != 0 {
			t.Errorf("found in noise: %v", found)
		}
	}
	other := random(32)
	for _, f := range forms {
		if found := s.In(slices.Concat([]byte("x "), f.encode(other), []byte(" y"))); len(found) != 0 {
			t.Errorf("%s of another key: found %v", f.name, found)
		}
	}
	for _, name := range []string{"leak.go", "forms_test.go", "../package-lock.json"} {
		content, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if found := s.In(content); len(found) != 0 {
			t.Errorf("%s: found %v", name, found)
		}
	}
}

// What was found is told as it is: which secret, which bytes, in which form and where.
func TestFindings(t *testing.T) {
	one, two := []byte("Pack my box with five dozen jugs"), []byte("sphinx of quartz")
	s := search(t, map[string][]byte{"one": one, "two": two})
	content := slices.Concat([]byte("....."), one[4:20], []byte("#####"), []byte(hex.EncodeToString(two)))
	found := s.In(content)
	if len(found) != 2 {
		t.Fatalf("found %v", found)
	}
	if f := found[0]; f.Secret != "one" || f.Form() != "raw" || f.At != 5 || f.First != 4 || f.Length != 16 {
		t.Errorf("found %v", f)
	}
	if f := found[1]; f.Secret != "two" || f.Form() != "hexadecimal" || f.At != 26 || f.First != 0 || f.Length != 16 {
		t.Errorf("found %v", f)
	}
	if want := "bytes 4 to 19 of one, raw, at 5"; found[0].String() != want {
		t.Errorf("the finding reads %q, want %q", found[0], want)
	}
}

func TestSecretsThatChanceWouldFindAreRefused(t *testing.T) {
	for name, secret := range map[string][]byte{
		"short":  random(7),
		"zeros":  make([]byte, 32),
		"mostly": append(random(12), make([]byte, 20)...),
	} {
		if _, err := leak.New(map[string][]byte{name: secret}); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}

// Of a secret with a piece that chance would find, the rest is searched for.
func TestAPieceThatChanceWouldFindIsLeftOut(t *testing.T) {
	secret := append(random(20), make([]byte, 12)...)
	s := search(t, map[string][]byte{"the key": secret})
	if found := s.In(append([]byte("before "), secret[4:12]...)); len(found) != 1 {
		t.Errorf("found %v", found)
	}
	if found := s.In(append(random(20), make([]byte, 12)...)); len(found) != 0 {
		t.Errorf("found %v where only zeros are alike", found)
	}
}

// What held nothing is not searched again, unless it comes with fewer layers around it: then more can
// be peeled off from it. What held something is found each time.
func TestTheSameContentAgain(t *testing.T) {
	key := random(32)
	s := search(t, map[string][]byte{"the key": key})
	hidden := key
	for range 3 {
		hidden = []byte(hex.EncodeToString(hidden))
	}
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	w.Write([]byte(strings.Repeat("all work and no play makes Jack a dull boy ", 9999)))
	w.Write(hidden)
	w.Close()
	deeper := []byte(base64.StdEncoding.EncodeToString(packed.Bytes()))
	for range 2 {
		if found := s.In(deeper); len(found) != 0 {
			t.Fatalf("found %v below more layers than are peeled off", found)
		}
	}
	for range 2 {
		if found := s.In(packed.Bytes()); len(found) == 0 {
			t.Fatal("not found")
		}
	}
}

// What is packed to grow without bounds is given up, and in time.
func TestBombs(t *testing.T) {
	s := search(t, map[string][]byte{"the key": random(32)})
	size := 200 << 20
	if testing.Short() {
		size = 20 << 20
	}
	began := time.Now()
	for _, f := range forms {
		if strings.HasSuffix(f.name, "zip of raw") {
			s.In(f.encode(make([]byte, size)))
		}
	}
	if took := time.Since(began); took > 60*time.Second {
		t.Errorf("took %v", took)
	}
}

// FuzzPlanted is the law of the search: a random key at a random place of random noise, in any
// form, is found; and the noise alone holds none.
func FuzzPlanted(f *testing.F) {
	for i := range forms {
		f.Add(uint64(i), uint64(7*i+1))
	}
	f.Fuzz(func(t *testing.T, which, seed uint64) {
		var from [32]byte
		copy(from[:], "the seed of this noise")
		from[30], from[31] = byte(seed), byte(seed>>8)
		source := mathrand.NewChaCha8(from)
		r := mathrand.New(source)
		noise, key := make([]byte, 64+r.IntN(4000)), make([]byte, 32)
		source.Read(noise)
		source.Read(key)
		s, err := leak.New(map[string][]byte{"the key": key})
		if err != nil {
			t.Skip("chance made a key that New refuses") // one in 2^40
		}
		if found := s.In(noise); len(found) != 0 {
			t.Fatalf("found in noise: %v", found)
		}
		form := forms[which%uint64(len(forms))]
		cut := r.IntN(len(noise))
		// Text is set off from what comes before it, as programs do; the key's own spelling is
		// untouched.
		content := planted(form, key, append(slices.Clone(noise[:cut]), ' '), append([]byte{' '}, noise[cut:]...))
		if len(s.In(content)) == 0 {
			t.Fatalf("%s is not found at %d", form.name, cut)
		}
	})
}

func BenchmarkIn(b *testing.B) {
	s := search(b, map[string][]byte{"one": random(32), "two": random(32), "three": random(32)})
	source, err := os.ReadFile("../package-lock.json")
	if err != nil {
		b.Fatal(err)
	}
	for name, content := range map[string][]byte{
		"noise": random(16 << 20), "zeros": make([]byte, 16<<20), "text": bytes.Repeat(source, 1+(16<<20)/len(source)),
	} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(content)))
			for b.Loop() {
				s.In(content)
			}
		})
	}
}
