package sabotage

import (
	"bytes"
	"crypto/sha1"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"keyferry/e2e/program"
	"keyferry/e2e/proof/monitor"
	"keyferry/web"
)

// relay is a proxy between a browser and a console and changes what the browser gets: the dishonest
// console of the tests.
type relay struct {
	files map[string][]byte // static files, by their names below web/static
	// modules are WebAssembly modules in place of the real ones, by the same names. The page is
	// told their digests, as a dishonest console would.
	modules map[string][]byte
	altered bool // keyferry.wasm is changed on the way, and the page is not told
}

// start runs the relay in front of a console and returns its address.
func (r *relay) start(h *monitor.Run, console string) string {
	h.T.Helper()
	to, err := url.Parse(console)
	if err != nil {
		h.T.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{
		Transport: h.Forward,
		Rewrite: func(pr *httputil.ProxyRequest) {
			pr.SetURL(to)
			pr.Out.Host = pr.In.Host // the console's policies name it
			if !strings.HasSuffix(pr.In.URL.Path, ".wasm") || r.altered || r.modules != nil {
				pr.Out.Header.Del("Accept-Encoding") // for it is changed below
			}
		},
		ModifyResponse: func(response *http.Response) error { return r.change(h.T, response) },
		ErrorHandler:   func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) },
	}
	return h.Serve(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		if request.URL.Path == "/socket" {
			acceptSocket(w, request)
			return
		}
		proxy.ServeHTTP(w, request)
	}))
}

func (r *relay) change(t *testing.T, response *http.Response) error {
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	response.Body.Close()
	body = r.changed(t, response, body)
	response.Body = io.NopCloser(bytes.NewReader(body))
	response.ContentLength = int64(len(body))
	response.Header.Set("Content-Length", fmt.Sprint(len(body)))
	return nil
}

func (r *relay) changed(t *testing.T, response *http.Response, body []byte) []byte {
	name := ""
	if _, rest, ok := strings.Cut(response.Request.URL.Path, "/static/"); ok {
		_, name, _ = strings.Cut(rest, "/")
	}
	if content, ok := r.files[name]; ok {
		body = content
	}
	if content, ok := r.modules[name]; ok {
		body = content
	}
	if r.altered && name == web.Module {
		// A custom section without a name: the module does what it did, and is another one.
		body = append(body, 0, 1, 0)
	}
	if strings.HasPrefix(response.Header.Get("Content-Type"), "text/html") {
		for module, content := range r.modules {
			body = bytes.ReplaceAll(body, integrityOf(t, program.Source("web/static"), module), integrityOfContent(t, content))
		}
	}
	return body
}

// integrityOf is what a page names for a static file.
func integrityOf(t *testing.T, folder, name string) []byte {
	tree, err := web.ReadTree(os.DirFS(folder))
	if err != nil {
		t.Error(err)
		return nil
	}
	digest, err := tree.Integrity(name)
	if err != nil {
		t.Error(err)
	}
	return []byte(digest)
}

func integrityOfContent(t *testing.T, content []byte) []byte {
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "x.wasm"), content, 0o600); err != nil {
		t.Error(err)
	}
	return integrityOf(t, folder, "x.wasm")
}

// acceptSocket takes a WebSocket and reads from it until it ends (RFC 6455, section 4.2.2).
func acceptSocket(w http.ResponseWriter, r *http.Request) {
	sum := sha1.Sum([]byte(r.Header.Get("Sec-WebSocket-Key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	connection, buffered, err := w.(http.Hijacker).Hijack()
	if err != nil {
		return
	}
	defer connection.Close()
	fmt.Fprintf(connection, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Accept: %s\r\n\r\n", base64.StdEncoding.EncodeToString(sum[:]))
	io.Copy(io.Discard, buffered)
}
