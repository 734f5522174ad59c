package console

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"

	"github.com/labstack/echo/v4"
)

// maxBody is the limit of a request's body in bytes: twice what the longest import needs.
const maxBody = 16 << 10

// fields names what an object must hold: a *string, an *int64, a *[]string or a list for each. A
// string must be present; everything else may be absent and is then empty.
type fields map[string]any

// optional is a string that may be absent.
type optional string

// list reads an array of objects: it returns the fields of the next one, or nil where there are too
// many.
type list func() fields

// readObject reads the one JSON object of a request into fields. It is stricter than encoding/json:
// names match exactly, no name comes twice, and there are no other fields and nothing after the
// object. Otherwise another reader of the same bytes could understand them differently, and a check
// here could be passed by. No error repeats a value.
func readObject(e echo.Context, into fields) error { return readLong(e, maxBody, into) }

// readLong reads an object as readObject does, from a body of at most so many bytes.
func readLong(e echo.Context, limit int64, into fields) error {
	r := e.Request()
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || media != "application/json" {
		return errMediaType
	}
	body, err := io.ReadAll(http.MaxBytesReader(e.Response(), r.Body, limit))
	if err != nil {
		var tooLarge *http.MaxBytesError
		if errors.As(err, &tooLarge) {
			return errTooLarge
		}
		return errMalformed
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	if !readFields(decoder, into) {
		return errMalformed
	}
	if _, err := decoder.Token(); err != io.EOF {
		return errMalformed
	}
	return nil
}

// readFields reads one object, and reports whether it holds what it must and nothing else.
func readFields(decoder *json.Decoder, into fields) bool {
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
	if next, objects := target.(list); objects {
		return readList(decoder, next)
	}
	var raw json.RawMessage
	if decoder.Decode(&raw) != nil || bytes.Equal(raw, []byte("null")) {
		return false
	}
	return json.Unmarshal(raw, target) == nil
}

func readList(decoder *json.Decoder, next list) bool {
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
