package kms

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
	"unicode/utf16"
)

// cli returns a config.json with these profiles, of which the first is current.
func cli(profiles ...map[string]any) map[string]string {
	text, err := json.Marshal(map[string]any{"current": "a", "profiles": profiles})
	if err != nil {
		panic(err)
	}
	return map[string]string{".aliyun/config.json": string(text)}
}

func cliText(text string) map[string]string { return map[string]string{".aliyun/config.json": text} }

func iniText(text string) map[string]string {
	return map[string]string{".alibabacloud/credentials": text}
}

// p is a profile of this name and mode with further fields.
func p(name, mode string, fields ...any) map[string]any {
	made := map[string]any{"name": name, "mode": mode}
	for i := 0; i < len(fields); i += 2 {
		made[fields[i].(string)] = fields[i+1]
	}
	return made
}

// chained are profiles that each have the next as their source.
func chained(n int) []map[string]any {
	var all []map[string]any
	for i := range n {
		all = append(all, p(string(rune('a'+i)), "ChainableRamRoleArn", "ram_role_arn", "acs:ram::1:role/r", "source_profile", string(rune('b'+i))))
	}
	return all
}

func key(name string) map[string]any {
	return p(name, "AK", "access_key_id", "id-"+name, "access_key_secret", testSecret)
}

func utf16LE(text string) string {
	made := []byte{0xff, 0xfe}
	for _, unit := range utf16.Encode([]rune(text)) {
		made = append(made, byte(unit), byte(unit>>8))
	}
	return string(made)
}

