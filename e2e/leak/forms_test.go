package leak_test

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/andybalholm/brotli"
)

// form is a way in which a program could write a key down.
type form struct {
	name   string
	encode func([]byte) []byte
	body   bool // found only where a body can begin, since it has no mark of its own
	pieces bool // whether every window of a longer key is found by itself: not where it is packed
}

// text makes a form of a function that spells bytes.
func text(name string, spell func([]byte) string) form {
	return form{name: name, encode: func(b []byte) []byte { return []byte(spell(b)) }, pieces: true}
}

// forms are the spellings, each with what the issue or experience says about who writes such a
// thing.
var forms = func() []form {
	all := []form{
		text("raw", func(b []byte) string { return string(b) }),
		text("hexadecimal", hex.EncodeToString),
		text("HEXADECIMAL", func(b []byte) string { return strings.ToUpper(hex.EncodeToString(b)) }),
		text("HexaDecimal", func(b []byte) string { return strings.ReplaceAll(hex.EncodeToString(b), "a", "A") }),
		text("hexadecimal, its digits turned round", func(b []byte) string {
			digits := []byte(hex.EncodeToString(b))
			slices.Reverse(digits)
			return string(digits)
		}),
		text("hexadecimal after a digit", func(b []byte) string { return "7" + hex.EncodeToString(b) }),
		text("hexadecimal with colons", func(b []byte) string { return separated(b, "%02x", ":") }),
		text("hexadecimal dump", func(b []byte) string { return fmt.Sprintf("% x", b) }),
		text("hexadecimal in fours", inFours),
		text("literal of Go", func(b []byte) string { return fmt.Sprintf("%#v", b) }),
		text("literal of C", func(b []byte) string { return "{" + separated(b, "0x%02X", ", ") + "}" }),
		text("string of C", func(b []byte) string { return separated(b, `\x%02x`, "") }),
		text("octal string", func(b []byte) string { return separated(b, `\%03o`, "") }),
		text("quoted by Go", func(b []byte) string { return strconv.Quote(string(b)) }),
		text("%v of Go", func(b []byte) string { return fmt.Sprint(b) }),
		text("JSON numbers", func(b []byte) string { return "[" + separated(b, "%d", ",") + "]" }),
		text("JSON numbers, indented", func(b []byte) string { return "[\n    " + separated(b, "%d", ",\n    ") + "\n]" }),
		text("JSON of a Uint8Array", func(b []byte) string { return asObject(b) }),
		text("signed numbers", func(b []byte) string { return signed(b, ", ") }),
		text("signed numbers, close", func(b []byte) string { return signed(b, ",") }),
		text("percent-encoded", func(b []byte) string { return separated(b, "%%%02X", "") }),
		text("percent-encoded, lower case", func(b []byte) string { return separated(b, "%%%02x", "") }),
		text("percent-encoded where needed", func(b []byte) string { return url.PathEscape(string(b)) }),
		text("percent-encoded binary string", func(b []byte) string { return url.PathEscape(latin(b)) }),
		text("binary string in UTF-8", latin),
		text("binary string in UTF-16", func(b []byte) string { return utf16(latin(b)) }),
		text("binary string in JSON", func(b []byte) string { return string(must(json.Marshal(latin(b)))) }),
		text("binary string in JSON, ASCII", func(b []byte) string { return separated(b, `\u%04x`, "") }),
		text("binary string in HTML", func(b []byte) string { return html.EscapeString(latin(b)) }),
		text("numeric entities", func(b []byte) string { return separated(b, "&#%d;", "") }),
		text("UTF-16 of hexadecimal", func(b []byte) string { return utf16(hex.EncodeToString(b)) }),
		text("UTF-16 of hexadecimal, the other order", func(b []byte) string { return "\x00" + utf16(hex.EncodeToString(b)) }),
		text("quoted-printable", func(b []byte) string { return separated(b, "=%02X", "") }),
		text("hexadecimal of hexadecimal", func(b []byte) string { return hex.EncodeToString([]byte(hex.EncodeToString(b))) }),
	}
	for shift := range 3 {
		for name, encoding := range map[string]*base64.Encoding{
			"base64": base64.StdEncoding, "base64url": base64.URLEncoding, "base64 without padding": base64.RawStdEncoding,
		} {
			all = append(all, text(fmt.Sprintf("%s shifted by %d", name, shift), func(b []byte) string {
				return encoding.EncodeToString(append(make([]byte, shift), b...))
			}))
		}
		all = append(all,
			text(fmt.Sprintf("UTF-16 of base64 shifted by %d", shift), func(b []byte) string { return utf16(shifted(b, shift)) }),
			text(fmt.Sprintf("base64 of hexadecimal shifted by %d", shift), func(b []byte) string {
				return shifted([]byte(hex.EncodeToString(b)), shift)
			}),
			text(fmt.Sprintf("percent-encoded base64 shifted by %d", shift), func(b []byte) string { return url.QueryEscape(shifted(b, shift)) }),
			text(fmt.Sprintf("base64 in lines shifted by %d", shift), func(b []byte) string { return inLines(shifted(b, shift)) }),
		)
	}
	for _, f := range slices.Clone(all) {
		encode := f.encode
		all = append(all, form{name: "reversed, " + f.name, pieces: true, encode: func(b []byte) []byte {
			backward := slices.Clone(b)
			slices.Reverse(backward)
			return encode(backward)
		}})
	}
	return append(all, packedForms()...)
}()

