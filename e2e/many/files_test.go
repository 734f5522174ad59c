package many

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/requests"
	"github.com/aliyun/alibaba-cloud-sdk-go/services/kms"
	"github.com/playwright-community/playwright-go"

	"keyferry/components/text"
	"keyferry/e2e/browser"
	"keyferry/e2e/program"
)

// TestByFiles has somebody else make both calls: the page gets a folder with the answers of
// GetParametersForImport, sends nothing, and gives back a file with an import file on each line.
func TestByFiles(t *testing.T) {
	p := program.Start(t)
	ids := p.CreateCMKs(t, 3)
	folder := t.TempDir()
	for _, id := range ids {
		answer := p.AnswerOf(t, id, "RSAES_OAEP_SHA_256")
		if err := os.WriteFile(filepath.Join(folder, id+".json"), []byte(answer), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s := sit(p, t, browser.Look{})
	s.Do(s.Page.Locator("[data-form=list] summary").Click())
	s.Do(s.Page.Locator("#many-folder").SetInputFiles(folder))
	s.See("[data-part=preview] [data-fill=count]", text.Fill(s.words.Phrases.Cmks, "count", "3"))
	s.MustLook("the CMKs of a folder")
	s.Press(s.words.UseList)
	s.makeForRecipient(3)
	s.Press(text.Fill(s.words.Phrases.MakeFiles, "count", "3"))
	s.done(time.Minute)
	s.See("[data-part=result] h2", text.Fill(s.words.Phrases.DoneFiles, "count", "3"))
	s.MustLook("the import files are made")
	s.receiptsOfFiles(t, 3)
	for _, action := range []string{"GetParametersForImport", "ImportKeyMaterial"} {
		if sent := len(s.Posted(action)); sent != 0 {
			t.Errorf("the page made %d calls of %s", sent, action)
		}
	}
	made := string(program.ReadFile(t, s.Download("[data-link=imports]")))
	first := program.ReadImportFile(t, program.Kept(t, "import.json", []byte(strings.SplitAfter(made, "\n")[0])))
	request := kms.CreateImportKeyMaterialRequest()
	request.KeyId, request.ImportToken, request.EncryptedKeyMaterial = first.KeyId, first.ImportToken, first.EncryptedKeyMaterial
	request.KeyMaterialExpireUnix = requests.NewInteger64(first.KeyMaterialExpireUnix)
	if _, err := p.SDK(t).ImportKeyMaterial(request); err != nil {
		t.Fatal(err)
	}
	bringBack(t, p, made)
	keys, _ := opened(t, s.archive, s.secret)
	mustHoldArchive(t, p, keys, ids)

	other := sit(p, t, browser.Look{Language: "zh-CN"})
	other.Do(other.Page.Locator("#many-list").Fill(p.AnswerOf(t, ids[0], "RSAES_OAEP_SHA_256") + "\n" + `{"KeyId": "` + ids[1] + `"}`))
	other.Press(other.words.UseList)
	other.Fault("many_no_parameters")
}

// TestDeskForMany takes the folder to the file that connects to nothing, opened from a disk, and
// brings back what it made.
func TestDeskForMany(t *testing.T) {
	p := program.Start(t)
	ids := p.CreateCMKs(t, 2)
	folder := t.TempDir()
	for _, id := range ids {
		program.WriteFile(t, filepath.Join(folder, id+".json"), []byte(p.AnswerOf(t, id, "RSAES_OAEP_SHA_256")))
	}
	file := program.WriteDesk(t, "--many", "--region=cn-hangzhou")
	v := browser.OpenAt(p, t, browser.Look{Offline: true}, browser.FileAddress(file))
	v.Page.SetDefaultTimeout(60_000)
	s := &sitting{Visit: v, words: v.Words.Many}
	s.MustLook("the desk for many keys")
	s.Do(s.Page.Locator("#many-list").Fill(ids[0]))
	s.Press(s.words.UseList)
	s.Fault("many_no_parameters")
	s.Do(s.Page.Locator("#many-list").Fill(""))
	s.Do(s.Page.Locator("#many-folder").SetInputFiles(folder))
	s.See("[data-part=preview] [data-fill=count]", text.Fill(s.words.Phrases.Cmks, "count", "2"))
	s.Press(s.words.UseList)
	s.make(2)
	s.Press(text.Fill(s.words.Phrases.MakeFiles, "count", "2"))
	s.done(time.Minute)
	s.MustLook("the desk made import files")
	made := string(program.ReadFile(t, s.Download("[data-link=imports]")))
	bringBack(t, p, made)
	keys, _ := opened(t, s.archive, s.secret)
	mustHoldArchive(t, p, keys, ids)
	s.Mu.Lock()
	defer s.Mu.Unlock()
	for _, sent := range s.Sent {
		if bytes.Contains(sent[:bytes.IndexByte(sent, '\n')], []byte(" http")) {
			t.Errorf("the desk sent %.60q", sent)
		}
	}
}

// bringBack imports a file of import files through the page: one of its CMKs has its key material
// already, and the console's answer for one more is lost at first.
func bringBack(t *testing.T, p *program.Program, made string) {
	t.Helper()
	count := strings.Count(made, "\n")
	s := sit(p, t, browser.Look{Language: "zh-CN", Width: 320})
	s.Do(s.Page.Locator("#many-list").Fill(made + `{"KeyId": "key-hzzkeyferrylocal00001"}`))
	s.Press(s.words.UseList)
	s.Fault("many_mixed")
	s.Do(s.Page.Locator("#many-list").Fill(strings.Replace(made, "cn-hangzhou", "cn-beijing", 1)))
	s.See("[data-part=lines] .said", s.Words.Faults["import_file_region"].What)
	s.File("many-file", program.Kept(t, "keyferry-imports.jsonl", []byte(made)))
	s.See("[data-part=preview] [data-fill=count]", text.Fill(s.words.Phrases.Cmks, "count", number(count)))
	s.Press(s.words.UseList)
	s.See("[data-step=send][data-state=open] h2", "")
	s.MustLook("import files that came back")
	s.Expect("failed request|Failed to load resource")
	lost := 1
	s.Do(s.Page.Route("**/kms/ImportFile", func(route playwright.Route) {
		if lost--; lost >= 0 {
			if _, err := route.Fetch(); err == nil { // the effect is there, the answer is not
				route.Abort()
				return
			}
		}
		route.Continue()
	}))
	s.send(count)
	s.done(time.Minute)
	s.See("[data-part=result] h2", text.Fill(s.words.Phrases.Done, "count", number(count)))
	s.MustLook("the import files are imported")
	if sent := len(s.Posted("ImportFile")); sent != count+1 {
		t.Errorf("the page sent %d import files, want %d and one again", sent, count)
	}
	if got := len(s.Posted("GetParametersForImport")); got != 0 {
		t.Errorf("the page asked %d times for parameters", got)
	}
}

// receiptsOfFiles saves the receipts of what was made for somebody else to import.
func (s *sitting) receiptsOfFiles(t testing.TB, count int) {
	t.Helper()
	content := string(program.ReadFile(t, s.Download("[data-part=receipts] [data-link=receipts]")))
	if got := strings.Count(content, `"ParametersObtained":"file"`); got != count || strings.Contains(content, "ImportRequestId") {
		t.Errorf("%d receipts say that the parameters came in a file, want %d, and none that the key was imported:\n%s", got, count, content)
	}
}
