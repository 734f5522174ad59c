package kms_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"keyferry/server/kms"
	"keyferry/server/localkms"
	"keyferry/server/localkms/localkmstest"
	"keyferry/server/localkms/wire"
)

// cloud is what gives credentials at Alibaba Cloud: STS over TLS, reached through a proxy that leads
// every connection to it, and the metadata service of an ECS instance, reached through the same proxy
// over HTTP. Whom it gives credentials, the local KMS knows from then on.
type cloud struct {
	t         *testing.T
	kms       *localkmstest.Server
	sts       *httptest.Server
	proxy     *httptest.Server
	authority string        // file with the certificate of STS
	lasts     time.Duration // of the credentials that are given

	mu     sync.Mutex
	given  map[string]localkms.AccessKey // by id
	asked  []string                      // action and role of each request, and who signed it
	tokens []string                      // OIDC tokens that were shown
}

func startCloud(t *testing.T, lasts time.Duration) *cloud {
	t.Helper()
	c := &cloud{t: t, kms: localkmstest.Start(t, localkms.Config{}), lasts: lasts, given: map[string]localkms.AccessKey{
		"the-user": {ID: "the-user", Secret: "the-secret-of-the-user"},
	}}
	c.sts = httptest.NewUnstartedServer(http.HandlerFunc(c.answerSTS))
	c.sts.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelDebug)
	c.sts.TLS = &tls.Config{Certificates: []tls.Certificate{certificateOf(t, "sts.aliyuncs.com", "sts.cn-hangzhou.aliyuncs.com")}}
	c.sts.StartTLS()
	t.Cleanup(c.sts.Close)
	c.proxy = httptest.NewServer(http.HandlerFunc(c.answerProxy))
	t.Cleanup(c.proxy.Close)
	c.authority = filepath.Join(t.TempDir(), "sts.pem")
	block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.sts.TLS.Certificates[0].Certificate[0]})
	if err := os.WriteFile(c.authority, block, 0o600); err != nil {
		t.Fatal(err)
	}
	return c
}

// certificateOf returns a certificate for these names that vouches for itself.
func certificateOf(t *testing.T, names ...string) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: names, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// give makes temporary credentials, which the local KMS knows from now on.
func (c *cloud) give(what string) localkms.AccessKey {
	c.asked = append(c.asked, what)
	n := len(c.asked)
	key := localkms.AccessKey{
		ID: fmt.Sprintf("STS.%d", n), Secret: fmt.Sprintf("secret-of-%d", n), SecurityToken: fmt.Sprintf("token-of-%d", n),
		Expires: time.Now().Add(c.lasts).Truncate(time.Second),
	}
	c.given[key.ID] = key
	if err := c.kms.PutAccessKey(key); err != nil {
		c.t.Error(err)
	}
	return key
}

// answerSTS answers as the Security Token Service. AssumeRole must be signed by credentials that are
// good, their token included.
func (c *cloud) answerSTS(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	req, err := wire.Decode(w, r)
	if err != nil {
		c.t.Errorf("STS: %v", err)
		return
	}
	signer := ""
	switch action := req.Param("Action"); action {
	case "AssumeRoleWithOIDC":
		c.tokens = append(c.tokens, req.Param("OIDCToken"))
		if req.Param("OIDCProviderArn") != "acs:ram::1:oidc-provider/ack" {
			http.Error(w, `{"Code":"EntityNotExist.OIDCProvider"}`, http.StatusNotFound)
			return
		}
	case "AssumeRole":
		signer = req.Param("AccessKeyId")
		key := c.given[signer]
		if wire.VerifyV1(req, key.Secret) != nil || req.Param("SecurityToken") != key.SecurityToken {
			http.Error(w, `{"Code":"SignatureDoesNotMatch"}`, http.StatusBadRequest)
			return
		}
	default:
		c.t.Errorf("STS was asked for %s", action)
	}
	role := strings.TrimPrefix(req.Param("RoleArn"), "acs:ram::1:role/")
	if role == "forbidden" {
		http.Error(w, `{"Code":"NoPermission","Message":"the-message-itself"}`, http.StatusForbidden)
		return
	}
	key := c.give(strings.TrimSpace(signer + " becomes " + role))
	json.NewEncoder(w).Encode(map[string]any{"Credentials": map[string]string{
		"AccessKeyId": key.ID, "AccessKeySecret": key.Secret, "SecurityToken": key.SecurityToken, "Expiration": key.Expires.UTC().Format(time.RFC3339),
	}})
}

