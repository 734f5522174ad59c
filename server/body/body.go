// Package body reads the JSON that is the body of a request.
package body

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
)

// Fields names what an object must hold: a *string, an *[Optional], an *int64, a *[]string or a [List]
// for each. A string must be present; everything else may be absent and is then empty.
type Fields map[string]any

// Optional is a string that may be absent.
type Optional string

// List reads an array of objects: it returns the fields of the next one, or nil where there are too
// many.
type List func() Fields

// Errors of [Bytes] and [Read]. None repeats a value.
var (
	ErrMediaType = errors.New("reading a body: it is not announced as application/json")
	ErrTooLarge  = errors.New("reading a body: it is longer than allowed")
	ErrMalformed = errors.New("reading a body: it is not the object that was asked for")
)

// Bytes reads the whole body of a request, which is announced as JSON, of at most so many bytes.
func Bytes(w http.ResponseWriter, r *http.Request, limit int64) ([]byte, error) {
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || media != "application/json" {
		return nil, ErrMediaType
	}
	content, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		return nil, ErrTooLarge
	}
	if err != nil {
		return nil, ErrMalformed
	}
	return content, nil
}

// Read reads the one JSON object of a request, of at most so many bytes, into fields. It is stricter
// than encoding/json: names match exactly, no name comes twice, and there are no other fields and
// nothing after the object. Otherwise another reader of the same bytes could understand them
// differently, and a check here could be passed by.
func Read(w http.ResponseWriter, r *http.Request, limit int64, into Fields) error {
	content, err := Bytes(w, r, limit)
	if err != nil {
		return err
	}
	decoder := json.NewDecoder(bytes.NewReader(content))
	if !readFields(decoder, into) {
		return ErrMalformed
	}
	if _, err := decoder.Token(); err != io.EOF {
		return ErrMalformed
	}
	return nil
}

// readFields reads one object, and reports whether it holds what it must and nothing else.
func readFields(decoder *json.Decoder, into Fields) bool {
	if !readDelimiter(decoder, '{') {
		return false
	}
	seen := map[string]bool{}
	for decoder.More() {
		name, err := decoder.Token()
		if err != nil {
			return false
		}
		field, known := name.(string)
		target, wanted := into[field]
		if !known || !wanted || seen[field] {
			return false
		}
		seen[field] = true
		if !readValue(decoder, target) {
			return false
		}
	}
	for name, target := range into {
		if _, text := target.(*string); text && !seen[name] {
			return false
		}
	}
	return readDelimiter(decoder, '}')
}

func readDelimiter(decoder *json.Decoder, want json.Delim) bool {
	token, err := decoder.Token()
	return err == nil && token == want
}

// readValue reads one value of exactly the type that the target has; null is no value.
func readValue(decoder *json.Decoder, target any) bool {
	if next, objects := target.(List); objects {
		return readList(decoder, next)
	}
	var raw json.RawMessage
	if decoder.Decode(&raw) != nil || bytes.Equal(raw, []byte("null")) {
		return false
	}
	return json.Unmarshal(raw, target) == nil
}

func readList(decoder *json.Decoder, next List) bool {
	if !readDelimiter(decoder, '[') {
		return false
	}
	for decoder.More() {
		into := next()
		if into == nil || !readFields(decoder, into) {
			return false
		}
	}
	return readDelimiter(decoder, ']')
}
