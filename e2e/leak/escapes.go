package leak

import (
	"bytes"
	"strconv"
	"unicode/utf8"
)

// around is how much of the content beside an escape is kept with it: enough for a window in any
// spelling.
const around = 64

// escape reads what the content begins with, appends the bytes that it means, and returns how long
// it was: 0 where there is none.
type escape func(to, content []byte) (more []byte, length int)

// peelPercent replaces the escapes of addresses by the bytes that they mean.
func peelPercent(content []byte) view { return replaced(content, "%", hexAfter(1)) }

// peelQuoted replaces the escapes of quoted-printable text.
func peelQuoted(content []byte) view { return replaced(content, "=", hexAfter(1)) }

// peelBackslash replaces the escapes of strings in programs and in JSON; characters up to U+00FF
// are bytes of a binary string.
func peelBackslash(content []byte) view { return replaced(content, `\`, backslash(unicodeAsByte)) }

// peelBackslashText does the same for strings whose bytes happened to be valid UTF-8.
func peelBackslashText(content []byte) view {
	if !bytes.Contains(content, []byte(`\u00`)) {
		return view{} // both readings are the same
	}
	return replaced(content, `\`, backslash(unicodeAsText))
}

// peelEntities replaces the entities of HTML.
func peelEntities(content []byte) view { return replaced(content, "&", entity) }

// peelUTF8 turns the two-byte characters up to U+00FF into one byte each: what becomes of bytes
// that a program took for a string and then wrote out.
func peelUTF8(content []byte) view {
	return replaced(content, "\xc2\xc3", func(to, content []byte) ([]byte, int) {
		if len(content) > 1 && content[1]&0xc0 == 0x80 {
			return append(to, content[0]<<6|content[1]&0x3f), 2
		}
		return to, 0
	})
}

// replaced is the content with its escapes read, and what is around each: all else has been
// searched as it is. An escape begins with one of the given bytes, of which there are one or two.
func replaced(content []byte, begins string, read escape) view {
	var v view
	open := false
	kept := 0 // the end of what the view has of the content
	next := [2]int{-1, -1}
	var meant []byte
	for i := 0; ; {
		if i = nearest(content, begins, &next, i); i == len(content) {
			break
		}
		var length int
		if meant, length = read(meant[:0], content[i:]); length == 0 {
			i++
			continue
		}
		if open && i-kept > 2*around {
			v.bytes = append(v.bytes, content[kept:kept+around]...)
			v.end()
			open = false
		}
		if !open {
			kept = max(kept, i-around)
			v.begin(kept)
			open = true
		}
		v.bytes = append(append(v.bytes, content[kept:i]...), meant...)
		i += length
		kept = i
	}
	if open {
		v.bytes = append(v.bytes, content[kept:min(len(content), kept+around)]...)
		v.end()
	}
	return v
}

// nearest is where the first of the bytes is, from i on. It remembers where each one comes next, so
// that a rare one is not looked for again and again.
func nearest(content []byte, begins string, next *[2]int, i int) int {
	at := len(content)
	for n := range len(begins) {
		if next[n] < i {
			if found := bytes.IndexByte(content[i:], begins[n]); found >= 0 {
				next[n] = i + found
			} else {
				next[n] = len(content)
			}
		}
		at = min(at, next[n])
	}
	return at
}

// hexAfter reads two hexadecimal digits behind so many bytes.
func hexAfter(at int) escape {
	return func(to, content []byte) ([]byte, int) {
		if len(content) < at+2 || nibbles[content[at]] == 0xff || nibbles[content[at+1]] == 0xff {
			return to, 0
		}
		return append(to, nibbles[content[at]]<<4|nibbles[content[at+1]]), at + 2
	}
}

// letters are the escapes of one letter.
var letters = map[byte]byte{
	'n': '\n', 'r': '\r', 't': '\t', 'b': '\b', 'f': '\f', 'v': '\v', 'a': '\a',
	'\\': '\\', '"': '"', '\'': '\'', '/': '/', '`': '`',
}

// backslash reads the escapes of JavaScript, JSON, C and Go.
func backslash(character func(to []byte, r rune) []byte) escape {
	return func(to, content []byte) ([]byte, int) {
		if len(content) < 2 {
			return to, 0
		}
		switch second := content[1]; {
		case second == 'x':
			return hexAfter(2)(to, content)
		case second == 'u', second == 'U':
			digits := 4
			if second == 'U' {
				digits = 8
			}
			r, err := strconv.ParseUint(string(content[2:min(len(content), 2+digits)]), 16, 32)
			if err != nil || len(content) < 2+digits {
				return to, 0
			}
			return character(to, rune(r)), 2 + digits
		case second >= '0' && second <= '7':
			return octal(to, content)
		default:
			value, known := letters[second]
			if !known {
				return to, 0
			}
			return append(to, value), 2
		}
	}
}

func unicodeAsByte(to []byte, r rune) []byte {
	if r < 0x100 {
		return append(to, byte(r))
	}
	return unicodeAsText(to, r)
}

func unicodeAsText(to []byte, r rune) []byte { return utf8.AppendRune(to, r) }

func octal(to, content []byte) ([]byte, int) {
	whole, length := 0, 1
	for length < len(content) && length < 4 && content[length] >= '0' && content[length] <= '7' {
		whole = whole<<3 | int(content[length]-'0')
		length++
	}
	return append(to, byte(whole)), length
}

// entities are those that a browser writes into HTML.
var entities = map[string]byte{"amp": '&', "lt": '<', "gt": '>', "quot": '"', "nbsp": 0xa0, "apos": '\''}

func entity(to, content []byte) ([]byte, int) {
	end := bytes.IndexByte(content[:min(len(content), 8)], ';')
	if end < 2 {
		return to, 0
	}
	name := string(content[1:end])
	if value, known := entities[name]; known {
		return append(to, value), end + 1
	}
	if name[0] != '#' {
		return to, 0
	}
	digits, base := name[1:], 10
	if len(digits) > 0 && digits[0]|0x20 == 'x' {
		digits, base = digits[1:], 16
	}
	value, err := strconv.ParseUint(digits, base, 8)
	if err != nil {
		return to, 0
	}
	return append(to, byte(value)), end + 1
}
