package ledger

import (
	"regexp"
	"strings"
	"testing"
	"time"
)

// Each form takes text of its greatest length, and none that is longer.
func TestLongest(t *testing.T) {
	for name, form := range map[string]struct {
		fits    func(string) bool
		longest string
		more    string
	}{
		"word":        {word, strings.Repeat("a", 64), "a"},
		"name":        {name, strings.Repeat("a", 128), "a"},
		"words":       {words, strings.Repeat("a,", 255) + "aa", "a"},
		"digest":      {digest, strings.Repeat("f", 64), "f"},
		"hexadecimal": {hexadecimal, strings.Repeat("f", 64), "f"},
		"number":      {number, "-" + strings.Repeat("9", 19), "9"},
		"line":        {line, strings.Repeat("密", 1000), "密"},
	} {
		if !form.fits(form.longest) {
			t.Errorf("%s: the longest is refused", name)
		}
		if form.fits(form.longest + form.more) {
			t.Errorf("%s: longer than the longest", name)
		}
	}
	if digest(strings.Repeat("f", 63)) {
		t.Error("half a byte is missing from a digest")
	}
}

// What is no number, time or digest is none, and what is one is taken.
func TestKindsOfText(t *testing.T) {
	for _, test := range []struct {
		fits  func(string) bool
		right string
		wrong string
	}{
		{number, "-120", "12O"}, {number, "0", "1.5"}, {hexadecimal, "0a", "0A"}, {digest, strings.Repeat("0a", 32), strings.Repeat("0g", 32)},
		{instant, "2026-11-26T04:07:08.5+08:00", "2026-11-26"}, {words, "a,b", "a,,b"}, {line, "密 钥", "a\x00"},
	} {
		if !test.fits(test.right) {
			t.Errorf("%q is refused", test.right)
		}
		if test.fits(test.wrong) {
			t.Errorf("%q is taken", test.wrong)
		}
	}
}

// Words and names have the characters that their comments name, of the first 256.
func TestCharacters(t *testing.T) {
	isWord, isName := regexp.MustCompile(`^[A-Za-z0-9._:-]$`), regexp.MustCompile(`^[A-Za-z0-9._:/@-]$`)
	for r := range rune(256) {
		s := string(r)
		if word(s) != isWord.MatchString(s) || name(s) != isName.MatchString(s) {
			t.Errorf("%q: word %v, name %v", s, word(s), name(s))
		}
	}
}

// An entry has at most the size that a tile can say.
func TestLargestEntry(t *testing.T) {
	w := &written{Version: 1, At: time.Unix(0, 0).UTC().Format(timeFormat), Kind: "request.created", Fields: map[string]string{"label": ""}}
	empty, err := w.bytes()
	if err != nil {
		t.Fatal(err)
	}
	w.Fields["label"] = strings.Repeat("x", 65535-len(empty))
	if entry, err := w.bytes(); err != nil || len(entry) != 65535 {
		t.Errorf("%d bytes: %v", len(entry), err)
	}
	w.Fields["label"] += "x"
	if entry, err := w.bytes(); err == nil {
		t.Errorf("%d bytes were written", len(entry))
	}
}
