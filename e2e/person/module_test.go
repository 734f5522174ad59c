package person

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"keyferry/e2e/browser"
	"keyferry/e2e/program"
	"keyferry/web"
)

// altering is the address of a proxy in front of the console that alters the answers for paths with
// these ends.
func altering(t *testing.T, console *url.URL, changes map[string]func([]byte) []byte) string {
	t.Helper()
	proxy := httptest.NewServer(&httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(console)
			r.Out.Host = r.In.Host
			r.Out.Header.Set("Accept-Encoding", "identity")
		},
		ModifyResponse: func(answer *http.Response) error {
			for end, change := range changes {
				if !strings.HasSuffix(answer.Request.URL.Path, end) {
					continue
				}
				body, err := io.ReadAll(answer.Body)
				if err != nil {
					return err
				}
				answer.Body.Close()
				changed := change(body)
				answer.Body = io.NopCloser(bytes.NewReader(changed))
				answer.ContentLength = int64(len(changed))
				answer.Header.Set("Content-Length", strconv.Itoa(len(changed)))
			}
			return nil
		},
	})
	t.Cleanup(proxy.Close)
	return proxy.URL
}

// However the module dies, the page says so and does not wait for ever.
func TestModuleThatDies(t *testing.T) {
	p := program.Start(t)
	folder := t.TempDir()
	build := exec.Command("go", "run", "./wasm/build", "-tags", "testvariant", "-o", folder, "./wasm")
	build.Dir = program.Source(".")
	if output, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building the module that crashes: %v\n%s", err, output)
	}
	module, err := os.ReadFile(filepath.Join(folder, "wasm.wasm"))
	if err != nil {
		t.Fatal(err)
	}
	integrity := func(folder, name string) []byte {
		t.Helper()
		tree, err := web.ReadTree(os.DirFS(folder))
		if err != nil {
			t.Fatal(err)
		}
		digest, err := tree.Integrity(name)
		if err != nil {
			t.Fatal(err)
		}
		return []byte(digest)
	}
	shipped, crashing := integrity(program.Source("web/static"), web.Module), integrity(folder, "wasm.wasm")
	target, err := url.Parse(p.Console)
	if err != nil {
		t.Fatal(err)
	}
	var way atomic.Value
	through := *p
	through.Console = altering(t, target, map[string]func([]byte) []byte{
		"/keyferry.wasm": func([]byte) []byte { return module },
		"/en/":           func(page []byte) []byte { return bytes.Replace(page, shipped, crashing, 1) },
		"/kms/GetParametersForImport": func(body []byte) []byte {
			return regexp.MustCompile(`"PublicKey":"[^"]*"`).ReplaceAll(body, fmt.Appendf(nil, `"PublicKey":"crashtest: %s"`, way.Load()))
		},
	})
	v := browser.Open(&through, t, browser.Look{}, "/proof")
	for dies, code := range map[string]string{
		"panic":           "internal",
		"out of range":    "internal",
		"panic elsewhere": "module_crashed",
		"exit later":      "module_crashed",
		"fatal":           "module_crashed",
	} {
		t.Run(dies, func(t *testing.T) {
			v.T = t
			way.Store(dies)
			v.Do(v.Page.Goto(through.Console + "/en/"))
			v.ChooseCMK(program.Seeded[0])
			began := time.Now()
			v.Press(v.Words.Params.Get)
			v.Fault(code)
			if took := time.Since(began); took > 8*time.Second {
				t.Errorf("the page took %v to say so", took)
			}
			for _, said := range v.Said {
				if strings.Contains(said, "secret text") {
					t.Errorf("the console shows the text of a panic: %q", said)
				}
			}
		})
	}
	v.T = t
}