// answerProxy leads TLS connections to STS, and answers for the metadata service, in its version 2
// alone.
func (c *cloud) answerProxy(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodConnect {
		c.tunnel(w, r)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	const roles = "/latest/meta-data/ram/security-credentials/"
	switch {
	case r.URL.Host != "100.100.100.200":
		http.Error(w, "not here", http.StatusForbidden)
	case r.Method == http.MethodPut && r.URL.Path == "/latest/api/token":
		fmt.Fprint(w, "metadata-token")
	case r.Header.Get("X-aliyun-ecs-metadata-token") != "metadata-token":
		http.Error(w, "version 2 alone", http.StatusForbidden)
	case r.URL.Path == roles:
		fmt.Fprint(w, "instance")
	case r.URL.Path == roles+"instance":
		key := c.give("the instance becomes instance")
		json.NewEncoder(w).Encode(map[string]string{"Code": "Success", "AccessKeyId": key.ID, "AccessKeySecret": key.Secret,
			"SecurityToken": key.SecurityToken, "Expiration": key.Expires.UTC().Format(time.RFC3339)})
	default:
		http.NotFound(w, r)
	}
}

func (c *cloud) tunnel(w http.ResponseWriter, r *http.Request) {
	if host, _, _ := net.SplitHostPort(r.Host); host != "sts.aliyuncs.com" && host != "sts.cn-hangzhou.aliyuncs.com" {
		http.Error(w, "not here", http.StatusForbidden)
		return
	}
	far, err := net.Dial("tcp", c.sts.Listener.Addr().String())
	if err != nil {
		c.t.Error(err)
		return
	}
	near, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		c.t.Error(err)
		return
	}
	io.WriteString(near, "HTTP/1.1 200 OK\r\n\r\n")
	go func() { io.Copy(far, near); far.Close() }()
	go func() { io.Copy(near, far); near.Close() }()
}

const inCloud = "KEYFERRY_TEST_IN_CLOUD" // endpoint of the KMS

// TestInCloud calls the KMS three times in a process of its own, with what the environment says of
// credentials, and prints how each call ended.
func TestInCloud(t *testing.T) {
	endpoint := os.Getenv(inCloud)
	if endpoint == "" {
		return
	}
	client, err := kms.New(kms.Config{Region: "cn-hangzhou", Endpoint: endpoint, PlainHTTP: true})
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		_, err := client.ImportParameters(context.Background(), emptyCMK, kms.WrappingSpec{Algorithm: "RSAES_OAEP_SHA_256", KeySpec: "RSA_2048"})
		fmt.Println("call:", err)
	}
	fmt.Println("task done") // see TestMain
}

// run calls the KMS three times in a process that has these files at home and these variables.
func (c *cloud) run(files map[string]string, variables ...string) string {
	c.t.Helper()
	home := c.t.TempDir()
	for name, text := range files {
		file := filepath.Join(home, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			c.t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(strings.ReplaceAll(text, "HOME", home)), 0o600); err != nil {
			c.t.Fatal(err)
		}
	}
	command := exec.CommandContext(c.t.Context(), os.Args[0], "-test.run=^TestInCloud$", "-test.count=1")
	command.Env = append(os.Environ(), "KEYFERRY_TEST_TASK=cloud", inCloud+"="+c.kms.Endpoint, "HOME="+home, "SSL_CERT_FILE="+c.authority,
		"SSL_CERT_DIR=/nowhere", "HTTPS_PROXY="+c.proxy.URL, "HTTP_PROXY="+c.proxy.URL, "NO_PROXY=127.0.0.1", "ALIBABA_CLOUD_ECS_METADATA_DISABLED=")
	for _, v := range variables {
		command.Env = append(command.Env, strings.ReplaceAll(v, "HOME", home))
	}
	output, err := command.CombinedOutput()
	if err != nil {
		c.t.Fatalf("%v\n%s", err, output)
	}
	return string(output)
}

