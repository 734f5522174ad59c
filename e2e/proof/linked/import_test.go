package linked

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/http"
	"strings"
	"testing"

	"github.com/playwright-community/playwright-go"

	"keyferry/components/text"
	"keyferry/e2e/browser"
	"keyferry/e2e/program"
	"keyferry/e2e/proof"
	"keyferry/server/localkms"
	"keyferry/wasm/keywrap"
)

// second is something that a dishonest console does once it has the import file.
type second struct {
	name   string
	link   func(*scene, program.ImportFile) string
	set    func(*scene)
	caught string
	check  string // as those of an attack
	only   reach
}

func goodSecond(s *scene, made program.ImportFile) string {
	return program.ImportLink(s.T, s.origin(), made)
}

// otherField gives a link for another value in a field.
func otherField(change func(*scene, *program.ImportFile)) func(*scene, program.ImportFile) string {
	return func(s *scene, made program.ImportFile) string {
		change(s, &made)
		return program.ImportLink(s.T, s.origin(), made)
	}
}

// otherCall gives a link for a call with the file's own fields, and others besides or in their place.
func otherCall(action string, others map[string]string) func(*scene, program.ImportFile) string {
	return func(s *scene, made program.ImportFile) string {
		all := map[string]string{
			"KeyId": made.KeyId, "EncryptedKeyMaterial": made.EncryptedKeyMaterial, "ImportToken": made.ImportToken, "KeyMaterialExpireUnix": "0",
		}
		maps.Copy(all, others)
		return s.signed("POST", action, all)
	}
}

// parametersOf are fresh import parameters of the scene's CMK, as the operator gets them.
func (s *scene) parametersOf() (der []byte, token string) {
	s.T.Helper()
	publicKey, tokenFile := s.kms.HandOut(s.T, s.key, algorithm)
	return program.ReadFile(s.T, publicKey), string(program.ReadFile(s.T, tokenFile))
}

// instead makes a key of the operator's own ready for import.
func (s *scene) instead(made *program.ImportFile) keywrap.Material {
	s.T.Helper()
	own := program.Fresh(s.T)
	der, token := s.parametersOf()
	made.EncryptedKeyMaterial, made.ImportToken = wrapFor(s.T, der, algorithm, own), token
	return own
}

var seconds = []second{
	{name: "link for a key of the operator's", link: otherField(func(s *scene, made *program.ImportFile) { s.instead(made) }), caught: "link_other_material", check: "material"},
	{name: "link for another token", link: otherField(func(s *scene, made *program.ImportFile) { _, made.ImportToken = s.parametersOf() }), caught: "link_other_material", check: "material"},
	{name: "link for another expiry", link: otherField(func(_ *scene, made *program.ImportFile) { made.KeyMaterialExpireUnix = 4102444800 }), caught: "link_other_material", check: "expiry"},
	{name: "link for another CMK", link: otherField(func(_ *scene, made *program.ImportFile) { made.KeyId = program.Seeded[1] }), caught: "link_other_cmk", check: "cmk"},
	{name: "link that names another region", link: otherCall("ImportKeyMaterial", map[string]string{"RegionId": "cn-shanghai"}), caught: "link_other_region", check: "region"},
	{name: "link for a call that always succeeds", link: otherCall("DescribeKey", nil), caught: "link_other_action", check: "action"},
	{name: "link with two ciphertexts", link: func(s *scene, made program.ImportFile) string {
		return goodSecond(s, made) + "&EncryptedKeyMaterial=" + escape(made.EncryptedKeyMaterial)
	}, caught: "link_parameter_twice", check: "twice"},
	{name: "link with a parameter of its own", link: func(s *scene, made program.ImportFile) string {
		return goodSecond(s, made) + "&Callback=https%3A%2F%2Fkeys.example"
	}, caught: "link_parameter_unknown", check: "known"},
	{name: "link to a server that says it worked", link: func(s *scene, made program.ImportFile) string {
		return strings.Replace(goodSecond(s, made), s.host(), "kms.cn-hangzhou.aliyuncs.com.keys.example", 1)
	}, caught: "link_other_host", check: "host"},
	{name: "link without encryption", link: func(s *scene, made program.ImportFile) string {
		return strings.Replace(goodSecond(s, made), "https:", "http:", 1)
	}, caught: "link_plain_http", check: "host", only: overTLS},
	{name: "link that was used", link: func(s *scene, made program.ImportFile) string {
		link := goodSecond(s, made)
		s.kms.Fault(s.T, localkms.Fault{Kind: localkms.FaultError, Action: "ImportKeyMaterial"}) // seen, and nothing imported
		defer s.kms.ClearFaults(s.T)
		if status, body := follow(s.kms.Local, link); status != http.StatusInternalServerError {
			s.T.Fatalf("using the link: %d %s", status, body)
		}
		return link
	}, caught: "link_used"},
	{name: "link that is too old", link: otherCall("ImportKeyMaterial", map[string]string{"Timestamp": tooOld()}), caught: "link_too_old"},
	{name: "link signed in another account", link: otherCall("ImportKeyMaterial", map[string]string{"AccessKeyId": "LTAI-of-the-operator"}), caught: refused, check: "refusal"},
	{name: "a proxy that says it worked, with a certificate nobody trusts", link: goodSecond, set: func(s *scene) {
		world.divert(claimed(s))
	}, caught: "link_import_unknown", only: overTLS},
	{name: "an answer that leads to another path, which says it worked", link: goodSecond, set: func(s *scene) {
		world.lead(leadElsewhere(s))
	}, caught: "link_import_withheld", check: "redirect"},
	{name: "a page in the KMS's place", link: goodSecond, set: func(*scene) {
		world.lead(answering("<html>Sign in to the network</html>"))
	}, caught: "link_bad_answer", check: "shape"},
	{name: "an answer without a RequestId", link: goodSecond, set: func(*scene) {
		world.lead(answering(`{"Imported": true}`))
	}, caught: "link_import_unknown", check: "request-id"},
	{name: "the operator's own key imported before or instead, and success claimed", link: func(s *scene, made program.ImportFile) string {
		bad := made
		own := s.instead(&bad)
		s.kms.ImportFiles(s.T, s.key, s.filesOf(bad))
		s.kms.MustHave(s.T, s.key, own)
		return goodSecond(s, made)
	}, caught: "link_other_key", check: "refusal"},
}

