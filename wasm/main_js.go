// Command wasm is Keyferry's module for the browser. It registers one global,
// the object keyferry, and then waits for calls:
//
//	keyferry.inspect(publicKey)             -> {fingerprint, bits}
//	keyferry.generate(publicKey, algorithm) -> {encryptedKeyMaterial, sha256, fingerprint}
//	keyferry.addComponent(component, kcv)   -> {method, count}, before prepare takes the sum
//	keyferry.prepare(options, progress)     -> what generate gives, with check values and a backup
//	keyferry.writeReceipt(fields)           -> {receipt}
//
// It is built twice. In the build with the tag custody, which the page loads when a backup is to be made or opened,
// prepare does so, by way of age, and there are these as well:
//
//	keyferry.check(options) -> what a backup was found to be
//	keyferry.passphrase()   -> {passphrase}
//
// Each returns a promise, which is rejected with {code, message}. An instance of
// the module serves one job: the worker that started it then fills its memory
// with zeros and closes. The cryptography is in package keywrap.
package main

import (
	"maps"
	"runtime/debug"
	"syscall/js"
)

func main() {
	// A collection does not zero what it frees, but it copies and shrinks stacks.
	// Without one every byte stays where it was written, within reach of scrub and
	// of the worker's zeros. One job needs a few kilobytes.
	debug.SetGCPercent(-1)

	global := map[string]any{}
	jobs := map[string]job{
		"inspect": inspect, "generate": generate, "addComponent": addComponent, "prepare": prepare, "writeReceipt": writeReceipt,
	}
	maps.Copy(jobs, custodyJobs)
	for name, do := range adjusted(jobs) {
		global[name] = function(do)
	}
	js.Global().Set("keyferry", js.ValueOf(global))
	select {}
}
