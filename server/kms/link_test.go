package kms_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"keyferry/server/kms"
	"keyferry/server/localkms"
	"keyferry/server/localkms/localkmstest"
)

var oaep = kms.WrappingSpec{Algorithm: "RSAES_OAEP_SHA_256", KeySpec: "RSA_2048"}

// follow makes the call of a link as a browser does, and returns status and answer.
func follow(t *testing.T, client *http.Client, link *kms.Link) (int, map[string]any) {
	t.Helper()
	u, err := url.Parse(link.URL())
	if err != nil {
		t.Fatal(err)
	}
	var response *http.Response
	if u.Query().Get("Action") == "GetParametersForImport" {
		response, err = client.Get(link.URL())
	} else {
		query := u.RawQuery
		u.RawQuery = ""
		response, err = client.Post(u.String(), "application/x-www-form-urlencoded", strings.NewReader(query))
	}
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	answer := map[string]any{}
	if err := json.Unmarshal(body, &answer); err != nil {
		t.Fatalf("%d %s", response.StatusCode, body)
	}
	return response.StatusCode, answer
}

// Both calls by link against a KMS that verifies signatures, over loopback and over TLS, for an
// AccessKey and for temporary credentials: each link is good once.
func TestLinks(t *testing.T) {
	temporary := localkms.AccessKey{ID: "STS.temporary", Secret: "a-secret-of-the-test", SecurityToken: "token+of/the=test"}
	static := localkms.AccessKey{ID: "static", Secret: "another-secret"}
	for _, test := range []struct {
		name string
		tls  bool
		key  localkms.AccessKey
	}{
		{"loopback, an AccessKey", false, static},
		{"loopback, temporary credentials", false, temporary},
		{"TLS, an AccessKey", true, static},
		{"TLS, temporary credentials", true, temporary},
	} {
		t.Run(test.name, func(t *testing.T) {
			server := localkmstest.New(t, localkms.Config{AccessKeys: []localkms.AccessKey{test.key}})
			host, browser, authorities := serveLinks(t, server, test.tls)
			client := linkClient(t, host, authorities, test.tls, test.key)
			link, err := client.ParametersLink(t.Context(), emptyCMK, oaep)
			if err != nil {
				t.Fatal(err)
			}
			checkGood(t, link, host)
			status, parameters := follow(t, browser, link)
			if status != http.StatusOK || parameters["KeyId"] != emptyCMK {
				t.Fatalf("the link gave %d %v", status, parameters)
			}
			if status, again := follow(t, browser, link); again["Code"] != "SignatureNonceUsed" {
				t.Errorf("a second use gave %d %v", status, again)
			}
			material := bytes.Repeat([]byte{9, 8, 7, 6}, 8)
			in := wrapFor(t, parameters, material)
			link, err = client.ImportLink(t.Context(), in)
			if err != nil {
				t.Fatal(err)
			}
			checkGood(t, link, host)
			if status, answer := follow(t, browser, link); status != http.StatusOK {
				t.Fatalf("the import link gave %d %v", status, answer)
			}
			if !bytes.Equal(server.Material(emptyCMK), material) {
				t.Error("the KMS has other material")
			}
			if status, again := follow(t, browser, link); again["Code"] != "SignatureNonceUsed" {
				t.Errorf("a second use gave %d %v", status, again)
			}
		})
	}
}

// serveLinks serves a local KMS and returns its host, a client that trusts its certificate, and the
// file with that.
func serveLinks(t *testing.T, server http.Handler, tls bool) (host string, browser *http.Client, authorities string) {
	t.Helper()
	if !tls {
		s := httptest.NewServer(server)
		t.Cleanup(s.Close)
		return s.Listener.Addr().String(), s.Client(), ""
	}
	s := httptest.NewTLSServer(server)
	t.Cleanup(s.Close)
	authorities = filepath.Join(t.TempDir(), "ca.pem")
	block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
	if err := os.WriteFile(authorities, block, 0o600); err != nil {
		t.Fatal(err)
	}
	return s.Listener.Addr().String(), s.Client(), authorities
}

