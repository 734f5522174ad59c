// Package wire reads requests of the RPC API 2016-01-20, verifies their signatures and writes
// the answers. It knows how the API looks on the wire, and nothing of keys.
package wire

import (
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"
)

// Limits on a request. The largest legitimate one is an Encrypt of 6 KB with an
// EncryptionContext of 8 KB, or a CreateKey with a policy of 32 KB.
const (
	maxBody       = 256 << 10
	maxParameters = 500
)

// Request is an API request as decoded from the wire, before anything about it is verified.
type Request struct {
	method string
	host   string
	header http.Header
	query  map[string]string // parameters of the URL
	form   map[string]string // parameters of the body
	body   []byte
}

// IsCall reports whether r is a call of the API rather than a browser's visit to a page: it is
// sent to the root, and is a POST or names an action or credentials.
func IsCall(r *http.Request) bool {
	if r.URL.Path != "/" {
		return false
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return true
	}
	if r.Header.Get("Authorization") != "" || r.Header.Get("X-Acs-Action") != "" {
		return true
	}
	query := r.URL.Query()
	for _, name := range []string{"Action", "Version", "AccessKeyId", "Signature"} {
		if query.Has(name) {
			return true
		}
	}
	return false
}

// Decode reads a request. The result is not nil if the URL could be read, even with an error,
// so that the error can be written in the format that the request asks for.
func Decode(w http.ResponseWriter, r *http.Request) (*Request, error) {
	req := &Request{method: r.Method, host: r.Host, header: r.Header}
	var err error
	if req.query, err = parameters(r.URL.RawQuery); err != nil {
		return nil, err
	}
	if r.Method != http.MethodGet && r.Method != http.MethodPost {
		return req, ErrMethod
	}
	if req.body, err = io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody)); err != nil {
		return req, ErrUnparsable
	}
	if len(req.body) == 0 || r.Method == http.MethodGet {
		return req, nil
	}
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "application/x-www-form-urlencoded" {
		return req, ErrUnparsable
	}
	if req.form, err = parameters(string(req.body)); err != nil {
		return req, err
	}
	for name := range req.form {
		if _, twice := req.query[name]; twice {
			return req, ErrUnparsable
		}
	}
	return req, nil
}

// parameters reads a query or a form. A name that occurs twice is refused: the value that was
// signed and the value that is used could differ.
func parameters(encoded string) (map[string]string, error) {
	if strings.Count(encoded, "&") >= maxParameters {
		return nil, ErrUnparsable
	}
	values, err := url.ParseQuery(encoded)
	if err != nil {
		return nil, ErrUnparsable
	}
	params := make(map[string]string, len(values))
	for name, list := range values {
		if len(list) != 1 || name == "" || !utf8.ValidString(name) || !utf8.ValidString(list[0]) {
			return nil, ErrUnparsable
		}
		params[name] = list[0]
	}
	return params, nil
}

// Param returns a parameter of the query or the form, or the empty string.
func (r *Request) Param(name string) string {
	if value, ok := r.query[name]; ok {
		return value
	}
	return r.form[name]
}

// Params returns all parameters in one map that the caller may change.
func (r *Request) Params() map[string]string {
	all := make(map[string]string, len(r.query)+len(r.form))
	for name, value := range r.query {
		all[name] = value
	}
	for name, value := range r.form {
		all[name] = value
	}
	return all
}

// Header returns a header, or the empty string.
func (r *Request) Header(name string) string { return r.header.Get(name) }

// HeaderSigned reports whether the request uses V3, which signs in a header. Clients of V1 send
// x-acs-action too, so the Authorization header alone tells the two apart.
func (r *Request) HeaderSigned() bool { return r.header.Get("Authorization") != "" }

// Target returns the action and the version of the API that the request names.
func (r *Request) Target() (action, version string) {
	if r.HeaderSigned() {
		return r.header.Get("X-Acs-Action"), r.header.Get("X-Acs-Version")
	}
	return r.Param("Action"), r.Param("Version")
}

// WantsXML reports whether the answer shall be XML. V3 clients always get JSON.
func (r *Request) WantsXML() bool {
	return !r.HeaderSigned() && strings.EqualFold(r.Param("Format"), "XML")
}
