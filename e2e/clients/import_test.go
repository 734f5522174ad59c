package clients

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// client is what an import needs of a client of the KMS. Its errors are the
// client's own, as its users get them.
type client interface {
	createKey(description string) (*metadata, error)
	describeKey(keyID string) (*metadata, error)
	parametersForImport(keyID, algorithm string) (*parameters, error)
	importKeyMaterial(keyID, encrypted, token string) error
	deleteKeyMaterial(keyID string) error
	encrypt(keyID, plaintext string) (blob string, err error)
	decrypt(blob string) (plaintext string, err error)
	// code returns the API's error code in one of the client's errors.
	code(err error) string
}

// metadata is what the tests look at in KeyMetadata.
type metadata struct {
	KeyId, Description, KeyState, Origin, MaterialExpireTime string
}

// parameters are what GetParametersForImport answers.
type parameters struct {
	KeyId, PublicKey, ImportToken, TokenExpireTime string
}

// wrapper wraps key material with the cryptography that goes with a client,
// and returns it in base64.
type wrapper func(t *testing.T, publicKey, algorithm string, material []byte) string

// The algorithms of the API.
const (
	oaepSHA256 = "RSAES_OAEP_SHA_256"
	oaepSHA1   = "RSAES_OAEP_SHA_1"
	pkcs1v15   = "RSAES_PKCS1_V1_5"
)

var algorithms = []string{oaepSHA256, oaepSHA1, pkcs1v15}

// description has the characters that encoders disagree about, so that a
// signature holds only if both sides encode them alike.
const description = "orders + returns, 100% ~ (new)! * 'a' / \"b\"? x=1&y=2 订单"

// journey is a whole import through one client.
type journey struct {
	*server
	client
	wrap      wrapper
	algorithm string
	keyID     string
}

// run goes from an empty CMK to one that encrypts, takes the material away and
// brings it back, and tries to put other material in its place.
func (j *journey) run(t *testing.T) {
	t.Helper()
	j.create(t)
	material := freshMaterial()
	j.must(t, j.bring(t, material))
	j.expect(t, "Enabled", material)

	plaintext := base64.StdEncoding.EncodeToString([]byte("an order " + description))
	blob, err := j.encrypt(j.keyID, plaintext)
	j.must(t, err)
	j.reads(t, blob, plaintext)

	j.must(t, j.deleteKeyMaterial(j.keyID))
	j.expect(t, "PendingImport", nil)
	_, err = j.decrypt(blob)
	j.refused(t, err, "Rejected.PendingImport")

	j.must(t, j.bring(t, material))
	j.expect(t, "Enabled", material)
	j.reads(t, blob, plaintext)

	j.refused(t, j.bring(t, freshMaterial()), "InvalidKeyMaterial")
	j.expect(t, "Enabled", material)
	j.reads(t, blob, plaintext)
}

// create makes the external CMK of the journey.
func (j *journey) create(t *testing.T) {
	t.Helper()
	made, err := j.createKey(description)
	j.must(t, err)
	if made.Description != description {
		t.Errorf("Description = %q, want %q", made.Description, description)
	}
	if made.Origin != "EXTERNAL" {
		t.Errorf("Origin = %q, want EXTERNAL", made.Origin)
	}
	j.keyID = made.KeyId
	j.expect(t, "PendingImport", nil)
}

// bring gets parameters and imports material with them.
func (j *journey) bring(t *testing.T, material []byte) error {
	t.Helper()
	p, err := j.parametersForImport(j.keyID, j.algorithm)
	j.must(t, err)
	if p.KeyId != j.keyID || p.TokenExpireTime == "" {
		t.Errorf("parameters are for %q until %q, want %s", p.KeyId, p.TokenExpireTime, j.keyID)
	}
	return j.importKeyMaterial(j.keyID, j.wrap(t, p.PublicKey, j.algorithm, material), p.ImportToken)
}

// expect holds the CMK's state against what the client says, and its material
// against what the KMS itself has.
func (j *journey) expect(t *testing.T, state string, material []byte) {
	t.Helper()
	if got := j.describe(t).KeyState; got != state {
		t.Errorf("KeyState = %s, want %s", got, state)
	}
	if got := j.Material(j.keyID); !bytes.Equal(got, material) {
		t.Errorf("%d bytes are in the CMK that are not the %d bytes sent", len(got), len(material))
	}
}

// unchanged makes sure that a refused import left the CMK as it was, without
// material.
func (j *journey) unchanged(t *testing.T, before *metadata) {
	t.Helper()
	if diff := cmp.Diff(before, j.describe(t)); diff != "" {
		t.Errorf("the refused import changed the CMK (-before +after):\n%s", diff)
	}
	if got := j.Material(j.keyID); got != nil {
		t.Errorf("the refused import left %d bytes in the CMK", len(got))
	}
}

func (j *journey) describe(t *testing.T) *metadata {
	t.Helper()
	described, err := j.describeKey(j.keyID)
	j.must(t, err)
	return described
}

func (j *journey) reads(t *testing.T, blob, plaintext string) {
	t.Helper()
	got, err := j.decrypt(blob)
	j.must(t, err)
	if got != plaintext {
		t.Errorf("decrypted %q, want %q", got, plaintext)
	}
}

func (j *journey) must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (j *journey) refused(t *testing.T, err error, code string) {
	t.Helper()
	if err == nil {
		t.Errorf("the call succeeded, want %s", code)
	} else if got := j.code(err); got != code {
		t.Errorf("code = %q, want %s: %v", got, code, err)
	}
}

// eachAlgorithm takes a client through the whole import once for each wrapping
// algorithm, and makes sure that it spoke as it is known to: a test that took
// another way than its name says would show nothing.
func eachAlgorithm(t *testing.T, s *server, c client, wrap wrapper, speech string) {
	for _, algorithm := range algorithms {
		t.Run(algorithm, func(t *testing.T) {
			j := &journey{server: s, client: c, wrap: wrap, algorithm: algorithm}
			j.run(t)
		})
	}
	if got := s.heard(); fmt.Sprint(got) != fmt.Sprint([]string{speech}) {
		t.Errorf("the client's requests were %q, want only %q", got, speech)
	}
}

// freshMaterial returns new key material.
func freshMaterial() []byte {
	material := make([]byte, 32)
	rand.Read(material)
	return material
}
