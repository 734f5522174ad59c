package team

import (
	"bytes"
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
	passphrase = s.OfferedPassphrase()
	s.Press(text.Fill(words.Make, "count", count))
	s.See("[data-part=backup] h3", words.ArchiveTitle)
	s.Press(s.Words.Material.Stored)
	archive = s.Download("[data-link=backup]")
	s.File("proof-age", archive)
	s.Do(s.Page.Locator("#proof-secret").Fill(passphrase))
	s.Press(words.ProveButton)
	s.See("[data-step=send][data-state=open] h2", "")
	s.Press(text.Fill(words.ImportAll, "count", count))
	s.See("[data-part=result] h2", text.Fill(words.Phrases.DoneRequests, "count", count))
	return archive, passphrase
}
