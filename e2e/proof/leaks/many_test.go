package leaks

import (
	"fmt"
	"strings"
	"time"

	"github.com/playwright-community/playwright-go"

	"keyferry/components/text"
	"keyferry/e2e/program"
	"keyferry/e2e/proof"
	"keyferry/e2e/proof/monitor"
)

// howMany is how many CMKs get their keys in one go.
func howMany() int {
	if *proof.Full {
		return 500
	}
	return 15 // the local KMS has as many wrapping keys ready
}

// manyKeys makes one archive of many keys and imports them all. Afterwards every key is known from
// the local KMS, and the archive opens the same ones.
func manyKeys(j *monitor.Journey) {
	count := howMany()
	ids := append([]string{j.Key}, j.Run.Unused[:count-1]...)
	j.Run.Unused = j.Run.Unused[count-1:]
	words, number := j.Words.Many, fmt.Sprint(count)
	j.Page.SetDefaultTimeout(60_000)
	j.Do(j.Page.Goto(j.Program.Console + "/many"))
	j.Do(j.Page.Locator("#many-list").Fill(strings.Join(ids, "\n")))
	j.Press(words.UseList)
	passphrase := j.OfferedPassphrase()
	j.Press(text.Fill(words.Make, "count", number))
	archive := j.SaveArchive()
	j.Look("with the archive made")
	j.ProveArchive(archive, passphrase)
	j.Look("before the import")
	j.Press(text.Fill(words.ImportAll, "count", number))
	limit := 15 * time.Minute // the local KMS makes a wrapping key for each
	j.Do(j.Page.Locator("[data-part=result] h2").WaitFor(playwright.LocatorWaitForOptions{Timeout: playwright.Float(float64(limit.Milliseconds()))}))
	mustHaveReceipts(j, j.Download("[data-part=receipts] [data-link=receipts]"), count)
	j.Look("after the import")
	for i, id := range ids {
		material := j.Program.Material(j.T, id)
		if material == nil {
			j.T.Fatalf("%s has no key material", id)
		}
		j.Hide(fmt.Sprintf("key %d", i+1), material)
	}
}

func mustHaveReceipts(j *monitor.Journey, file string, count int) {
	j.T.Helper()
	content := program.ReadFile(j.T, file)
	if lines := strings.Count(string(content), "\n"); lines != count {
		j.T.Errorf("%d receipts, want %d", lines, count)
	}
}
