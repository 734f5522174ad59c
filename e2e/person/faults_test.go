package person

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/playwright-community/playwright-go"

	"keyferry/components/text"
	"keyferry/e2e/browser"
	"keyferry/e2e/program"
	"keyferry/e2e/proof"
	"keyferry/server/localkms"
	"keyferry/wasm/custody"
	"keyferry/wasm/keywrap"
)

func TestNamingTheCMK(t *testing.T) {
	p := program.Start(t)
	v := browser.Open(p, t, browser.Look{}, "/")
	metadata := func(fields string) string {
		return `{"KeyMetadata":{` + fields + `},"RequestId":"4C467B38-3910-447D-87BC-AC049166F216"}`
	}
	for _, test := range []struct {
		name, typed string
		key, code   string // what comes of it
	}{
		{"nothing", "", "", "key_reference_empty"},
		{"blanks", "   ", "", "key_reference_empty"},
		{"id", "key-hzz1", "key-hzz1", ""},
		{"id with blanks round it", "  key-hzz1\t", "key-hzz1", ""},
		{"UUID", "7906979c-8e06-46a2-be2d-68e3ccbc5da1", "7906979c-8e06-46a2-be2d-68e3ccbc5da1", ""},
		{"ARN", "acs:kms:cn-hangzhou:1234567890123456:key/key-hzz1", "key-hzz1", ""},
		{"ARN of another region", "acs:kms:cn-shanghai:1234567890123456:key/key-hzz1", "", "key_reference_region"},
		{"ARN of something else", "acs:oss:cn-hangzhou:1:bucket/b", "", "key_reference_unreadable"},
		{"alias", "alias/orders", "", "key_reference_alias"},
		{"ARN of an alias", "acs:kms:cn-hangzhou:1234567890123456:alias/orders", "", "key_reference_alias"},
		{"a plain key in hexadecimal", strings.Repeat("0f", 32), "", "key_reference_unreadable"},
		{"markup", `"><img src=x onerror=alert(1)>`, "", "key_reference_unreadable"},
		{"right-to-left mark", "key-\u202ehzz1", "", "key_reference_unreadable"},
		{"answer of CreateKey", metadata(`"KeyId":"key-hzz2","Origin":"EXTERNAL","KeyState":"PendingImport","KeySpec":"Aliyun_AES_256",` +
			`"Arn":"acs:kms:cn-hangzhou:1234567890123456:key/key-hzz2"`), "key-hzz2", ""},
		{"answer over several lines", "{\n  \"KeyMetadata\": {\n    \"KeyId\": \"key-hzz3\"\n  }\n}", "key-hzz3", ""},
		{"answer about an ordinary CMK", metadata(`"KeyId":"key-hzz4","Origin":"Aliyun_KMS"`), "", "key_reference_origin"},
		{"answer about a CMK of 16 bytes", metadata(`"KeyId":"key-hzz4","Origin":"EXTERNAL","KeySpec":"Aliyun_SM4"`), "", "key_reference_spec"},
		{"answer about a CMK that is going", metadata(`"KeyId":"key-hzz4","KeyState":"PendingDeletion"`), "", "key_reference_pending_deletion"},
		{"answer of another region", metadata(`"KeyId":"key-hzz4","Arn":"acs:kms:cn-beijing:1:key/key-hzz4"`), "", "key_reference_region"},
		{"answer of another call", `{"Keys":{"Key":[]}}`, "", "key_reference_no_key"},
		{"half an answer", `{"KeyMetadata":{"KeyId":`, "", "key_reference_unreadable"},
	} {
		t.Run(test.name, func(t *testing.T) {
			v.T = t
			v.ChooseCMK(test.typed)
			if test.code != "" {
				v.Fault(test.code)
				return
			}
			v.See("[data-step=cmk][data-state=done] [data-summary]", test.key+" · cn-hangzhou")
			v.Do(v.Page.Locator("[data-change=cmk]").Click())
		})
	}
	v.T = t
	if posts := len(v.Posted("GetParametersForImport")); posts != 0 {
		t.Errorf("naming a CMK sent %d requests", posts)
	}
}

func TestCMKThatIsEnabledAlready(t *testing.T) {
	p := program.Start(t)
	v := browser.Open(p, t, browser.Look{}, "/")
	v.ChooseCMK(`{"KeyMetadata":{"KeyId":"key-hzz1","KeyState":"Enabled","Origin":"EXTERNAL"}}`)
	v.See("[data-notice=state]", text.Fill(v.Words.Phrases.NotPending, "state", "Enabled"))
}