// TestUnusableSettings holds that settings which give no credentials end nothing, hang nothing and
// are explained, without any of their values.
func TestUnusableSettings(t *testing.T) {
	role := []any{"ram_role_arn", "acs:ram::1:role/r"}
	past, future := time.Now().Add(-time.Minute).Unix(), time.Now().Add(time.Hour).Unix()
	keys := []any{"access_key_id", "id", "access_key_secret", testSecret, "sts_token", "token"}
	for _, test := range []struct {
		name  string
		files map[string]string
		why   string
	}{
		{"circle of one", cli(p("a", "ChainableRamRoleArn", append(role, "source_profile", "a")...)), "config.json (there, but the source_profile of its current profile leads back to itself in a circle: correct source_profile)"},
		{"circle of two", cli(p("a", "ChainableRamRoleArn", append(role, "source_profile", "b")...), p("b", "ChainableRamRoleArn", append(role, "source_profile", "a")...)), "in a circle"},
		{"circle of others", cli(p("a", "ChainableRamRoleArn", append(role, "source_profile", "b")...), p("b", "ChainableRamRoleArn", append(role, "source_profile", "c")...), p("c", "chainableramrolearn", append(role, "source_profile", "b")...)), "in a circle"},
		{"long chain", cli(append(chained(20), key("u"))...), "more than 5 profiles"},
		{"unknown source", cli(p("a", "ChainableRamRoleArn", append(role, "source_profile", "nobody")...)), "no profile of the name of the source_profile of its current profile"},
		{"no source", cli(p("a", "ChainableRamRoleArn", role...)), "lacks source_profile"},
		{"source without a role", cli(p("a", "ChainableRamRoleArn", "source_profile", "b"), key("b")), "lacks ram_role_arn"},
		{"bad source", cli(p("a", "ChainableRamRoleArn", append(role, "source_profile", "b")...), p("b", "AK")), "the source_profile of its current profile lacks access_key_id"},

		{"no current", cliText(`{"profiles":[{"name":"a","mode":"AK"}]}`), "does not say which profile is the current one"},
		{"unknown current", cliText(`{"current":"the-profile-itself","profiles":[{"name":"a","mode":"AK"}]}`), "no profile of the name of its current profile"},
		{"no profiles", cliText(`{"current":"a"}`), "it has no profile: run aliyun configure"},
		{"null profile", cliText(`{"current":"a","profiles":[null]}`), "no profile of the name of its current profile"},
		{"empty", cliText(""), "there, but empty"},
		{"BOM alone", cliText("\xef\xbb\xbf"), "there, but empty"},
		{"broken JSON", cliText("{\"current\":\"a\",\n\"profiles\":[{" + testSecret), "line 2 is not JSON"},
		{"two documents", cliText("{}\n{}"), "line 2 is not JSON"},
		{"wrong type", cliText(`{"current":"a","profiles":[{"name":"a","mode":"AK","access_key_secret":{"x":"` + testSecret + `"}}]}`), "profiles.access_key_secret is not of the right type"},
		{"an array", cliText(`[]`), "not of the right type"},
		{"a number as string", cliText(`{"current":"a","profiles":[{"name":"a","mode":"AK","expired_seconds":"` + testSecret + `"}]}`), "profiles.expired_seconds is not of the right type"},
		{"deep JSON", cliText(`{"current":"a","profiles":` + strings.Repeat("[", 500_000)), "is not JSON"},
		{"deep objects", cliText(strings.Repeat(`{"a":`, 150_000)), "is not JSON"},
		{"huge", cliText(strings.Repeat(" ", 1<<20) + "{}"), "larger than 1024 KiB"},
		{"binary", cliText("\x00\x01\x02\x03"), "is not JSON"},

		{"no mode", cli(map[string]any{"name": "a"}), "has no mode"},
		{"unknown mode", cli(p("a", "the-mode-itself")), "has a mode that is not supported here: use AK, "},
		{"RsaKeyPair", cli(p("a", "RsaKeyPair")), "has a mode that is not supported here"},
		{"Anonymous", cli(p("a", "Anonymous")), "has a mode that is not supported here"},
		{"AK without id", cli(p("a", "AK", "access_key_secret", testSecret)), "its current profile lacks access_key_id"},
		{"AK without secret", cli(p("a", "AK", "access_key_id", "id")), "lacks access_key_secret"},
		{"AK with a line break", cli(p("a", "AK", "access_key_id", "id", "access_key_secret", testSecret+"\n")), "holds a space, a line break"},
		{"StsToken without token", cli(p("a", "StsToken", keys[:4]...)), "lacks sts_token"},
		{"RamRoleArn without role", cli(p("a", "RamRoleArn", keys[:4]...)), "lacks ram_role_arn"},
		{"RamRoleArn, 1 s", cli(p("a", "RamRoleArn", append(append(role, keys...), "expired_seconds", 1)...)), "expired_seconds below 900"},
		{"RamRoleArn, negative", cli(p("a", "RamRoleArn", append(append(role, keys...), "expired_seconds", -1)...)), "expired_seconds below 900"},
		{"RamRoleArn elsewhere", cli(p("a", "RamRoleArn", append(append(role, keys...), "sts_region", "evil.example/")...)), "sts_region that is not a region"},
		{"EcsRamRole", cli(p("a", "EcsRamRole")), "needs ECS metadata, disabled by"},
		{"RamRoleArnWithRoleName", cli(p("a", "RamRoleArnWithRoleName", role...)), "needs ECS metadata, disabled by"},
		{"OIDC without provider", cli(p("a", "OIDC", append(role, "oidc_token_file", "/dev/null")...)), "lacks oidc_provider_arn"},
		{"OIDC without a file", cli(p("a", "OIDC", append(role, "oidc_token_file", "/nowhere", "oidc_provider_arn", "x")...)), "token file cannot be read: no such file"},
		{"OIDC with a device", cli(p("a", "OIDC", append(role, "oidc_token_file", "/dev/zero", "oidc_provider_arn", "x")...)), "token file cannot be read: it is not a regular file"},
		{"OIDC, 9 h", cli(p("a", "OIDC", append(role, "oidc_token_file", "x", "oidc_provider_arn", "x", "expired_seconds", 32400)...)), "not from 900 to 3600"},
		{"CloudSSO signed out", cli(p("a", "CloudSSO", "cloud_sso_sign_in_url", "https://x", "access_token", testSecret)), "has the mode CloudSSO or OAuth and no temporary keys: run any aliyun command"},
		{"StsToken expired", cli(p("a", "StsToken", append(keys, "sts_expiration", past)...)), "temporary keys that have expired: get new ones"},
		{"CloudSSO expired", cli(p("a", "CloudSSO", append(keys, "sts_expiration", past)...)), "temporary keys have expired: run any aliyun command"},
		{"OAuth expired", cli(p("a", "OAuth", append(keys, "sts_expiration", past)...)), "temporary keys have expired"},
		{"OAuth without token", cli(p("a", "OAuth", append(keys[:4:4], "sts_expiration", future)...)), "no temporary keys"},
		{"CredentialsURI without one", cli(p("a", "CredentialsURI")), "lacks credentials_uri"},
		{"CredentialsURI unreachable", cli(p("a", "CredentialsURI", "credentials_uri", "http://127.0.0.1:1/"+testSecret)), "what credentials_uri names gave none"},
		{"CredentialsURI of a file", cli(p("a", "CredentialsURI", "credentials_uri", "file:///etc/passwd")), "what credentials_uri names gave none"},

		{"External without a command", cli(p("a", "External", "process_command", " ")), "lacks process_command"},
		{"External, no such program", cli(p("a", "External", "process_command", "no-such-"+testSecret)), "process_command of its profile cannot be started"},
		{"External fails", cli(p("a", "External", "process_command", "false")), "failed, exit status 1"},
		{"External, no JSON", cli(p("a", "External", "process_command", "echo "+testSecret)), "did not write JSON"},
		{"External, empty", cli(p("a", "External", "process_command", "true")), "did not write JSON"},
		{"External, External again", cli(p("a", "External", "process_command", `echo {"mode":"External"}`)), "did not write a profile of mode AK or StsToken"},
		{"External, half", cli(p("a", "External", "process_command", `echo {"mode":"AK","access_key_id":"id"}`)), "wrote a profile that lacks access_key_secret"},
		{"External, endless", cli(p("a", "External", "process_command", "cat /dev/zero")), "writes more than credentials"},

		{"INI without default", iniText("[other]\ntype = access_key\n"), "credentials (there, but it does not have its default section"},
		{"INI without type", iniText("[default]\naccess_key_id = " + testSecret), "the type of its default section is not one of access_key"},
		{"INI unknown type", iniText("[default]\ntype = rsa_key_pair"), "the type of its default section is not one of"},
		{"INI without a secret", iniText("[default]\ntype = access_key\naccess_key_id = x"), "its default section lacks access_key_secret"},
		{"INI broken", iniText("[default\n" + testSecret), "not an INI file"},
		{"INI sts without token", iniText("[default]\ntype = sts\naccess_key_id = x\naccess_key_secret = y"), "lacks sts_token"},
	} {
		t.Run(test.name, func(t *testing.T) {
			home(t, test.files)
			checkUnusable(t, test.why)
		})
	}
}

