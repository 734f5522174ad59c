package main

import (
	"bytes"
	"context"
	"embed"
	"encoding/base64"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"path/filepath"

	"keyferry/wasm/keywrap/keywraptest"
)

// slowestWraps is the rate that is asked of the module, in times of node-forge's.
const slowestWraps = 2.5

//go:embed site/wraps.html site/wraps.js
var site embed.FS

//go:embed site/page.js
var wrapScript string

// contest is one algorithm and who wraps by it. The first contender is the module.
type contest struct {
	name, algorithm string
	contenders      []string
}

var contests = []contest{
	{"OAEP SHA-256", "RSAES_OAEP_SHA_256", []string{"module", "webcrypto", "forge"}},
	{"PKCS#1 v1.5", "RSAES_PKCS1_V1_5", []string{"module", "forge"}}, // WebCrypto cannot encrypt by it
}

var contenderNames = map[string]string{"webcrypto": "WebCrypto", "forge": "node-forge"}

// measureWraps lets the contenders wrap on one page.
func (b *bench) measureWraps(ctx context.Context, chromium *chromium) ([]row, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	server := &http.Server{Handler: b.wrapSite()}
	go server.Serve(listener)
	defer server.Close()
	address := "http://" + listener.Addr().String() + "/wraps.html"

	var rows []row
	for _, c := range contests {
		rates := map[string][]float64{}
		for range b.wrapRounds {
			for _, contender := range c.contenders {
				rate, err := b.wrapRate(ctx, chromium, address, c.algorithm, contender)
				if err != nil {
					return nil, fmt.Errorf("wrapping by %s: %v", contender, err)
				}
				rates[contender] = append(rates[contender], rate)
			}
		}
		rows = append(rows, c.rows(rates)...)
	}
	return rows, nil
}

func (c contest) rows(rates map[string][]float64) []row {
	var rows []row
	module := median(rates["module"])
	for _, other := range c.contenders[1:] {
		rate := median(rates[other])
		r := row{
			what: "Wraps, " + c.name + ", one worker", value: perSecond(module),
			against: contenderNames[other] + ": " + perSecond(rate), ratio: times(module, rate),
		}
		if other == "forge" {
			r = r.aimFor("≥ 2.5×", module/rate, slowestWraps)
		}
		rows = append(rows, r)
	}
	return rows
}

// wrapSite serves the page, node-forge and the module that loops.
func (b *bench) wrapSite() http.Handler {
	pages, err := fs.Sub(site, "site")
	if err != nil {
		panic("bench: " + err.Error()) // the folder is embedded
	}
	mux := http.NewServeMux()
	mux.Handle("GET /", http.FileServerFS(pages))
	for name, file := range map[string]string{
		"forge.min.js":    filepath.Join(b.root, "e2e", "node_modules", "node-forge", "dist", "forge.min.js"),
		"wasm_exec.js":    filepath.Join(filepath.Dir(b.built.wrapModule), "wasm_exec.js"),
		"wrapmodule.wasm": b.built.wrapModule,
	} {
		mux.HandleFunc("GET /"+name, func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, file) })
	}
	return mux
}

// wrapRate lets one contender wrap for a round, and checks what it made.
func (b *bench) wrapRate(ctx context.Context, chromium *chromium, address, algorithm, contender string) (float64, error) {
	result, err := chromium.evaluate(address, wrapScript, map[string]any{
		"contender": contender, "algorithm": algorithm,
		"publicKey": keywraptest.PublicKey(), "milliseconds": int(b.wrapTime.Milliseconds()),
	})
	if err != nil {
		return 0, err
	}
	counted, ok := result.(map[string]any)
	if !ok || counted["error"] != nil {
		return 0, fmt.Errorf("the worker answered %v", result)
	}
	last, _ := counted["last"].(string)
	wrapped, err := base64.StdEncoding.DecodeString(last)
	if err != nil {
		return 0, fmt.Errorf("reading its ciphertext: %v", err)
	}
	opened, err := keywraptest.Unwrap(algorithm, wrapped)
	if err != nil {
		return 0, err
	}
	if !bytes.Equal(opened.Material, wrapTestMaterial()) {
		return 0, fmt.Errorf("its ciphertext holds something else than was to be wrapped")
	}
	return number(counted["count"]) / number(counted["seconds"]), ctx.Err()
}

// wrapTestMaterial is what all contenders wrap.
func wrapTestMaterial() []byte {
	material := make([]byte, 32)
	for i := range material {
		material[i] = byte(i)
	}
	return material
}
