package kms

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/auth/credentials"
)

func chain(c *Config) { c.AccessKeyID, c.AccessKeySecret = "", "" }

// home gives the test a home of its own with these files in it.
func home(t *testing.T, files map[string]string) {
	t.Helper()
	dir := t.TempDir()
	t.Setenv("HOME", dir)
	for name, text := range files {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func TestNoCredentialsNamesEveryPlace(t *testing.T) {
	home(t, nil)
	fake := newFakeKMS(t, good)
	client := newTestClient(t, fake, chain)
	places := []string{
		"ALIBABA_CLOUD_ACCESS_KEY_ID", "ALIBABA_CLOUD_ACCESS_KEY_SECRET",
		"ALIBABA_CLOUD_OIDC_TOKEN_FILE", "ALIBABA_CLOUD_OIDC_PROVIDER_ARN", "ALIBABA_CLOUD_ROLE_ARN",
		"~/.aliyun/config.json (no such file)", "~/.alibabacloud/credentials (no such file)",
		"ECS metadata (disabled by ALIBABA_CLOUD_ECS_METADATA_DISABLED)", "ALIBABA_CLOUD_CREDENTIALS_URI not set",
	}
	_, fromCall := client.ImportKeyMaterial(t.Context(), testImport())
	for name, err := range map[string]error{"CheckCredentials": client.CheckCredentials(t.Context()), "ImportKeyMaterial": fromCall} {
		if !errors.Is(err, ErrNoCredentials) {
			t.Fatalf("%s: error is %v, want ErrNoCredentials", name, err)
		}
		for _, place := range places {
			if !strings.Contains(err.Error(), place) {
				t.Errorf("%s: error does not name %s: %v", name, place, err)
			}
		}
	}
	if n := fake.count(); n != 0 {
		t.Errorf("sent %d times", n)
	}
}

func TestNoCredentialsHoldsNoValue(t *testing.T) {
	home(t, map[string]string{
		// The SDK's error for a file that it cannot read holds the whole file.
		".aliyun/config.json": `{"current": "` + testSecret + `", not JSON`,
		"other":               "[default]\ntype = " + testSecret + "\n",
	})
	t.Setenv("ALIBABA_CLOUD_ACCESS_KEY_ID", "the-id-itself")
	t.Setenv("ALIBABA_CLOUD_CREDENTIALS_FILE", filepath.Join(os.Getenv("HOME"), "other"))
	t.Setenv("ALIBABA_CLOUD_PROFILE", "the-profile-itself")
	t.Setenv("ALIBABA_CLOUD_OIDC_TOKEN_FILE", "/nowhere/the-token-file")
	t.Setenv("ALIBABA_CLOUD_OIDC_PROVIDER_ARN", "the-provider-arn")
	t.Setenv("ALIBABA_CLOUD_ROLE_ARN", "the-role-arn")
	t.Setenv("ALIBABA_CLOUD_CREDENTIALS_URI", "http://127.0.0.1:1/the-uri?token="+testSecret)
	err := newTestClient(t, newFakeKMS(t, good), chain).CheckCredentials(t.Context())
	if !errors.Is(err, ErrNoCredentials) {
		t.Fatalf("error is %v, want ErrNoCredentials", err)
	}
	text := fmt.Sprintf("%v %#v", err, err)
	for _, value := range []string{testSecret, "the-id-itself", "the-profile-itself", "the-token-file", "the-provider-arn", "the-role-arn", "the-uri", os.Getenv("HOME")} {
		if strings.Contains(text, value) {
			t.Errorf("error holds %s: %s", value, text)
		}
	}
	for _, why := range []string{
		"environment (ALIBABA_CLOUD_ACCESS_KEY_SECRET not set)", "token file cannot be read",
		"config.json (there, but line 1 is not JSON",
		"ALIBABA_CLOUD_CREDENTIALS_FILE names (there, but it does not have the section that ALIBABA_CLOUD_PROFILE names)", "ALIBABA_CLOUD_CREDENTIALS_URI names gave none",
	} {
		if !strings.Contains(text, why) {
			t.Errorf("error does not say %q: %s", why, text)
		}
	}
}

func TestPlacesInTheOrderOfTheSDK(t *testing.T) {
	metadata := newFakeKMS(t, func(w http.ResponseWriter, _ *http.Request, _ int) { sts(w, "from-uri", time.Hour) })
	files := map[string]string{
		".aliyun/config.json":       `{"current":"p","profiles":[{"name":"p","mode":"AK","access_key_id":"from-cli","access_key_secret":"s"}]}`,
		".alibabacloud/credentials": "[default]\ntype = access_key\naccess_key_id = from-profile\naccess_key_secret = s\n",
	}
	steps := []struct {
		id, provider string
		without      func(t *testing.T)
	}{
		{"from-env", "env", func(t *testing.T) { t.Setenv("ALIBABA_CLOUD_ACCESS_KEY_ID", "") }},
		{"from-cli", "cli_profile/static_ak", func(t *testing.T) { t.Setenv("ALIBABA_CLOUD_CLI_PROFILE_DISABLED", "true") }},
		{"from-profile", "profile/static_ak", func(t *testing.T) { home(t, nil) }},
		{"from-uri", "credential_uri", nil},
	}
	home(t, files)
	t.Setenv("ALIBABA_CLOUD_ACCESS_KEY_ID", "from-env")
	t.Setenv("ALIBABA_CLOUD_ACCESS_KEY_SECRET", "s")
	t.Setenv("ALIBABA_CLOUD_CREDENTIALS_URI", metadata.URL)
	for _, step := range steps {
		fake := newFakeKMS(t, good)
		client := newTestClient(t, fake, chain)
		if err := calls[actionImport](t, client); err != nil {
			t.Fatalf("%s: %v", step.id, err)
		}
		if got := fake.queries()[0].Get("AccessKeyId"); got != step.id {
			t.Errorf("signed by %s, want %s", got, step.id)
		}
		if got := fake.requests[0].Header.Get("X-Acs-Credentials-Provider"); got != step.provider {
			t.Errorf("provider is %q, want %q", got, step.provider)
		}
		if step.without != nil {
			step.without(t)
		}
	}
}

func sts(w io.Writer, id string, lasts time.Duration) {
	fmt.Fprintf(w, `{"Code":"Success","AccessKeyId":%q,"AccessKeySecret":"s","SecurityToken":"sts-token","Expiration":%q}`,
		id, time.Now().Add(lasts).UTC().Format(time.RFC3339))
}

func TestSTSCredentialsAreRenewed(t *testing.T) {
	for _, test := range []struct {
		name    string
		lasts   time.Duration
		fetches int
	}{
		{"lasting", time.Hour, 1},
		{"about to end", 2 * time.Minute, 3},
	} {
		t.Run(test.name, func(t *testing.T) {
			home(t, nil)
			source := newFakeKMS(t, func(w http.ResponseWriter, _ *http.Request, try int) {
				sts(w, fmt.Sprintf("STS.%d", try), test.lasts)
			})
			t.Setenv("ALIBABA_CLOUD_CREDENTIALS_URI", source.URL)
			fake := newFakeKMS(t, good)
			client := newTestClient(t, fake, chain)
			for range 3 {
				if err := calls[actionImport](t, client); err != nil {
					t.Fatal(err)
				}
			}
			if n := source.count(); n != test.fetches {
				t.Errorf("fetched %d times, want %d", n, test.fetches)
			}
			last := fake.queries()[2]
			if want := fmt.Sprintf("STS.%d", test.fetches); last.Get("AccessKeyId") != want || last.Get("SecurityToken") != "sts-token" {
				t.Errorf("signed by %s with %q, want %s", last.Get("AccessKeyId"), last.Get("SecurityToken"), want)
			}
		})
	}
}

func TestURIAnswersThatMakeNoSense(t *testing.T) {
	home(t, nil)
	for name, answer := range map[string]answer{
		"500": html(500), "HTML": html(200), "empty": body(200, "{}"), "endless": endless,
		"no expiration": body(200, `{"AccessKeyId":"a","AccessKeySecret":"s","SecurityToken":"t"}`),
		"no token":      body(200, `{"AccessKeyId":"a","AccessKeySecret":"s","Expiration":"2031-01-01T00:00:00Z"}`),
		"no secret":     body(200, `{"AccessKeyId":"a","SecurityToken":"t","Expiration":"2031-01-01T00:00:00Z"}`),
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("ALIBABA_CLOUD_CREDENTIALS_URI", newFakeKMS(t, answer).URL)
			if err := newTestClient(t, newFakeKMS(t, good), chain).CheckCredentials(t.Context()); !errors.Is(err, ErrNoCredentials) {
				t.Errorf("error is %v, want ErrNoCredentials", err)
			}
		})
	}
}

