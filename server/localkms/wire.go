package localkms

import (
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"
)

// Limits on a request. The largest honest one is an Encrypt of 6 KB with an
// EncryptionContext of 8 KB, or a CreateKey with a policy of 32 KB.
const (
	maxBody       = 256 << 10
	maxParameters = 500
)

// request is an API request as decoded from the wire, before anything about
// it has been verified.
type request struct {
	method string
	host   string
	header http.Header
	query  map[string]string // parameters of the URL
	form   map[string]string // parameters of the body
	body   []byte
}

// forInspector reports whether r is a browser's visit rather than a call:
// other paths than the root, or a GET that names neither an action nor
// credentials.
func forInspector(r *http.Request) bool {
	if r.URL.Path != "/" {
		return true
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return false
	}
	if r.Header.Get("Authorization") != "" || r.Header.Get("X-Acs-Action") != "" {
		return false
	}
	query := r.URL.Query()
	for _, name := range []string{"Action", "Version", "AccessKeyId", "Signature"} {
		if query.Has(name) {
			return false
		}
	}
	return true
}

// decode reads a request. The request is not nil when its URL could be read,
// so that an error can still be written in the format that it asks for.
func decode(w http.ResponseWriter, r *http.Request) (*request, error) {
	req := &request{method: r.Method, host: r.Host, header: r.Header}
	var err error
	if req.query, err = parameters(r.URL.RawQuery); err != nil {
		return nil, err
	}
	if r.Method != http.MethodGet && r.Method != http.MethodPost {
		return req, errMethod
	}
	if req.body, err = io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody)); err != nil {
		return req, errUnparsable
	}
	if len(req.body) == 0 || r.Method == http.MethodGet {
		return req, nil
	}
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "application/x-www-form-urlencoded" {
		return req, errUnparsable
	}
	if req.form, err = parameters(string(req.body)); err != nil {
		return req, err
	}
	for name := range req.form {
		if _, twice := req.query[name]; twice {
			return req, errUnparsable
		}
	}
	return req, nil
}

// parameters reads a query or a form. A name that stands twice is refused:
// what was signed and what would be used could be two different things.
func parameters(encoded string) (map[string]string, error) {
	if strings.Count(encoded, "&") >= maxParameters {
		return nil, errUnparsable
	}
	values, err := url.ParseQuery(encoded)
	if err != nil {
		return nil, errUnparsable
	}
	params := make(map[string]string, len(values))
	for name, list := range values {
		if len(list) != 1 || name == "" || !utf8.ValidString(name) || !utf8.ValidString(list[0]) {
			return nil, errUnparsable
		}
		params[name] = list[0]
	}
	return params, nil
}

// param returns a parameter from the query or the form.
func (r *request) param(name string) string {
	if value, ok := r.query[name]; ok {
		return value
	}
	return r.form[name]
}

// params returns all parameters in one map that the caller may change.
func (r *request) params() map[string]string {
	all := make(map[string]string, len(r.query)+len(r.form))
	for name, value := range r.query {
		all[name] = value
	}
	for name, value := range r.form {
		all[name] = value
	}
	return all
}

// headerSigned reports whether the request uses the V3 family, which signs in
// a header. Clients of the V1 family send x-acs-action too, so that the
// Authorization header alone tells them apart.
func (r *request) headerSigned() bool { return r.header.Get("Authorization") != "" }

// wantsXML reports the answer's format: V3 clients always get JSON.
func (r *request) wantsXML() bool {
	return !r.headerSigned() && strings.EqualFold(r.param("Format"), "XML")
}

// escape percent-encodes as RFC 3986 has it, and as every signature needs it.
func escape(s string) string {
	const hexDigits = "0123456789ABCDEF"
	var b strings.Builder
	b.Grow(len(s))
	for i := range len(s) {
		c := s[i]
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9',
			c == '-', c == '_', c == '.', c == '~':
			b.WriteByte(c)
		default:
			b.WriteByte('%')
			b.WriteByte(hexDigits[c>>4])
			b.WriteByte(hexDigits[c&15])
		}
	}
	return b.String()
}
