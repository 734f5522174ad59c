package program

import (
	"bytes"
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/aliyun/alibaba-cloud-sdk-go/services/kms"

	"keyferry/server/localkms"
)

// Seeded are the CMKs in PendingImport that the local KMS starts with.
var Seeded = func() []string {
	var ids []string
	for _, key := range localkms.DefaultSeed().Keys {
		if key.Origin == "EXTERNAL" {
			ids = append(ids, key.KeyID)
		}
	}
	return ids
}()

// Ask calls the control API of the local KMS.
func (p *Program) Ask(t testing.TB, method, path string, in, out any) {
	t.Helper()
	body, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(t.Context(), method, p.Control+path, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		t.Fatalf("%s %s: %s", method, path, response.Status)
	}
	if out != nil {
		if err := json.NewDecoder(response.Body).Decode(out); err != nil {
			t.Fatal(err)
		}
	}
}

// Material is what really arrived at the local KMS, unwrapped by it; nil if nothing did.
func (p *Program) Material(t testing.TB, keyID string) []byte {
	t.Helper()
	var view struct{ Material []byte }
	p.Ask(t, http.MethodGet, "/keys/"+keyID+"/material", nil, &view)
	return view.Material
}

func (p *Program) Fault(t testing.TB, fault localkms.Fault) {
	t.Helper()
	p.Ask(t, http.MethodPost, "/faults", fault, nil)
}

func (p *Program) ClearFaults(t testing.TB) {
	t.Helper()
	p.Ask(t, http.MethodDelete, "/faults", nil, nil)
}

func (p *Program) Advance(t testing.TB, d time.Duration) {
	t.Helper()
	p.Ask(t, http.MethodPut, "/clock", map[string]string{"advance": d.String()}, nil)
}

// SDK is the vendor's own client, speaking to the local KMS as any other program would.
func (p *Program) SDK(t testing.TB) *kms.Client {
	t.Helper()
	client, err := kms.NewClientWithAccessKey(
		localkms.DefaultRegion, localkms.DefaultAccessKeyID, localkms.DefaultAccessKeySecret)
	if err != nil {
		t.Fatal(err)
	}
	client.Domain = p.Local[len("http://"):]
	return client
}

// CreateCMKs makes so many CMKs that wait for key material, and returns their ids.
func (p *Program) CreateCMKs(t testing.TB, count int) []string {
	t.Helper()
	var ids []string
	client := p.SDK(t)
	for range count {
		request := kms.CreateCreateKeyRequest()
		request.Origin = "EXTERNAL"
		answer, err := client.CreateKey(request)
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, answer.KeyMetadata.KeyId)
	}
	return ids
}

// State is the KeyState of a CMK, as DescribeKey tells it.
func (p *Program) State(t testing.TB, keyID string) string {
	t.Helper()
	request := kms.CreateDescribeKeyRequest()
	request.KeyId = keyID
	answer, err := p.SDK(t).DescribeKey(request)
	if err != nil {
		t.Fatal(err)
	}
	return answer.KeyMetadata.KeyState
}

// MustWork encrypts with the CMK and decrypts again.
func (p *Program) MustWork(t testing.TB, keyID string) {
	t.Helper()
	encrypt := kms.CreateEncryptRequest()
	encrypt.KeyId, encrypt.Plaintext = keyID, "aGVsbG8="
	sealed, err := p.SDK(t).Encrypt(encrypt)
	if err != nil {
		t.Fatal(err)
	}
	decrypt := kms.CreateDecryptRequest()
	decrypt.CiphertextBlob = sealed.CiphertextBlob
	opened, err := p.SDK(t).Decrypt(decrypt)
	if err != nil {
		t.Fatal(err)
	}
	if opened.Plaintext != encrypt.Plaintext || opened.KeyId != keyID {
		t.Errorf("decrypted %q under %s, want %q under %s", opened.Plaintext, opened.KeyId, encrypt.Plaintext, keyID)
	}
}
