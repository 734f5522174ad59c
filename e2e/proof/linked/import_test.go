package linked

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/playwright-community/playwright-go"

	"keyferry/components/text"
	"keyferry/e2e/browser"
	"keyferry/e2e/program"
	"keyferry/e2e/proof"
	"keyferry/wasm/keywrap"
)

// second is something that a dishonest console does once it has the import file.
type second struct {
	name   string
	link   func(*scene, program.ImportFile) string
	set    func(*scene)
	caught string
}

func goodSecond(s *scene, made program.ImportFile) string {
	return program.ImportLink(s.T, s.origin, made)
}

// otherField gives a link for another value in a field.
func otherField(change func(*scene, *program.ImportFile)) func(*scene, program.ImportFile) string {
	return func(s *scene, made program.ImportFile) string {
		change(s, &made)
		return program.ImportLink(s.T, s.origin, made)
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

// claims answers that an import succeeded.
func claims(s *scene) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { json.NewEncoder(w).Encode(s.operator.answer(s.key)) }
}

var seconds = []second{
	{name: "link for a key of the operator's", link: otherField(func(s *scene, made *program.ImportFile) { s.instead(made) }), caught: "link_other_material"},
	{name: "link for another token", link: otherField(func(s *scene, made *program.ImportFile) { _, made.ImportToken = s.parametersOf() }), caught: "link_other_material"},
	{name: "link for another expiry", link: otherField(func(_ *scene, made *program.ImportFile) { made.KeyMaterialExpireUnix = 4102444800 }), caught: "link_other_material"},
	{name: "link for another CMK", link: otherField(func(_ *scene, made *program.ImportFile) { made.KeyId = program.Seeded[1] }), caught: "link_other_cmk"},
	{name: "link for a call that always succeeds", link: func(s *scene, made program.ImportFile) string {
		return signed("POST", "DescribeKey", map[string]string{
			"KeyId": made.KeyId, "EncryptedKeyMaterial": made.EncryptedKeyMaterial, "ImportToken": made.ImportToken, "KeyMaterialExpireUnix": "0",
		})
	}, caught: "link_other_action"},
	{name: "link with two ciphertexts", link: func(s *scene, made program.ImportFile) string {
		return goodSecond(s, made) + "&EncryptedKeyMaterial=" + escape(made.EncryptedKeyMaterial)
	}, caught: "link_parameter_twice"},
	{name: "link to a server that says it worked", link: func(s *scene, made program.ImportFile) string {
		return strings.Replace(goodSecond(s, made), kmsHost, "kms.cn-hangzhou.aliyuncs.com.keys.example", 1)
	}, caught: "link_other_host"},
	{name: "a proxy that says it worked, with a certificate nobody trusts", link: goodSecond, set: func(s *scene) {
		world.divert(claims(s))
	}, caught: "link_import_unknown"},
	{name: "the operator's own key imported before, and success claimed", link: func(s *scene, made program.ImportFile) string {
		bad := made
		own := s.instead(&bad)
		s.kms.ImportFiles(s.T, s.key, s.filesOf(bad))
		s.kms.MustHave(s.T, s.key, own)
		return goodSecond(s, made)
	}, caught: "link_other_key"},
}

// filesOf writes an import as the two files of the vendor's console.
func (s *scene) filesOf(made program.ImportFile) string {
	s.T.Helper()
	folder := s.T.TempDir()
	program.WriteFile(s.T, folder+"/EncryptedKeyMaterial_base64.txt", []byte(made.EncryptedKeyMaterial))
	program.WriteFile(s.T, folder+"/ImportToken.txt", []byte(made.ImportToken))
	return folder
}

// try gives the second link, and returns the code of the error; empty where the page says that the
// KMS accepted.
func (a second) try(s *scene, made program.ImportFile) string {
	s.T.Helper()
	world.reset(s.kms.Local, s.operator.ServeHTTP)
	if a.set != nil {
		a.set(s)
	}
	s.GiveSecond(s.key, a.link(s, made))
	return s.outcome("[data-part=accepted-by-kms]:not([hidden]) h2")
}

// Every attack on the import itself is caught, and the page never says that the KMS accepted. The
// last one has imported a key of the operator's own, and the KMS itself tells.
func TestProofLinkedImport(t *testing.T) {
	kms := program.Start(t)
	s := newScene(t, kms, program.WriteConnectedDesk(t, ""))
	s.GiveLink(s.good(), algorithm)
	s.HaveRead()
	s.Generate()
	saved := s.MakeImportFile()
	handed := program.ReadFile(t, saved)
	made := program.ReadImportFile(t, saved)
	about := proof.Findings.About("Second links and claims that lie to a connected desk", "what", "caught by")
	for _, a := range seconds {
		t.Run(a.name, func(t *testing.T) {
			s.T = t
			if code := a.try(s, made); code != a.caught {
				t.Fatalf("caught by %q, want %s", code, a.caught)
			}
			s.Fault(a.caught)
			if said, _ := s.Page.Locator("[data-part=accepted-by-kms]").IsVisible(); said {
				t.Error("the page says that the KMS accepted")
			}
			s.operator.mustHaveNothing(s.Visit, handed)
			proof.Findings.Add(about, a.name, a.caught)
		})
	}
	s.T = t
}

// A console that answers in the KMS's place, with a wrapping key of its own, gets the key of a person
// who takes that answer instead of a link: the page cannot know. It says so, and so do the import
// file and the receipt: nobody takes them for what came by link. The operator's key in hand also
// shows that the search for it finds one.
func TestProofLinkedRelay(t *testing.T) {
	mustBeLong(t)
	kms := program.Start(t)
	s := newScene(t, kms, program.WriteConnectedDesk(t, ""))
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
	if stolen := s.operator.has(s.Visit, program.ReadFile(t, saved)); len(stolen) != 1 {
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
	file := program.WriteConnectedDesk(t, "")
	s := newScene(t, kms, file)
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
		d := &scene{operator: s.operator, kms: kms, key: s.key, origin: s.origin}
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
