package localkms_test

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"keyferry/server/localkms"
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

func publicKeyOf(t testing.TB, encoded string) *rsa.PublicKey {
	t.Helper()
	der, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		t.Fatal(err)
	}
	key, err := x509.ParsePKIXPublicKey(der)
	if err != nil {
		t.Fatal(err)
	}
	return key.(*rsa.PublicKey)
}

func mixedOAEP(t testing.TB, publicKey string, hash, mask crypto.Hash, material []byte) string {
	t.Helper()
	wrapped, err := rsa.EncryptOAEPWithOptions(rand.Reader, publicKeyOf(t, publicKey), material, &rsa.OAEPOptions{Hash: hash, MGFHash: mask})
	if err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(wrapped)
}

// What went wrong stands in the log; the answer is always the same.
func TestDiagnoses(t *testing.T) {
	material := newMaterial(32)
	for _, test := range []struct {
		name, log string
		wrap      func(publicKey string) string
	}{
		{"MGF1 with SHA-1", "MGF1 SHA-1", func(k string) string { return mixedOAEP(t, k, crypto.SHA256, crypto.SHA1, material) }},
		{"MGF1 with SHA-256", "MGF1 SHA-256", func(k string) string { return mixedOAEP(t, k, crypto.SHA1, crypto.SHA256, material) }},
		{"OAEP SHA-1", "wrapped with RSAES_OAEP_SHA_1 instead of RSAES_OAEP_SHA_256", func(k string) string { return wrap(t, k, oaepSHA1, material) }},
		{"PKCS #1 v1.5", "wrapped with RSAES_PKCS1_V1_5 instead of RSAES_OAEP_SHA_256", func(k string) string { return wrap(t, k, pkcs1v15, material) }},
		{"hex text", "hex text", func(k string) string { return wrap(t, k, oaepSHA256, []byte(hex.EncodeToString(material))) }},
		{"base64 text", "base64 text", func(k string) string {
			return wrap(t, k, oaepSHA256, []byte(base64.StdEncoding.EncodeToString(material)))
		}},
		{"16 bytes", "another length", func(k string) string { return wrap(t, k, oaepSHA256, material[:16]) }},
		{"not wrapped", "has not the 256 bytes", func(string) string { return base64.StdEncoding.EncodeToString(material) }},
		{"base64 twice", "base64 inside base64", func(k string) string {
			return base64.StdEncoding.EncodeToString([]byte(wrap(t, k, oaepSHA256, material)))
		}},
		{"damaged", "opens under no padding", func(string) string { return base64.StdEncoding.EncodeToString(newMaterial(256)) }},
	} {
		t.Run(test.name, func(t *testing.T) {
			var log logBuffer
			_, c := newClient(t, localkms.Config{Logger: slog.New(slog.NewTextHandler(&log, nil))})
			id := c.external(t)
			publicKey, token := c.parameters(t, id, oaepSHA256)
			encrypted := test.wrap(publicKey)
			r := c.want(t, "InvalidKeyMaterial", "ImportKeyMaterial", params{"KeyId": id, "EncryptedKeyMaterial": encrypted, "ImportToken": token})
			if got := r.text(t, "Message"); got != "The specified key material is invalid." {
				t.Errorf("Message = %q", got)
			}
			wantLog(t, &log, test.log)
			noSecrets(t, log.String(), material, encrypted, token)
		})
	}
}

func TestDiagnosisOfOtherKey(t *testing.T) {
	var log logBuffer
	_, c := newClient(t, localkms.Config{Logger: slog.New(slog.NewTextHandler(&log, nil))})
	id := c.external(t)
	publicKey, _ := c.parameters(t, id, oaepSHA256)
	_, token := c.parameters(t, id, oaepSHA256)
	c.want(t, "InvalidKeyMaterial", "ImportKeyMaterial", params{"KeyId": id, "EncryptedKeyMaterial": wrap(t, publicKey, oaepSHA256, newMaterial(32)), "ImportToken": token})
	wantLog(t, &log, "public key of another GetParametersForImport")

	c.bring(t, id, newMaterial(32))
	c.want(t, "InvalidKeyMaterial", "ImportKeyMaterial", c.importing(t, id, oaepSHA256, newMaterial(32)))
	wantLog(t, &log, "not the key material that the CMK is bound to")
}

// wantLog waits for a line: diagnoses come after the answer.
func wantLog(t testing.TB, log *logBuffer, want string) {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Second); !strings.Contains(log.String(), want); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("the log does not say %q:\n%s", want, log)
		}
	}
}

// noSecrets looks for secrets, and for what stands for them, in a log.
func noSecrets(t testing.TB, log string, material []byte, others ...string) {
	t.Helper()
	forms := append(others, hex.EncodeToString(material), base64.StdEncoding.EncodeToString(material), string(material), fmt.Sprint(material))
	for _, form := range forms {
		if strings.Contains(log, form) || strings.Contains(log, form[:len(form)/2]) {
			t.Errorf("the log shows a secret:\n%s", log)
		}
	}
}

// Whatever a client sends, the log has none of it but names.
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
