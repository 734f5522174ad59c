package bench

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/requests"
	"github.com/aliyun/alibaba-cloud-sdk-go/services/kms"

	"keyferry/e2e/program"
)

// The goals of the server.
const (
	largestAdded  = time.Millisecond
	largestMemory = 40_000_000 // bytes resident
)

// BenchmarkConsole sends the same import through the console and by alibaba-cloud-sdk-go alone, in
// turn, over kept connections, to the same local KMS. It shows the server's memory before and
// after.
func BenchmarkConsole(b *testing.B) {
	p := launchConsole(b, program.Binary)
	in := prepareImport(b, p)
	through, alone := &contender{name: "console"}, &contender{name: "SDK"}
	send := map[*contender]func() error{through: byConsole(b, p, in), alone: bySDK(p.SDK(b), in)}
	memory(b, p, "Server's memory, idle", "40 MB", largestMemory)
	inTurn(b, []*contender{through, alone}, func(c *contender) time.Duration {
		began := time.Now()
		if err := send[c](); err != nil {
			b.Fatalf("importing by %s: %v", c.name, err)
		}
		return time.Since(began)
	})
	for share, name := range map[float64]string{0.5: "median", 0.99: "p99"} {
		long, short1 := through.took.at(share), alone.took.at(share)
		f := figure{
			what: "Import through the console, " + name, value: short(long),
			against: "SDK alone: " + short(short1), ratio: inTimes(ratio(long, short1)),
		}
		measured.add(f)
	}
	added := through.took.at(0.5) - alone.took.at(0.5)
	b.ReportMetric(float64(added), "added-ns")
	measured.add(figure{what: "Added by the console, median", value: short(added)}.atMost("1 ms", float64(added), float64(largestAdded)))
	memory(b, p, fmt.Sprintf("Server's memory, after %d imports", 2*len(through.took)), "40 MB", largestMemory)
}

// memory shows how much of a process is in memory. Its file is the program and its libraries, which
// the system can drop and read again.
func memory(b *testing.B, p *program.Program, what, goal string, largest float64) {
	b.Helper()
	content, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.Pid()))
	if err != nil {
		b.Skipf("memory is measured on Linux alone: %v", err)
	}
	figures := map[string]int{}
	for line := range strings.Lines(string(content)) {
		if name, rest, found := strings.Cut(line, ":"); found && strings.HasSuffix(strings.TrimSpace(rest), " kB") {
			kilobytes, err := strconv.Atoi(strings.Fields(rest)[0])
			if err != nil {
				b.Fatal(err)
			}
			figures[name] = kilobytes << 10
		}
	}
	measured.add(figure{
		what: what, value: megabytes(figures["VmRSS"]),
		against: fmt.Sprintf("of it heap and stacks %s, program file %s", megabytes(figures["RssAnon"]), megabytes(figures["RssFile"])),
	}.atMost(goal, float64(figures["VmRSS"]), largest))
}

// prepared is an import that is ready to be sent. It may be sent again and again within the token's
// 24 hours: the same material changes nothing.
type prepared struct{ keyID, token, ciphertext string }

// prepareImport asks for parameters and wraps key material.
func prepareImport(b *testing.B, p *program.Program) prepared {
	b.Helper()
	in := prepared{keyID: program.Seeded[0]}
	var answer struct{ PublicKey, ImportToken string }
	if err := json.Unmarshal([]byte(p.AnswerOf(b, in.keyID, "RSAES_OAEP_SHA_256")), &answer); err != nil {
		b.Fatal(err)
	}
	der, err := base64.StdEncoding.DecodeString(answer.PublicKey)
	if err != nil {
		b.Fatal(err)
	}
	public, err := x509.ParsePKIXPublicKey(der)
	if err != nil {
		b.Fatal(err)
	}
	material := program.Fresh(b)
	wrapped, err := rsa.EncryptOAEP(sha256.New(), rand.Reader, public.(*rsa.PublicKey), material[:], nil)
	if err != nil {
		b.Fatal(err)
	}
	in.token, in.ciphertext = answer.ImportToken, base64.StdEncoding.EncodeToString(wrapped)
	return in
}

// byConsole returns what sends an import as the page does.
func byConsole(b *testing.B, p *program.Program, in prepared) func() error {
	body, err := json.Marshal(map[string]any{
		"KeyId": in.keyID, "ImportToken": in.token, "EncryptedKeyMaterial": in.ciphertext, "KeyMaterialExpireUnix": 0,
	})
	if err != nil {
		b.Fatal(err)
	}
	client := &http.Client{Transport: &http.Transport{}}
	return func() error {
		response, err := client.Post(p.Console+"/kms/ImportKeyMaterial", "application/json", bytes.NewReader(body))
		if err != nil {
			return err
		}
		defer response.Body.Close()
		answer, err := io.ReadAll(response.Body)
		if err == nil && response.StatusCode != http.StatusOK {
			err = fmt.Errorf("%s: %s", response.Status, answer)
		}
		return err
	}
}

// bySDK returns what sends an import by the vendor's SDK alone.
func bySDK(client *kms.Client, in prepared) func() error {
	return func() error {
		request := kms.CreateImportKeyMaterialRequest()
		request.Scheme = "http"
		request.KeyId, request.ImportToken, request.EncryptedKeyMaterial = in.keyID, in.token, in.ciphertext
		request.KeyMaterialExpireUnix = requests.NewInteger64(0)
		_, err := client.ImportKeyMaterial(request)
		return err
	}
}