// The ways to credentials that a role gives. Each call of the KMS is signed by the last role of the
// chain, and the KMS accepts it. Credentials that are about to end are got anew before each call.
func TestRoles(t *testing.T) {
	rrsa := []string{
		"ALIBABA_CLOUD_ROLE_ARN=acs:ram::1:role/pod", "ALIBABA_CLOUD_OIDC_PROVIDER_ARN=acs:ram::1:oidc-provider/ack",
		"ALIBABA_CLOUD_OIDC_TOKEN_FILE=HOME/token",
	}
	cli := func(profiles string) map[string]string {
		return map[string]string{"token": "the-oidc-token", ".aliyun/config.json": `{"current":"p","profiles":[` + profiles + `]}`}
	}
	const user = `{"name":"user","mode":"AK","access_key_id":"the-user","access_key_secret":"the-secret-of-the-user"}`
	for _, test := range []struct {
		name      string
		files     map[string]string
		variables []string
		chain     []string // what is asked for, for the first call
	}{
		{"RRSA", map[string]string{"token": "the-oidc-token"}, rrsa, []string{"becomes pod"}},
		{"RRSA with a regional STS", map[string]string{"token": "the-oidc-token"}, append(rrsa, "ALIBABA_CLOUD_STS_REGION=cn-hangzhou"), []string{"becomes pod"}},
		{"role of the instance", nil, nil, []string{"the instance becomes instance"}},
		{"a user's role", cli(`{"name":"p","mode":"RamRoleArn","access_key_id":"the-user","access_key_secret":"the-secret-of-the-user","ram_role_arn":"acs:ram::1:role/keys","ram_session_name":"s"}`),
			nil, []string{"the-user becomes keys"}},
		{"chain of roles", cli(`{"name":"p","mode":"ChainableRamRoleArn","source_profile":"q","ram_role_arn":"acs:ram::1:role/keys","ram_session_name":"s"},
			{"name":"q","mode":"ChainableRamRoleArn","source_profile":"user","ram_role_arn":"acs:ram::1:role/bridge","ram_session_name":"s"},` + user),
			nil, []string{"the-user becomes bridge", "STS.1 becomes keys"}},
		{"chain that begins with OIDC", cli(`{"name":"p","mode":"ChainableRamRoleArn","source_profile":"q","ram_role_arn":"acs:ram::1:role/keys","ram_session_name":"s"},
			{"name":"q","mode":"OIDC","oidc_provider_arn":"acs:ram::1:oidc-provider/ack","oidc_token_file":"HOME/token","ram_role_arn":"acs:ram::1:role/pod"}`),
			nil, []string{"becomes pod", "STS.1 becomes keys"}},
		{"role that the instance's role takes", cli(`{"name":"p","mode":"RamRoleArnWithRoleName","ram_role_arn":"acs:ram::1:role/keys","ram_session_name":"s"}`),
			nil, []string{"the instance becomes instance", "STS.1 becomes keys"}},
	} {
		for how, lasts := range map[string]time.Duration{"lasting": time.Hour, "about to end": 2 * time.Minute} {
			t.Run(test.name+", "+how, func(t *testing.T) {
				t.Parallel()
				c := startCloud(t, lasts)
				output := c.run(test.files, test.variables...)
				if strings.Count(output, "call: <nil>") != 3 {
					t.Errorf("the calls failed:\n%s", output)
				}
				times := 1
				if lasts < 3*time.Minute {
					times = 3
				}
				if len(c.asked) != times*len(test.chain) || strings.Join(c.asked[:len(test.chain)], "; ") != strings.Join(test.chain, "; ") {
					t.Errorf("asked for %q, want %d times %q", c.asked, times, test.chain)
				}
				for _, token := range c.tokens {
					if token != "the-oidc-token" {
						t.Errorf("the OIDC token shown is %q", token)
					}
				}
			})
		}
	}
}

// What goes wrong with a role is explained, with STS's code and without its text or any secret.
func TestRolesThatAreNotGiven(t *testing.T) {
	for _, test := range []struct {
		name      string
		files     map[string]string
		variables []string
		says      string
	}{
		{"OIDC provider unknown", map[string]string{"token": "the-oidc-token"}, []string{"ALIBABA_CLOUD_ROLE_ARN=acs:ram::1:role/pod",
			"ALIBABA_CLOUD_OIDC_PROVIDER_ARN=acs:ram::1:oidc-provider/other", "ALIBABA_CLOUD_OIDC_TOKEN_FILE=HOME/token"}, "OIDC (the token service answered HTTP 404"},
		{"role not allowed", map[string]string{".aliyun/config.json": `{"current":"p","profiles":[{"name":"p","mode":"RamRoleArn","access_key_id":"the-user",
			"access_key_secret":"the-secret-of-the-user","ram_role_arn":"acs:ram::1:role/forbidden","ram_session_name":"s"}]}`}, nil, "config.json (the token service answered HTTP 403"},
		{"wrong secret", map[string]string{".aliyun/config.json": `{"current":"p","profiles":[{"name":"p","mode":"RamRoleArn","access_key_id":"the-user",
			"access_key_secret":"another-secret-altogether","ram_role_arn":"acs:ram::1:role/keys","ram_session_name":"s"}]}`}, nil, "config.json (the token service answered HTTP 400"},
		{"STS that is not trusted", map[string]string{"token": "the-oidc-token"}, []string{"SSL_CERT_FILE=/dev/null", "ALIBABA_CLOUD_ROLE_ARN=acs:ram::1:role/pod",
			"ALIBABA_CLOUD_OIDC_PROVIDER_ARN=acs:ram::1:oidc-provider/ack", "ALIBABA_CLOUD_OIDC_TOKEN_FILE=HOME/token"}, "authority that is not trusted"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c := startCloud(t, time.Hour)
			output := c.run(test.files, append(test.variables, "ALIBABA_CLOUD_ECS_METADATA_DISABLED=true")...)
			if !strings.Contains(output, "no credentials found") || !strings.Contains(output, test.says) {
				t.Errorf("want %q:\n%s", test.says, output)
			}
			for _, value := range []string{"the-oidc-token", "the-message-itself", "the-secret-of-the-user", "another-secret", "acs:ram"} {
				if strings.Contains(output, value) {
					t.Errorf("the error holds %s:\n%s", value, output)
				}
			}
		})
	}
}
