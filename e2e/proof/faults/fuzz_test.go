package faults

import (
	"context"
	"fmt"
	"os/exec"
	"regexp"
	"testing"
	"time"

	"keyferry/e2e/program"
	"keyferry/e2e/proof"
)

// fuzzed are the parsers of whatever comes from elsewhere, and the fuzz target of each. A count and
// not a time ends a run: at the end of a time the fuzzer now and then reports its own deadline as a
// failure.
var fuzzed = []struct {
	parser, target, folder string
	inputs                 int // of about 2 seconds on two cores
}{
	{"wrapping key", "FuzzParseWrappingKey", "wasm/keywrap", 30000},
	{"file with a key", "FuzzRecognise", "wasm/custody", 20000},
	{"components and check values", "FuzzComponents", "wasm/custody", 16000},
	{"backup", "FuzzRestore", "wasm/custody/backup", 5000},
	{"console: bodies in JSON", "FuzzRead", "server/body", 20000},
	{"console: errors of the KMS", "FuzzRedact", "server/kms", 100},
	{"local KMS: requests", "FuzzRequest", "server/localkms", 1500},
	{"local KMS: signatures", "FuzzSignatureV1", "server/localkms/wire", 20000},
	{"local KMS: Authorization", "FuzzAuthorization", "server/localkms/wire", 25000},
	{"local KMS: ciphertexts", "FuzzUnwrap", "server/localkms/wrapping", 800},
	{"local KMS: import tokens", "FuzzToken", "server/localkms/wrapping", 40000},
	{"local KMS: state file", "FuzzState", "server/localkms/store", 300},
}

var executions = regexp.MustCompile(`execs: ([0-9]+)`)

// fuzzParsers runs the fuzz targets with a stated number of inputs each. What a target finds it
// writes below its package's testdata.
func fuzzParsers(t *testing.T) {
	for _, f := range fuzzed {
		t.Run(f.target, func(t *testing.T) {
			ctx, stop := context.WithTimeout(t.Context(), 5*time.Minute)
			defer stop()
			command := exec.CommandContext(ctx, "go", "test", "-vet=off", "-run=^$", "-fuzz=^"+f.target+"$", fmt.Sprintf("-fuzztime=%dx", f.inputs),
				"-fuzzminimizetime=1x", "-parallel=2", "./"+f.folder) // minimizing would count
			command.Dir = program.Source(".")
			output, err := command.CombinedOutput()
			if err != nil {
				t.Fatalf("%v\n%s", err, output)
			}
			counts := executions.FindAllSubmatch(output, -1)
			if len(counts) == 0 || string(counts[len(counts)-1][1]) == "0" {
				t.Fatalf("nothing was tried:\n%s", output)
			}
			proof.Findings.Add(proof.Findings.About("Bad inputs", "parser", "fuzz target", "inputs tried without a fault"),
				f.parser, f.target, string(counts[len(counts)-1][1]))
		})
	}
}