// The KMS's refusals are shown where they happened, with its code and RequestId, and what was
// chosen stays.
func TestRefusalsOfTheKMS(t *testing.T) {
	p := program.Start(t)
	v := browser.Open(p, t, browser.Look{Language: "zh-CN"}, "/")
	v.Expect("the server responded with a status of")
	requestID := regexp.MustCompile(`^[0-9A-F-]{36}$`)
	for _, test := range []struct {
		name, key, code string
		fault           *localkms.Fault
	}{
		{"unknown CMK", "key-hzz0000000000000000000", "Forbidden.KeyNotFound", nil},
		{"ordinary CMK", "key-hzzkeyferrylocal00004", "Unsupported.Origin", nil},
		{"throttled", program.Seeded[0], "Rejected.Throttling", &localkms.Fault{Kind: localkms.FaultThrottle}},
		{"fault of the KMS", program.Seeded[0], "InternalFailure", &localkms.Fault{Kind: localkms.FaultError}},
		{"no permission", program.Seeded[0], "Forbidden.NoPermission", &localkms.Fault{Kind: localkms.FaultError, Status: 403, Code: "Forbidden.NoPermission"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			p.ClearFaults(t)
			if test.fault != nil {
				p.Fault(t, *test.fault)
			}
			v.T = t
			v.Do(v.Page.Goto(p.Console + "/"))
			v.ChooseCMK(test.key)
			v.Do(v.Page.Locator("#algorithm-RSAES_OAEP_SHA_1").Check())
			v.Press(v.Words.Params.Get)
			v.Fault(test.code)
			if id := v.Text(".notice.error [data-fill=request-id]"); !requestID.MatchString(id) {
				t.Errorf("the error shows %q for the KMS's RequestId", id)
			}
			if checked, _ := v.Page.Locator("#algorithm-RSAES_OAEP_SHA_1").IsChecked(); !checked {
				t.Error("the choice of algorithm is gone")
			}
			if test.fault == nil { // the same notice as with a fault
				v.MustBeAccessible("refused")
			}
			p.ClearFaults(t)
			if test.fault != nil { // what was refused works once the cause is gone
				v.Press(v.Words.Help.Again)
				v.See("[data-step=params] h3", v.Words.Params.Got)
			}
		})
	}
	v.T = t
}

// A failed import keeps the wrapped bytes, and trying again sends the same ones.
func TestTryingAgainSendsTheSameBytes(t *testing.T) {
	p := program.Start(t)
	for i, fault := range []localkms.Fault{
		{Kind: localkms.FaultThrottle, Action: "ImportKeyMaterial"},
		{Kind: localkms.FaultHTML, Action: "ImportKeyMaterial"},
		{Kind: localkms.FaultCutBefore, Action: "ImportKeyMaterial"},
		{Kind: localkms.FaultCutAfter, Action: "ImportKeyMaterial"},
	} {
		if i != 0 && fault.Kind != localkms.FaultCutAfter && !*proof.Full {
			continue // e2e/proof/faults has them too
		}
		t.Run(string(fault.Kind), func(t *testing.T) {
			p.Ask(t, "POST", "/reset", nil, nil)
			p.ClearFaults(t)
			key := program.Seeded[i%len(program.Seeded)]
			v := browser.Open(p, t, browser.Look{}, "/")
			v.Expect("the server responded with a status of")
			v.ToStep4(key)
			p.Fault(t, fault)
			v.Send(key)
			if fault.Kind == localkms.FaultThrottle {
				v.Fault("Rejected.Throttling")
				mustOffer(v, "again")
			} else {
				v.Fault("Console.KMSOutcomeUnknown")
			}
			taken := fault.Kind == localkms.FaultCutAfter
			if got := p.Material(t, key); (got != nil) != taken {
				t.Errorf("the KMS has %d bytes of material", len(got))
			}
			p.ClearFaults(t)
			v.Press(v.Words.Import.TryAgain)
			v.Imported(key)
			bodies := v.Posted("ImportKeyMaterial")
			if len(bodies) != 2 || !bytes.Equal(bodies[0], bodies[1]) {
				t.Errorf("%d imports were sent, and they are not the same two", len(bodies))
			}
			if got := p.State(t, key); got != "Enabled" {
				t.Errorf("the CMK is %s, want Enabled", got)
			}
			v.MustNotHaveLeaked(key)
			v.Do(v.Page.Locator("[data-link=receipt]").WaitFor())
			v.MustHaveOnePrimary()
		})
	}
}