// checkUnusable expects ErrNoCredentials for a reason, soon, and without values.
func checkUnusable(t *testing.T, why string) {
	t.Helper()
	began := time.Now()
	err := newTestClient(t, newFakeKMS(t, good), chain).CheckCredentials(t.Context())
	if !errors.Is(err, ErrNoCredentials) || !strings.Contains(err.Error(), why) {
		t.Errorf("error is %v,\nwant ErrNoCredentials with %q", err, why)
	}
	if took := time.Since(began); took > 4*time.Second {
		t.Errorf("took %v", took)
	}
	for _, value := range []string{testSecret, "the-profile-itself", "the-mode-itself", "evil", "acs:ram", os.Getenv("HOME")} {
		if strings.Contains(fmt.Sprintf("%v %#v", err, err), value) {
			t.Errorf("error holds %s: %v", value, err)
		}
	}
}

// TestFilesThatAreNone puts what is no plain file in the place of each file that the chain reads.
func TestFilesThatAreNone(t *testing.T) {
	kinds := map[string]struct {
		put func(name string) error
		why string
	}{
		"directory": {func(name string) error { return os.Mkdir(name, 0o700) }, "it is a directory"},
		"pipe":      {func(name string) error { return syscall.Mkfifo(name, 0o600) }, "it is not a regular file"},
		"device":    {func(name string) error { return os.Symlink("/dev/zero", name) }, "it is not a regular file"},
		"loop":      {func(name string) error { return os.Symlink(name, name) }, "too many levels of symbolic links"},
	}
	for name, kind := range kinds {
		for _, place := range []string{".aliyun/config.json", ".alibabacloud/credentials", "other", "token"} {
			t.Run(name+" "+place, func(t *testing.T) {
				home(t, nil)
				file := filepath.Join(os.Getenv("HOME"), place)
				if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
					t.Fatal(err)
				}
				if err := kind.put(file); err != nil {
					t.Fatal(err)
				}
				switch place {
				case "other":
					t.Setenv("ALIBABA_CLOUD_CREDENTIALS_FILE", file)
				case "token":
					t.Setenv("ALIBABA_CLOUD_OIDC_TOKEN_FILE", file)
					t.Setenv("ALIBABA_CLOUD_OIDC_PROVIDER_ARN", "x")
					t.Setenv("ALIBABA_CLOUD_ROLE_ARN", "x")
				}
				checkUnusable(t, "cannot be read: "+kind.why)
			})
		}
	}
	t.Run("unreadable", func(t *testing.T) {
		home(t, cliText("{}"))
		if err := os.Chmod(filepath.Join(os.Getenv("HOME"), ".aliyun/config.json"), 0); err != nil {
			t.Fatal(err)
		}
		if os.Geteuid() == 0 {
			t.Skip("root reads every file")
		}
		checkUnusable(t, "cannot be read: permission denied")
	})
	t.Run("no home", func(t *testing.T) {
		t.Setenv("HOME", "")
		err := newTestClient(t, newFakeKMS(t, good), chain).CheckCredentials(t.Context())
		if err == nil || !strings.Contains(err.Error(), "config.json (HOME not set") {
			t.Errorf("error is %v", err)
		}
	})
}

