package localkms_test

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"keyferry/server/localkms"
	"keyferry/server/localkms/localkmstest"
)

// logBuffer collects log lines from several goroutines.
type logBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func mixedOAEP(t testing.TB, publicKey string, hash, mask crypto.Hash, material []byte) string {
	t.Helper()
	wrapped, err := rsa.EncryptOAEPWithOptions(rand.Reader, localkmstest.PublicKey(t, publicKey), material, &rsa.OAEPOptions{Hash: hash, MGFHash: mask})
	if err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(wrapped)
}

// The control API says what went wrong; the answer is always the same.
func TestRefusedImports(t *testing.T) {
	material := newMaterial(32)
	for _, test := range []struct {
		name, reason string
		wrap         func(publicKey string) string
	}{
		{"MGF1 with SHA-1", "MGF1 SHA-1", func(k string) string { return mixedOAEP(t, k, crypto.SHA256, crypto.SHA1, material) }},
		{"MGF1 with SHA-256", "MGF1 SHA-256", func(k string) string { return mixedOAEP(t, k, crypto.SHA1, crypto.SHA256, material) }},
		{"OAEP SHA-1", "wrapped with RSAES_OAEP_SHA_1 instead of RSAES_OAEP_SHA_256", func(k string) string { return wrap(t, k, oaepSHA1, material) }},
		{"PKCS #1 v1.5", "wrapped with RSAES_PKCS1_V1_5 instead of RSAES_OAEP_SHA_256", func(k string) string { return wrap(t, k, pkcs1v15, material) }},
		{"hex text", "hex text", func(k string) string { return wrap(t, k, oaepSHA256, []byte(hex.EncodeToString(material))) }},
		{"base64 text", "base64 text", func(k string) string {
			return wrap(t, k, oaepSHA256, []byte(base64.StdEncoding.EncodeToString(material)))
		}},
		{"16 bytes", "does not have the length", func(k string) string { return wrap(t, k, oaepSHA256, material[:16]) }},
		{"not wrapped", "does not have the 256 bytes", func(string) string { return base64.StdEncoding.EncodeToString(material) }},
		{"base64 twice", "base64 inside base64", func(k string) string {
			return base64.StdEncoding.EncodeToString([]byte(wrap(t, k, oaepSHA256, material)))
		}},
		{"with a newline", "newline", func(k string) string { return wrap(t, k, oaepSHA256, append(bytes.Repeat([]byte("k"), 32), '\n')) }},
		{"damaged", "opens under no padding", func(string) string { return base64.StdEncoding.EncodeToString(newMaterial(256)) }},
	} {
		t.Run(test.name, func(t *testing.T) {
			var log logBuffer
			kms, c := newClient(t, localkms.Config{Logger: slog.New(slog.NewTextHandler(&log, nil))})
			id := c.external(t)
			publicKey, token := c.parameters(t, id, oaepSHA256)
			encrypted := test.wrap(publicKey)
			r := c.want(t, "InvalidKeyMaterial", "ImportKeyMaterial", params{"KeyId": id, "EncryptedKeyMaterial": encrypted, "ImportToken": token})
			if got := r.text(t, "Message"); got != "The specified key material is invalid." {
				t.Errorf("Message = %q", got)
			}
			wantReason(t, kms, r.text(t, "RequestId"), test.reason)
			noSecrets(t, log.String(), material, encrypted, token)
		})
	}
}

func TestRefusedImportOfOtherKey(t *testing.T) {
	kms, c := newClient(t, localkms.Config{})
	id := c.external(t)
	publicKey, _ := c.parameters(t, id, oaepSHA256)
	_, token := c.parameters(t, id, oaepSHA256)
	r := c.want(t, "InvalidKeyMaterial", "ImportKeyMaterial", params{"KeyId": id, "EncryptedKeyMaterial": wrap(t, publicKey, oaepSHA256, newMaterial(32)), "ImportToken": token})
	wantReason(t, kms, r.text(t, "RequestId"), "public key of another GetParametersForImport")

	c.bring(t, id, newMaterial(32))
	r = c.want(t, "InvalidKeyMaterial", "ImportKeyMaterial", c.importing(t, id, oaepSHA256, newMaterial(32)))
	wantReason(t, kms, r.text(t, "RequestId"), "not the key material that the CMK is bound to")

	// The latest are kept, and none outlives a reset.
	for range 70 {
		c.do(t, "ImportKeyMaterial", params{"KeyId": id, "EncryptedKeyMaterial": "AAAA", "ImportToken": token})
	}
	if got := len(kms.RefusedImports()); got != 64 {
		t.Errorf("%d refused imports are kept", got)
	}
	if err := kms.Reset(nil); err != nil {
		t.Fatal(err)
	}
	if got := kms.RefusedImports(); len(got) != 0 {
		t.Errorf("after a reset: %v", got)
	}
}

// wantReason asks the control API why the last import was refused.
func wantReason(t testing.TB, kms *localkms.KMS, requestID, want string) {
	t.Helper()
	w := httptest.NewRecorder()
	kms.Control().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "http://127.0.0.1/imports/refused", nil))
	var refused []localkms.RefusedImport
	if err := json.Unmarshal(w.Body.Bytes(), &refused); err != nil || len(refused) == 0 {
		t.Fatalf("%v: %s", err, w.Body)
	}
	last := refused[len(refused)-1]
	if last.RequestID != requestID || !strings.Contains(last.Reason, want) {
		t.Errorf("%+v, want %s: %q", last, requestID, want)
	}
}

// noSecrets looks for secrets, in every encoding, in a log.
func noSecrets(t testing.TB, log string, material []byte, others ...string) {
	t.Helper()
	forms := append(others, hex.EncodeToString(material), base64.StdEncoding.EncodeToString(material), string(material), fmt.Sprint(material))
	for _, form := range forms {
		if strings.Contains(log, form) || strings.Contains(log, form[:len(form)/2]) {
			t.Errorf("the log shows a secret:\n%s", log)
		}
	}
}

// Whatever a client sends, the log has nothing of it but names.
func TestLogHasNoSecrets(t *testing.T) {
	var log logBuffer
	_, c := newClient(t, localkms.Config{Logger: slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))})
	id := c.external(t)
	material := newMaterial(32)
	in := c.importing(t, id, pkcs1v15, material)
	c.must(t, "ImportKeyMaterial", in)
	c.as(c.id, "wrong").do(t, "ImportKeyMaterial", in)
	in["KeyMaterialExpireUnix"] = "1"
	c.do(t, "ImportKeyMaterial", in)
	sealed := c.must(t, "GenerateDataKey", params{"KeyId": id})
	c.must(t, "Decrypt", params{"CiphertextBlob": sealed.text(t, "CiphertextBlob")})
	noSecrets(t, log.String(), material, in["EncryptedKeyMaterial"], in["ImportToken"], sealed.text(t, "Plaintext"), sealed.text(t, "CiphertextBlob"), localkms.DefaultAccessKeySecret)
	if !strings.Contains(log.String(), `"action":"ImportKeyMaterial"`) {
		t.Error("the log does not name the action")
	}
}
