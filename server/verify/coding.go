package verify

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/andybalholm/brotli"
)

// decoded returns the body without its content coding, and the coding's name. It is strict: bytes
// after the end of the coded form, or a second part, are an error, because browsers do not agree on
// what they mean. The decoded body may have limit bytes.
func (a *answer) decoded(limit int) (body []byte, coding string, err error) {
	coding = strings.ToLower(strings.Join(a.header.Values("Content-Encoding"), ", "))
	rest := bytes.NewReader(a.body)
	var reader io.Reader
	switch coding {
	case "":
		return a.body, coding, nil
	case "br":
		reader = brotli.NewReader(rest)
	case "gzip":
		unpacked, err := gzip.NewReader(rest)
		if err != nil {
			return nil, coding, fmt.Errorf("the body is not in the coding gzip: %v", err)
		}
		unpacked.Multistream(false)
		reader = unpacked
	default:
		return nil, coding, fmt.Errorf("the body has the coding %s, which a console does not use", quoted(coding))
	}
	body, err = io.ReadAll(io.LimitReader(reader, int64(limit)+1))
	switch {
	case err != nil:
		return nil, coding, fmt.Errorf("the body is not in the coding %s: %v", coding, err)
	case len(body) > limit:
		return nil, coding, fmt.Errorf("the body is longer than %d bytes once decoded", limit)
	case rest.Len() > 0:
		return nil, coding, errors.New("the body goes on after the end of its coded form")
	}
	return body, coding, nil
}
