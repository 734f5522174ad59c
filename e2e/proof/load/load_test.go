package load

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"keyferry/e2e/program"
	"keyferry/e2e/proof"
)

// Many people import at once, and clients that do nothing but hold on hold nobody up.
func TestProofLoad(t *testing.T) {
	crowded, slowly := load{people: 100, lasts: 8 * time.Second, think: time.Second}, 50
	if *proof.Full {
		crowded, slowly = load{people: 1000, lasts: time.Minute, think: 3 * time.Second}, 200
	}
	c := startCrowd(t, crowded.people)
	t.Run("imports", func(t *testing.T) { c.importsUnderLoad(t, crowded) })
	t.Run("slow clients", func(t *testing.T) { c.slowClients(t, slowly) })
}

// patience is what 99 of 100 calls may take at most: as long as the console itself waits for the
// KMS. On an idle machine they take a hundredth of that, but the tests share theirs with others.
const patience = 15 * time.Second

// loaded puts a line into the report.
func loaded(what, figure string) {
	proof.Findings.Add(proof.Findings.About("Load", "what", "figure"), what, figure)
}

// mustServe fails on every error, since the KMS made none, and puts the times into the report.
func (c *crowd) mustServe(t *testing.T, p *pressed, who string) {
	t.Helper()
	for what, times := range p.faults {
		t.Errorf("%d times: %s", times, what)
	}
	if refused := c.refused.Load(); refused > 0 {
		t.Errorf("the KMS answered with %d errors", refused)
	}
	for _, action := range []string{"GetParametersForImport", "ImportKeyMaterial"} {
		half, most := p.at(action, 0.5), p.at(action, 0.99)
		if most == 0 || most > patience {
			t.Errorf("%s: 99 of 100 take %v", action, most)
		}
		loaded(who+": "+action, fmt.Sprintf("%d calls, p50 %v, p99 %v", len(p.took[action]), half.Round(100*time.Microsecond), most.Round(100*time.Microsecond)))
	}
}

// importsUnderLoad presses the console, and expects that nothing fails, that everybody's own key
// material arrived, and that the console's memory does not grow.
func (c *crowd) importsUnderLoad(t *testing.T, l load) {
	idle := usageOf(t, c.console)
	stop := sample(t, c.console, l.lasts/40)
	began := time.Now()
	p := c.press(t, l)
	took := time.Since(began)
	samples := stop()
	who := fmt.Sprintf("%d people for %v", l.people, l.lasts)
	c.mustServe(t, p, who)
	for _, one := range c.people[:l.people] {
		if !bytes.Equal(c.kms.Material(one.key), one.material) {
			t.Errorf("%s does not have what its owner imported", one.key)
		}
	}
	calls := len(p.took["GetParametersForImport"]) + len(p.took["ImportKeyMaterial"])
	loaded(who+": calls a second", fmt.Sprintf("%.0f", float64(calls)/took.Seconds()))
	loaded(who+": errors", fmt.Sprint(len(p.faults)))
	c.mustBeFlat(t, who, idle, samples)
}

// mustBeFlat compares the console's heap and stacks in the second quarter of the time with those in
// the last, bounds them by the number of people and not of calls, and expects that no connection is
// left.
func (c *crowd) mustBeFlat(t *testing.T, who string, idle usage, samples []usage) {
	t.Helper()
	quarter := len(samples) / 4
	if quarter < 3 {
		t.Fatalf("only %d samples were taken", len(samples))
	}
	early, late := anonymousIn(samples[quarter:2*quarter]), anonymousIn(samples[3*quarter:])
	most, highest := 0, 0
	for _, s := range samples {
		most, highest = max(most, s.connections), max(highest, s.anonymous)
	}
	if late > early+early/4+8<<20+len(c.people)*underWay {
		t.Errorf("the console's memory grew from %d MB to %d MB under a steady load", early>>20, late>>20)
	}
	if highest > idle.anonymous+16<<20+2*len(c.people)*underWay {
		t.Errorf("the console took up %d MB for %d people", highest>>20, len(c.people))
	}
	for _, one := range c.people {
		one.client.CloseIdleConnections()
	}
	program.Eventually(t, 45*time.Second, "the console lets go of its connections", func() bool {
		return inbound(t, c.site) == 0
	})
	after := usageOf(t, c.console)
	loaded(who+": heap and stacks of the console", fmt.Sprintf("%.1f MB idle; %.1f MB in the second quarter, %.1f MB in the last; %.1f MB at most, %.1f MB afterwards",
		float64(idle.anonymous)/1e6, float64(early)/1e6, float64(late)/1e6, float64(highest)/1e6, float64(after.anonymous)/1e6))
	loaded(who+": connections of the console", fmt.Sprintf("%d before, %d at most, %d afterwards", idle.connections, most, after.connections))
	loaded(who+": threads of the console", fmt.Sprintf("%d before, %d afterwards", idle.threads, after.threads))
}

