package team

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"keyferry/components/text"
	"keyferry/e2e/browser"
	"keyferry/e2e/program"
)

// TestSetOfRequests has one person import for a set of requests in one go, and another agree to all
// of them at once; the requester sees how far the set is. Each CMK gets the key of the archive.
func TestSetOfRequests(t *testing.T) {
	p := start(t)
	robin := signIn(t, p, browser.Look{}, "Robin")
	ines := signIn(t, p, browser.Look{Language: "zh-CN", Width: 320}, "Ines")
	olga := signIn(t, p, browser.Look{Dark: true}, "Olga")
	ids := p.CreateCMKs(t, 4)
	for i, label := range []string{"payments/eu", "payments/\"us\", west", "payments/支付", "none/tests"} {
		robin.CreateRequest(ids[i], label, time.Hour, "")
	}
	set := robin.Words.Many.Set
	robin.wait("/requests?which=mine", "[data-fill=progress]", text.Fill(set.Progress, "done", "0", "count", "4"))

	archive, passphrase := ines.importSet("4")
	ines.See("[data-fill=submitted]", text.Fill(ines.Words.Many.Phrases.Await, "count", "3"))
	ines.count("tr[data-state=submitted]", 3)
	ines.count("tr[data-state=imported]", 1)
	ines.MustLook("the set is submitted")
	ines.Download("[data-part=receipts] [data-link=receipts]")
	ines.wait("/zh-CN/many?which=waiting", ".notice.error", ines.Words.Fault("many_no_requests").What)

	olga.wait("/requests?which=waiting", "[data-part=set] form button:not([type=button])", text.Fill(set.Agree, "count", "3"))
	olga.MustLook("approval of a set")
	olga.Reach("[data-part=set] form button:not([type=button])")
	olga.Do(olga.Page.Keyboard().Press("Enter"))
	olga.See("[data-fill=agreed]", text.Fill(set.Agreed, "count", "3", "refused", "0"))

	robin.wait("/requests?which=mine", "[data-fill=progress]", text.Fill(set.Progress, "done", "4", "count", "4"))
	robin.MustLook("progress of a set")
	keys := program.Archived(t, archive, passphrase)
	for _, id := range ids {
		if material := p.Material(t, id); material == nil || !bytes.Equal(material, keys[id]) {
			t.Errorf("%s does not hold what the archive says", id)
		}
		ines.MustNotHaveLeaked(id)
	}
}

// TestSetByFiles has the keys of a set wrapped by the page that is given import parameters as files and
// sends nothing, and brings the import files back to the requests, all at once.
func TestSetByFiles(t *testing.T) {
	p := start(t)
	robin, ines, olga := signIn(t, p, browser.Look{}, "Robin"), signIn(t, p, browser.Look{Dark: true}, "Ines"), signIn(t, p, browser.Look{}, "Olga")
	ids := p.CreateCMKs(t, 3)
	answers := ""
	for i, label := range []string{"payments/eu", "payments/us", "none/tests"} {
		answers += ines.parametersOf(robin.CreateRequest(ids[i], label, time.Hour, "")) + "\n"
	}
	words := ines.Words.Many
	ines.Do(ines.Page.Goto(p.Console + "/many"))
	ines.Do(ines.Page.Locator("#many-list").Fill(answers))
	ines.Press(words.UseList)
	archive, passphrase := ines.makeArchive("3")
	ines.Press(text.Fill(words.Phrases.MakeFiles, "count", "3"))
	ines.See("[data-part=result] h2", text.Fill(words.Phrases.DoneFiles, "count", "3"))
	files := program.ReadFile(t, ines.Download("[data-link=imports]"))
	ines.Download("[data-part=receipts] [data-link=receipts]")

	ines.wait("/requests?which=waiting", "[data-link=many]", text.Fill(words.Set.Import, "count", "3"))
	ines.Do(ines.Page.Locator("[data-link=many]").Click())
	ines.See("[data-part=for-requests]", words.Set.For)
	ines.File("many-file", program.Kept(t, "keyferry-imports.jsonl", files))
	ines.See("[data-fill=count]", text.Fill(words.Phrases.Cmks, "count", "3"))
	ines.Press(words.UseList)
	ines.See("[data-step=send][data-state=open] h2", "")
	ines.MustLook("import files for a set of requests")
	ines.Press(text.Fill(words.ImportAll, "count", "3"))
	ines.See("[data-part=result] h2", text.Fill(words.Phrases.DoneRequests, "count", "3"))
	ines.count("tr[data-state=submitted]", 2)
	ines.count("tr[data-state=imported]", 1)
	ines.MustLook("the import files are submitted")

	olga.wait("/requests?which=waiting", "[data-part=set] form button:not([type=button])", text.Fill(olga.Words.Many.Set.Agree, "count", "2"))
	olga.Do(olga.Page.Locator("[data-part=set] form button:not([type=button])").Click())
	olga.See("[data-fill=agreed]", text.Fill(olga.Words.Many.Set.Agreed, "count", "2", "refused", "0"))
	robin.wait("/requests?which=mine", "[data-fill=progress]", text.Fill(robin.Words.Many.Set.Progress, "done", "3", "count", "3"))
	keys := program.Archived(t, archive, passphrase)
	for _, id := range ids {
		if material := p.Material(t, id); material == nil || !bytes.Equal(material, keys[id]) {
			t.Errorf("%s does not hold what the archive says", id)
		}
	}
}

// importSet goes from the list of requests to the page for many keys, and through it.
func (s somebody) importSet(count string) (archive, passphrase string) {
	s.T.Helper()
	words := s.Words.Many
	s.wait("/requests?which=waiting", "[data-link=many]", text.Fill(words.Set.Import, "count", count))
	s.Do(s.Page.Locator("[data-link=many]").Click())
	s.See("[data-part=for-requests]", words.Set.For)
	s.See("[data-fill=count]", text.Fill(words.Phrases.Cmks, "count", count))
	s.MustLook("the CMKs of a set")
	s.Press(words.UseList)
	archive, passphrase = s.makeArchive(count)
	s.Press(text.Fill(words.ImportAll, "count", count))
	s.See("[data-part=result] h2", text.Fill(words.Phrases.DoneRequests, "count", count))
	return archive, passphrase
}

// parametersOf gets the import parameters of a request, as the console answers.
func (s somebody) parametersOf(id string) string {
	s.T.Helper()
	answer, err := s.Page.Evaluate(fmt.Sprintf(`fetch("/api/requests/%s/parameters", {
		method: "POST", headers: {"Content-Type": "application/json", "Keyferry-Request": "1"},
		body: JSON.stringify({WrappingAlgorithm: "RSAES_OAEP_SHA_256"}),
	}).then((answer) => answer.json()).then((body) => JSON.stringify(body))`, id))
	s.Do(err)
	return answer.(string)
}

// makeArchive makes an archive of keys, and opens it again.
func (s somebody) makeArchive(count string) (archive, passphrase string) {
	s.T.Helper()
	words := s.Words.Many
	passphrase = s.OfferedPassphrase()
	s.Press(text.Fill(words.Make, "count", count))
	s.See("[data-part=backup] h3", words.ArchiveTitle)
	s.Press(s.Words.Material.Stored)
	archive = s.Download("[data-link=backup]")
	s.File("proof-age", archive)
	s.Do(s.Page.Locator("#proof-secret").Fill(passphrase))
	s.Press(words.ProveButton)
	s.See("[data-step=send][data-state=open] h2", "")
	return archive, passphrase
}