// filesOf writes an import as the two files of the vendor's console.
func (s *scene) filesOf(made program.ImportFile) string {
	s.T.Helper()
	folder := s.T.TempDir()
	program.WriteFile(s.T, folder+"/EncryptedKeyMaterial_base64.txt", []byte(made.EncryptedKeyMaterial))
	program.WriteFile(s.T, folder+"/ImportToken.txt", []byte(made.ImportToken))
	return folder
}

func (a second) in(how reach) bool { return a.only == reach{} || a.only == how }

// try gives the second link, and returns the code of the error; empty where the page says that the
// KMS accepted.
func (a second) try(s *scene, made program.ImportFile) string {
	s.T.Helper()
	world.reset(s.kms.Local, s.operator.ServeHTTP)
	if a.set != nil {
		a.set(s)
	}
	return s.giveSecond(a.link(s, made))
}

// toSecond goes on with an honest link until the page waits for the second one.
func (s *scene) toSecond() (saved string) {
	s.T.Helper()
	if code := s.giveLink(s.good()); code != "" {
		s.T.Fatalf("an honest link is refused: %s", code)
	}
	return s.makeFile()
}

// mustCatchSeconds tries every attack on the import itself. Each is caught, and the page never says
// that the KMS accepted. The last one has imported a key of the operator's own, and the KMS itself
// tells.
func mustCatchSeconds(t *testing.T, s *scene, where string) {
	about := proof.Findings.About("Second links and claims that lie to a connected desk, "+where, "what", "caught by")
	saved := s.toSecond()
	handed, made := program.ReadFile(t, saved), program.ReadImportFile(t, saved)
	for _, a := range seconds {
		if !a.in(s.reach) {
			continue
		}
		t.Run(a.name, func(t *testing.T) {
			s.T = t
			if code := a.try(s, made); code != a.caught {
				t.Fatalf("caught by %q, want %s", code, a.caught)
			}
			s.mustSay(a.caught)
			s.mustHaveNothing(handed)
			proof.Findings.Add(about, a.name, a.caught)
		})
	}
	s.T = t
}

// TestProofLinkedImport has Chromium refuse every attack on the import itself.
func TestProofLinkedImport(t *testing.T) {
	kms := program.Start(t)
	for _, how := range []reach{overTLS, overLoopback} {
		t.Run(how.name, func(t *testing.T) {
			if how == overLoopback {
				mustBeLong(t)
			}
			s := newScene(t, kms, how, how.desk(t))
			mustCatchSeconds(t, s, "Chromium over "+how.name)
		})
	}
}

