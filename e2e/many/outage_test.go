package many

import (
	"strings"
	"testing"
	"time"

	"github.com/playwright-community/playwright-go"

	"keyferry/e2e/browser"
	"keyferry/e2e/program"
	"keyferry/e2e/proof"
	"keyferry/server/localkms"
)

// TestOutages breaks off what an import needs, one thing after the other, and brings it back: the
// page says what is missing, goes on by itself, and each CMK holds what the archive says. The short form
// leaves out the KMS and the console, which TestNothingIsLost kills too.
func TestOutages(t *testing.T) {
	a := program.StartApart(t)
	count := 36 // more than two requests are about
	if *proof.Full {
		count = 72
	}
	const asleep = "the computer, which sleeps until no token is valid any more"
	for _, outage := range []struct {
		name  string
		short bool
		ends  func(*sitting)
		again func(*sitting)
		said  func(*sitting) string // in the rows that wait
	}{
		{"the network to the KMS", true, func(*sitting) { a.Proxy.Close() }, func(*sitting) { a.Proxy.Open(t) },
			func(s *sitting) string { return s.Words.Fault("Console.KMSUnreachable").What }},
		{"the KMS", false, func(*sitting) { a.KMS.Kill() }, func(*sitting) { a.StartKMS() }, nil},
		{"the console", false, func(*sitting) { a.Kill() }, func(*sitting) { a.StartConsole() },
			func(s *sitting) string { return s.Words.Fault("console_unreachable").What }},
		{asleep, true, func(s *sitting) {
			s.Press(s.words.Pause)
		}, func(s *sitting) {
			a.Advance(t, 25*time.Hour)
			s.Do(s.Page.Clock().FastForward((25 * time.Hour).Milliseconds()))
			s.Press(s.words.GoOn)
		}, nil},
	} {
		if !outage.short && !*proof.Full {
			continue
		}
		t.Run(outage.name, func(t *testing.T) {
			ids := a.Program.CreateCMKs(t, count)
			s := sit(&a.Program, t, browser.Look{}).quiet()
			s.Expect("the server responded with a status of")
			if outage.name == asleep {
				s.SetClock(0)
			}
			// The last ones have no answer yet when the outage begins.
			a.Fault(t, localkms.Fault{Kind: localkms.FaultDelay, Action: "GetParametersForImport", KeyID: ids[count-1], Times: 1, Delay: localkms.Duration(3 * time.Second)})
			s.list(strings.Join(ids, "\n"))
			s.makeForRecipient(count)
			s.send(count)
			s.sends(3)
			outage.ends(s)
			if outage.said != nil {
				s.Do(s.Page.Locator("tr[data-state=again]").Filter(playwright.LocatorFilterOptions{HasText: outage.said(s)}).First().WaitFor())
			}
			outage.again(s)
			s.done(2 * time.Minute)
			keys, _ := opened(t, s.archive, s.secret)
			mustHoldArchive(t, &a.Program, keys, ids)
			s.receipts(t, count)
		})
	}
}
