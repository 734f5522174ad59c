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

// fields names what an object must hold: a *string or an *int64 for each. A string must be present;
// a number may be absent and is then 0.
type fields map[string]any

// readObject reads the one JSON object of a request into fields. It is stricter than encoding/json:
// names match exactly, no name comes twice, and there are no other fields and nothing after the
// object. Otherwise another reader of the same bytes could understand them differently, and a check
// here could be passed by. No error repeats a value.
func readObject(e echo.Context, into fields) error {
	r := e.Request()
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || media != "application/json" {
		return errMediaType
	}
	body, err := io.ReadAll(http.MaxBytesReader(e.Response(), r.Body, maxBody))
	if err != nil {
		var tooLarge *http.MaxBytesError
		if errors.As(err, &tooLarge) {
			return errTooLarge
		}
		return errMalformed
	}
	seen := map[string]bool{}
	decoder := json.NewDecoder(bytes.NewReader(body))
	if token, err := decoder.Token(); err != nil || token != json.Delim('{') {
		return errMalformed
	}
	for decoder.More() {
		name, err := decoder.Token()
		if err != nil {
			return errMalformed
		}
		field, known := name.(string)
		target, wanted := into[field]
		if !known || !wanted || seen[field] {
			return errMalformed
		}
		seen[field] = true
		if !readValue(decoder, target) {
			return errMalformed
		}
	}
	if _, err := decoder.Token(); err != nil {
		return errMalformed
	}
	if _, err := decoder.Token(); err != io.EOF {
		return errMalformed
	}
	for name, target := range into {
		if _, text := target.(*string); text && !seen[name] {
			return errMalformed
		}
	}
	return nil
}

// readValue reads one value of exactly the type that the target has; null is no value.
func readValue(decoder *json.Decoder, target any) bool {
	var raw json.RawMessage
	if decoder.Decode(&raw) != nil || bytes.Equal(raw, []byte("null")) {
		return false
	}
	return json.Unmarshal(raw, target) == nil
}
