package main

import (
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"keyferry/server/localkms"
	"keyferry/server/signin/signintest"
)

// cloudOf starts a local KMS over TLS in a region, which the console takes for Alibaba Cloud's. It
// returns its address, and adds its authority to a file.
func cloudOf(t *testing.T, region, authorities string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "ca.pem")
	c := run(t, "localkms", "--listen=127.0.0.1:0", "--region="+region, "--tls-self-signed="+file, "--pool=1")
	address := strings.TrimPrefix(c.wait(t, `LOCAL KMS on (https://127\.0\.0\.1:\d+)`), "https://")
	authority, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	all, _ := os.ReadFile(authorities) // there is none at first
	if err := os.WriteFile(authorities, append(all, authority...), 0o600); err != nil {
		t.Fatal(err)
	}
	return address
}

// One console makes requests for CMKs of two regions, each with its endpoint, and imports into each at
// its own KMS.
func TestTwoRegions(t *testing.T) {
	if !moduleBuilt(t) {
		t.Fatal("the WebAssembly module is not built: run make wasm")
	}
	folder := t.TempDir()
	authorities := filepath.Join(folder, "authorities.pem")
	hangzhou, beijing := cloudOf(t, "cn-hangzhou", authorities), cloudOf(t, "cn-beijing", authorities)
	t.Setenv("ALIBABA_CLOUD_ACCESS_KEY_ID", localkms.DefaultAccessKeyID)
	t.Setenv("ALIBABA_CLOUD_ACCESS_KEY_SECRET", localkms.DefaultAccessKeySecret)
	policies := `
		permit (principal, action in [Action::"request", Action::"readRequests"], resource is Key);
		permit (principal, action == Action::"import", resource is Key) when { resource.region == "cn-beijing" };`
	if err := os.WriteFile(filepath.Join(folder, "p.cedar"), []byte(policies), 0o600); err != nil {
		t.Fatal(err)
	}
	provider := signintest.New(t, signintest.Person{ID: "ines", Name: "Ines", Email: "ines@example.com", EmailVerified: true})
	provider.At("ines")
	t.Setenv("KEYFERRY_OIDC_CLIENT_SECRET", signintest.ClientSecret)
	c := run(t, "serve", "--listen=127.0.0.1:0", "--kms=alibaba", "--endpoint="+hangzhou, "--ca-file="+authorities, "--further-region=cn-beijing="+beijing,
		"--database="+filepath.Join(folder, "k.db"), "--policy="+folder, "--no-step-up", "--oidc-issuer="+provider.Issuer, "--oidc-client-id="+signintest.ClientID)
	base := c.wait(t, `console on (http://127\.0\.0\.1:\d+)`)
	provider.Register(base)
	ines := visitorAs(t, base, "")
	ines.get("/signin/start", http.StatusOK, nil)
	var me struct {
		Person  struct{ Email string }
		Regions []string
	}
	ines.get("/api/me", http.StatusOK, &me)
	if me.Person.Email != "ines@example.com" || !slices.Equal(me.Regions, []string{"cn-hangzhou", "cn-beijing"}) {
		t.Fatalf("the console says %+v", me)
	}
	terms := func(region string) map[string]any {
		one := map[string]any{
			"KeyId": "key-hzzkeyferrylocal00001", "Label": "orders", "Algorithms": []string{"RSAES_OAEP_SHA_256"}, "ImporterKind": "person", "Importer": "ines@example.com",
			"Expiry": "any", "ExpiryDays": 0, "Deadline": time.Now().Add(48 * time.Hour).UTC().Format(time.RFC3339), "Note": "", "Commitment": "",
		}
		if region != "" {
			one["Region"] = region
		}
		return map[string]any{"Requests": []any{one}}
	}
	var made struct{ Requests []struct{ Id, Region string } }
	ines.post("/api/requests", http.StatusCreated, terms(""), &made)
	if made.Requests[0].Region != "cn-hangzhou" {
		t.Errorf("without a region it is %s", made.Requests[0].Region)
	}
	algorithm := map[string]any{"WrappingAlgorithm": "RSAES_OAEP_SHA_256"}
	ines.post("/api/requests/"+made.Requests[0].Id+"/parameters", http.StatusForbidden, algorithm, nil) // the policy names Beijing alone
	ines.post("/api/requests", http.StatusBadRequest, terms("cn-shanghai"), nil)
	ines.post("/api/requests", http.StatusBadRequest, terms("https://evil.example"), nil)
	ines.post("/api/requests", http.StatusCreated, terms("cn-beijing"), &made)
	path := "/api/requests/" + made.Requests[0].Id
	var parameters struct{ PublicKey, ImportToken, TokenExpireTime string }
	ines.post(path+"/parameters", http.StatusOK, algorithm, &parameters)
	var seen struct{ State, Region string }
	ines.post(path+"/submit", http.StatusOK, wrapFor(t, parameters.PublicKey, parameters.ImportToken, parameters.TokenExpireTime), &seen)
	if seen.State != "imported" || seen.Region != "cn-beijing" { // the KMS of Hangzhou would refuse the token
		t.Errorf("after submitting: %+v", seen)
	}
	c.finish(t)
}

func TestFurtherRegionsThatMakeNoSense(t *testing.T) {
	database := "--database=" + filepath.Join(t.TempDir(), "k.db")
	for words, flags := range map[string][]string{
		"needs --database and --kms=alibaba": {"--further-region=cn-beijing"},
		"given twice":                        {"--kms=alibaba", database, "--policy=policy/example", "--oidc-issuer=https://id.example", "--further-region=cn-hangzhou"},
		"is not one, such as":                {"--kms=alibaba", database, "--policy=policy/example", "--oidc-issuer=https://id.example", "--further-region=here/there"},
		"has a path":                         {"--kms=alibaba", database, "--policy=policy/example", "--oidc-issuer=https://id.example", "--further-region=cn-beijing=h/x"},
	} {
		t.Setenv("ALIBABA_CLOUD_ACCESS_KEY_ID", "x")
		t.Setenv("ALIBABA_CLOUD_ACCESS_KEY_SECRET", "y")
		refused(t, words, append([]string{"serve", "--listen=127.0.0.1:0", "--localkms-listen=127.0.0.1:0"}, flags...)...)
	}
}