// scripted is a provider that does as told, and counts.
type scripted struct {
	asked   atomic.Int64
	inside  atomic.Int64
	overlap atomic.Bool
	give    func(n int64) (*credentials.Credentials, error)
}

func (s *scripted) GetProviderName() string { return "scripted" }

func (s *scripted) GetCredentials() (*credentials.Credentials, error) {
	if s.inside.Add(1) > 1 {
		s.overlap.Store(true)
	}
	defer s.inside.Add(-1)
	return s.give(s.asked.Add(1))
}

func sourceOf(providers ...*scripted) (source *credentialSource, built *atomic.Int64) {
	source, built = newCredentialSource("", ""), &atomic.Int64{}
	source.chain = func() []link {
		built.Add(1)
		var links []link
		for _, provider := range providers {
			links = append(links, link{"a script", func() (credentials.CredentialsProvider, error) { return provider, nil }})
		}
		return links
	}
	return source, built
}

func keyNamed(id string) (*credentials.Credentials, error) {
	return &credentials.Credentials{AccessKeyId: id, AccessKeySecret: "s"}, nil
}

func TestSourceIsAskedByOneAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		provider := &scripted{give: func(int64) (*credentials.Credentials, error) {
			time.Sleep(time.Millisecond) // the others come to wait
			return keyNamed("id")
		}}
		source, built := sourceOf(provider)
		var group sync.WaitGroup
		for range 64 {
			group.Go(func() {
				if _, err := source.find(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
		if provider.overlap.Load() || built.Load() != 1 {
			t.Errorf("overlap: %v, chain built %d times", provider.overlap.Load(), built.Load())
		}
	})
}

func TestSourceLooksAnewAfterAFailure(t *testing.T) {
	// Fails, works, fails, works: the SDK's own chain would stay with the failure.
	provider := &scripted{give: func(n int64) (*credentials.Credentials, error) {
		if n%2 == 1 {
			return nil, errors.New("failing with " + testSecret)
		}
		return keyNamed("first")
	}}
	backup := &scripted{give: func(int64) (*credentials.Credentials, error) { return nil, errors.New("never") }}
	source, built := sourceOf(provider, backup)
	if _, err := source.find(t.Context()); !errors.Is(err, ErrNoCredentials) || strings.Contains(err.Error(), testSecret) {
		t.Fatalf("error is %v, want ErrNoCredentials", err)
	}
	for range 2 { // the second time what worked fails, and is found again at once
		if found, err := source.find(t.Context()); err != nil || found.AccessKeyId != "first" {
			t.Fatalf("found %v, %v", found, err)
		}
	}
	if built.Load() != 3 {
		t.Errorf("chain built %d times, want 3", built.Load())
	}
}

func TestSourceSurvivesAPanic(t *testing.T) {
	broken := &scripted{give: func(int64) (*credentials.Credentials, error) { panic(testSecret) }}
	nothing := &scripted{give: func(int64) (*credentials.Credentials, error) { return nil, nil }}
	empty := &scripted{give: func(int64) (*credentials.Credentials, error) { return &credentials.Credentials{}, nil }}
	works := &scripted{give: func(int64) (*credentials.Credentials, error) { return keyNamed("id") }}
	source, _ := sourceOf(broken, nothing, empty, works)
	found, err := source.find(t.Context())
	if err != nil || found.AccessKeyId != "id" || found.ProviderName != "scripted" {
		t.Errorf("found %+v, %v", found, err)
	}
}

// A provider inside a profile names itself, or is named by its kind; the kind of file comes first.
func TestNamesOfProvidersInProfiles(t *testing.T) {
	for given, want := range map[string]string{"": "profile/scripted", "sts_token": "profile/sts_token"} {
		inner := &scripted{give: func(int64) (*credentials.Credentials, error) {
			return &credentials.Credentials{AccessKeyId: "id", ProviderName: given}, nil
		}}
		if found, err := (prefixed{inner, "profile"}).GetCredentials(); err != nil || found.ProviderName != want {
			t.Errorf("a provider that says %q is named %+v, %v; want %q", given, found, err, want)
		}
	}
}

func TestSourceThatHangsHoldsNobodyUp(t *testing.T) {
	release := make(chan struct{})
	hanging := &scripted{give: func(int64) (*credentials.Credentials, error) {
		<-release
		return keyNamed("late")
	}}
	fake := newFakeKMS(t, good)
	client := newTestClient(t, fake, within(100*time.Millisecond))
	client.credentials, _ = sourceOf(hanging)
	began := time.Now()
	for range 2 { // the second one waits for its turn
		if err := client.CheckCredentials(t.Context()); !errors.Is(err, ErrNoCredentials) {
			t.Errorf("error is %v, want ErrNoCredentials", err)
		}
		if err := calls[actionImport](t, client); !errors.Is(err, ErrNoCredentials) {
			t.Errorf("error is %v, want ErrNoCredentials", err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := client.ImportKeyMaterial(ctx, testImport()); !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v, want context.Canceled", err)
	}
	if took := time.Since(began); took > 3*time.Second {
		t.Errorf("took %v", took)
	}
	close(release)
	client.timeout = 5 * time.Second
	if err := calls[actionImport](t, client); err != nil {
		t.Errorf("the source never came back: %v", err)
	}
}

func TestRefusedCredentialsAreLookedForAnew(t *testing.T) {
	for _, code := range []string{"InvalidSecurityToken.Expired", "InvalidAccessKeyId.NotFound", "Forbidden.AccessKey"} {
		provider := &scripted{give: func(n int64) (*credentials.Credentials, error) { return keyNamed("id") }}
		fake := newFakeKMS(t, inTurn(refuse(400, code), good, refuse(400, "InvalidKeyMaterial"), good))
		client := newTestClient(t, fake)
		var built *atomic.Int64
		client.credentials, built = sourceOf(provider)
		for i, want := range []int64{1, 2, 2, 2} {
			calls[actionImport](t, client)
			if n := built.Load(); n != want {
				t.Errorf("%s: chain built %d times after call %d, want %d", code, n, i+1, want)
			}
		}
	}
}