// linkClient returns a client whose credentials the default chain finds, as in a container with a
// role.
func linkClient(t *testing.T, host, authorities string, tls bool, key localkms.AccessKey) *kms.Client {
	t.Helper()
	t.Setenv("ALIBABA_CLOUD_ACCESS_KEY_ID", key.ID)
	t.Setenv("ALIBABA_CLOUD_ACCESS_KEY_SECRET", key.Secret)
	t.Setenv("ALIBABA_CLOUD_SECURITY_TOKEN", key.SecurityToken)
	client, err := kms.New(kms.Config{Region: localkms.DefaultRegion, Endpoint: host, PlainHTTP: !tls, CAFile: authorities})
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func checkGood(t *testing.T, link *kms.Link, host string) {
	t.Helper()
	left := time.Until(link.GoodUntil)
	if left > kms.LinkLife || left < kms.LinkLife-time.Minute || link.Host != host || link.Region != localkms.DefaultRegion {
		t.Errorf("the link is good for %s at %s in %s", left, link.Host, link.Region)
	}
}

func wrapFor(t *testing.T, parameters map[string]any, material []byte) *kms.Import {
	t.Helper()
	text := func(name string) string { s, _ := parameters[name].(string); return s }
	ciphertext := encrypt(t, text("PublicKey"), oaep.Algorithm, material)
	return &kms.Import{
		KeyID: text("KeyId"), ImportToken: text("ImportToken"), EncryptedKeyMaterial: base64.StdEncoding.EncodeToString(ciphertext),
	}
}

// A link has the parameters of its call and those that the gateway needs, each once, and goes to
// the endpoint that was configured.
func TestLinkHoldsItsCallAlone(t *testing.T) {
	for _, test := range []struct {
		config kms.Config
		host   string
	}{
		{kms.Config{Region: "cn-shanghai"}, "kms.cn-shanghai.aliyuncs.com"},
		{kms.Config{Region: "cn-shanghai", Network: "vpc"}, "kms-vpc.cn-shanghai.aliyuncs.com"},
	} {
		test.config.AccessKeyID, test.config.AccessKeySecret = "an-id", "a-secret-that-stays"
		client, err := kms.New(test.config)
		if err != nil {
			t.Fatal(err)
		}
		one, err := client.ParametersLink(t.Context(), emptyCMK, oaep)
		if err != nil {
			t.Fatal(err)
		}
		other, err := client.ParametersLink(t.Context(), emptyCMK, oaep)
		if err != nil {
			t.Fatal(err)
		}
		u, _ := url.Parse(one.URL())
		v, _ := url.Parse(other.URL())
		if u.Scheme != "https" || u.Host != test.host || u.Path != "/" || u.User != nil || u.Fragment != "" {
			t.Errorf("the link leads to %s://%s%s", u.Scheme, u.Host, u.Path)
		}
		var names []string
		for name := range u.Query() {
			names = append(names, name)
		}
		slices.Sort(names)
		want := strings.Fields("AccessKeyId Action Format KeyId RegionId Signature SignatureMethod SignatureNonce SignatureType SignatureVersion Timestamp Version WrappingAlgorithm WrappingKeySpec")
		if !slices.Equal(names, want) {
			t.Errorf("the link has %v", names)
		}
		if u.Query().Get("SignatureNonce") == v.Query().Get("SignatureNonce") {
			t.Error("two links have one nonce")
		}
		if strings.Contains(one.URL(), "a-secret-that-stays") {
			t.Error("the link holds the secret")
		}
	}
}

// Nothing besides the two calls is signed, and no value brings parameters of its own along.
func TestLinkRefuses(t *testing.T) {
	client, err := kms.New(kms.Config{Region: "cn-hangzhou", AccessKeyID: "an-id", AccessKeySecret: "a-secret"})
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{
		"", "alias/one", emptyCMK + "&Action=ScheduleKeyDeletion", emptyCMK + "%26Action=Decrypt", emptyCMK + "\n", emptyCMK + "\x00",
		emptyCMK + "#", " " + emptyCMK, "key-hzzkeyferryloсal00001", "ｋey-hzzkeyferrylocal00001", "acs:kms:cn-hangzhou:1:key/" + emptyCMK,
		strings.Repeat("0", 64), emptyCMK + "?", emptyCMK + ";KeyId=x", "key-hzz\u202eabc",
	} {
		_, err := client.ParametersLink(t.Context(), id, oaep)
		if !errors.Is(err, kms.ErrLink) || id != "" && strings.Contains(err.Error(), id) {
			t.Errorf("parameters of %q: %v", id, err)
		}
		in := goodImport()
		in.KeyID = id
		if _, err := client.ImportLink(t.Context(), in); !errors.Is(err, kms.ErrLink) {
			t.Errorf("import into %q: %v", id, err)
		}
	}
	for _, spec := range []kms.WrappingSpec{
		{}, {Algorithm: oaep.Algorithm}, {KeySpec: oaep.KeySpec}, {Algorithm: oaep.Algorithm, KeySpec: "EC_SM2"},
		{Algorithm: oaep.Algorithm + "&Action=Encrypt", KeySpec: oaep.KeySpec}, {Algorithm: "RSAES_NONE", KeySpec: oaep.KeySpec},
	} {
		if _, err := client.ParametersLink(t.Context(), emptyCMK, spec); !errors.Is(err, kms.ErrLink) {
			t.Errorf("parameters for %+v: %v", spec, err)
		}
	}
	for name, edit := range map[string]func(*kms.Import){
		"no ciphertext":         func(in *kms.Import) { in.EncryptedKeyMaterial = "" },
		"a key":                 func(in *kms.Import) { in.EncryptedKeyMaterial = base64.StdEncoding.EncodeToString(make([]byte, 32)) },
		"a longer ciphertext":   func(in *kms.Import) { in.EncryptedKeyMaterial = base64.StdEncoding.EncodeToString(make([]byte, 257)) },
		"a line break":          func(in *kms.Import) { in.EncryptedKeyMaterial = "\n" + in.EncryptedKeyMaterial },
		"one more parameter":    func(in *kms.Import) { in.EncryptedKeyMaterial += "&KeyId=x" },
		"no token":              func(in *kms.Import) { in.ImportToken = "" },
		"a token of other form": func(in *kms.Import) { in.ImportToken = strings.Repeat("a", 70) + "&b=c" },
		"a token too long":      func(in *kms.Import) { in.ImportToken = strings.Repeat("aaaa", 3000) },
		"a negative expiry":     func(in *kms.Import) { in.KeyMaterialExpireUnix = -1 },
	} {
		in := goodImport()
		edit(in)
		if _, err := client.ImportLink(t.Context(), in); !errors.Is(err, kms.ErrLink) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := client.ImportLink(t.Context(), goodImport()); err != nil {
		t.Errorf("an import without a fault: %v", err)
	}
}

func goodImport() *kms.Import {
	return &kms.Import{
		KeyID: emptyCMK, EncryptedKeyMaterial: base64.StdEncoding.EncodeToString(make([]byte, 256)), ImportToken: strings.Repeat("Token+/0", 20),
	}
}

// A link is in no log, and is not printed by mistake.
func TestLinkIsNotPrinted(t *testing.T) {
	var log bytes.Buffer
	logger := slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	client, err := kms.New(kms.Config{Region: "cn-hangzhou", AccessKeyID: "an-id", AccessKeySecret: "a-secret", Logger: logger})
	if err != nil {
		t.Fatal(err)
	}
	link, err := client.ImportLink(t.Context(), goodImport())
	if err != nil {
		t.Fatal(err)
	}
	logger.Info("a link", "link", link, "error", fmt.Errorf("about %v and %+v", link, link))
	fmt.Fprintf(&log, "%v %+v %#v %s", link, link, link, link)
	u, _ := url.Parse(link.URL())
	for name, values := range u.Query() {
		if value := values[0]; len(value) > 8 && name != "Action" && strings.Contains(log.String(), value) {
			t.Errorf("%s is in what was printed", name)
		}
	}
}

// Without credentials there is no link.
func TestLinkWithoutCredentials(t *testing.T) {
	client, err := kms.New(kms.Config{Region: "cn-hangzhou"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.ParametersLink(context.Background(), emptyCMK, oaep); !errors.Is(err, kms.ErrNoCredentials) {
		t.Errorf("error is %v", err)
	}
}
