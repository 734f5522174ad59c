package ledger

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Entry is one thing that happened.
type Entry struct {
	At      time.Time // kept in UTC, cut to microseconds
	Kind    string    // what happened, one of the kinds that this package lists, such as "import.intent"
	Request string    // id of the import request, or empty
	Region  string    // of the CMK, or empty
	KeyID   string    // of the CMK, or empty
	// Person is the id of who did it, or empty. It is written as a digest.
	Person string
	// Others are the ids of further people that it is about, by the part that they have, such as
	// "importer". They are written as digests.
	Others map[string]string
	// Policies are the ids of the policies that decided.
	Policies []string
	// Fields are the details that the kind allows. Empty values are left out.
	Fields map[string]string
}

// MaxEntry is the largest size of an entry in bytes, because a tile of entries has 16 bits for it.
const MaxEntry = 1<<16 - 1

// timeFormat is the form of times in entries. Its length never changes.
const timeFormat = "2006-01-02T15:04:05.000000Z"

// written is an entry as it is written: the order of the fields is that of the bytes. People are
// digests here.
type written struct {
	Version  int               `json:"v"`
	At       string            `json:"at"`
	Kind     string            `json:"kind"`
	Request  string            `json:"request,omitempty"`
	Region   string            `json:"region,omitempty"`
	KeyID    string            `json:"keyId,omitempty"`
	Person   string            `json:"person,omitempty"`
	Others   map[string]string `json:"others,omitempty"`
	Policies []string          `json:"policies,omitempty"`
	Fields   map[string]string `json:"fields,omitempty"`
}

// check refuses an entry that must not be written.
func (e *Entry) check() error {
	fields, ok := kinds[e.Kind]
	if !ok {
		return fmt.Errorf("there is no kind of entry %q", e.Kind)
	}
	for name, value := range e.Fields {
		form, ok := fields[name]
		if !ok {
			return fmt.Errorf("an entry of kind %s has no field %q", e.Kind, name)
		}
		if value != "" && !form(value) {
			return fmt.Errorf("an entry of kind %s has a field %s of the wrong form", e.Kind, name) // and maybe a secret
		}
	}
	for part, id := range e.Others {
		if !word(part) || id == "" {
			return fmt.Errorf("an entry of kind %s names another person in the wrong form", e.Kind)
		}
	}
	for _, id := range []string{e.Request, e.Region, e.KeyID} {
		if id != "" && !name(id) {
			return fmt.Errorf("an entry of kind %s has an id of the wrong form", e.Kind)
		}
	}
	for _, id := range e.Policies {
		if !line(id) {
			return fmt.Errorf("an entry of kind %s has a policy id of the wrong form", e.Kind)
		}
	}
	if year := e.At.UTC().Year(); year < 1970 || year > 9999 {
		return errors.New("an entry has no time between the years 1970 and 9999")
	}
	return nil
}

// write returns the entry in the form that is written, with the digests of its people.
func (e *Entry) write(digest func(id string) string) *written {
	w := &written{
		Version: 1, At: e.At.UTC().Truncate(time.Microsecond).Format(timeFormat), Kind: e.Kind,
		Request: e.Request, Region: e.Region, KeyID: e.KeyID,
	}
	for _, id := range e.Policies {
		w.Policies = append(w.Policies, norm.NFC.String(id))
	}
	for name, value := range e.Fields {
		if value != "" {
			if w.Fields == nil {
				w.Fields = map[string]string{}
			}
			w.Fields[name] = norm.NFC.String(value)
		}
	}
	if e.Person != "" {
		w.Person = digest(e.Person)
	}
	for part, id := range e.Others {
		if w.Others == nil {
			w.Others = map[string]string{}
		}
		w.Others[part] = digest(id)
	}
	return w
}

// names returns the ids of the people that the entry names.
func (e *Entry) names() []string {
	var ids []string
	if e.Person != "" {
		ids = append(ids, e.Person)
	}
	return append(ids, slices.Collect(maps.Values(e.Others))...)
}

// bytes returns the exact bytes of an entry.
func (w *written) bytes() ([]byte, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(w); err != nil {
		return nil, err
	}
	entry := bytes.TrimSuffix(b.Bytes(), []byte("\n"))
	if len(entry) > MaxEntry {
		return nil, fmt.Errorf("an entry of kind %s has %d bytes, more than %d", w.Kind, len(entry), MaxEntry)
	}
	return entry, nil
}

// at returns the time of an entry.
func (w *written) at() (time.Time, error) { return time.Parse(timeFormat, w.At) }

// parse reads the bytes of an entry, and refuses what bytes would not have written.
func parse(entry []byte) (*written, error) {
	w := &written{}
	if err := json.Unmarshal(entry, w); err != nil {
		return nil, fmt.Errorf("reading an entry: %v", err)
	}
	again, err := w.bytes()
	if err != nil {
		return nil, err
	}
	if _, err := w.at(); err != nil || w.Version != 1 || !bytes.Equal(again, entry) {
		return nil, errors.New("reading an entry: it is not in the form that this program writes")
	}
	return w, nil
}

// Forms of what entries hold. None fits a ciphertext or an import token.

// word is a name or code without spaces, up to 64 characters.
func word(s string) bool { return len(s) <= 64 && only(s, "._:-") }

// name is an id, up to 128 characters.
func name(s string) bool { return len(s) <= 128 && only(s, "._:-/@") }

// words is a list of words, separated by commas, up to 512 characters.
func words(s string) bool {
	return len(s) <= 512 && !slices.ContainsFunc(strings.Split(s, ","), func(w string) bool { return !word(w) })
}

// only reports whether s has letters and digits of ASCII and the given others, and at least one.
func only(s, others string) bool {
	return s != "" && strings.IndexFunc(s, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune(others, r)
	}) < 0
}

// digest is a SHA-256 in hexadecimal.
func digest(s string) bool { return len(s) == 64 && hexadecimal(s) }

// hexadecimal has up to 64 lower-case digits.
func hexadecimal(s string) bool { return len(s) <= 64 && strings.Trim(s, "0123456789abcdef") == "" }

// number is a whole number.
func number(s string) bool {
	return len(s) <= 20 && strings.Trim(strings.TrimPrefix(s, "-"), "0123456789") == ""
}

// instant is a time as RFC 3339 has it.
func instant(s string) bool { _, err := time.Parse(time.RFC3339Nano, s); return err == nil }

// line is text for people, up to 1000 characters.
func line(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsRune(s, 0) && utf8.RuneCountInString(s) <= 1000
}