// underWay is what a call may take up in the console while it waits for the KMS, in bytes. When
// other programs take the processors for some seconds, everybody's calls are under way at once.
const underWay = 64 << 10

// dawdler is a client that holds a connection.
type dawdler struct {
	name  string
	limit time.Duration // after which the console must have ended it
	begin string        // sent at once
	drip  bool          // then a byte a second
	brief bool          // part of the short form
}

var dawdlers = []dawdler{
	{"sends its headers at a byte a second", 5 * time.Second, "POST /kms/ImportKeyMaterial HTTP/1.1\r\nHost: ", true, true},
	{"sends its body at a byte a second", 15 * time.Second, "POST /kms/ImportKeyMaterial HTTP/1.1\r\nHost: %s\r\n" +
		"Content-Type: application/json\r\nContent-Length: 10000\r\n\r\n{", true, true},
	{"connects and sends nothing", 5 * time.Second, "", false, true},
	{"reads nothing of what it asked for", 60 * time.Second, "", false, false},
}

// slowClients has many of each kind hold connections while others import.
func (c *crowd) slowClients(t *testing.T, many int) {
	longest := time.Duration(0)
	var held []net.Conn
	var group sync.WaitGroup
	began := time.Now()
	for _, d := range dawdlers {
		if !d.brief && !*proof.Full {
			continue
		}
		if d.name == dawdlers[3].name {
			d.begin = c.largeRequests(t)
		}
		longest = max(longest, d.limit)
		for range many {
			connection, err := net.Dial("tcp", strings.TrimPrefix(c.site, "http://"))
			if err != nil {
				t.Fatal(err)
			}
			held = append(held, connection)
			group.Go(func() { d.hold(connection, c.site, longest+20*time.Second) })
		}
	}
	t.Cleanup(func() {
		for _, connection := range held {
			connection.Close()
		}
		group.Wait()
	})
	program.Eventually(t, 3*time.Second, "the slow clients are connected", func() bool { return inbound(t, c.site) >= len(held) })
	most := inbound(t, c.site)
	p := c.press(t, load{people: min(100, len(c.people)), lasts: 6 * time.Second, think: 500 * time.Millisecond})
	c.mustServe(t, p, fmt.Sprintf("%d people beside %d slow clients", min(100, len(c.people)), len(held)))
	for _, one := range c.people {
		one.client.CloseIdleConnections()
	}
	// Nobody has closed one of the slow connections here: the console did.
	program.Eventually(t, longest+15*time.Second-time.Since(began), "the console ends the slow connections", func() bool {
		return inbound(t, c.site) == 0
	})
	loaded("slow clients", fmt.Sprintf("%d at once (%s); all ended by the console within %.0f s", most, names(dawdlers), time.Since(began).Seconds()))
}

func names(all []dawdler) string {
	var list []string
	for _, d := range all {
		if d.brief || *proof.Full {
			list = append(list, d.name)
		}
	}
	return strings.Join(list, "; ")
}

// hold sends what there is to send, as slowly as it does, until the connection ends.
func (d dawdler) hold(connection net.Conn, site string, atMost time.Duration) {
	connection.SetDeadline(time.Now().Add(atMost))
	begin := d.begin
	if strings.Contains(begin, "%s") {
		begin = fmt.Sprintf(begin, strings.TrimPrefix(site, "http://"))
	}
	if _, err := io.WriteString(connection, begin); err != nil {
		return
	}
	for d.drip {
		time.Sleep(time.Second)
		if _, err := io.WriteString(connection, "1"); err != nil {
			return
		}
	}
}

// largeRequests asks for the largest file often enough that the answers fit into no buffer on the
// way.
func (c *crowd) largeRequests(t *testing.T) string {
	t.Helper()
	page, err := c.people[0].client.Get(c.site + "/")
	if err != nil {
		t.Fatal(err)
	}
	defer page.Body.Close()
	content, err := io.ReadAll(page.Body)
	if err != nil {
		t.Fatal(err)
	}
	path := regexp.MustCompile(`/static/[^"]*/keyferry\.wasm`).Find(content)
	if path == nil {
		t.Fatal("the page names no module")
	}
	return strings.Repeat(fmt.Sprintf("GET %s HTTP/1.1\r\nHost: %s\r\n\r\n", path, strings.TrimPrefix(c.site, "http://")), 10)
}
