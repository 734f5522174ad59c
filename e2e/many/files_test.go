package many

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/requests"
	"github.com/aliyun/alibaba-cloud-sdk-go/services/kms"

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
	client := p.SDK(t)
	for line := range strings.Lines(string(program.ReadFile(t, s.Download("[data-link=imports]")))) {
		file := program.ReadImportFile(t, program.Kept(t, "import.json", []byte(line)))
		request := kms.CreateImportKeyMaterialRequest()
		request.KeyId, request.ImportToken, request.EncryptedKeyMaterial = file.KeyId, file.ImportToken, file.EncryptedKeyMaterial
		request.KeyMaterialExpireUnix = requests.NewInteger64(file.KeyMaterialExpireUnix)
		if _, err := client.ImportKeyMaterial(request); err != nil {
			t.Fatal(err)
		}
	}
	keys, _ := opened(t, s.archive, s.secret)
	mustHoldArchive(t, p, keys, ids)

	other := sit(p, t, browser.Look{Language: "zh-CN"})
	other.Do(other.Page.Locator("#many-list").Fill(p.AnswerOf(t, ids[0], "RSAES_OAEP_SHA_256") + "\n" + `{"KeyId": "` + ids[1] + `"}`))
	other.Press(other.words.UseList)
	other.Fault("many_no_parameters")
}

// receiptsOfFiles saves the receipts of what was made for somebody else to import.
func (s *sitting) receiptsOfFiles(t testing.TB, count int) {
	t.Helper()
	content := string(program.ReadFile(t, s.Download("[data-part=receipts] [data-link=receipts]")))
	if got := strings.Count(content, `"ParametersObtained":"file"`); got != count || strings.Contains(content, "ImportRequestId") {
		t.Errorf("%d receipts say that the parameters came in a file, want %d, and none that the key was imported:\n%s", got, count, content)
	}
}
