package e2e

import (
	"bytes"
	"fmt"
	"net"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/playwright-community/playwright-go"

	"keyferry/components/text"
	"keyferry/server/localkms"
	"keyferry/wasm/custody"
	"keyferry/wasm/keywrap"
)

// fault waits for the error with this code, in the words that belong to it, and checks that the focus went there.
func (v *visit) fault(code string) {
	v.t.Helper()
	v.see(".notice.error code[data-fill=code]", code)
	v.see(".notice.error [data-fill=what]", v.words.Fault(code).What)
	v.see(".notice.error [data-fill=do]", v.words.Fault(code).Do)
	focused, err := v.page.Evaluate(`document.activeElement?.matches(".notice.error")`)
	v.do(err)
	if focused != true {
		v.t.Errorf("%s: the focus did not go to the error", code)
	}
	title, err := v.page.Title()
	v.do(err)
	if !strings.HasPrefix(title, text.Fill(v.words.Phrases.ErrorTitle, "title", "")) {
		v.t.Errorf("%s: the title of the page is %q", code, title)
	}
}

// posted is the bodies of the requests for an action, in order.
func (v *visit) posted(action string) [][]byte {
	v.mu.Lock()
	defer v.mu.Unlock()
	var bodies [][]byte
	for _, sent := range v.sent {
		if bytes.HasPrefix(sent, []byte("POST "+v.program.console+"/kms/"+action+"\n")) {
			bodies = append(bodies, sent[bytes.IndexByte(sent, '{'):])
		}
	}
	return bodies
}

// toStep4 goes on until the import only has to be sent.
func (v *visit) toStep4(key string) {
	v.t.Helper()
	v.chooseCMK(key)
	v.getParameters("RSAES_OAEP_SHA_256")
	v.generate()
}

func TestNamingTheCMK(t *testing.T) {
	p := start(t)
	v := p.open(t, look{}, "/")
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
			v.t = t
			v.chooseCMK(test.typed)
			if test.code != "" {
				v.fault(test.code)
				return
			}
			v.see("[data-step=cmk][data-state=done] [data-summary]", test.key+" · cn-hangzhou")
			v.do(v.page.Locator("[data-change=cmk]").Click())
		})
	}
	v.t = t
	if posts := len(v.posted("GetParametersForImport")); posts != 0 {
		t.Errorf("naming a CMK sent %d requests", posts)
	}
}

func TestCMKThatIsEnabledAlready(t *testing.T) {
	p := start(t)
	v := p.open(t, look{}, "/")
	v.chooseCMK(`{"KeyMetadata":{"KeyId":"key-hzz1","KeyState":"Enabled","Origin":"EXTERNAL"}}`)
	v.see("[data-notice=state]", text.Fill(v.words.Phrases.NotPending, "state", "Enabled"))
}

// The KMS's refusals stand where they happened, with its code and RequestId, and what was chosen stays.
func TestRefusalsOfTheKMS(t *testing.T) {
	p := start(t)
	requestID := regexp.MustCompile(`^[0-9A-F-]{36}$`)
	for _, test := range []struct {
		name, key, code string
		fault           *localkms.Fault
	}{
		{"unknown CMK", "key-hzz0000000000000000000", "Forbidden.KeyNotFound", nil},
		{"ordinary CMK", "key-hzzkeyferrylocal00004", "Unsupported.Origin", nil},
		{"throttled", seeded[0], "Rejected.Throttling", &localkms.Fault{Kind: localkms.FaultThrottle}},
		{"fault of the KMS", seeded[0], "InternalFailure", &localkms.Fault{Kind: localkms.FaultError}},
		{"no permission", seeded[0], "Forbidden.NoPermission", &localkms.Fault{Kind: localkms.FaultError, Status: 403, Code: "Forbidden.NoPermission"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			p.clearFaults(t)
			if test.fault != nil {
				p.fault(t, *test.fault)
			}
			v := p.open(t, look{language: "zh-CN"}, "/")
			v.expect("the server responded with a status of")
			v.chooseCMK(test.key)
			v.do(v.page.Locator("#algorithm-RSAES_OAEP_SHA_1").Check())
			v.press(v.words.Params.Get)
			v.fault(test.code)
			if id := v.text(".notice.error [data-fill=request-id]"); !requestID.MatchString(id) {
				t.Errorf("the error shows %q for the KMS's RequestId", id)
			}
			if checked, _ := v.page.Locator("#algorithm-RSAES_OAEP_SHA_1").IsChecked(); !checked {
				t.Error("the choice of algorithm is gone")
			}
			v.mustBeAccessible("refused")
			p.clearFaults(t)
			if test.fault != nil { // what was refused works once the cause is gone
				v.press(v.words.Params.Get)
				v.see("[data-step=params] h3", v.words.Params.Got)
			}
		})
	}
}

