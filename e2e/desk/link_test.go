package desk

import (
	"encoding/json"
	"strings"
	"testing"

	"keyferry/components/text"
	"keyferry/e2e/browser"
	"keyferry/e2e/program"
	"keyferry/e2e/proof"
)

// openConnected opens a connected desk from the disk.
func openConnected(p *program.Program, t *testing.T, how browser.Look, file string) *browser.Visit {
	t.Helper()
	return browser.OpenAt(p, t, how, browser.FileAddress(file))
}

// The whole import by links: the page gets the wrapping key from the KMS, hands the import file
// back, and makes the import itself by the second link. Nothing of the key is anywhere besides.
func TestDeskByLink(t *testing.T) {
	p := program.Start(t)
	file := program.WriteConnectedDesk(t, p.Local)
	for i, algorithm := range browser.Algorithms {
		for j, language := range text.Languages {
			if j != (i+1)%2 || !*proof.Full && i != 0 {
				continue // each algorithm in one language
			}
			t.Run(algorithm+"/"+language.Tag, func(t *testing.T) {
				p.Ask(t, "POST", "/reset", nil, nil)
				key := program.Seeded[i]
				v := openConnected(p, t, browser.Look{Language: language.Tag}, file)
				v.DeskCMK(key)
				v.GiveLink(program.ParametersLink(t, p.Local, key, algorithm), algorithm)
				v.See("[data-obtained=local]", strings.TrimPrefix(p.Local, "http://"))
				v.See("[data-obtained=checked]", algorithm)
				v.HaveRead()
				v.Generate()
				made := program.ReadImportFile(t, v.MakeImportFile())
				if made.ParametersObtained != "link" || made.KeyId != key || made.WrappingAlgorithm != algorithm || made.Region != "cn-hangzhou" {
					t.Errorf("the import file says %+v", made)
				}
				if got := p.State(t, key); got != "PendingImport" {
					t.Errorf("before the second link the CMK is %s", got)
				}
				v.GiveSecond(key, program.ImportLink(t, p.Local, made))
				v.AcceptedByKMS(key)
				if got := p.State(t, key); got != "Enabled" {
					t.Errorf("the CMK is %s, want Enabled", got)
				}
				p.MustWork(t, key)
				mustSay(t, v.Download("[data-link=receipt]"), map[string]string{"ParametersObtained": "link", "ImportedBy": "link"})
				v.MustNotHaveLeaked(key)
			})
		}
	}
}

// mustSay fails unless a receipt has these fields, and the time and RequestId of an import.
func mustSay(t *testing.T, receipt string, want map[string]string) {
	t.Helper()
	var said map[string]any
	if err := json.Unmarshal(program.ReadFile(t, receipt), &said); err != nil {
		t.Fatal(err)
	}
	for name, value := range want {
		if said[name] != value {
			t.Errorf("the receipt says %s: %v, want %s", name, said[name], value)
		}
	}
	for _, name := range []string{"ImportedAt", "ImportRequestId", "ParametersRequestId"} {
		if said[name] == nil {
			t.Errorf("the receipt lacks %s", name)
		}
	}
}
