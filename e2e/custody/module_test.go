package custody

import (
	"encoding/hex"
	"encoding/json"
	"os"
	"path"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"

	"filippo.io/age"
	"github.com/playwright-community/playwright-go"

	"keyferry/e2e/browser"
	"keyferry/e2e/program"
	"keyferry/e2e/proof"
	"keyferry/wasm/custody"
	"keyferry/wasm/custody/backup"
	"keyferry/web"
)

// TestOneModule imports from each source, and with each protection: every worker runs the one
// module whose SHA-256 is at the foot of the page and in the receipt, and loads no other. The short
// form has two sources. Each pair of both is part of proof/reference.
func TestOneModule(t *testing.T) {
	identity, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	for i, test := range []struct{ source, protection string }{
		{"generate", "passphrase"}, {"file", "recipients"}, {"backup", "elsewhere"}, {"components", "passphrase"},
	} {
		if i >= 2 && !*proof.Full {
			break
		}
		t.Run(test.source+"/"+test.protection, func(t *testing.T) {
			importAndCompareModule(t, program.Start(t), program.Seeded[0], test.source, test.protection, identity)
		})
	}
}

func importAndCompareModule(t *testing.T, p *program.Program, key, source, protection string, identity *age.X25519Identity) {
	v := browser.Open(p, t, browser.Look{}, "/")
	var lock sync.Mutex
	ran := map[string]bool{}
	v.Page.OnRequest(func(r playwright.Request) {
		if strings.HasSuffix(r.URL(), ".wasm") {
			lock.Lock()
			defer lock.Unlock()
			ran[path.Base(r.URL())] = true
		}
	})
	v.ToStep3(key)
	bringKey(v, source, identity)
	secret := identity.String()
	switch protection {
	case "passphrase":
		v.Do(v.Page.Locator("#protection-passphrase").Check())
		secret = v.OfferedPassphrase()
	case "recipients":
		v.Do(v.Page.Locator("#protection-recipients").Check())
		v.Do(v.Page.Locator("#recipients").Fill(identity.Recipient().String()))
	}
	if protection == "elsewhere" {
		v.Elsewhere()
		v.Brought()
		v.ToImport()
	} else {
		button := v.Words.Material.PrepareBrought
		if source == "generate" {
			button = v.Words.Material.Prepare
		}
		v.Press(button)
		v.ProveBackup(v.SaveBackup(), secret)
	}
	v.Send(key)
	v.Imported(key)

	content, err := os.ReadFile(v.Download("[data-link=receipt]"))
	if err != nil {
		t.Fatal(err)
	}
	var receipt struct{ ModuleSHA256 string }
	if err := json.Unmarshal(content, &receipt); err != nil {
		t.Fatal(err)
	}
	foot, err := v.Page.Locator("footer").TextContent()
	v.Do(err)
	if shown := regexp.MustCompile(`\s`).ReplaceAllString(foot, ""); !strings.Contains(shown, receipt.ModuleSHA256) {
		t.Errorf("the receipt names the module %s, and the foot of the page says %q", receipt.ModuleSHA256, foot)
	}
	lock.Lock()
	defer lock.Unlock()
	if len(ran) != 1 || !ran[path.Base(web.Module)] {
		t.Errorf("these modules were loaded: %v", ran)
	}
}

// bringKey gives the page key material from a source.
func bringKey(v *browser.Visit, source string, identity *age.X25519Identity) {
	v.T.Helper()
	material := program.Fresh(v.T)
	v.Source(source)
	switch source {
	case "file":
		v.File("key-file", program.Kept(v.T, "key.bin", material[:]))
	case "backup":
		file, err := backup.Make(&material, backup.To{Recipients: []string{identity.Recipient().String()}})
		v.Do(err)
		v.File("source-age", program.Kept(v.T, "key.age", file))
		v.Do(v.Page.Locator("#source-secret").Fill(identity.String()))
	case "components":
		for i := range 2 {
			component := program.Fresh(v.T)
			v.Do(v.Page.Locator("#component").Fill(hex.EncodeToString(component[:])))
			v.Do(v.Page.Locator("#component-kcv").Fill(custody.CheckValue(&component).String()))
			v.Press(v.Words.Material.AddComponent)
			v.See("[data-part=accepted] li >> nth="+strconv.Itoa(i), "CMAC")
		}
	}
}