// After 24 hours the KMS no longer takes the token. The page says so and what to do: parameters
// anew, and the material from the backup. Nothing has changed at the KMS until then.
func TestTokenExpires(t *testing.T) {
	p := program.Start(t)
	key := program.Seeded[0]
	v := browser.Open(p, t, browser.Look{}, "/")
	v.Expect("the server responded with a status of 400")
	v.ToStep3(key)
	backup, identity := v.GenerateForRecipient()
	kcv := v.Text("[data-form=send] [data-fill=kcv]")
	p.Advance(t, 25*time.Hour)
	v.Send(key)
	v.Fault("ExpiredImportToken")
	mustOffer(v, "parameters")
	if got := p.State(t, key); got != "PendingImport" {
		t.Errorf("a refused import left the CMK %s", got)
	}
	p.Ask(t, "PUT", "/clock", map[string]bool{"reset": true}, nil)
	v.Press(v.Words.Help.Parameters)
	v.See("[data-step=material][data-state=open] h2", "")
	v.FromBackup(backup, identity)
	v.Send(key)
	v.Imported(key)
	material := keywrap.Material(p.Material(t, key))
	if want := custody.CheckValue(&material).String(); strings.Join(strings.Fields(kcv), "") != want {
		t.Errorf("the KCV was %s, and that of what arrived is %s", kcv, want)
	}
}

// The page counts the token's life itself, and sends nothing once it is over.
func TestCountdown(t *testing.T) {
	p := program.Start(t)
	key := program.Seeded[0]
	v := browser.Open(p, t, browser.Look{}, "/")
	v.Do(v.Page.Clock().Install())
	v.Do(v.Page.Reload())
	v.ToStep4(key)
	v.See("[data-step=params] [data-summary]", "valid for 23 h 59 min")
	v.Do(v.Page.Clock().FastForward("23:30:00"))
	v.See("[data-step=params] [data-summary]", "valid for 29 min")
	v.Do(v.Page.Clock().FastForward("31:00"))
	v.See("[data-step=params] [data-summary]", v.Words.Phrases.TokenExpired)
	v.Send(key)
	v.Fault("token_expired")
	if n := len(v.Posted("ImportKeyMaterial")); n != 0 {
		t.Errorf("%d imports were sent with a token that is over", n)
	}
}

// What takes long shows how long, and can be cancelled.
func TestSlowKMSCanBeCancelled(t *testing.T) {
	p := program.Start(t)
	v := browser.Open(p, t, browser.Look{}, "/")
	v.Expect("failed request")
	p.Fault(t, localkms.Fault{Kind: localkms.FaultDelay, Delay: localkms.Duration(8 * time.Second)})
	v.ChooseCMK(program.Seeded[0])
	v.Press(v.Words.Params.Get)
	v.See("[data-form=params] [data-waiting]", "1.")
	v.Press(v.Words.Import.Cancel)
	v.Fault("cancelled")
	p.ClearFaults(t)
	v.Press(v.Words.Params.Get)
	v.See("[data-step=params] h3", v.Words.Params.Got)
}

// The console going away loses nothing of what was done on the page.
func TestConsoleGone(t *testing.T) {
	p := program.Start(t)
	key := program.Seeded[0]
	v := browser.Open(p, t, browser.Look{}, "/")
	v.Expect("failed request|Failed to load resource")
	v.ToStep4(key)
	p.Stop(t)
	v.Send(key)
	v.Fault("import_outcome_unknown")
	v.See("[data-help=again]", v.Words.Import.TryAgain)
}

// In front of a KMS that nobody answers for, the page says that nothing was taken, and the console
// says so in its log.
func TestKMSDown(t *testing.T) {
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	t.Setenv("ALIBABA_CLOUD_ACCESS_KEY_ID", "an-id")
	t.Setenv("ALIBABA_CLOUD_ACCESS_KEY_SECRET", "a-secret-of-some-length")
	p := program.StartWith(t, "--kms=alibaba", "--allow-unauthenticated", "--region=cn-shanghai", "--endpoint="+closed.Addr().String())
	for _, language := range text.Languages {
		v := browser.Open(p, t, browser.Look{Language: language.Tag}, "/")
		v.Expect("the server responded with a status of 502")
		v.See(".destination", "cn-shanghai")
		v.ChooseCMK("key-hzz1")
		v.Press(v.Words.Params.Get)
		v.Fault("Console.KMSUnreachable")
		v.MustBeAccessible("KMS down")
	}
	if log := string(p.Log.Bytes()); strings.Contains(log, "a-secret-of-some-length") || !strings.Contains(log, "Console.KMSUnreachable") {
		t.Errorf("the log is\n%s", log)
	}
}

