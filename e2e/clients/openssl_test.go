package clients

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"keyferry/server/localkms"
)

// opensslWays are the commands that wrap KeyMaterial.bin, one for each
// algorithm. The first is the vendor's own; its page has no others, and the one
// that it has cannot do SHA-256.
var opensslWays = map[string]string{
	oaepSHA1:   "rsautl -encrypt -in KeyMaterial.bin -oaep -inkey PublicKey.bin -keyform DER -pubin",
	oaepSHA256: "pkeyutl -encrypt -in KeyMaterial.bin -inkey PublicKey.bin -keyform DER -pubin -pkeyopt rsa_padding_mode:oaep -pkeyopt rsa_oaep_md:sha256",
	pkcs1v15:   "pkeyutl -encrypt -in KeyMaterial.bin -inkey PublicKey.bin -keyform DER -pubin -pkeyopt rsa_padding_mode:pkcs1",
}

const inOneLine, inLines = "enc -e -base64 -A", "enc -e -base64"

// OpenSSL, as the vendor's page uses it: every value is a file.
func TestOpenSSL(t *testing.T) {
	t.Parallel()
	s := serve(t)
	o := newOpenSSL(t, newAlibabaCloudSDKGo(t, s, localkms.DefaultAccessKeySecret))
	eachAlgorithm(t, s, o, func(t *testing.T, _, algorithm string, material []byte) string {
		o.write(t, "KeyMaterial.bin", material)
		return o.wrap(t, opensslWays[algorithm], inOneLine)
	}, "POST query HMAC-SHA1")
}

// KeyMaterial.bin that OpenSSL made itself, and the import that follows.
func TestOpenSSLMakesMaterial(t *testing.T) {
	t.Parallel()
	s := serve(t)
	o := newOpenSSL(t, newAlibabaCloudSDKGo(t, s, localkms.DefaultAccessKeySecret))
	j := &journey{server: s, client: o, algorithm: oaepSHA256}
	j.create(t)
	o.run(t, "rand -out KeyMaterial.bin 32")
	j.wrap = o.wrapping(opensslWays[oaepSHA256], inOneLine)
	j.must(t, j.bring(t, nil))
	j.expect(t, "Enabled", o.read(t, "KeyMaterial.bin"))
}

// openssl is a client that keeps what GetParametersForImport gave in files, and
// the OpenSSL that works on them.
type openssl struct {
	client
	program string
	folder  string
	t       *testing.T
}

func newOpenSSL(t *testing.T, c client) *openssl {
	t.Helper()
	return &openssl{c, installed(t, "openssl"), t.TempDir(), t}
}

// parametersForImport writes PublicKey.bin and ImportToken.bin.
func (o *openssl) parametersForImport(keyID, algorithm string) (*parameters, error) {
	p, err := o.client.parametersForImport(keyID, algorithm)
	if err != nil {
		return nil, err
	}
	o.write(o.t, "PublicKey_base64.txt", []byte(p.PublicKey))
	o.write(o.t, "ImportToken_base64.txt", []byte(p.ImportToken))
	o.run(o.t, "enc -d -base64 -A -in PublicKey_base64.txt -out PublicKey.bin")
	o.run(o.t, "enc -d -base64 -A -in ImportToken_base64.txt -out ImportToken.bin")
	return p, nil
}

// importKeyMaterial sends the token that is in the file, and no other.
func (o *openssl) importKeyMaterial(keyID, encrypted, _ string) error {
	token := o.run(o.t, "enc -e -base64 -A -in ImportToken.bin")
	return o.client.importKeyMaterial(keyID, encrypted, string(token))
}

// wrap wraps KeyMaterial.bin with one command and encodes the result with
// another.
func (o *openssl) wrap(t *testing.T, wrap, encode string) string {
	t.Helper()
	o.run(t, wrap+" -out EncryptedKeyMaterial.bin")
	o.run(t, encode+" -in EncryptedKeyMaterial.bin -out EncryptedKeyMaterial_base64.txt")
	// A shell's $(cat …) takes the newline at the end away.
	return strings.TrimRight(string(o.read(t, "EncryptedKeyMaterial_base64.txt")), "\n")
}

// wrapping is wrap as a wrapper; what it wraps is in the file.
func (o *openssl) wrapping(wrap, encode string) wrapper {
	return func(t *testing.T, _, _ string, _ []byte) string {
		t.Helper()
		return o.wrap(t, wrap, encode)
	}
}

// run runs OpenSSL in the folder and returns its output.
func (o *openssl) run(t *testing.T, arguments string) []byte {
	t.Helper()
	command := exec.Command(o.program, strings.Fields(arguments)...)
	command.Dir = o.folder
	var complaints bytes.Buffer
	command.Stderr = &complaints
	output, err := command.Output()
	if err != nil {
		t.Fatalf("openssl %s: %v\n%s", arguments, err, complaints.Bytes())
	}
	return output
}

func (o *openssl) write(t *testing.T, name string, content []byte) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(o.folder, name), content, 0o600); err != nil {
		t.Fatal(err)
	}
}

func (o *openssl) read(t *testing.T, name string) []byte {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(o.folder, name))
	if err != nil {
		t.Fatal(err)
	}
	return content
}
