// Command wasm is Keyferry's module for the browser. It registers one global,
// the object keyferry, and then waits for calls:
//
//	keyferry.inspect(publicKey)             -> {fingerprint, bits}
//	keyferry.generate(publicKey, algorithm) -> {encryptedKeyMaterial, sha256, fingerprint}
//
// Each returns a promise, which is rejected with {code, message}. An instance of
// the module serves one job: the worker that started it then fills its memory
// with zeros and closes. The cryptography is in package keywrap.
package main

import (
	"runtime/debug"
	"syscall/js"
)

func main() {
	// A collection does not zero what it frees, but it copies and shrinks stacks.
	// Without one every byte stays where it was written, within reach of scrub and
	// of the worker's zeros. One job needs a few kilobytes.
	debug.SetGCPercent(-1)

	global := map[string]any{}
	for name, do := range adjusted(map[string]job{"inspect": inspect, "generate": generate}) {
		global[name] = function(do)
	}
	js.Global().Set("keyferry", js.ValueOf(global))
	select {}
}
