// Package verifytest has proxies that lie, each in one way, and some that do not: what keyferry
// verify is tested with.
package verifytest

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"

	"github.com/andybalholm/brotli"
)

// Answer is what a proxy is about to pass on, for a lie to change.
type Answer struct {
	Request *http.Request
	Early   http.Header // of an answer 103 that goes first; none if empty
	Status  int
	Header  http.Header
	Body    []byte // in the coding that the header names
	Trailer http.Header
	Cut     bool // whether the connection breaks off in the middle of the body
}

// Serve starts a proxy in front of a console that lies, by TLS and HTTP/2 if the lie needs them.
// Whoever starts it must close it.
func Serve(console string, lie Lie) *httptest.Server {
	proxy := httptest.NewUnstartedServer(Proxy(console, lie.Tell))
	if !lie.TLS {
		proxy.Start()
		return proxy
	}
	proxy.EnableHTTP2 = true
	proxy.StartTLS()
	return proxy
}

// Proxy passes requests on to a console under the host that they came with, and answers with what
// the lie makes of the console's answer. A nil lie changes nothing.
func Proxy(console string, lie func(*Answer)) http.Handler {
	transport := &http.Transport{DisableCompression: true}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		out, err := http.NewRequestWithContext(r.Context(), r.Method, console+r.URL.RequestURI(), r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		out.Host, out.Header = r.Host, r.Header
		response, err := transport.RoundTrip(out)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		a := &Answer{Request: r, Status: response.StatusCode, Header: response.Header, Body: body}
		if lie != nil {
			lie(a)
		}
		a.write(w)
	})
}

func (a *Answer) write(w http.ResponseWriter) {
	header := w.Header()
	if len(a.Early) > 0 {
		for name, values := range a.Early {
			header[name] = values
		}
		w.WriteHeader(http.StatusEarlyHints)
		clear(header)
	}
	for name, values := range a.Header {
		header[name] = values
	}
	header.Set("Content-Length", strconv.Itoa(len(a.Body)))
	if len(a.Trailer) > 0 {
		header.Del("Content-Length")
		for name := range a.Trailer {
			header.Add("Trailer", name)
		}
	}
	w.WriteHeader(a.Status)
	if a.Cut {
		w.Write(a.Body[:len(a.Body)/2])
		http.NewResponseController(w).Flush() // or nothing at all would have left
		panic(http.ErrAbortHandler)
	}
	w.Write(a.Body)
	for name, values := range a.Trailer {
		header[name] = values
	}
}

// isPage holds for what a person looks at.
func (a *Answer) isPage() bool { return strings.HasPrefix(a.Header.Get("Content-Type"), "text/html") }

// isFile holds for the static file with this name.
func (a *Answer) isFile(name string) bool {
	return strings.HasPrefix(a.Request.URL.Path, "/static/") && strings.HasSuffix(a.Request.URL.Path, "/"+name)
}

// coding is what the body is packed in.
func (a *Answer) coding() string { return a.Header.Get("Content-Encoding") }

// plain is the body, unpacked.
func (a *Answer) plain() []byte {
	var reader io.Reader = bytes.NewReader(a.Body)
	switch a.coding() {
	case "br":
		reader = brotli.NewReader(reader)
	case "gzip":
		unpacked, err := gzip.NewReader(reader)
		if err != nil {
			panic(err) // the console's own gzip
		}
		reader = unpacked
	}
	body, err := io.ReadAll(reader)
	if err != nil {
		panic(err)
	}
	return body
}

// pack makes this the body, in a coding.
func (a *Answer) pack(body []byte, coding string) {
	var packed bytes.Buffer
	var writer io.WriteCloser
	a.Header.Set("Content-Encoding", coding)
	switch coding {
	case "br":
		writer = brotli.NewWriterLevel(&packed, 1)
	case "gzip":
		writer = gzip.NewWriter(&packed)
	default:
		a.Header.Del("Content-Encoding")
		a.Body = body
		return
	}
	if _, err := writer.Write(body); err != nil {
		panic(err) // into memory
	}
	if err := writer.Close(); err != nil {
		panic(err)
	}
	a.Body = packed.Bytes()
}

// edit changes the text of the body and leaves its coding as it was.
func (a *Answer) edit(change func(string) string) {
	a.pack([]byte(change(string(a.plain()))), a.coding())
}
