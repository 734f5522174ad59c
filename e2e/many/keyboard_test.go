package many

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/playwright-community/playwright-go"

	"keyferry/e2e/browser"
	"keyferry/e2e/program"
)

// choose moves the focus to an element, and presses a key there.
func (s *sitting) choose(selector, key string) {
	s.T.Helper()
	s.Reach(selector)
	s.Do(s.Page.Keyboard().Press(key))
}

// give moves the focus to a field for a file, whose dialog is the one thing that a test cannot type
// into.
func (s *sitting) give(field, file string) {
	s.T.Helper()
	s.Reach("#" + field)
	s.File(field, file)
}

// TestKeyboardAlone imports a set without a pointer, corrects a line of it on the way, and prints the
// receipts. The archive has what was typed, the receipts are saved, and no key is anywhere else.
func TestKeyboardAlone(t *testing.T) {
	p := program.Start(t)
	ids := p.CreateCMKs(t, 3)
	s := sit(p, t, browser.Look{Language: "zh-CN"})
	s.Reach("#many-list")
	s.Do(s.Page.Keyboard().InsertText(ids[0] + "\n" + ids[1] + ", 支付, 2031-05-06\n" +
		"acs:kms:cn-hangzhou:1234567890123456:key/" + ids[2] + "\n" + ids[0]))
	s.choose("#line-4 ~ button", "Enter")
	s.choose("[data-form=list] .buttons button", "Enter")
	s.See("[data-step=keys][data-state=open] h2", "")
	s.secret = s.OfferedPassphrase()
	s.choose("[data-act=make]", "Enter")
	s.choose("[data-act=stored]", "Space")
	s.Reach("[data-link=backup]")
	saved, err := s.Page.ExpectDownload(func() error { return s.Page.Keyboard().Press("Enter") })
	s.Do(err)
	s.archive = filepath.Join(t.TempDir(), saved.SuggestedFilename())
	s.Do(saved.SaveAs(s.archive))
	s.give("proof-age", s.archive)
	s.Reach("#proof-secret")
	s.Do(s.Page.Keyboard().Type(s.secret))
	s.Do(s.Page.Keyboard().Press("Enter"))
	s.choose("[data-act=import]", "Enter")
	s.done(time.Minute)
	focused, err := s.Page.Evaluate("document.activeElement.id")
	s.Do(err)
	if focused != "result-title" {
		t.Errorf("the focus is on %q, want the result", focused)
	}
	s.Reach("[data-part=receipts] [data-link=receipts]")
	s.mustPrint(t, ids)
	s.receipts(t, 3)
	keys, m := opened(t, s.archive, s.secret)
	if len(keys) != 3 || len(m.Keys) != 3 || m.Keys[1].Label != "支付" || m.Keys[1].KeyMaterialExpireUnix != 1935792000 {
		t.Errorf("the archive has %d keys and the manifest %+v", len(keys), m)
	}
	mustHoldArchive(t, p, keys, ids)
	for _, id := range ids {
		s.MustNotHaveLeaked(id)
	}
}

// mustPrint prints the page: on paper is a line for each CMK, and lines to sign.
func (s *sitting) mustPrint(t testing.TB, ids []string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "record.pdf")
	_, err := s.Page.PDF(playwright.PagePdfOptions{Path: playwright.String(file), Format: playwright.String("A4")})
	s.Do(err)
	content, err := exec.Command("pdftotext", "-layout", file, "-").Output()
	s.Do(err)
	if pages := strings.Count(string(content), "\f"); pages != 1 {
		t.Errorf("%d CMKs take %d pages, want 1", len(ids), pages)
	}
	joined := strings.Join(strings.Fields(string(content)), "")
	for _, want := range append(ids, "支付", "2031-05-06", "cn-hangzhou", filepath.Base(s.archive), s.Words.Record.Title,
		s.Words.Record.Signature, s.Words.Record.Second) {
		if !strings.Contains(joined, strings.Join(strings.Fields(want), "")) {
			t.Errorf("the paper lacks %q:\n%s", want, content)
		}
	}
	for _, unwanted := range []string{s.words.Receipts, s.words.ImportAll, s.words.Pause} {
		if strings.Contains(joined, strings.Join(strings.Fields(unwanted), "")) {
			t.Errorf("the paper has %q", unwanted)
		}
	}
}
