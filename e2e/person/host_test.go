package person

import (
	"encoding/json"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"strings"
	"testing"

	"keyferry/e2e/browser"
	"keyferry/e2e/program"
)

// A proxy that leaves the port out of the Host header keeps the worker from its module. The page
// names that as the cause, before anything was made; with the Host as it came, the same step
// succeeds.
func TestProxyWithoutThePort(t *testing.T) {
	p := program.Start(t)
	target, err := url.Parse(p.Console)
	if err != nil {
		t.Fatal(err)
	}
	for name, host := range map[string]func(string) string{
		"as it came":       func(host string) string { return host },
		"without the port": func(host string) string { name, _, _ := strings.Cut(host, ":"); return name },
	} {
		t.Run(name, func(t *testing.T) {
			proxy := httptest.NewServer(&httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
				r.SetURL(target)
				r.Out.Host = host(r.In.Host)
			}})
			defer proxy.Close()
			through := *p
			through.Console = proxy.URL
			v := browser.Open(&through, t, browser.Look{}, "/")
			if name == "as it came" {
				v.ChooseCMK(program.Seeded[0])
				v.GetParameters("RSAES_OAEP_SHA_256")
				return
			}
			v.Expect("Content.Security.Policy|wasm")
			v.ChooseCMK(program.Seeded[0])
			v.Press(v.Words.Params.Get)
			v.Fault("module_host")
		})
	}
}

// What is no key id is refused on the page, by the table that the server is tested with too, and
// nothing is sent.
func TestKeyIDsOnThePage(t *testing.T) {
	content, err := os.ReadFile("../../server/console/testdata/key_ids.json")
	if err != nil {
		t.Fatal(err)
	}
	var table struct{ Taken, Refused map[string]string }
	if err := json.Unmarshal(content, &table); err != nil || len(table.Taken) == 0 || len(table.Refused) == 0 {
		t.Fatalf("reading the key ids: %v", err)
	}
	v := browser.Open(program.Start(t), t, browser.Look{}, "/")
	for _, id := range table.Taken {
		v.ChooseCMK(id)
		v.See("[data-step=cmk][data-state=done] [data-summary]", id+" · cn-hangzhou")
		v.Do(v.Page.Locator("[data-change=cmk]").Click())
	}
	sent := len(v.Sent)
	for _, id := range table.Refused {
		v.ChooseCMK(id)
		v.Fault("key_reference_unreadable")
	}
	if len(v.Sent) != sent {
		t.Errorf("the page sent %q", v.Sent[sent:])
	}
}
