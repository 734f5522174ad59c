package program

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"keyferry/server/kms"
	"keyferry/server/localkms"
)

// signer signs links as a console does, for the local KMS at its own address, or at another origin
// that leads to it.
func signer(t testing.TB, origin string) *kms.Client {
	t.Helper()
	scheme, host, _ := strings.Cut(origin, "://")
	client, err := kms.New(kms.Config{
		Region: localkms.DefaultRegion, Endpoint: host, PlainHTTP: scheme == "http",
		AccessKeyID: localkms.DefaultAccessKeyID, AccessKeySecret: localkms.DefaultAccessKeySecret,
	})
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// ParametersLink is a link for the import parameters of a CMK.
func ParametersLink(t testing.TB, origin, key, algorithm string) string {
	t.Helper()
	link, err := signer(t, origin).ParametersLink(t.Context(), key, kms.WrappingSpec{Algorithm: algorithm, KeySpec: "RSA_2048"})
	if err != nil {
		t.Fatal(err)
	}
	return link.URL()
}

// ImportFile is what a desk hands back.
type ImportFile struct {
	Keyferry, Region, KeyId, WrappingAlgorithm, WrappingKeySHA256, EncryptedKeyMaterial, ImportToken, TokenExpireTime string
	Version                                                                                                           int
	KeyMaterialExpireUnix                                                                                             int64
	KeyCheckValue, Commitment, ParametersObtained                                                                     string
}

// ReadImportFile reads the import file that a desk saved.
func ReadImportFile(t testing.TB, name string) (file ImportFile) {
	t.Helper()
	decoder := json.NewDecoder(strings.NewReader(string(ReadFile(t, name))))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&file); err != nil {
		t.Fatal(err)
	}
	return file
}

// ImportLink is a link for the import of what a desk made.
func ImportLink(t testing.TB, origin string, file ImportFile) string {
	t.Helper()
	link, err := signer(t, origin).ImportLink(t.Context(), &kms.Import{
		KeyID: file.KeyId, EncryptedKeyMaterial: file.EncryptedKeyMaterial, ImportToken: file.ImportToken,
		KeyMaterialExpireUnix: file.KeyMaterialExpireUnix,
	})
	if err != nil {
		t.Fatal(err)
	}
	return link.URL()
}

// WriteConnectedDesk has the program write a desk that may reach the KMS at an origin, or at its own
// address where none is given.
func WriteConnectedDesk(t testing.TB, origin string, flags ...string) string {
	t.Helper()
	if testing.Short() {
		t.Skip("needs a browser")
	}
	file := filepath.Join(t.TempDir(), "keyferry-desk.html")
	arguments := append([]string{"desk", "--connect", "--region=" + localkms.DefaultRegion, file}, flags...)
	if origin != "" {
		arguments = append(arguments, "--endpoint="+origin)
	}
	if output, err := exec.CommandContext(t.Context(), Binary, arguments...).CombinedOutput(); err != nil {
		t.Fatalf("writing the desk: %v\n%s", err, output)
	}
	if _, err := os.Stat(file); err != nil {
		t.Fatal(err)
	}
	return file
}
