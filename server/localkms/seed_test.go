package localkms_test

import (
	"strings"
	"testing"
	"unicode/utf16"

	"keyferry/server/localkms"
)

// utf16Of writes a text in UTF-16 with a byte order mark, as PowerShell does.
func utf16Of(text string, bigEndian bool) string {
	var b strings.Builder
	for _, unit := range utf16.Encode([]rune("\ufeff" + text)) {
		low, high := byte(unit), byte(unit>>8)
		if bigEndian {
			low, high = high, low
		}
		b.Write([]byte{low, high})
	}
	return b.String()
}

// Files that people write by hand may begin with a byte order mark.
func TestByteOrderMark(t *testing.T) {
	const seed, keys = `{"keys":[{"keyId":"key-one","description":"北"}]}`, `[{"id":"a","secret":"北"}]`
	for name, encode := range map[string]func(string) string{
		"UTF-8":           func(s string) string { return s },
		"UTF-8 with mark": func(s string) string { return "\ufeff" + s },
		"UTF-16LE":        func(s string) string { return utf16Of(s, false) },
		"UTF-16BE":        func(s string) string { return utf16Of(s, true) },
	} {
		parsed, err := localkms.ParseSeed(strings.NewReader(encode(seed)))
		if err != nil || len(parsed.Keys) != 1 || parsed.Keys[0].Description != "北" {
			t.Errorf("seed in %s: %+v, %v", name, parsed, err)
		}
		list, err := localkms.ParseAccessKeys(strings.NewReader(encode(keys)))
		if err != nil || len(list) != 1 || list[0].Secret != "北" {
			t.Errorf("AccessKeys in %s: %+v, %v", name, list, err)
		}
	}
	for _, text := range []string{"", "{}[]", `{"keys":[{"colour":"red"}]}`, "\ufeff\ufeff{}", `[]`} {
		if _, err := localkms.ParseSeed(strings.NewReader(text)); err == nil {
			t.Errorf("the seed %q was taken", text)
		}
	}
	for _, text := range []string{"", `{}`, `[{"id":"a","secret":"s","colour":"red"}]`, "[][]"} {
		if _, err := localkms.ParseAccessKeys(strings.NewReader(text)); err == nil {
			t.Errorf("the AccessKeys %q were taken", text)
		}
	}
}
