package account

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"keyferry/e2e/program"
	"keyferry/e2e/proof"
	"keyferry/e2e/proof/monitor"
	"keyferry/e2e/proof/patch"
	"keyferry/e2e/proof/reference"
)

// sabotage is a leak, and the place of the account in which it must leave something.
type sabotage struct {
	name   string // of the file in testdata/sabotage
	place  string // empty for one that no account can tell, which the table says
	short  bool   // whether the short form of the proof has it
	walk   func(*monitor.Journey, *record)
	server bool // the console is built again
}

var sabotages = []sabotage{
	{name: "header", place: "request headers", short: true},
	{name: "order", place: "requests"},
	{name: "local-storage", place: "storage"},
	{name: "indexeddb", place: "storage", short: true},
	{name: "cache", place: "storage"},
	{name: "cookie", place: "storage"},
	{name: "history", place: "storage"},
	{name: "window-name", place: "storage"},
	{name: "title", place: "title"},
	{name: "console", place: "console messages"},
	{name: "raw-pieces", place: "requests"},
	{name: "css", place: "requests"},
	{name: "element", place: "document"},
	{name: "clipboard", place: "worker messages"},
	{name: "reload", place: "requests"},
	{name: "range", place: "requests"},
	{name: "beacon", place: "requests"},
	{name: "permission", place: "worker messages"},
	{name: "shared-worker", place: "worker messages"},
	{name: "size", place: "request bodies"},
	{name: "case", place: "request headers"},
	{name: "lying-panel", place: "panel", short: true},
	{name: "lying-size", place: "panel"},
	{name: "twice", place: "requests"},
	{name: "receipt", place: "downloads"},
	{name: "receipt-name", place: "downloads"},
	{name: "message", place: "worker messages"},
	{name: "passphrase-stored", place: "storage", walk: generatedOnly},
	{name: "passphrase-sent", place: "requests", walk: generatedOnly},
	{name: "component-pieces", place: "storage", walk: fed(elsewhere, reference.OAEPSHA256)},
	{name: "server-log", place: "server's log", server: true},
	{name: "server-answer", place: "the console's answers", server: true},
	{name: "server-call", place: "calls to the KMS", server: true},
	{name: "calendar", place: "calendar", server: true, walk: withCalendar},
	{name: "timing"},
}

// generatedOnly makes a key and imports nothing.
func generatedOnly(j *monitor.Journey, r *record) {
	toMaterial(j, r, reference.OAEPSHA256, "generate")
	prepares(r)
	j.Press(j.Words.Material.Prepare)
	j.SaveBackup()
}

// byFile imports a key from a file, which the leaks that are built on "masked" hand to the page.
func byFile(j *monitor.Journey, r *record) {
	bring(j, r, "file", "", elsewhere, reference.OAEPSHA256)
	r.Given.Calls, r.Given.Receipt = append(r.Given.Calls, "ImportKeyMaterial"), true
	j.Send(j.Key)
	j.Shows("[data-part=result] h2", ".notice.error")
	if j.Visible("[data-part=result] h2") {
		j.Download("[data-link=receipt]")
	}
	time.Sleep(300 * time.Millisecond) // for the leak
}

// TestProofAccountSabotage lets the product leak in every way that came to mind. Each leak must
// leave something in the account.
func TestProofAccountSabotage(t *testing.T) {
	mustListEverySabotage(t)
	h := newHarness(t)
	of := map[*record]sabotage{}
	about := proof.Findings.About("Sabotage and the account", "leak", "left in")
	what := map[string]string{}
	for _, s := range sabotages {
		if !s.short && !*proof.Full {
			continue
		}
		p := patch.Read(t, filepath.Join("testdata", "sabotage", s.name+".sabotage"))
		what[s.name] = p.What
		t.Run(s.name, func(t *testing.T) {
			behind := serving{recorded: true, files: p.Static()}
			if s.server {
				behind.console = filepath.Join(t.TempDir(), "keyferry")
				p.Build(t, behind.console, nil, "./server")
			}
			walk := s.walk
			if walk == nil {
				walk = byFile
			}
			of[h.run(t, s.name, behind, walk)] = s
		})
	}
	h.close(t)
	h.save(t)
	for _, r := range h.records {
		s, l := of[r], accountFor(t, r)
		var places []string
		for place := range l.left {
			if place != "network and disk" { // where it cannot be told whose it is
				places = append(places, place)
			}
		}
		slices.Sort(places)
		switch {
		case s.place == "":
			proof.Findings.Add(about, what[s.name], "nothing, which no account can help: when something happens is not predicted. "+
				"Reading the module and the scripts, and building them again, tells")
		case !slices.Contains(places, s.place):
			t.Errorf("%s left nothing in %s, but in %q:\n%s", s.name, s.place, places, l)
		default:
			proof.Findings.Add(about, what[s.name], strings.Join(places, ", "))
		}
		t.Logf("%-20s left in %s", s.name, strings.Join(places, ", "))
	}
}

// mustListEverySabotage fails if there is a patch that nobody tries.
func mustListEverySabotage(t *testing.T) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join("testdata", "sabotage", "*.sabotage"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		name = strings.TrimSuffix(filepath.Base(name), ".sabotage")
		if name != "masked" && !slices.ContainsFunc(sabotages, func(s sabotage) bool { return s.name == name }) {
			t.Errorf("no row of the table uses %s", name)
		}
	}
}

// TestSabotageFits applies every patch, which is quick: one that no longer fits would prove
// nothing.
func TestSabotageFits(t *testing.T) {
	for _, s := range sabotages {
		t.Run(s.name, func(t *testing.T) {
			if p := patch.Read(t, filepath.Join("testdata", "sabotage", s.name+".sabotage")); len(p.Static()) == 0 && !s.server {
				t.Errorf("it changes nothing that the console serves (%s)", program.Source("web/static"))
			}
		})
	}
}
