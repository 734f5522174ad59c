// Command wrapmodule is a module for the bench that wraps again and again in one instance, with the
// code of the module that is shipped. That one wraps once and is erased, so its rate cannot be
// measured in it.
package main

import (
	"encoding/base64"
	"errors"
	"runtime/debug"
	"syscall/js"
	"time"

	"keyferry/wasm/keywrap"
)

// material is what is wrapped. It is no secret: the bench opens one result and expects these bytes.
var material keywrap.Material

func main() {
	for i := range material {
		material[i] = byte(i)
	}
	// As in the shipped module. A round of the bench takes some tens of megabytes.
	debug.SetGCPercent(-1)
	js.Global().Set("wrapFor", js.FuncOf(func(_ js.Value, args []js.Value) any {
		go func() { // the answer of a function that the scheduler leaves before its end would be lost
			args[3].Invoke(answer(wrapFor(args[0].String(), args[1].String(), args[2].Float())))
		}()
		return nil
	}))
	select {}
}

// answer is what the worker is told.
func answer(count int, last []byte, err error) map[string]any {
	if err != nil {
		return map[string]any{"error": err.Error()}
	}
	return map[string]any{"count": count, "last": base64.StdEncoding.EncodeToString(last)}
}

// wrapFor wraps for that many milliseconds and returns how often it did, and the last result.
func wrapFor(publicKey, name string, milliseconds float64) (count int, last []byte, err error) {
	key, err := keywrap.ParseWrappingKey([]byte(publicKey))
	if err != nil {
		return 0, nil, errors.New("parsing wrapping key: " + err.Error())
	}
	algorithm, err := keywrap.ParseAlgorithm(name)
	if err != nil {
		return 0, nil, errors.New("parsing algorithm: " + err.Error())
	}
	end := time.Now().Add(time.Duration(milliseconds * float64(time.Millisecond)))
	for time.Now().Before(end) {
		if last, err = key.Wrap(algorithm, &material); err != nil {
			return 0, nil, errors.New("wrapping: " + err.Error())
		}
		count++
	}
	return count, last, nil
}
