package bench

import (
	"bytes"
	"embed"
	"encoding/base64"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"keyferry/e2e/program"
	"keyferry/wasm/keywrap/keywraptest"
)

// slowestWraps is the goal for the module's rate, in times of node-forge's.
const slowestWraps = 2.5

//go:embed site/wraps.html site/wraps.js
var site embed.FS

//go:embed site/page.js
var wrapScript string

// wrapRound is how long a contender wraps at a time.
const wrapRound = 500 * time.Millisecond

// BenchmarkWraps lets the module's code, node-forge and WebCrypto wrap under RSA-2048 on one page,
// each in one worker. The shipped module wraps once and is erased, so wrapmodule loops over the
// same package keywrap.
func BenchmarkWraps(b *testing.B) {
	server := httptest.NewServer(wrapSite(b))
	defer server.Close()
	for _, contest := range []struct {
		name, algorithm string
		others          []string // beside the module
	}{
		{"OAEP", "RSAES_OAEP_SHA_256", []string{"forge", "webcrypto"}},
		{"PKCS1", "RSAES_PKCS1_V1_5", []string{"forge"}}, // WebCrypto cannot encrypt by it
	} {
		b.Run(contest.name, func(b *testing.B) {
			names := append([]string{"module"}, contest.others...)
			counts, seconds := map[string]float64{}, map[string]float64{}
			for b.Loop() {
				for _, name := range names {
					count, took := wrap(b, server.URL+"/wraps.html", name, contest.algorithm)
					counts[name] += count
					seconds[name] += took
				}
			}
			rate := func(name string) float64 { return counts[name] / seconds[name] }
			for _, name := range names {
				b.ReportMetric(rate(name), name+"-wraps/s")
			}
			for _, other := range contest.others {
				r := ratio(rate("module"), rate(other))
				f := figure{
					what: "Wraps, " + contest.name + ", one worker", value: fmt.Sprintf("%.0f/s", rate("module")),
					against: fmt.Sprintf("%s: %.0f/s", other, rate(other)), ratio: inTimes(r),
				}
				if other == "forge" {
					f = f.atLeast("2.5×", r, slowestWraps)
				}
				measured.add(f)
			}
		})
	}
}

// wrapSite serves the page, node-forge and the module that loops.
func wrapSite(b *testing.B) http.Handler {
	b.Helper()
	pages, err := fs.Sub(site, "site")
	if err != nil {
		b.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("GET /", http.FileServerFS(pages))
	for name, file := range map[string]string{
		"forge.min.js":    program.Source("e2e/node_modules/node-forge/dist/forge.min.js"),
		"wasm_exec.js":    program.Source("web/static/wasm/wasm_exec.js"),
		"wrapmodule.wasm": wrapModule,
	} {
		mux.HandleFunc("GET /"+name, func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, file) })
	}
	return mux
}

// wrap lets one contender wrap for a round, and opens the last ciphertext that it made.
func wrap(b *testing.B, address, contender, algorithm string) (count, seconds float64) {
	b.Helper()
	result := evaluate(b, address, wrapScript, map[string]any{
		"contender": contender, "algorithm": algorithm,
		"publicKey": keywraptest.PublicKey(), "milliseconds": int(wrapRound.Milliseconds()),
	})
	counted, ok := result.(map[string]any)
	if !ok || counted["error"] != nil {
		b.Fatalf("wrapping by %s: the worker answered %v", contender, result)
	}
	last, _ := counted["last"].(string)
	wrapped, err := base64.StdEncoding.DecodeString(last)
	if err != nil {
		b.Fatal(err)
	}
	opened, err := keywraptest.Unwrap(algorithm, wrapped)
	if err != nil {
		b.Fatal(err)
	}
	want := make([]byte, 32)
	for i := range want {
		want[i] = byte(i)
	}
	if !bytes.Equal(opened.Material, want) {
		b.Fatalf("%s wrapped something else", contender)
	}
	return toFloat(counted["count"]), toFloat(counted["seconds"])
}
