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

// fuzzed are the parsers of whatever comes from elsewhere, and the fuzz target of each.
var fuzzed = []struct {
	parser, target, folder string
	brief                  bool // part of the short form
}{
	{"wrapping key", "FuzzParseWrappingKey", "wasm/keywrap", true},
	{"file with a key", "FuzzRecognise", "wasm/custody", true},
	{"components and check values", "FuzzComponents", "wasm/custody", false},
	{"backup", "FuzzRestore", "wasm/custody/backup", false},
	{"console: bodies in JSON", "FuzzBodies", "server/console", false},
	{"console: errors of the KMS", "FuzzRedact", "server/kms", false},
	{"local KMS: requests", "FuzzRequest", "server/localkms", false},
	{"local KMS: signatures", "FuzzSignatureV1", "server/localkms/wire", false},
	{"local KMS: Authorization", "FuzzAuthorization", "server/localkms/wire", false},
	{"local KMS: ciphertexts", "FuzzUnwrap", "server/localkms/wrapping", false},
	{"local KMS: import tokens", "FuzzToken", "server/localkms/wrapping", false},
	{"local KMS: state file", "FuzzState", "server/localkms/store", false},
}

var executions = regexp.MustCompile(`execs: ([0-9]+)`)

// fuzzParsers runs the fuzz targets for a stated time each. What a target finds it writes below its
// package's testdata.
func fuzzParsers(t *testing.T) {
	length := 2 * time.Second
	if *proof.Full {
		length = 20 * time.Second
	}
	for _, f := range fuzzed {
		if !f.brief && !*proof.Full {
			continue
		}
		t.Run(f.target, func(t *testing.T) {
			ctx, stop := context.WithTimeout(t.Context(), 5*time.Minute)
			defer stop()
			command := exec.CommandContext(ctx, "go", "test", "-run=^$", "-fuzz=^"+f.target+"$", "-fuzztime="+length.String(),
				"-fuzzminimizetime=1x", "-parallel=2", "./"+f.folder) // minimizing would take the time that is stated
			command.Dir = program.Source(".")
			output, err := command.CombinedOutput()
			if err != nil {
				t.Fatalf("%v\n%s", err, output)
			}
			counts := executions.FindAllSubmatch(output, -1)
			if len(counts) == 0 || string(counts[len(counts)-1][1]) == "0" {
				t.Fatalf("nothing was tried:\n%s", output)
			}
			proof.Findings.Add(proof.Findings.About("Bad inputs", "parser", "fuzz target", "time", "inputs tried without a fault"),
				f.parser, f.target, fmt.Sprint(length), string(counts[len(counts)-1][1]))
		})
	}
}
