// Command wasm is Keyferry's module for the browser. It registers one global, the object keyferry,
// whose functions are the jobs. Each takes one object and returns a promise of one object:
//
//	keyferry.inspect({publicKey})            -> {fingerprint, bits}
//	keyferry.addComponent({component, kcv})  -> {method, count}, before prepare takes the sum
//	keyferry.prepare({source, protection, …}) -> {encryptedKeyMaterial, sha256, fingerprint, kcv, …, backup}
//	keyferry.check({file, secret, …})        -> {}, where a backup holds the key material that is expected
//	keyferry.passphrase({})                  -> {passphrase}
//
// and those for an archive of many keys: createArchive, addToArchive for each key, addManifest and
// closeArchive; openArchive, judgeKey or examineKey, wrapKey, forgetKey and forgetKeys.
//
// README.md lists the fields. A promise is rejected with {code}; the page has the words for each
// code. An instance of the module serves one job: the worker that started it then fills its memory
// with zeros and closes. The cryptography is in the packages keywrap and custody.
package main

import (
	"runtime/debug"
	"syscall/js"
)

func main() {
	// A collection does not zero what it frees, but it copies and shrinks stacks. Without one every
	// byte remains where it was written, within reach of scrub and of the worker's zeros. One job
	// needs a few kilobytes.
	debug.SetGCPercent(-1)

	global := map[string]any{}
	for name, do := range adjusted(map[string]job{
		"inspect": inspect, "addComponent": addComponent, "prepare": prepare, "check": check, "passphrase": passphrase,
		"createArchive": createArchive, "addToArchive": addToArchive, "addManifest": addManifest, "closeArchive": closeArchive,
		"openArchive": openArchive, "judgeKey": judgeKey, "examineKey": examineKey, "wrapKey": wrapKey,
		"forgetKey": forgetKey, "forgetKeys": forgetKeys,
	}) {
		global[name] = function(do)
	}
	js.Global().Set("keyferry", js.ValueOf(global))
	select {}
}