// TestINIValuesDoNotGrow has a file whose values would double fifty times.
func TestINIValuesDoNotGrow(t *testing.T) {
	text := "[default]\ntype = access_key\naccess_key_id = id\naccess_key_secret = %(v0)s\n"
	for i := range 50 {
		text += fmt.Sprintf("v%d = %%(v%d)s%%(v%d)s\n", i, i+1, i+1)
	}
	home(t, iniText(text+"v50 = x\n"))
	client := newTestClient(t, newFakeKMS(t, good), chain)
	if err := client.CheckCredentials(t.Context()); err != nil { // the secret is taken as it is written
		t.Error(err)
	}
}

// TestUsableSettings signs a call with what each kind of setting gives.
func TestUsableSettings(t *testing.T) {
	uri := newFakeKMS(t, func(w http.ResponseWriter, _ *http.Request, _ int) { sts(w, "from-uri", time.Hour) })
	future := time.Now().Add(time.Hour).Unix()
	keys := []any{"access_key_id", "STS.x", "access_key_secret", "s", "sts_token", "the-token"}
	script := filepath.Join(t.TempDir(), "keys")
	if err := os.WriteFile(script, []byte("#!/bin/sh\necho a password is "+testSecret+" >&2\n"+
		`echo '{"mode":"'$1'","access_key_id":"id-process","access_key_secret":"s","sts_token":"t","region_id":"cn-beijing"}'`+"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	plain, _ := json.Marshal(map[string]any{"current": "a", "profiles": []any{key("a")}})
	for _, test := range []struct {
		name, id, provider string
		files              map[string]string
	}{
		{"AK", "id-a", "cli_profile/static_ak", cli(key("a"))},
		{"AK, other case", "id-a", "cli_profile/static_ak", cli(p("a", "ak", "access_key_id", "id-a", "access_key_secret", "s"))},
		{"UTF-8 with a BOM", "id-a", "cli_profile/static_ak", cliText("\xef\xbb\xbf" + string(plain))},
		{"UTF-16", "id-a", "cli_profile/static_ak", cliText(utf16LE(string(plain)))},
		{"beside a broken profile", "id-a", "cli_profile/static_ak", cli(key("a"), p("b", "ChainableRamRoleArn", "source_profile", "b"))},
		{"StsToken", "STS.x", "cli_profile/static_sts", cli(p("a", "StsToken", keys...))},
		{"StsToken that says until when", "STS.x", "cli_profile/static_sts", cli(p("a", "StsToken", append(keys, "sts_expiration", future)...))},
		{"CloudSSO", "STS.x", "cli_profile/static_sts", cli(p("a", "CloudSSO", append(keys, "sts_expiration", future)...))},
		{"OAuth", "STS.x", "cli_profile/static_sts", cli(p("a", "OAuth", append(keys, "sts_expiration", future)...))},
		{"CredentialsURI", "from-uri", "cli_profile/credential_uri", cli(p("a", "CredentialsURI", "credentials_uri", uri.URL))},
		{"External, AK", "id-process", "cli_profile/external", cli(p("a", "External", "process_command", script+" AK"))},
		{"External, StsToken", "id-process", "cli_profile/external", cli(p("a", "External", "process_command", "  "+script+"   StsToken"))},
		{"INI", "x", "profile/static_ak", iniText("\xef\xbb\xbf[default]\r\ntype = access_key\r\naccess_key_id = x\r\naccess_key_secret = y\r\n")},
		{"INI sts", "x", "profile/static_sts", iniText("[default]\ntype = sts\naccess_key_id = x\naccess_key_secret = y\nsecurity_token = z")},
		{"INI credentials_uri", "from-uri", "profile/credential_uri", iniText("[default]\ntype = credentials_uri\ncredentials_uri = " + uri.URL)},
		{"INI after a broken CLI file", "x", "profile/static_ak", map[string]string{
			".aliyun/config.json": "{", ".alibabacloud/credentials": "[default]\ntype = access_key\naccess_key_id = x\naccess_key_secret = y\n"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			home(t, test.files)
			fake := newFakeKMS(t, good)
			client := newTestClient(t, fake, chain)
			for range 2 { // the second time from what was found
				if err := calls[actionImport](t, client); err != nil {
					t.Fatal(err)
				}
			}
			for i, query := range fake.queries() {
				if got := query.Get("AccessKeyId"); got != test.id {
					t.Errorf("signed by %s, want %s", got, test.id)
				}
				if got := fake.requests[i].Header.Get("X-Acs-Credentials-Provider"); got != test.provider {
					t.Errorf("provider is %q, want %q", got, test.provider)
				}
			}
		})
	}
}

// TestTemporaryKeysInAFileAreReadAgain has the aliyun command line sign in again while the console
// runs.
func TestTemporaryKeysInAFileAreReadAgain(t *testing.T) {
	if testing.Short() {
		t.Skip("waits for whole seconds to pass")
	}
	profile := func(id string, until time.Time) map[string]string {
		return cli(p("a", "CloudSSO", "access_key_id", id, "access_key_secret", "s", "sts_token", "t", "sts_expiration", until.Unix()))
	}
	until := time.Now().Add(2 * time.Second)
	home(t, profile("STS.old", until))
	fake := newFakeKMS(t, good)
	client := newTestClient(t, fake, chain)
	if err := calls[actionImport](t, client); err != nil {
		t.Fatal(err)
	}
	<-time.After(time.Until(until)) // sts_expiration has whole seconds
	if err := client.CheckCredentials(t.Context()); !errors.Is(err, ErrNoCredentials) || !strings.Contains(err.Error(), "have expired") {
		t.Errorf("error is %v, want one that says expired", err)
	}
	file := filepath.Join(os.Getenv("HOME"), ".aliyun/config.json")
	if err := os.WriteFile(file, []byte(profile("STS.new", time.Now().Add(time.Hour))[".aliyun/config.json"]), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := calls[actionImport](t, client); err != nil {
		t.Fatal(err)
	}
	if got := fake.queries()[1].Get("AccessKeyId"); got != "STS.new" {
		t.Errorf("signed by %s", got)
	}
}

// TestProcessThatHangs has a process_command that takes long: a check ends in its own time all the
// same.
func TestProcessThatHangs(t *testing.T) {
	home(t, cli(p("a", "External", "process_command", "sleep 6")))
	client := newTestClient(t, newFakeKMS(t, good), chain, within(200*time.Millisecond))
	began := time.Now()
	if err := client.CheckCredentials(t.Context()); !errors.Is(err, ErrNoCredentials) || !strings.Contains(err.Error(), "a process does not answer") {
		t.Errorf("error is %v", err)
	}
	if took := time.Since(began); took > 4*time.Second {
		t.Errorf("took %v", took)
	}
}

// TestSTSThatCannotBeReached has a chain of roles and no way to the token service.
func TestSTSThatCannotBeReached(t *testing.T) {
	output := runChild(t, "credentials", newFakeKMS(t, good), "HOME="+homeWith(t, cli(append(chained(2), key("c"))...)),
		"HTTPS_PROXY=http://127.0.0.1:1", "https_proxy=http://127.0.0.1:1", "NO_PROXY=", "no_proxy=")
	if !strings.Contains(output, "none: true, in time: true") ||
		!strings.Contains(output, "config.json (the token service was not reached: the proxy that HTTPS_PROXY names was not reached: connection refused)") {
		t.Error(output)
	}
}

// homeWith returns a home folder with these files.
func homeWith(t *testing.T, files map[string]string) string {
	t.Helper()
	home(t, files)
	return os.Getenv("HOME")
}

func TestVariablesThatAreUnusable(t *testing.T) {
	home(t, nil)
	for _, value := range []string{testSecret + "\n", " " + testSecret, testSecret + "\r\n", "\u200b" + testSecret, "密钥"} {
		t.Setenv("ALIBABA_CLOUD_ACCESS_KEY_ID", "id")
		t.Setenv("ALIBABA_CLOUD_ACCESS_KEY_SECRET", value)
		checkUnusable(t, "environment (its AccessKey id, secret or token holds a space, a line break")
	}
	t.Setenv("ALIBABA_CLOUD_ACCESS_KEY_ID", "")
	t.Setenv("ALIBABA_CLOUD_STS_REGION", "evil.example/")
	t.Setenv("ALIBABA_CLOUD_ROLE_ARN", "x")
	t.Setenv("ALIBABA_CLOUD_OIDC_PROVIDER_ARN", "x")
	t.Setenv("ALIBABA_CLOUD_OIDC_TOKEN_FILE", "/dev/null")
	checkUnusable(t, "OIDC (needs ALIBABA_CLOUD_STS_REGION, which is not a region")
	t.Setenv("ALIBABA_CLOUD_STS_REGION", "")
	checkUnusable(t, "OIDC (the token file cannot be read: it is not a regular file)")
}

// TestMetadataThatMakesNoSense has answers in place of the ECS metadata that the SDK would stumble
// over.
func TestMetadataThatMakesNoSense(t *testing.T) {
	for name, answer := range map[string]answer{
		"empty object": body(200, "{}"), "HTML": html(200), "error": html(500), "hung up": hangUp,
		"no Code":       body(200, `{"AccessKeyId":"a","AccessKeySecret":"s","SecurityToken":"t","Expiration":"2031-01-01T00:00:00Z"}`),
		"no Expiration": body(200, `{"AccessKeyId":"a","AccessKeySecret":"s","SecurityToken":"t","Code":"Success"}`),
		"deep":          body(200, strings.Repeat("[", 1<<20)),
	} {
		t.Run(name, func(t *testing.T) {
			output := runChild(t, "credentials", newFakeKMS(t, good), append(asMetadata(newFakeKMS(t, answer)), "HOME="+t.TempDir())...)
			if !strings.Contains(output, "none: true, in time: true") || !strings.Contains(output, "ECS metadata (") {
				t.Error(output)
			}
		})
	}
}

func FuzzINIFile(f *testing.F) {
	f.Add([]byte("[default]\ntype = access_key\naccess_key_id = x\naccess_key_secret = \"\"\"y\n"))
	f.Add([]byte("[default]\ntype = \\\n`access_key`\n[a.b]\n%(x)s = %(x)s"))
	f.Fuzz(func(t *testing.T, text []byte) {
		_, err := parseINIFile(text)
		var why unusable
		if err != nil && !errors.As(err, &why) {
			t.Errorf("error is %v, want an unusable one", err)
		}
	})
}

func FuzzCLIFile(f *testing.F) {
	f.Add([]byte(cli(append(chained(3), key("d"))...)[".aliyun/config.json"]))
	f.Add([]byte(`{"current":"a","profiles":[{"name":"a","mode":"ChainableRamRoleArn","ram_role_arn":"x","source_profile":"a"}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		file, err := parseCLIFile(text)
		if err == nil {
			_, err = file.provider(file.Current, "its current profile", nil)
		}
		var why unusable
		if err != nil && !errors.As(err, &why) {
			t.Errorf("error is %v, want an unusable one", err)
		}
	})
}