// A console without credentials says whom to ask, and its log says where it looked.
func TestNoCredentials(t *testing.T) {
	t.Setenv("HOME", t.TempDir())
	t.Setenv("ALIBABA_CLOUD_ECS_METADATA_DISABLED", "true")
	for _, name := range []string{"ALIBABA_CLOUD_ACCESS_KEY_ID", "ALIBABA_CLOUD_ACCESS_KEY_SECRET", "ALIBABA_CLOUD_CREDENTIALS_URI"} {
		t.Setenv(name, "")
	}
	p := program.StartWith(t, "--kms=alibaba", "--allow-unauthenticated")
	v := browser.Open(p, t, browser.Look{}, "/")
	v.Expect("the server responded with a status of 503")
	v.ChooseCMK("key-hzz1")
	v.Press(v.Words.Params.Get)
	v.Fault("Console.NoCredentials")
	if log := string(p.Log.Bytes()); !strings.Contains(log, "ALIBABA_CLOUD_ACCESS_KEY_ID") || !strings.Contains(log, "config.json") {
		t.Errorf("the log does not say where it looked:\n%s", log)
	}
}

// A wrapping key other than the token's is refused by the KMS, and nothing changes there.
func TestSwappedWrappingKey(t *testing.T) {
	p := program.Start(t)
	key := program.Seeded[0]
	p.Fault(t, localkms.Fault{Kind: localkms.FaultSwappedKey})
	v := browser.Open(p, t, browser.Look{}, "/")
	v.Expect("the server responded with a status of 400")
	v.ToStep4(key)
	v.Send(key)
	v.Fault("InvalidKeyMaterial")
	if got := p.State(t, key); got != "PendingImport" || p.Material(t, key) != nil {
		t.Errorf("a refused import left the CMK %s", got)
	}
}

// The module that somebody changed on the way is not run.
func TestAlteredModuleIsRefused(t *testing.T) {
	p := program.Start(t)
	v := browser.Open(p, t, browser.Look{}, "/")
	v.Expect("integrity|failed request|Failed to fetch")
	module, err := os.ReadFile(program.Source("web/static/wasm/keyferry.wasm"))
	v.Do(err)
	v.Do(v.Page.Route("**/keyferry.wasm", func(route playwright.Route) {
		route.Fulfill(playwright.RouteFulfillOptions{ContentType: playwright.String("application/wasm"), Body: module[:1<<16]})
	}))
	v.ChooseCMK(program.Seeded[0])
	v.Press(v.Words.Params.Get)
	v.Fault("module_integrity")
}

// A wrapping key that is none is refused at step 2, before any key material exists.
func TestAlteredWrappingKeyIsRefused(t *testing.T) {
	v := browser.Open(program.Start(t), t, browser.Look{}, "/")
	publicKey := regexp.MustCompile(`"PublicKey":"([^"]*)"`)
	var change func(string) string
	v.Alter("**/kms/GetParametersForImport", func(body []byte) []byte {
		return publicKey.ReplaceAllFunc(body, func(field []byte) []byte {
			key := string(publicKey.FindSubmatch(field)[1])
			return fmt.Appendf(nil, `"PublicKey":"%s"`, change(key))
		})
	})
	v.ChooseCMK(program.Seeded[0])
	for code, changed := range map[string]func(string) string{
		"wrapping_key_not_base64":     func(string) string { return "***" },
		"wrapping_key_trailing_bytes": func(key string) string { return key + "AAAA" },
		"wrapping_key_ec": func(string) string {
			return "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEaxfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpZP40Li/hp/m47n60p8D54WK84zV2sxXs7LtkBoN79R9Q=="
		},
		"console_bad_answer": func(string) string { return "" },
	} {
		t.Run(code, func(t *testing.T) {
			v.T, change = t, changed
			v.Press(v.Words.Params.Get)
			v.Fault(code)
			if visible, _ := v.Page.Locator("[data-part=parameters]").IsVisible(); visible {
				t.Error("the page offers to go on")
			}
		})
	}
	v.T = t
}
