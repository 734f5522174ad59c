package bench

import (
	"io"
	"net"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/playwright-community/playwright-go"

	"keyferry/e2e/browser"
	"keyferry/e2e/program"
)

// heaviestJourney is the goal for the bytes of the default journey, as a part of the base's.
const heaviestJourney = 0.62

// BenchmarkJourney counts the bytes that a browser with an empty cache gets from the console during
// the default journey: key material is generated, backed up and imported.
func BenchmarkJourney(b *testing.B) {
	builds := []string{program.Binary}
	if baseProgram != "" {
		builds = append(builds, baseProgram)
	}
	received := make([]int, len(builds))
	for b.Loop() {
		for i, binary := range builds {
			console := launchConsole(b, binary)
			counter := countBytes(b, strings.TrimPrefix(console.Console, "http://"))
			importGenerated(b, "http://"+counter.address)
			received[i] = int(counter.received.Load())
		}
	}
	b.ReportMetric(float64(received[0]), "journey-B")
	f := figure{what: "Default journey, bytes", value: megabytes(received[0])}
	if len(received) > 1 {
		share := ratio(received[0], received[1])
		f.against, f.ratio = "base: "+megabytes(received[1]), inTimes(share)
		f = f.atMost("0.62×", share, heaviestJourney)
	}
	measured.add(f)
}

// counter passes connections on to a console and counts what comes back.
type counter struct {
	address  string
	received atomic.Int64
}

// countBytes starts a counter in front of an address.
func countBytes(b *testing.B, to string) *counter {
	b.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { listener.Close() })
	c := &counter{address: listener.Addr().String()}
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			go c.pass(connection, to)
		}
	}()
	return c
}

func (c *counter) pass(from net.Conn, address string) {
	defer from.Close()
	to, err := net.Dial("tcp", address)
	if err != nil {
		return
	}
	var sending sync.WaitGroup
	sending.Go(func() {
		io.Copy(to, from)
		to.(*net.TCPConn).CloseWrite()
	})
	io.Copy(io.MultiWriter(from, (*tally)(&c.received)), to)
	to.Close()
	from.Close()
	sending.Wait()
}

// tally counts what is written to it.
type tally atomic.Int64

func (t *tally) Write(p []byte) (int, error) {
	(*atomic.Int64)(t).Add(int64(len(p)))
	return len(p), nil
}

// importGenerated goes the default journey. It names elements by what they do and not by their
// words, so that it fits another checkout's pages too.
func importGenerated(b *testing.B, console string) {
	do := func(results ...any) {
		b.Helper()
		if err, failed := results[len(results)-1].(error); failed && err != nil {
			b.Fatalf("the default journey: %v", err)
		}
	}
	context, err := browser.Shared.NewContext(playwright.BrowserNewContextOptions{Locale: playwright.String("en")})
	do(err)
	defer context.Close()
	page, err := context.NewPage()
	do(err)
	do(page.Goto(console + "/?KeyId=" + program.Seeded[0]))
	do(page.Locator("[data-form=cmk] button").Last().Click())
	do(page.Locator("[data-act=get-parameters]").Click())
	// between presses a button that one checkout's pages have here and the other's have not.
	between := func(button, next string) {
		b.Helper()
		do(page.Locator(button + ":visible, " + next + ":visible").First().WaitFor())
		if shown, _ := page.Locator(button).IsVisible(); shown {
			do(page.Locator(button).Click())
		}
	}
	between("[data-act=continue]", "#passphrase")
	passphrase := page.Locator("#passphrase")
	do(playwright.NewPlaywrightAssertions(30_000).Locator(passphrase).ToHaveValue(regexp.MustCompile(`\S`)))
	words, err := passphrase.InputValue()
	do(err)
	do(page.Locator("[data-act=prepare]").Click())
	between("[data-act=stored]", "[data-link=backup]")
	saved, err := page.ExpectDownload(func() error { return page.Locator("[data-link=backup]").Click() })
	do(err)
	backup := filepath.Join(b.TempDir(), "backup.age")
	do(saved.SaveAs(backup))
	do(page.Locator("#proof-age").SetInputFiles(backup))
	do(page.Locator("#proof-secret").Fill(words))
	do(page.Locator("#proof-secret").Press("Enter"))
	between("[data-act=to-import]", "[data-act=import]")
	do(page.Locator("[data-act=import]").Click())
	do(page.Locator("[data-part=result] h2").WaitFor())
}
