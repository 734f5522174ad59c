package reference_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"reflect"
	"testing"

	"keyferry/e2e/proof/reference"
)

// The jobs beside prepare answer what is predicted too, and draw nothing that does not show.
func TestJobs(t *testing.T) {
	public := wrappingKey(t)
	der, err := base64.StdEncoding.DecodeString(public)
	if err != nil {
		t.Fatal(err)
	}
	transcripts := inNode(t, shippedModule(t),
		run{Messages: []message{request("passphrase", nil)}},
		run{Messages: []message{request("inspect", map[string]any{"options": map[string]any{"publicKey": public}})}},
	)
	got, random := transcripts[0].result(t)
	mustBe(t, "passphrase", got, map[string]any{"passphrase": reference.Passphrase(random)}, random)
	got, random = transcripts[1].result(t)
	mustBe(t, "inspect", got, map[string]any{"fingerprint": fmt.Sprintf("%x", sha256.Sum256(der)), "bits": 2048.0, "publicKey": public}, random)
}

func mustBe(t *testing.T, job string, got, want map[string]any, random *reference.Stream) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s: %v, want %v", job, got, want)
	}
	if err := random.Close(); err != nil {
		t.Errorf("%s: %v", job, err)
	}
}

// The same inputs and the same random bytes give the same answer: it depends on nothing else, the
// time included. What Go's runtime draws as it starts changes nothing about it.
func TestNothingElseIsDrawnFrom(t *testing.T) {
	one := newParties(t).single(t, "generate", "classic", reference.PKCS1v15)
	seed := "the same"
	one.run.Seed = &seed
	transcripts := inNode(t, shippedModule(t), one.run, one.run)
	first, _ := transcripts[0].result(t)
	second, _ := transcripts[1].result(t)
	if !reflect.DeepEqual(first, second) {
		t.Errorf("%v, and the second time %v", first, second)
	}
	if !bytes.Equal(bytes.Join(transcripts[0].Draws, nil), bytes.Join(transcripts[1].Draws, nil)) {
		t.Error("the two runs drew different bytes")
	}
}
