package bench

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os/exec"
	"testing"

	"filippo.io/age"

	"keyferry/e2e/program"
	"keyferry/wasm/keywrap/keywraptest"
)

// largestGrowth is the goal for the worker's memory with 5,000 keys, in times that with 50.
const largestGrowth = 1.2

// BenchmarkArchiveMemory shows how large the module's memory becomes while it makes an archive, and
// while it opens one and wraps every key, with few keys and with many.
func BenchmarkArchiveMemory(b *testing.B) {
	for b.Loop() {
		few, many := moduleMemory(b, 50), moduleMemory(b, 5000)
		for i, what := range []string{"makes an archive", "wraps the keys of an archive"} {
			growth := ratio(many[i], few[i])
			measured.add(figure{
				what: fmt.Sprintf("Worker's memory, %s of 5,000 keys", what), value: megabytes(many[i]),
				against: "50 keys: " + megabytes(few[i]), ratio: inTimes(growth),
			}.atMost("1.2×", growth, largestGrowth))
		}
	}
}

// moduleMemory is how large the memory of the instance becomes that makes an archive, and that of
// the one that opens it.
func moduleMemory(b *testing.B, count int) [2]int {
	b.Helper()
	identity, err := age.GenerateX25519Identity()
	if err != nil {
		b.Fatal(err)
	}
	request, err := json.Marshal(map[string]any{
		"count": count, "wrapped": -1, "recipient": identity.Recipient().String(), "identity": identity.String(),
		"publicKey": keywraptest.PublicKey(),
	})
	if err != nil {
		b.Fatal(err)
	}
	command := exec.Command("node", "testdata/archive.mjs", program.Source("web/static/wasm"))
	command.Dir, command.Stdin = program.Source("wasm"), bytes.NewReader(request)
	output, err := command.Output()
	if err != nil {
		b.Fatalf("node testdata/archive.mjs: %v", err)
	}
	var got struct{ Memory struct{ Making, Opening int } }
	if err := json.Unmarshal(output, &got); err != nil {
		b.Fatal(err)
	}
	return [2]int{got.Memory.Making, got.Memory.Opening}
}
