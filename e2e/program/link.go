package program

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"keyferry/server/localkms"
)

// link has the program sign a link as an operator does, for the local KMS at its own address or at
// another origin that leads to it.
func link(t testing.TB, origin string, flags ...string) string {
	t.Helper()
	scheme, host, _ := strings.Cut(origin, "://")
	arguments := append([]string{"link", "--region=" + localkms.DefaultRegion, "--endpoint=" + host}, flags...)
	if scheme == "https" {
		arguments = append(arguments, "--kms=alibaba")
	}
	command := exec.CommandContext(t.Context(), Binary, arguments...)
	command.Env = append(os.Environ(),
		"ALIBABA_CLOUD_ACCESS_KEY_ID="+localkms.DefaultAccessKeyID, "ALIBABA_CLOUD_ACCESS_KEY_SECRET="+localkms.DefaultAccessKeySecret)
	var complaint strings.Builder
	command.Stderr = &complaint
	output, err := command.Output()
	if err != nil {
		t.Fatalf("signing a link: %v\n%s", err, complaint.String())
	}
	return strings.TrimSpace(string(output))
}

// ParametersLink is a link for the import parameters of a CMK.
func ParametersLink(t testing.TB, origin, key, algorithm string) string {
	t.Helper()
	return link(t, origin, "--key-id="+key, "--algorithm="+algorithm)
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
	content, err := json.Marshal(file)
	if err != nil {
		t.Fatal(err)
	}
	return link(t, origin, "--import="+Kept(t, "import.json", content))
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
