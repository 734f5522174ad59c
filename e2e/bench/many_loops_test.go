package bench

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"keyferry/e2e/bench/call"
	"keyferry/e2e/program"
	"keyferry/server/localkms"
)

// do makes a call with parameters and decodes the answer, unless answer is nil.
type do func(action string, parameters map[string]string, answer any) error

// callInProcess has one client of the SDK make all calls.
func callInProcess(b *testing.B, p *program.Program) do {
	b.Helper()
	client, err := call.New(strings.TrimPrefix(p.Local, "http://"))
	if err != nil {
		b.Fatal(err)
	}
	return client.Do
}

// byCommand starts a process for each call, as scripts do, and says which: the vendor's aliyun
// command if there is one on the path, and otherwise one with the vendor's SDK that is smaller and
// starts sooner.
func byCommand(b *testing.B, p *program.Program) (what string, _ do) {
	b.Helper()
	endpoint := strings.TrimPrefix(p.Local, "http://")
	if aliyun, err := exec.LookPath("aliyun"); err == nil {
		environment := append(os.Environ(), "HOME="+b.TempDir(), // where no settings are
			"ALIBABA_CLOUD_ACCESS_KEY_ID="+localkms.DefaultAccessKeyID,
			"ALIBABA_CLOUD_ACCESS_KEY_SECRET="+localkms.DefaultAccessKeySecret)
		return "the aliyun command", func(action string, parameters map[string]string, answer any) error {
			arguments := []string{"kms", action, "--region", localkms.DefaultRegion, "--endpoint", endpoint, "--insecure"}
			for name, value := range parameters {
				arguments = append(arguments, "--"+name, value)
			}
			return answerOf(environment, answer, aliyun, arguments...)
		}
	}
	binary := filepath.Join(b.TempDir(), "call")
	if err := goBuild(nil, binary, "./e2e/bench/call/command"); err != nil {
		b.Fatal(err)
	}
	return "a process with the SDK for each call", func(action string, parameters map[string]string, answer any) error {
		arguments := []string{endpoint, action}
		for name, value := range parameters {
			arguments = append(arguments, name+"="+value)
		}
		return answerOf(nil, answer, binary, arguments...)
	}
}

// answerOf runs a command and decodes what it prints, unless answer is nil.
func answerOf(environment []string, answer any, name string, arguments ...string) error {
	command := exec.Command(name, arguments...)
	command.Env = environment
	output, err := command.Output()
	if err != nil || answer == nil {
		return err
	}
	return json.Unmarshal(output, answer)
}

// loop imports one CMK after the other as the vendor's guide has it, with OpenSSL for everything but
// the calls.
func loop(b *testing.B, p *program.Program, call do) time.Duration {
	b.Helper()
	ids := p.CreateCMKs(b, loopedCMKs)
	folder := b.TempDir()
	openssl := func(arguments ...string) {
		if err := command(folder, nil, "openssl", arguments...); err != nil {
			b.Fatal(err)
		}
	}
	began := time.Now()
	for _, id := range ids {
		var parameters struct{ PublicKey, ImportToken string }
		if err := call("GetParametersForImport", parametersFor(id), &parameters); err != nil {
			b.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, "PublicKey.base64"), []byte(parameters.PublicKey), 0o600); err != nil {
			b.Fatal(err)
		}
		openssl("enc", "-d", "-base64", "-A", "-in", "PublicKey.base64", "-out", "PublicKey.bin")
		openssl("rand", "-out", "KeyMaterial.bin", "32")
		openssl("pkeyutl", "-encrypt", "-in", "KeyMaterial.bin", "-inkey", "PublicKey.bin", "-keyform", "DER", "-pubin",
			"-pkeyopt", "rsa_padding_mode:oaep", "-pkeyopt", "rsa_oaep_md:sha256", "-out", "Encrypted.bin")
		openssl("enc", "-e", "-base64", "-A", "-in", "Encrypted.bin", "-out", "Encrypted.base64")
		wrapped, err := os.ReadFile(filepath.Join(folder, "Encrypted.base64"))
		if err != nil {
			b.Fatal(err)
		}
		if err := call("ImportKeyMaterial", map[string]string{
			"KeyId": id, "ImportToken": parameters.ImportToken, "EncryptedKeyMaterial": string(wrapped), "KeyMaterialExpireUnix": "0",
		}, nil); err != nil {
			b.Fatal(err)
		}
	}
	return time.Since(began)
}
