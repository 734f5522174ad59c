package many

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"keyferry/components/text"
	"keyferry/e2e/browser"
	"keyferry/e2e/program"
	"keyferry/server/localkms"
)

// TestLooks looks at every state of the page in each language, theme and width, and goes through it
// by the keyboard where a person has a choice. The short form looks at each state in one look.
func TestLooks(t *testing.T) {
	p := program.Start(t)
	browser.InLooks(t, "zh-CN", func(t *testing.T, how browser.Look) {
		p.ClearFaults(t)
		ids := p.CreateCMKs(t, 12)
		s := sit(p, t, how).quiet()
		s.MustLook("the empty page")
		s.MustHaveOnePrimary()

		s.Reach("#many-list")
		wrong := strings.Join(ids, "\n") + "\nacs:kms:cn-shanghai:1:key/" + ids[0] + "\n" + ids[1] + "\nno id\n" + ids[2] + ",,soon"
		s.Do(s.Page.Locator("#many-list").Fill(wrong))
		s.See("[data-part=preview] .said", s.Words.Fault("many_twice").What)
		s.MustLook("lines with faults")
		s.Shot("many-list-" + how.Name())
		s.Press(s.words.UseList)
		s.Fault("many_faulty")
		for _, number := range []string{"13", "14", "15", "16"} {
			s.Do(s.Page.Locator("[data-line='" + number + "'] button").Click())
		}
		s.Reach("[data-form=list] .buttons button")
		s.Do(s.Page.Keyboard().Press("Enter"))
		s.See("[data-step=keys][data-state=open] h2", "")
		s.secret = s.OfferedPassphrase()
		s.MustLook("the choice of the keys")
		s.MustHaveOnePrimary()
		s.Shot("many-keys-" + how.Name())
		s.Do(s.Page.Locator("#source-archive").Check())
		s.MustLook("the choice of an archive")
		s.Press(s.words.Open)
		s.Fault("file_missing")
		s.Do(s.Page.Locator("#source-generate").Check())
		s.Do(s.Page.Locator("#expiry-365").Check())
		s.Press(text.Fill(s.words.Make, "count", "12"))
		s.See("[data-part=store]", s.Words.Material.StoreWhy)
		s.MustLook("the passphrase")
		s.saveAndTest()
		s.MustLook("before the import")
		s.MustHaveOnePrimary()
		s.Shot("many-send-" + how.Name())

		deleted(t, p, ids[3])
		p.Fault(t, localkms.Fault{Kind: localkms.FaultDelay, Action: "ImportKeyMaterial", KeyID: ids[11], Delay: localkms.Duration(3 * time.Second), Times: 1})
		s.Reach("[data-act=import]")
		s.Do(s.Page.Keyboard().Press("Enter"))
		s.See("[data-part=work] h2", s.words.Phrases.WorkRunning)
		s.Reach("[data-act=pause]")
		s.Do(s.Page.Keyboard().Press("Enter"))
		s.See("[data-part=work] h2", s.words.Phrases.WorkPaused)
		s.MustLook("paused")
		s.Shot("many-work-" + how.Name())
		s.Do(s.Page.Keyboard().Press("Enter"))
		s.done(time.Minute)
		s.MustLook("the result")
		s.Shot("many-result-" + how.Name())
		s.failed(t, ids[3], "Rejected.StateModifiedFailed")
		s.calendar(t)
	})
}

// calendar saves the calendar: one entry for the one day, however many CMKs.
func (s *sitting) calendar(t testing.TB) {
	t.Helper()
	saved, err := s.Page.ExpectDownload(func() error {
		return s.Page.Locator("[data-part=calendar] button").Click()
	})
	s.Do(err)
	file := filepath.Join(t.TempDir(), "many.ics")
	s.Do(saved.SaveAs(file))
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if events := strings.Count(string(content), "BEGIN:VEVENT"); events != 4 {
		t.Errorf("the calendar has %d entries, want one and three reminders:\n%s", events, content)
	}
}

// TestArchiveElsewhere takes an archive and its receipts to the pages that know one key: a check of
// all and of one, and an import again of one. A folder of files becomes an archive too.
func TestArchiveElsewhere(t *testing.T) {
	p := program.Start(t)
	ids := p.CreateCMKs(t, 3)
	folder := t.TempDir()
	for i, id := range ids {
		key := program.Fresh(t)
		name, content := id+".key", key[:]
		if i == 1 {
			name, content = "payments.bin", make([]byte, 32) // of a label, and no key
		}
		if err := os.WriteFile(filepath.Join(folder, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s := sit(p, t, browser.Look{})
	s.list(ids[0] + "\n" + ids[1] + ",payments\n" + ids[2])
	s.Do(s.Page.Locator("#source-files").Check())
	s.Do(s.Page.Locator("#key-files").SetInputFiles(folder))
	s.make(3)
	s.See("[data-step=send] [data-part=refused]", s.Words.Fault("weak_repeated").What)
	s.send(2)
	s.done(time.Minute)
	receipts := s.receipts(t, 2)
	keys, _ := opened(t, s.archive, s.secret)
	mustHoldArchive(t, p, keys, []string{ids[0], ids[2]})
	if len(keys) != 2 {
		t.Errorf("the archive has %d keys, want the two that are keys", len(keys))
	}

	c := browser.Open(p, t, browser.Look{}, "/check")
	c.Page.SetDefaultTimeout(30_000)
	c.File("check-receipt", receipts)
	c.File("check-age", s.archive)
	c.Do(c.Page.Locator("#check-secret").Fill(s.secret))
	c.Press(c.Words.Check.Button)
	c.See("[data-part=result]", text.Fill(c.Words.Many.MatchesAll, "count", "2"))
	content, err := os.ReadFile(receipts)
	if err != nil {
		t.Fatal(err)
	}
	first, second, _ := strings.Cut(string(content), "\n")
	c.File("check-receipt", program.Kept(t, "one.jsonl", []byte(second)))
	c.Press(c.Words.Check.Button)
	c.See("[data-part=result] h3", c.Words.Check.Facts)
	swapped := strings.Replace(first, ids[0], "key-xxx", 1)
	swapped = strings.Replace(strings.Replace(swapped, ids[2], ids[0], 1), "key-xxx", ids[2], 1)
	c.File("check-receipt", program.Kept(t, "swapped.json", []byte(swapped)))
	c.Press(c.Words.Check.Button)
	c.Fault("not_the_receipts_key")

	v := browser.Open(p, t, browser.Look{}, "/reimport?KeyId="+ids[2])
	v.Page.SetDefaultTimeout(30_000)
	v.Reimport(receipts, s.archive, s.secret)
	v.ToImport()
	v.Send(ids[2])
	v.Imported(ids[2])
	mustHoldArchive(t, p, keys, ids[2:])
}