// A failed import keeps the wrapped bytes, and trying again sends the same ones.
func TestTryingAgainSendsTheSameBytes(t *testing.T) {
	p := start(t)
	for i, fault := range []localkms.Fault{
		{Kind: localkms.FaultThrottle, Action: "ImportKeyMaterial"},
		{Kind: localkms.FaultHTML, Action: "ImportKeyMaterial"},
		{Kind: localkms.FaultCutBefore, Action: "ImportKeyMaterial"},
		{Kind: localkms.FaultCutAfter, Action: "ImportKeyMaterial"},
	} {
		t.Run(string(fault.Kind), func(t *testing.T) {
			p.ask(t, "POST", "/reset", nil, nil)
			p.clearFaults(t)
			key := seeded[i%len(seeded)]
			v := p.open(t, look{}, "/")
			v.expect("the server responded with a status of")
			v.toStep4(key)
			p.fault(t, fault)
			v.send(key)
			if fault.Kind == localkms.FaultThrottle {
				v.fault("Rejected.Throttling")
			} else {
				v.fault("Console.KMSOutcomeUnknown")
			}
			taken := fault.Kind == localkms.FaultCutAfter
			if got := p.material(t, key); (got != nil) != taken {
				t.Errorf("the KMS has %d bytes of material", len(got))
			}
			p.clearFaults(t)
			v.press(v.words.Import.TryAgain)
			v.imported(key)
			bodies := v.posted("ImportKeyMaterial")
			if len(bodies) != 2 || !bytes.Equal(bodies[0], bodies[1]) {
				t.Errorf("%d imports were sent, and they are not the same two", len(bodies))
			}
			if got := p.state(t, key); got != "Enabled" {
				t.Errorf("the CMK is %s, want Enabled", got)
			}
			v.mustNotHaveLeaked(key)
		})
	}
}

// After 24 hours the KMS no longer takes the token. The page says so and what to do: parameters anew, and the material from
// the backup. Nothing has changed at the KMS until then.
func TestTokenExpires(t *testing.T) {
	p := start(t)
	key := seeded[0]
	v := p.open(t, look{}, "/")
	v.expect("the server responded with a status of 400")
	v.toStep3(key)
	passphrase := v.offeredPassphrase()
	v.press(v.words.Material.Prepare)
	backup := v.saveBackup()
	v.proveBackup(backup, passphrase)
	kcv := v.text("[data-form=send] [data-fill=kcv]")
	p.advance(t, 25*time.Hour)
	v.send(key)
	v.fault("ExpiredImportToken")
	if got := p.state(t, key); got != "PendingImport" {
		t.Errorf("a refused import left the CMK %s", got)
	}
	p.ask(t, "PUT", "/clock", map[string]bool{"reset": true}, nil)
	v.do(v.page.Locator("[data-change=params]").Click())
	v.getParameters("RSAES_OAEP_SHA_256")
	v.fromBackup(backup, passphrase)
	v.send(key)
	v.imported(key)
	material := keywrap.Material(p.material(t, key))
	if want := custody.CheckValue(&material).String(); strings.Join(strings.Fields(kcv), "") != want {
		t.Errorf("the KCV was %s, and that of what arrived is %s", kcv, want)
	}
}

// The page counts the token's life itself, and sends nothing once it is over.
func TestCountdown(t *testing.T) {
	p := start(t)
	key := seeded[0]
	v := p.open(t, look{}, "/")
	v.do(v.page.Clock().Install())
	v.do(v.page.Reload())
	v.toStep4(key)
	v.see("[data-step=params] [data-summary]", "valid for 23 h 59 min")
	v.do(v.page.Clock().FastForward("23:30:00"))
	v.see("[data-step=params] [data-summary]", "valid for 29 min")
	v.do(v.page.Clock().FastForward("31:00"))
	v.see("[data-step=params] [data-summary]", v.words.Phrases.TokenExpired)
	v.send(key)
	v.fault("token_expired")
	if n := len(v.posted("ImportKeyMaterial")); n != 0 {
		t.Errorf("%d imports were sent with a token that is over", n)
	}
}

// What takes long shows how long, and can be cancelled.
func TestSlowKMSCanBeCancelled(t *testing.T) {
	p := start(t)
	v := p.open(t, look{}, "/")
	v.expect("failed request")
	p.fault(t, localkms.Fault{Kind: localkms.FaultDelay, Delay: localkms.Duration(8 * time.Second)})
	v.chooseCMK(seeded[0])
	v.press(v.words.Params.Get)
	v.see("[data-form=params] [data-waiting]", "1.")
	v.press(v.words.Import.Cancel)
	v.fault("cancelled")
	p.clearFaults(t)
	v.press(v.words.Params.Get)
	v.see("[data-step=params] h3", v.words.Params.Got)
}

// The console going away loses nothing of what was done on the page.
func TestConsoleGone(t *testing.T) {
	p := start(t)
	key := seeded[0]
	v := p.open(t, look{}, "/")
	v.expect("failed request|Failed to load resource")
	v.toStep4(key)
	p.stop(t)
	v.send(key)
	v.fault("import_outcome_unknown")
	if got := v.text("[data-act=import]"); got != v.words.Import.TryAgain {
		t.Errorf("the button reads %q", got)
	}
}

