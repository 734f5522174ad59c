package backup

import (
	"bytes"
	"encoding/base64"
	"slices"
	"strings"
	"unicode"

	"filippo.io/age/armor"
)

// What people paste: an identity or recipients with what was around them, and armor out of a
// message.

const (
	identityMark  = "AGE-SECRET-KEY-"
	recipientMark = "age1"
)

// identitiesIn returns the identities in the text of an identity file, each a part of an upper-case
// copy, which the caller clears. Lines that begin with # are remarks. Where a field swallowed the
// line breaks, identities follow remarks on one line: so if no other line has an identity, remarks
// are searched as well.
func identitiesIn(file []byte) (found [][]byte, upper []byte) {
	upper = bytes.Clone(file)
	for i, c := range upper {
		if c >= 'a' && c <= 'z' {
			upper[i] = c - 'a' + 'A'
		}
	}
	for line := range bytes.Lines(upper) {
		if !isRemark(line) {
			found = append(found, identitiesInLine(line)...)
		}
	}
	if found == nil {
		found = identitiesInLine(upper)
	}
	return found, upper
}

// identitiesInLine returns every part that begins as an identity, up to the next character that is
// no letter or digit, or the next identity.
func identitiesInLine(line []byte) (found [][]byte) {
	for {
		begin := bytes.Index(line, []byte(identityMark))
		if begin < 0 {
			return found
		}
		line = line[begin:]
		end := len(identityMark)
		for end < len(line) && (line[end] >= '0' && line[end] <= '9' || line[end] >= 'A' && line[end] <= 'Z' || line[end] == '-') &&
			!bytes.HasPrefix(line[end:], []byte(identityMark)) {
			end++
		}
		found = append(found, bytes.TrimRight(line[:end], "-"))
		line = line[end:]
	}
}

func isRemark(line []byte) bool {
	return bytes.HasPrefix(bytes.TrimLeftFunc(line, isHidden), []byte("#"))
}

// isHidden reports whether a character is white space or a format character of no width.
func isHidden(r rune) bool { return unicode.IsSpace(r) || unicode.Is(unicode.Cf, r) }

// recipientsIn returns the recipients in a text: words that are separated by white space, commas
// or semicolons, without quotes and labels such as "Public key:". Lines that begin with # are
// remarks; only if there is nothing else does the "# public key:" of an identity file count.
//
// A private key anywhere in the text, remarks included, is refused.
func recipientsIn(text string) ([]string, error) {
	if lower := strings.ToLower(text); strings.Contains(lower, "age-secret-key-") || strings.Contains(lower, "age-plugin-") ||
		strings.Contains(lower, "private key-----") {
		return nil, CodeRecipientPrivate
	}
	var found, remarked []string
	for line := range strings.Lines(text) {
		if !isRemark([]byte(line)) {
			found = append(found, recipientsInLine(line)...)
		} else if _, labelled, ok := strings.Cut(strings.ToLower(line), "public key:"); ok {
			remarked = append(remarked, recipientsInLine(labelled)...)
		}
	}
	if len(found) == 0 {
		found = remarked
	}
	if len(found) == 0 {
		return nil, CodeRecipientMalformed
	}
	return found, nil
}

// recipientsInLine returns the words of a line. If one of them is a recipient, what is before
// it as its label is left out; an SSH key is one line.
func recipientsInLine(line string) []string {
	line = strings.TrimFunc(line, isHidden)
	for _, other := range notRecipients {
		if len(line) >= len(other.beginning) && strings.EqualFold(line[:len(other.beginning)], other.beginning) {
			return []string{line}
		}
	}
	words := strings.FieldsFunc(line, func(r rune) bool {
		return isHidden(r) || strings.ContainsRune(",;，；、:：\"'“”‘’`<>()", r)
	})
	isRecipient := func(word string) bool {
		return len(word) > len(recipientMark) && strings.EqualFold(word[:len(recipientMark)], recipientMark)
	}
	if slices.ContainsFunc(words, isRecipient) {
		isLabel := func(word string) bool {
			switch strings.ToLower(word) {
			case "public", "key", "keys", "recipient", "recipients", "age", "-", "*", "•", "公钥", "接收方":
				return true
			}
			return false
		}
		words = slices.DeleteFunc(words, isLabel)
	}
	return words
}

// armored returns the binary of armor that a text has in it, and whether there is any. A message
// may surround it, quote its lines with > and end them with white space or CR LF, as age itself
// does not mind at its ends.
func armored(text []byte) (binary []byte, ok bool, err error) {
	if bytes.IndexByte(text, 0) == 1 || bytes.HasPrefix(text, []byte("\xff\xfe")) || bytes.HasPrefix(text, []byte("\xfe\xff")) {
		text = bytes.ReplaceAll(text, []byte{0}, nil) // UTF-16 of ASCII
		defer clear(text)
	}
	_, body, ok := bytes.Cut(text, []byte(armor.Header))
	if !ok {
		return nil, false, nil
	}
	body, _, ok = bytes.Cut(body, []byte(armor.Footer))
	if !ok {
		return nil, true, CodeDamaged
	}
	var digits []byte
	for line := range bytes.Lines(body) {
		digits = append(digits, bytes.TrimFunc(line, func(r rune) bool { return isHidden(r) || r == '>' || r == 0xfffd })...)
	}
	binary, err = base64.StdEncoding.Strict().DecodeString(string(digits))
	if err != nil || len(binary) == 0 {
		return nil, true, CodeDamaged
	}
	return binary, true, nil
}

// damagedIntro reports whether a file that does not begin as an age file of version 1 once did:
// line ends were changed, a byte order mark was added, or the file was saved as UTF-16.
func damagedIntro(file []byte) bool {
	if file = bytes.TrimPrefix(file, []byte("\xef\xbb\xbf")); bytes.HasPrefix(file, []byte(introOfAny)) {
		line, _, _ := bytes.Cut(file, []byte("\n"))
		line, _, _ = bytes.Cut(line, []byte("\r"))
		version := bytes.TrimSpace(line[len(introOfAny):])
		return string(version) == "v1" || len(version) < 2 || version[0] != 'v' || bytes.ContainsFunc(version[1:], func(r rune) bool { return r < '0' || r > '9' })
	}
	plain := bytes.ReplaceAll(file, []byte{0}, nil) // a copy, of what may be a key chosen by mistake
	defer clear(plain)
	return bytes.HasPrefix(bytes.TrimLeft(plain, "\xff\xfe"), []byte(introOfAny))
}