// A console that answers in the KMS's place, with a wrapping key of its own, gets the key of a person
// who takes that answer instead of a link: the page cannot know. It says so, and so do the import
// file and the receipt: nobody takes them for what came by link. The operator's key in hand also
// shows that the search for it finds one.
func TestProofLinkedRelay(t *testing.T) {
	mustBeLong(t)
	kms := program.Start(t)
	s := newScene(t, kms, overTLS, overTLS.desk(t))
	answer, err := json.Marshal(s.operator.answer(s.key))
	s.Do(err)
	s.Do(s.Page.Locator("#brought-answer").Check())
	s.Paste(string(answer), algorithm)
	s.See("[data-obtained=file]", s.Words.DeskLink.FromFile)
	if by, _ := s.Page.Locator("[data-obtained=link], [data-obtained=local], [data-obtained=checked]").Filter(visible).Count(); by > 0 {
		t.Error("the page says that the key came by link")
	}
	s.HaveRead()
	s.Generate()
	saved := s.MakeImportFile()
	if made := program.ReadImportFile(t, saved); made.ParametersObtained != "file" {
		t.Errorf("the import file says %q", made.ParametersObtained)
	}
	if stolen := s.has(program.ReadFile(t, saved)); len(stolen) != 1 {
		t.Errorf("the operator has %d keys, and must be able to open what is under its own", len(stolen))
	}
	if receipt := string(program.ReadFile(t, s.Download("[data-link=receipt]"))); !strings.Contains(receipt, `"ParametersObtained": "file"`) {
		t.Error("the receipt does not say how the parameters came")
	}
}

// visible filters for what a person sees.
var visible = playwright.LocatorFilterOptions{Visible: playwright.Bool(true)}

// examined is how long the examination of a key that was brought may take.
var examined = playwright.LocatorWaitForOptions{Timeout: playwright.Float(120_000)}

// The same person a year later, from the backup and the receipt, with two new links: the KMS accepts
// the key once more. Where the CMK holds another key by then, it does not.
func TestProofLinkedDrill(t *testing.T) {
	mustBeLong(t)
	kms := program.Start(t)
	file := overTLS.desk(t)
	s := newScene(t, kms, overTLS, file)
	s.GiveLink(s.good(), algorithm)
	s.HaveRead()
	passphrase := s.OfferedPassphrase()
	s.Press(s.Words.Material.Prepare)
	backup := s.SaveBackup()
	s.ProveBackup(backup, passphrase)
	made := program.ReadImportFile(t, s.MakeImportFile())
	s.GiveSecond(s.key, goodSecond(s, made))
	s.AcceptedByKMS(s.key)
	receipt := s.Download("[data-link=receipt]")
	first := kms.Material(t, s.key)
	for _, mine := range []bool{true, false} {
		if !mine { // a CMK in which somebody else was first
			kms.Ask(t, "POST", "/reset", nil, nil)
			bad := made
			s.instead(&bad)
			kms.ImportFiles(t, s.key, s.filesOf(bad))
		}
		d := &scene{operator: s.operator, kms: kms, key: s.key, reach: s.reach}
		d.Visit = browser.OpenAt(kms, t, browser.Look{Language: "zh-CN"}, browser.FileAddress(file))
		d.DeskCMK(d.key)
		d.GiveLink(d.good(), algorithm)
		d.HaveRead()
		d.Do(d.Page.Locator("#source-backup").Check())
		d.File("source-age", backup)
		d.Do(d.Page.Locator("#source-secret").Fill(passphrase))
		d.File("receipt-file", receipt)
		d.Do(d.Page.Locator("#protection-elsewhere").Check())
		d.Do(d.Page.Locator("#elsewhere").Fill(d.Words.Material.ElsewhereSentence))
		d.Press(d.Words.Material.PrepareBrought)
		d.Do(d.Page.Locator("[data-step=send][data-state=open] h3").First().WaitFor(examined))
		again := program.ReadImportFile(t, d.MakeImportFile())
		if !mine {
			d.Expect("status of 400")
		}
		d.GiveSecond(d.key, goodSecond(d, again))
		if !mine {
			d.Fault("link_other_key")
			d.See(".notice.error [data-fill=detail]", "InvalidKeyMaterial")
			continue
		}
		d.AcceptedByKMS(d.key)
		if !bytes.Equal(kms.Material(t, d.key), first) {
			t.Error("the CMK holds another key than a year before")
		}
		d.See("[data-fill=still-yours]", text.Fill(d.Words.DeskLink.StillYours, "cmk", d.key))
	}
}