// In front of a KMS that nobody answers for, the page says that nothing was taken, and the console says so in its log.
func TestKMSDown(t *testing.T) {
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	t.Setenv("ALIBABA_CLOUD_ACCESS_KEY_ID", "an-id")
	t.Setenv("ALIBABA_CLOUD_ACCESS_KEY_SECRET", "a-secret-of-some-length")
	p := startWith(t, "--kms=alibaba", "--region=cn-shanghai", "--endpoint="+closed.Addr().String())
	for _, language := range text.Languages {
		v := p.open(t, look{language: language.Tag}, "/")
		v.expect("the server responded with a status of 502")
		v.see(".destination", "cn-shanghai")
		v.chooseCMK("key-hzz1")
		v.press(v.words.Params.Get)
		v.fault("Console.KMSUnreachable")
		v.mustBeAccessible("KMS down")
	}
	if log := string(p.log.Bytes()); strings.Contains(log, "a-secret-of-some-length") || !strings.Contains(log, "Console.KMSUnreachable") {
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
	p := startWith(t, "--kms=alibaba")
	v := p.open(t, look{}, "/")
	v.expect("the server responded with a status of 503")
	v.chooseCMK("key-hzz1")
	v.press(v.words.Params.Get)
	v.fault("Console.NoCredentials")
	if log := string(p.log.Bytes()); !strings.Contains(log, "ALIBABA_CLOUD_ACCESS_KEY_ID") || !strings.Contains(log, "config.json") {
		t.Errorf("the log does not say where it looked:\n%s", log)
	}
}

// A wrapping key other than the token's is refused by the KMS, and nothing changes there.
func TestSwappedWrappingKey(t *testing.T) {
	p := start(t)
	key := seeded[0]
	p.fault(t, localkms.Fault{Kind: localkms.FaultSwappedKey})
	v := p.open(t, look{}, "/")
	v.expect("the server responded with a status of 400")
	v.toStep4(key)
	v.send(key)
	v.fault("InvalidKeyMaterial")
	if got := p.state(t, key); got != "PendingImport" || p.material(t, key) != nil {
		t.Errorf("a refused import left the CMK %s", got)
	}
}

// alter changes what the page receives for an address, as a proxy in between could.
func (v *visit) alter(pattern string, change func([]byte) []byte) {
	v.t.Helper()
	v.do(v.page.Route(pattern, func(route playwright.Route) {
		response, err := route.Fetch()
		if err != nil {
			v.trouble("fetching for an altered answer: " + err.Error())
			return
		}
		body, err := response.Body()
		if err != nil {
			v.trouble("reading for an altered answer: " + err.Error())
			return
		}
		headers := response.Headers()
		delete(headers, "content-encoding")
		delete(headers, "content-length")
		route.Fulfill(playwright.RouteFulfillOptions{
			Status: playwright.Int(response.Status()), Headers: headers, Body: change(body),
		})
	}))
}

// The module that somebody changed on the way is not run.
func TestAlteredModuleIsRefused(t *testing.T) {
	p := start(t)
	v := p.open(t, look{}, "/")
	v.expect("integrity|failed request|Failed to fetch")
	v.alter("**/keyferry.wasm", func(body []byte) []byte { return append(slices.Clone(body), 0) })
	v.chooseCMK(seeded[0])
	v.press(v.words.Params.Get)
	v.fault("module_integrity")
}

// A wrapping key that is none is refused at step 2, before any key material exists.
func TestAlteredWrappingKeyIsRefused(t *testing.T) {
	p := start(t)
	for code, change := range map[string]func(string) string{
		"wrapping_key_not_base64":     func(string) string { return "***" },
		"wrapping_key_trailing_bytes": func(key string) string { return key + "AAAA" },
		"wrapping_key_ec": func(string) string {
			return "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEaxfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpZP40Li/hp/m47n60p8D54WK84zV2sxXs7LtkBoN79R9Q=="
		},
		"console_bad_answer": func(string) string { return "" },
	} {
		t.Run(code, func(t *testing.T) {
			v := p.open(t, look{}, "/")
			publicKey := regexp.MustCompile(`"PublicKey":"([^"]*)"`)
			v.alter("**/kms/GetParametersForImport", func(body []byte) []byte {
				return publicKey.ReplaceAllFunc(body, func(field []byte) []byte {
					key := string(publicKey.FindSubmatch(field)[1])
					return fmt.Appendf(nil, `"PublicKey":"%s"`, change(key))
				})
			})
			v.chooseCMK(seeded[0])
			v.press(v.words.Params.Get)
			v.fault(code)
			if visible, _ := v.page.Locator("[data-part=parameters]").IsVisible(); visible {
				t.Error("the page offers to go on")
			}
		})
	}
}
