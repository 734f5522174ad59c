package memory

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"keyferry/e2e/browser"
	"keyferry/e2e/program"
	"keyferry/e2e/proof"
)

// controlForms holds a random key in a page in every form, and expects the search of the processes
// to find each. The key leaves the page disguised, so that nothing but the page holds it.
func controlForms(t *testing.T, p *program.Program, mark string) {
	t.Helper()
	v := browser.Open(p, t, browser.Look{}, "/")
	const plant = `() => {
		const key = crypto.getRandomValues(new Uint8Array(32))
		const digits = Array.from(key, (b) => b.toString(16).padStart(2, "0")).join("")
		const base64 = [0, 1, 2].map((n) => btoa(String.fromCharCode(...new Uint8Array(n), ...key)))
		const url = base64.map((s) => s.replaceAll("+", "-").replaceAll("/", "_"))
		const turned = (s) => s.split("").reverse().join("")
		const texts = [digits, digits.toUpperCase(), ...base64, ...url]
		const bytes = (s, width) => {
			const out = new Uint8Array(s.length * width)
			for (let i = 0; i < s.length; i++) out[i * width] = s.charCodeAt(i)
			return out
		}
		globalThis.planted = [key, key.slice().reverse(), ...texts.flatMap((s) => [bytes(s, 1), bytes(turned(s), 1), bytes(s, 2)])]
		return Array.from(key, (b) => b ^ 0x55).join(" ")
	}`
	disguised, err := v.Page.Evaluate(plant)
	v.Do(err)
	var key []byte
	for _, field := range strings.Fields(disguised.(string)) {
		var b byte
		fmt.Sscan(field, &b)
		key = append(key, b^0x55)
	}
	s := newSearch()
	s.addSecret("key", key)
	names := s.scan(t, mark).names()
	for _, form := range append([]string{"raw", "reversed"}, formNames()...) {
		if !slices.Contains(names, "key, "+form) {
			t.Errorf("a page holds a key as %s, and the search of the processes does not find it", form)
		}
	}
}

// formNames are the names of all texts that a search knows.
func formNames() []string {
	var names []string
	for form := range texts(make([]byte, 32)) {
		names = append(names, form, form+", reversed", form+", UTF-16")
	}
	return names
}

// controlWorker stops the real worker before it erases: the padded message must be found, in the
// module's memory and in a renderer.
func controlWorker(t *testing.T, p *program.Program, mark string) {
	t.Helper()
	for i, algorithm := range browser.Algorithms {
		if !*proof.Full && i > 0 {
			break
		}
		v := prepareHeld(p, t, algorithm)
		want := program.Fresh(t)
		bringFile(v, want[:])
		ciphertext := halted(v, "before").Ciphertext
		secrets := secretsOf(opened(t, algorithm, ciphertext))
		found := secrets.scan(t, mark)
		if !slices.ContainsFunc(found.traces, func(one trace) bool {
			return one.process == "renderer" && strings.HasPrefix(one.name, "padded message")
		}) {
			t.Errorf("%s: before the worker erases, the search finds %s", algorithm, found)
		}
		proof.Findings.Add(proof.Findings.About("Memory", "source", "algorithm", "the module's memory", "the browser's processes", "what was typed, afterwards"),
			"control: before the worker's zeros", algorithm, "the padded message is found", found.places(), "")
		inModule := map[string]bool{}
		secrets.in(linearMemory(v), func(_ int, name string) { inModule[name] = true })
		if !inModule["padded message, raw"] {
			t.Errorf("%s: before the worker erases, the module's memory shows %v", algorithm, inModule)
		}
		goOn(v)
		halted(v, "after")
		goOn(v)
		v.Do(v.Page.Close())
	}
}
