package bench

import (
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/playwright-community/playwright-go"

	"keyferry/e2e/browser"
	"keyferry/e2e/program"
	"keyferry/server/localkms"
)

// The goals of many keys in one go.
const (
	cmks             = 500
	loopedCMKs       = 50 // how many the loops do, which is multiplied
	leastManySpeed   = 20.0
	writes           = 10 // in a second
	largestManySpare = 1.1
)

// BenchmarkMany imports 500 CMKs in one go: without limits, against loops with OpenSSL and the
// vendor's command and SDK, and with a limit of writes. All have the same local KMS, whose wrapping keys are at
// hand, so that nobody waits for RSA keys.
func BenchmarkMany(b *testing.B) {
	p := program.StartBeside(b, localkms.Config{})
	limited := program.StartBeside(b, localkms.Config{WritesPerSecond: writes}, fmt.Sprintf("--kms-writes-per-second=%d", writes))
	inProcess := callInProcess(b, p)
	command, called := byCommand(b, p)
	var fast, slow, looped, commanded times
	for b.Loop() {
		fast = append(fast, importMany(b, p, cmks))
		looped = append(looped, loop(b, p, inProcess)*cmks/loopedCMKs)
		commanded = append(commanded, loop(b, p, called)*cmks/loopedCMKs)
		slow = append(slow, importMany(b, limited, cmks))
	}
	took, limit := fast.at(0.5), time.Second*cmks/writes
	against := func(what string, loops times) (figure, float64) {
		speed := ratio(loops.at(0.5), took)
		return figure{
			what: fmt.Sprintf("%d CMKs, against a loop with %s", cmks, what), value: short(took),
			against: "loop: " + short(loops.at(0.5)), ratio: inTimes(speed),
		}, speed
	}
	shown, speed := against(command, commanded)
	measured.add(shown.atLeast("20×", speed, leastManySpeed))
	shown, _ = against("the SDK in one process", looped)
	measured.add(shown)
	over := ratio(slow.at(0.5), limit)
	measured.add(figure{
		what: fmt.Sprintf("%d CMKs with %d writes a second", cmks, writes), value: short(slow.at(0.5)),
		against: "the limit: " + short(limit), ratio: inTimes(over),
	}.atMost("1.1×", over, largestManySpare))
	b.ReportMetric(took.Seconds(), "s/500-CMKs")
}

// importMany goes through the page for many keys and returns how long the third step takes, which
// makes the calls.
func importMany(b *testing.B, p *program.Program, count int) time.Duration {
	b.Helper()
	ids := p.CreateCMKs(b, count)
	do := func(results ...any) {
		b.Helper()
		if err, failed := results[len(results)-1].(error); failed && err != nil {
			b.Fatalf("many keys: %v", err)
		}
	}
	context, err := browser.Shared.NewContext(playwright.BrowserNewContextOptions{Locale: playwright.String("en")})
	do(err)
	defer context.Close()
	page, err := context.NewPage()
	do(err)
	page.SetDefaultTimeout(120_000)
	do(page.Goto(p.Console + "/many"))
	do(page.Locator("#many-list").Fill(strings.Join(ids, "\n")))
	do(page.Locator("[data-form=list] .buttons button").First().Click())
	passphrase := page.Locator("#passphrase")
	do(playwright.NewPlaywrightAssertions(30_000).Locator(passphrase).ToHaveValue(regexp.MustCompile(`\S`)))
	words, err := passphrase.InputValue()
	do(err)
	do(page.Locator("[data-act=make]").Click())
	do(page.Locator("[data-act=stored]").Click())
	saved, err := page.ExpectDownload(func() error { return page.Locator("[data-link=backup]").Click() })
	do(err)
	archive := filepath.Join(b.TempDir(), "archive.age")
	do(saved.SaveAs(archive))
	do(page.Locator("#proof-age").SetInputFiles(archive))
	do(page.Locator("#proof-secret").Fill(words))
	do(page.Locator("#proof-secret").Press("Enter"))
	button := page.Locator("[data-act=import]")
	do(button.WaitFor())
	began := time.Now()
	do(button.Click())
	do(page.Locator("[data-part=result] h2").WaitFor())
	took := time.Since(began)
	done, err := page.Locator("tr[data-state=imported]").Count()
	do(err)
	if done != count {
		b.Fatalf("%d of %d CMKs were imported", done, count)
	}
	return took
}
