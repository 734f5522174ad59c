package person

import (
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/playwright-community/playwright-go"

	"keyferry/e2e/browser"
)

// mustPrintRecord prints the result of an import. On paper it is one page: what was imported, with
// digests and ids, and two lines to sign. Nothing on it is for pressing, warns, or counts down.
func mustPrintRecord(v *browser.Visit, key, algorithm string) {
	v.T.Helper()
	v.Do(v.Page.Locator("[data-link=receipt]").WaitFor())
	file := filepath.Join(v.T.TempDir(), "record.pdf")
	_, err := v.Page.PDF(playwright.PagePdfOptions{Path: playwright.String(file), Format: playwright.String("A4")})
	v.Do(err)
	content, err := exec.Command("pdftotext", "-layout", file, "-").Output()
	v.Do(err)
	printed := string(content)
	if pages := strings.Count(printed, "\f"); pages != 1 {
		v.T.Errorf("the record has %d pages, want 1", pages)
	}
	joined := strings.Join(strings.Fields(printed), "")
	for _, want := range []string{
		key, "cn-hangzhou", algorithm, v.Text("[data-part=result] [data-fill=kcv]"), ".age", "UTC",
		v.Words.Record.Title, v.Words.Record.Signature, v.Words.Record.Second,
	} {
		if !strings.Contains(joined, strings.Join(strings.Fields(want), "")) {
			v.T.Errorf("the record lacks %q:\n%s", want, printed)
		}
	}
	if requestIDs := regexp.MustCompile(`[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}`).FindAllString(joined, -1); len(requestIDs) != 2 {
		v.T.Errorf("the record has the request ids %q, want two", requestIDs)
	}
	for _, unwanted := range []string{v.Words.Keep.Receipt, v.Words.Send.IfLost, v.Words.Result.Another, v.Words.Send.WhoCanRead} {
		if strings.Contains(joined, strings.Join(strings.Fields(unwanted), "")) {
			v.T.Errorf("the record has %q", unwanted)
		}
	}
}
