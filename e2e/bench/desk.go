package main

import (
	"context"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"keyferry/wasm/keywrap/keywraptest"
)

// What is promised of the desk's file.
const (
	largestDesk = 6 << 20 // bytes
	slowestDesk = 2.0     // in times of the served console's
)

//go:embed site/desk.js
var deskScript string

// measureDesk weighs the desk's file, and opens it and the console's own desk in turn.
func (b *bench) measureDesk(ctx context.Context, chromium *chromium, served *program) ([]row, error) {
	file := filepath.Join(b.folder, "desk.html")
	if err := execute(ctx, b.root, b.built.program, "desk", file); err != nil {
		return nil, err
	}
	info, err := os.Stat(file)
	if err != nil {
		return nil, err
	}
	const keyID = "key-bench"
	answer, err := json.Marshal(map[string]string{
		"KeyId": keyID, "PublicKey": keywraptest.PublicKey(), "ImportToken": base64.StdEncoding.EncodeToString(make([]byte, 300)),
		"TokenExpireTime": time.Now().Add(24 * time.Hour).UTC().Format(time.RFC3339), "RequestId": "bench",
	})
	if err != nil {
		return nil, err
	}
	argument := map[string]any{"answer": string(answer), "keyId": keyID}
	var took [2][]float64
	for round := range b.starts + 1 {
		for i, address := range []string{"file://" + file, served.console + "/desk"} {
			result, err := chromium.evaluate(address, deskScript, argument)
			if err == nil {
				err = ctx.Err()
			}
			if err != nil {
				return nil, fmt.Errorf("opening the desk: %v", err)
			}
			if round > 0 { // the first warms the browser up
				took[i] = append(took[i], number(result))
			}
		}
	}
	alone, console := median(took[0]), median(took[1])
	size := row{what: "Desk, the file", value: megabytes(float64(info.Size()))}
	opened := row{
		what: "Desk, opened to ready", value: fmt.Sprintf("%.0f ms", alone),
		against: fmt.Sprintf("served console: %.0f ms", console), ratio: times(alone, console),
	}
	return []row{
		size.aim("≤ 6 MB", float64(info.Size()), largestDesk),
		opened.aim(fmt.Sprintf("≤ %.1f×", slowestDesk), alone/console, slowestDesk),
	}, nil
}
