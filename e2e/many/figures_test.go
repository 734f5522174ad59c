package many

import (
	"encoding/base64"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aliyun/alibaba-cloud-sdk-go/services/kms"

	"keyferry/e2e/browser"
	"keyferry/e2e/program"
	"keyferry/e2e/proof"
)

// TestFigures measures a set without quotas against the loop that a person would write with OpenSSL
// and the vendor's SDK, and with a limit of 10 writes in a second against that limit. It is part of
// the long form alone.
func TestFigures(t *testing.T) {
	if !*proof.Full {
		t.Skip("part of the long form")
	}
	const count = 500
	p := program.Start(t)
	fast := sending(t, p, count)
	loop := looped(t, p, created(t, p, 50)) * count / 50
	limited := program.StartWith(t, "--localkms-listen=127.0.0.1:0", "--localkms-control-listen=127.0.0.1:0",
		"--kms-reads-per-second=20", "--kms-writes-per-second=10")
	slow := sending(t, limited, count)
	table := proof.Findings.About("Many keys", "what", "500 CMKs", "compared")
	proof.Findings.Add(table, "without quotas", fast.String(), fmt.Sprintf("%.1f times as fast as the loop, which takes %s", loop.Seconds()/fast.Seconds(), loop))
	proof.Findings.Add(table, "10 writes in a second", slow.String(), fmt.Sprintf("%.2f of the limit", slow.Seconds()/(count/10)))
	if slow.Seconds() > 1.1*count/10 {
		t.Errorf("with 10 writes in a second 500 CMKs take %s, more than 55 s", slow)
	}
}

// sending is how long the import of a set takes, from the button on.
func sending(t testing.TB, p *program.Program, count int) time.Duration {
	t.Helper()
	ids := created(t, p, count)
	s := sit(p, t, browser.Look{})
	s.list(strings.Join(ids, "\n"))
	s.make(count)
	began := time.Now()
	s.send(count)
	s.done(5 * time.Minute)
	took := time.Since(began)
	t.Logf("%d CMKs took %s", count, took)
	return took.Round(10 * time.Millisecond)
}

// looped is how long the loop takes: OpenSSL makes and wraps each key, and the SDK makes the calls.
func looped(t testing.TB, p *program.Program, ids []string) time.Duration {
	t.Helper()
	folder := t.TempDir()
	openssl := func(arguments ...string) {
		command := exec.Command("openssl", arguments...)
		command.Dir = folder
		if output, err := command.CombinedOutput(); err != nil {
			t.Fatalf("openssl %s: %v\n%s", arguments[0], err, output)
		}
	}
	client := p.SDK(t)
	began := time.Now()
	for _, id := range ids {
		ask := kms.CreateGetParametersForImportRequest()
		ask.KeyId, ask.WrappingAlgorithm, ask.WrappingKeySpec = id, "RSAES_OAEP_SHA_256", "RSA_2048"
		parameters, err := client.GetParametersForImport(ask)
		if err != nil {
			t.Fatal(err)
		}
		der, err := base64.StdEncoding.DecodeString(parameters.PublicKey)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, "PublicKey.bin"), der, 0o600); err != nil {
			t.Fatal(err)
		}
		openssl("rand", "-out", "KeyMaterial.bin", "32")
		openssl("pkeyutl", "-encrypt", "-in", "KeyMaterial.bin", "-inkey", "PublicKey.bin", "-keyform", "DER", "-pubin",
			"-pkeyopt", "rsa_padding_mode:oaep", "-pkeyopt", "rsa_oaep_md:sha256", "-out", "Encrypted.bin")
		wrapped, err := os.ReadFile(filepath.Join(folder, "Encrypted.bin"))
		if err != nil {
			t.Fatal(err)
		}
		send := kms.CreateImportKeyMaterialRequest()
		send.KeyId, send.ImportToken, send.EncryptedKeyMaterial = id, parameters.ImportToken, base64.StdEncoding.EncodeToString(wrapped)
		if _, err := client.ImportKeyMaterial(send); err != nil {
			t.Fatal(err)
		}
	}
	return time.Since(began)
}
