package memory

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"testing"
	"time"

	"github.com/playwright-community/playwright-go"

	"keyferry/e2e/browser"
)

// What the test adds to the worker's script. The worker stops before and after it erases, on a
// channel to the test, and tells the ciphertext that it is about to post. It copies its memory out
// only when it is told to, so that the copy does not become what a search of the processes finds.
const (
	erasing = "        erase()\n        self.postMessage(answer)\n"
	holding = "        await held(\"before\", message, answer)\n        erase()\n        await held(\"after\", message, answer)\n        self.postMessage(answer)\n"
	holder  = `
async function held(stage, message, answer) {
    if (!["prepare", "check", "closeArchive", "forgetKeys"].includes(message.job)) return
    const line = new BroadcastChannel("proof")
    const next = () => new Promise((resolve) => { line.onmessage = ({ data }) => resolve(data) })
    let asked = next()
    line.postMessage({ stage, job: message.job, ciphertext: answer.result?.encryptedKeyMaterial ?? "", code: answer.error?.code ?? "" })
    while (await asked === "dump") {
        asked = next()
        line.postMessage(touched(instance.exports.mem.buffer))
    }
    line.close()
}

function touched(buffer) {
    const words = new BigUint64Array(buffer)
    const pages = []
    for (let page = 0; page < words.length / 512; page++) {
        for (let i = page * 512; i < page * 512 + 512; i++) {
            if (words[i] !== 0n) {
                pages.push({ at: page * 4096, bytes: new Uint8Array(buffer.slice(page * 4096, page * 4096 + 4096)) })
                break
            }
        }
    }
    return { length: buffer.byteLength, pages }
}
`
	// listener is what the test adds to the page: it keeps what the worker said until the test asks
	// for it.
	listener = `
globalThis.proof = { line: new BroadcastChannel("proof"), said: [] }
proof.line.onmessage = ({ data }) => proof.said.push(data)
`
)

// halt is where the worker was stopped.
type halt struct {
	Stage, Job, Ciphertext, Code string
}

// holdWorker changes the worker's script on its way so that it stops where the test can look, and
// changes nothing else.
func holdWorker(v *browser.Visit) {
	v.T.Helper()
	v.Alter("**/worker.js", func(script []byte) []byte {
		changed, ok := held(script)
		if !ok {
			v.Trouble("the worker's script does not erase where the test expects it")
		}
		return changed
	})
	listen(v)
}

// held is the worker's script with the stops in it.
func held(script []byte) (changed []byte, ok bool) {
	ok = bytes.Count(script, []byte(erasing)) == 1
	return append(bytes.Replace(script, []byte(erasing), []byte(holding), 1), holder...), ok
}

// listen loads the page again, so that it keeps what the worker says.
func listen(v *browser.Visit) {
	v.T.Helper()
	v.Do(v.Page.AddInitScript(playwright.Script{Content: playwright.String(listener)}))
	v.Do(v.Page.Reload())
}

// hear waits for the next thing that the worker says, as JSON that the page makes of it.
func hear(v *browser.Visit, patience time.Duration, shape string) string {
	v.T.Helper()
	answer, err := v.Page.Evaluate(`(patience) => new Promise((resolve, reject) => {
		const take = () => resolve((`+shape+`)(proof.said.shift()))
		if (proof.said.length > 0) return take()
		proof.line.addEventListener("message", take, { once: true })
		setTimeout(() => {
			proof.line.removeEventListener("message", take)
			reject(new Error("the worker was not heard of"))
		}, patience)
	})`, float64(patience.Milliseconds()))
	v.Do(err)
	text, _ := answer.(string)
	return text
}

// halted waits until the worker stops, at the stage that the test expects.
func halted(v *browser.Visit, stage string) halt {
	v.T.Helper()
	var h halt
	if err := json.Unmarshal([]byte(hear(v, time.Minute, `(x) => JSON.stringify(x)`)), &h); err != nil {
		v.T.Fatal(err)
	}
	if h.Stage != stage || h.Code != "" {
		v.T.Fatalf("the worker stopped %s erasing, with %q; expected: %s", h.Stage, h.Code, stage)
	}
	return h
}

// goOn lets the worker go on.
func goOn(v *browser.Visit) {
	v.T.Helper()
	v.Do(v.Page.Evaluate(`proof.line.postMessage("go")`))
}

// linearMemory is the whole memory of the module in the worker that was stopped.
func linearMemory(v *browser.Visit) []byte {
	v.T.Helper()
	v.Do(v.Page.Evaluate(`proof.line.postMessage("dump")`))
	var dump struct {
		Length int
		Pages  []struct {
			At    int
			Bytes string
		}
	}
	const shape = `({ length, pages }) => JSON.stringify({ length, pages: pages.map(({ at, bytes }) => ({ at, bytes: btoa(String.fromCharCode(...bytes)) })) })`
	if err := json.Unmarshal([]byte(hear(v, time.Minute, shape)), &dump); err != nil {
		v.T.Fatal(err)
	}
	memory := make([]byte, dump.Length)
	for _, page := range dump.Pages {
		content, err := base64.StdEncoding.DecodeString(page.Bytes)
		if err != nil {
			v.T.Fatal(err)
		}
		copy(memory[page.At:], content)
	}
	if len(memory) < 1<<20 {
		v.T.Fatalf("the module's memory has %d bytes, which cannot be all of it", len(memory))
	}
	return memory
}

// mustBeZero fails unless every byte of the module's memory is zero.
func mustBeZero(t testing.TB, memory []byte) {
	t.Helper()
	left := 0
	for _, b := range memory {
		if b != 0 {
			left++
		}
	}
	if left > 0 {
		t.Errorf("%d of %d bytes of the module's memory are not zero after the worker's zeros", left, len(memory))
	}
}