// packedForms are bodies in each coding, of the raw key and of a text that holds it.
func packedForms() []form {
	var all []form
	for name, pack := range map[string]func(io.Writer) io.WriteCloser{
		"gzip":    func(w io.Writer) io.WriteCloser { return gzip.NewWriter(w) },
		"zlib":    func(w io.Writer) io.WriteCloser { return zlib.NewWriter(w) },
		"deflate": func(w io.Writer) io.WriteCloser { return must(flate.NewWriter(w, 6)) },
		"brotli":  func(w io.Writer) io.WriteCloser { return brotli.NewWriter(w) },
	} {
		packed := func(content []byte) []byte {
			var b bytes.Buffer
			w := pack(&b)
			w.Write(content)
			w.Close()
			return b.Bytes()
		}
		body := name == "deflate" || name == "brotli"
		sentence := func(b []byte) []byte {
			return []byte(strings.Repeat("some text that packs well. ", 20) + hex.EncodeToString(b) + strings.Repeat(" and more of it.", 20))
		}
		all = append(all,
			form{name: name + " of raw", body: body, encode: packed},
			form{name: name + " of a text", body: body, encode: func(b []byte) []byte { return packed(sentence(b)) }},
			form{name: name + " of JSON numbers", body: body, encode: func(b []byte) []byte { return packed([]byte(separated(b, "%d", ","))) }},
			form{name: name + " twice", body: body, encode: func(b []byte) []byte { return packed(packed(sentence(b))) }},
			form{name: name + " in chunks", body: true, encode: func(b []byte) []byte { return chunked(packed(sentence(b))) }},
		)
		if !body {
			all = append(all, form{name: "base64 of " + name, encode: func(b []byte) []byte {
				return []byte(base64.StdEncoding.EncodeToString(packed(sentence(b))))
			}})
		}
	}
	return all
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err) // a test's own encoders do not fail
	}
	return value
}

func separated(b []byte, format, separator string) string {
	var parts []string
	for _, value := range b {
		parts = append(parts, fmt.Sprintf(format, value))
	}
	return strings.Join(parts, separator)
}

func signed(b []byte, separator string) string {
	var parts []string
	for _, value := range b {
		parts = append(parts, strconv.Itoa(int(int8(value))))
	}
	return strings.Join(parts, separator)
}

func inFours(b []byte) string {
	var parts []string
	for pair := range slices.Chunk(b, 2) {
		parts = append(parts, hex.EncodeToString(pair))
	}
	return strings.Join(parts, " ")
}

func asObject(b []byte) string {
	var parts []string
	for i, value := range b {
		parts = append(parts, fmt.Sprintf(`"%d":%d`, i, value))
	}
	return "{" + strings.Join(parts, ",") + "}"
}

// latin is the string that JavaScript makes of bytes with String.fromCharCode, in UTF-8.
func latin(b []byte) string {
	characters := make([]rune, len(b))
	for i, value := range b {
		characters[i] = rune(value)
	}
	return string(characters)
}

// utf16 is text as browsers keep it in memory, the low byte first.
func utf16(s string) string {
	var b strings.Builder
	for _, character := range s {
		b.WriteByte(byte(character))
		b.WriteByte(byte(character >> 8))
	}
	return b.String()
}

func shifted(b []byte, shift int) string {
	return base64.StdEncoding.EncodeToString(append(make([]byte, shift), b...))
}

func inLines(s string) string {
	var lines []string
	for line := range slices.Chunk([]byte(s), 20) {
		lines = append(lines, string(line))
	}
	return strings.Join(lines, "\r\n")
}

// chunked is an HTTP message whose body comes in chunks of twenty bytes.
func chunked(body []byte) []byte {
	var b bytes.Buffer
	b.WriteString("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
	for part := range slices.Chunk(body, 20) {
		fmt.Fprintf(&b, "%x\r\n%s\r\n", len(part), part)
	}
	b.WriteString("0\r\n\r\n")
	return b.Bytes()
}
