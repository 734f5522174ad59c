package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"keyferry/server/localkms"
	"keyferry/server/localkms/localkmstest"
)

// printed runs keyferry link to its end, and returns what it prints and what it logs.
func printed(t *testing.T, arguments ...string) (said, logged string, err error) {
	t.Helper()
	var out, log bytes.Buffer
	parsed, err := newParser(&commands{}).Parse(append([]string{"link"}, arguments...))
	if err != nil {
		return "", "", err
	}
	parsed.BindTo(t.Context(), (*context.Context)(nil))
	parsed.Bind(terminal{out: &out, log: slog.New(slog.NewTextHandler(&log, nil))})
	err = parsed.Run()
	return out.String(), log.String(), err
}

// The command prints one link, on a line of its own, that a local KMS takes; and one that imports,
// from an import file.
func TestLinkCommand(t *testing.T) {
	server := localkmstest.New(t, localkms.Config{})
	behind := httptest.NewServer(server)
	defer behind.Close()
	endpoint := behind.Listener.Addr().String()
	said, logged, err := printed(t, "--key-id", "key-hzzkeyferrylocal00001", "--algorithm", "RSAES_OAEP_SHA_256", "--endpoint", endpoint)
	if err != nil {
		t.Fatal(err)
	}
	link := strings.TrimSuffix(said, "\n")
	if strings.ContainsAny(link, "\n ") || !strings.HasPrefix(link, "http://"+endpoint+"/?") {
		t.Fatalf("it prints %q", said)
	}
	u, _ := url.Parse(link)
	if strings.Contains(logged, u.Query().Get("Signature")) || !strings.Contains(logged, "until=") {
		t.Errorf("it logs %s", logged)
	}
	response, err := http.Get(link)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var got struct{ KeyId, ImportToken string }
	body, _ := io.ReadAll(response.Body)
	if err := json.Unmarshal(body, &got); err != nil || got.KeyId != "key-hzzkeyferrylocal00001" {
		t.Fatalf("the link gives %d %s", response.StatusCode, body)
	}

	file := filepath.Join(t.TempDir(), "import.json")
	write := func(region string) {
		content, _ := json.Marshal(map[string]any{
			"Keyferry": "import", "Version": 1, "Region": region, "KeyId": got.KeyId, "WrappingAlgorithm": "RSAES_OAEP_SHA_256",
			"WrappingKeySHA256": strings.Repeat("0a", 32), "EncryptedKeyMaterial": strings.Repeat("A", 342) + "==", "ImportToken": got.ImportToken,
			"TokenExpireTime": "", "KeyMaterialExpireUnix": 0, "ParametersObtained": "link",
		})
		if err := os.WriteFile(file, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("cn-hangzhou")
	said, _, err = printed(t, "--import", file, "--endpoint", endpoint)
	if err != nil {
		t.Fatal(err)
	}
	u, err = url.Parse(strings.TrimSpace(said))
	if err != nil {
		t.Fatal(err)
	}
	response, err = http.Post("http://"+endpoint+"/", "application/x-www-form-urlencoded", strings.NewReader(u.RawQuery))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if body, _ := io.ReadAll(response.Body); !bytes.Contains(body, []byte("InvalidKeyMaterial")) { // signed rightly, and not a ciphertext
		t.Errorf("the import link gives %s", body)
	}
	write("cn-shanghai")
	if _, _, err := printed(t, "--import", file, "--endpoint", endpoint); err == nil || !strings.Contains(err.Error(), "--region cn-shanghai") {
		t.Errorf("another region: %v", err)
	}
}

func TestLinkCommandRefuses(t *testing.T) {
	for name, test := range map[string]struct {
		arguments []string
		want      string
	}{
		"nothing":             {nil, "--key-id"},
		"both":                {[]string{"--key-id", "key-hzzkeyferrylocal00001", "--import", "x"}, "either"},
		"a key id with more":  {[]string{"--key-id", "key-hzzkeyferrylocal00001&Action=Decrypt"}, "not one"},
		"another algorithm":   {[]string{"--key-id", "key-hzzkeyferrylocal00001", "--algorithm", "NONE"}, "--algorithm"},
		"plain http afar":     {[]string{"--key-id", "key-hzzkeyferrylocal00001", "--endpoint", "kms.example"}, "loopback"},
		"vpc of a local KMS":  {[]string{"--key-id", "key-hzzkeyferrylocal00001", "--network", "vpc"}, "--network"},
		"a file that is none": {[]string{"--import", "/dev/null"}, "not an import file"},
	} {
		said, _, err := printed(t, test.arguments...)
		if err == nil || !strings.Contains(err.Error(), test.want) || said != "" {
			t.Errorf("%s: %v, prints %q", name, err, said)
		}
	}
}
