package program

import (
	"encoding/base64"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aliyun/alibaba-cloud-sdk-go/services/kms"

	"keyferry/server/localkms"
)

// AnswerOf is the whole answer of GetParametersForImport, as the aliyun command prints it.
func (p *Program) AnswerOf(t testing.TB, key, algorithm string) string {
	t.Helper()
	request := kms.CreateGetParametersForImportRequest()
	request.KeyId, request.WrappingAlgorithm, request.WrappingKeySpec = key, algorithm, "RSA_2048"
	answer, err := p.SDK(t).GetParametersForImport(request)
	if err != nil {
		t.Fatal(err)
	}
	return answer.GetHttpContentString()
}

// HandOut is what the vendor's console gives a person to download: the public key in DER and the
// token.
func (p *Program) HandOut(t testing.TB, key, algorithm string) (publicKey, token string) {
	t.Helper()
	var answer struct{ PublicKey, ImportToken string }
	if err := json.Unmarshal([]byte(p.AnswerOf(t, key, algorithm)), &answer); err != nil {
		t.Fatal(err)
	}
	der, err := base64.StdEncoding.DecodeString(answer.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	return WriteFile(t, filepath.Join(folder, "public_key.bin"), der), WriteFile(t, filepath.Join(folder, "token.txt"), []byte(answer.ImportToken))
}

func WriteFile(t testing.TB, name string, content []byte) string {
	t.Helper()
	if err := os.WriteFile(name, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// WriteDesk has the program write its desk, and returns the file.
func WriteDesk(t testing.TB, flags ...string) string {
	t.Helper()
	if testing.Short() {
		t.Skip("needs a browser")
	}
	file := filepath.Join(t.TempDir(), "keyferry-desk.html")
	if output, err := exec.Command(Binary, append([]string{"desk", file}, flags...)...).CombinedOutput(); err != nil {
		t.Fatalf("writing the desk: %v\n%s", err, output)
	}
	return file
}

// ImportFiles hands the two files over by the vendor's SDK for Node.js, as they are.
func (p *Program) ImportFiles(t testing.TB, key, folder string) {
	t.Helper()
	read := func(name string) string {
		content, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil {
			t.Fatal(err)
		}
		return string(content)
	}
	wrapped := read("EncryptedKeyMaterial_base64.txt")
	if decoded, err := base64.StdEncoding.Strict().DecodeString(wrapped); err != nil || len(decoded) != 256 || strings.ContainsAny(wrapped, "\r\n") {
		t.Errorf("EncryptedKeyMaterial_base64.txt is not one line of base64 for 256 bytes: %d characters, %v", len(wrapped), err)
	}
	question, err := json.Marshal(map[string]any{
		"client": "kms20160120", "action": "ImportKeyMaterial",
		"config": map[string]string{
			"endpoint": strings.TrimPrefix(p.Local, "http://"), "accessKeyId": localkms.DefaultAccessKeyID, "accessKeySecret": localkms.DefaultAccessKeySecret,
		},
		"parameters": map[string]string{
			"KeyId": key, "EncryptedKeyMaterial": wrapped, "ImportToken": read("ImportToken.txt"), "KeyMaterialExpireUnix": "0",
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	client := exec.Command("node", Source("e2e/clients/testdata/serve.mjs"))
	client.Stdin = strings.NewReader(string(question) + "\n")
	answer, err := client.Output()
	if err != nil || !strings.Contains(string(answer), `"answer"`) {
		t.Fatalf("the vendor's SDK did not import: %v %s", err, answer)
	}
	if got := p.State(t, key); got != "Enabled" {
		t.Errorf("the CMK is %s, want Enabled", got)
	}
	p.MustWork(t, key)
}
