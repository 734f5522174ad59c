package account

import (
	"cmp"
	"flag"
	"maps"
	"os"
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
	"keyferry/web"
)

// sabotage is a leak, and the place of the account in which it must leave something.
type sabotage struct {
	name  string // of the file in testdata/sabotage, or of another below the folder of the proof
	place string // empty for one that no account can tell, which why explains
	why   string
	walk  string   // of those below; empty is "file"
	build string   // what is built again, and used in place of the honest one
	tells string   // what it must leave there, where others leave something as well
	among string   // several are tried together, of which each tells what it left from the others
	also  []string // the other places of such a one
	short bool     // whether the short form of the proof has it
}

var sabotages = []sabotage{
	{name: handing, place: "worker messages"},
	{name: "header", place: "request headers", short: true},
	{name: "order", among: "several, the ninth", place: "requests", also: []string{"request headers"}},
	{name: "local-storage", among: "several, the ninth", place: "storage", also: []string{"profile", "worker messages"}},
	{name: "indexeddb", place: "worker messages"},
	{name: "cache", among: "several, the seventh", place: "storage", also: []string{"worker messages"}},
	{name: "cookie", among: "several, the first", place: "storage"},
	{name: "history", among: "several, the sixth", place: "storage", also: []string{"page's state", "worker messages"}},
	{name: "window-name", among: "several, the fifth", place: "storage", also: []string{"page's state"}},
	{name: "title", among: "several, the first", place: "title"},
	{name: "console", among: "several, the fifth", place: "console messages", also: []string{"worker messages"}},
	{name: "raw-pieces", among: "several, the fifth", place: "requests", also: []string{"request headers"}},
	{name: "css", among: "several, the eleventh", place: "requests", also: []string{"console messages", "page's state", "server's log"}},
	{name: "element", among: "several, the first", place: "document"},
	{name: "clipboard", place: "worker messages"},
	{name: "reload", among: "several, the sixth", place: "requests", also: []string{"request headers"}},
	{name: "range", among: "several, the seventh", place: "requests", also: []string{"request headers", "the console's answers"}},
	{name: "beacon", place: "requests"},
	{name: "permission", among: "several, the eleventh", place: "worker messages"},
	{name: "shared-worker", place: "worker messages"},
	{name: "size", among: "several, the first", place: "request bodies"},
	{name: "case", among: "several, the first", place: "request headers"},
	{name: "lying-panel", among: "several, the sixth", place: "panel", also: []string{"document", "page's state"}, short: true},
	{name: "lying-size", among: "several, the ninth", place: "panel", also: []string{"document"}},
	{name: "twice", place: "requests"},
	{name: "receipt", among: "several, the first", place: "downloads"},
	{name: "receipt-name", among: "several, the fifth", place: "downloads", also: []string{"document"}},
	{name: "message", among: "several, the second", place: "worker messages"},
	{name: "passphrase-stored", among: "several passphrases", place: "storage", also: []string{"profile", "worker messages"}, walk: "generated"},
	{name: "passphrase-sent", among: "several passphrases", place: "requests", also: []string{"request headers"}, walk: "generated"},
	{name: "component-pieces", place: "storage", walk: "components"},
	{name: "server-log", among: "server", place: "server's log", build: "console"},
	{name: "server-answer", among: "server", place: "the console's answers", build: "console"},
	{name: "server-call", place: "calls to the KMS", build: "console"},
	{name: "calendar", place: "calendar", build: "console", walk: "calendar"},
	{name: "custom-event", among: "several, the third", place: "worker messages"},
	{name: "window-message", among: "several, the fourth", place: "worker messages"},
	{name: "global", among: "several, the first", place: "page's state"},
	{name: "shadow", among: "several, the eighth", place: "page's state", also: []string{"document", "worker messages"}},
	{name: "style-sheet", among: "several, the second", place: "page's state"},
	{name: "mark", place: "page's state"},
	{name: "lock", among: "several, the first", place: "worker messages"},
	{name: "media", among: "several, the third", place: "page's state"},
	{name: "field", among: "several, the seventh", place: "page's state", also: []string{"document"}},
	{name: "conditional", among: "several, the eighth", place: "requests", also: []string{"request headers"}},
	{name: "prefetch", among: "several, the third", place: "document"},
	{name: "zero-width", among: "several, the second", place: "document"},
	{name: "print", among: "several, the tenth", place: "worker messages", also: []string{"title"}},
	{name: "worker-name", place: "worker messages", walk: "generated"},
	{name: "progress", place: "worker messages"},
	{name: "spelling", among: "several, the second", place: "request bodies"},
	{name: "expiry", among: "several, the tenth", place: "request bodies", also: []string{"calls to the KMS", "document", "server's log"}},
	{name: "token", place: "request bodies"},
	{name: "referrer", among: "several, the second", place: "request headers"},
	{name: "check-stored", place: "storage", walk: "checked"},
	{name: "reimport-sent", among: "several again", place: "requests", also: []string{"request headers"}, walk: "reimported"},
	{name: "reimport-passphrase", among: "several again", place: "storage", also: []string{"page's state"}, walk: "reimported"},
	{name: "calendar-sent", place: "request bodies", walk: "calendar"},
	{name: "joiner", place: "storage", walk: "desk", build: "desk"},
	{name: "joiner-receipt", place: "downloads", walk: "desk", build: "desk"},
	{name: "kms-answer", among: "kms", place: "the KMS's answers", build: "kms"},
	{name: "kms-key", among: "kms", place: "the KMS", build: "kms"},
	{name: "server-twice", place: "calls to the KMS", build: "console"},
	{name: "server-header", among: "server", place: "calls to the KMS", build: "console"},
	{name: "server-cookie", among: "server", place: "storage", build: "console"},
	{name: "server-cache", among: "server", place: "cache", build: "console"},
	{name: "server-process", among: "server", place: "process list", build: "console"},
	{name: "server-file", among: "server", place: "server's files", build: "console"},
	{name: "server-elsewhere", among: "server", place: shared, build: "console", tells: "192.0.2.2:80"},
	{name: "../../../reference/testdata/sabotage/age", place: "worker messages", walk: "generated", build: "module"},
	{name: "../../../reference/testdata/sabotage/toolchain", place: "worker messages", walk: "generated", build: "module"},
	{name: "../../../reference/testdata/sabotage/salt", place: "worker messages", build: "module"},
	{name: "file-type", among: "several, the second", place: "downloads"},
	{name: "cookie-gone", among: "several, the second", place: "storage"},
	{name: "session-storage-gone", among: "several, the third", place: "profile"},
	{name: "visited", among: "several, the second", place: "title"},
	{name: "navigation-state", place: "page's state"},
	{name: "rule", among: "several, the fourth", place: "page's state"},
	{name: "file-gone", place: "worker messages"},
	{name: "worker-lock", place: "worker messages"},
	{name: "many-label", place: "archive", walk: "many"},
	{name: "many-order", place: "request bodies", walk: "many"},
	{name: "many-receipts", place: "downloads", walk: "many"},
	{name: "many-passphrase", place: "document", walk: "many"},
	{name: "many-same-key", place: "worker messages", walk: "many", build: "module"},
	{name: "event", among: "watched calls", place: "worker messages", tells: "another event was dispatched"},
	{name: "animation", among: "watched calls", place: "worker messages", tells: "animate was called"},
	{name: "sound", among: "watched calls", place: "worker messages", tells: "AudioContext was made"},
	{name: "bucket", among: "watched calls", place: "worker messages", tells: "delete was called"},
	{name: "frame", among: "watched calls", place: "worker messages", tells: "iframe was added", also: []string{"document"}},
	{name: "artist", among: "watched calls", place: "worker messages", tells: "MediaMetadata was made", also: []string{"page's state"}},
	{name: "highlight", among: "watched calls", place: "worker messages", tells: "Highlight was made", also: []string{"page's state"}},
	{name: "late-panel", among: "watched calls", place: "panel"},
	{name: "property", among: "watched page", place: "page's state"},
	{name: "announced", among: "watched page", place: "document", tells: `"announced `},
	{name: "title-before", among: "watched page", place: "document", tells: `"titled `},
	{name: "restored", among: "watched page", place: "document", tells: `"value=kept `},
	{name: "pieces", among: "order and pieces", place: "page's state", also: []string{"document"}},
	{name: "field-order", among: "order and pieces", place: "worker messages"},
	{name: "lookup", place: "document"},
	{name: "around", place: "worker messages", walk: "kept"},
	{name: "said", among: "checked", place: "document", tells: "showed a secret", walk: "checked"},
	{name: "file-order", among: "checked", place: "requests", also: []string{"document"}, walk: "checked"},
	{name: "desk-random", place: "random bytes", walk: "desk", build: "desk"},
	{name: "if-native", place: "random bytes", walk: "generated"},
	{name: "server-order", among: "server again", place: "calls to the KMS", build: "console"},
	{name: "server-spelling", among: "server again", place: "the console's answers", build: "console"},
	{name: "dormant", why: "what happens at another time, with another CMK, or where no browser is driven by a test, does not happen in one"},
	{name: "timing", among: "nobody tells", why: "when something happens is not predicted"},
	{name: "packets", among: "nobody tells", why: "into how many packets Chromium cuts a request is not predicted"},
	{name: "scroll", among: "nobody tells", why: "where a page is scrolled to, and where the cursor is in a field, is not predicted"},
}

// walks are those of the sabotages. An honest one goes each of them first.
var walks = map[string]func(*monitor.Journey, *record){
	"":           byFile,
	"generated":  generatedOnly,
	"components": fed(elsewhere, reference.OAEPSHA256),
	"kept":       brought("file", "", offered, reference.OAEPSHA256),
	"calendar":   withCalendar,
	"checked":    checked,
	"reimported": reimported,
	"many":       manyCMKs,
	"desk":       atDeskFile(nil),
}

// generatedOnly makes a key and imports nothing.
func generatedOnly(j *monitor.Journey, r *record) {
	toMaterial(j, r, reference.OAEPSHA256, "generate")
	r.Given.Protection = "passphrase"
	j.Hide("passphrase", []byte(j.OfferedPassphrase()), "page", "messages")
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
// leave something in the account, and the honest product nothing. The short form has a few: there,
// changes of an honest record show besides that the account sees them.
func TestProofAccountSabotage(t *testing.T) {
	mustListEverySabotage(t)
	if *again != "" {
		judgeSabotages(t, records(t))
		return
	}
	h := newObserver(t)
	honest := map[string]bool{}
	for _, s := range sabotages {
		if !s.wanted() {
			continue
		}
		if !honest[s.walk] {
			honest[s.walk] = t.Run(honestly+s.walk, func(t *testing.T) {
				h.run(t, honestly+s.walk, serving{recorded: true}, walks[s.walk])
			})
		}
		if together := among(s.together(), sabotage.wanted); together[0].name == s.name {
			t.Run(s.record(), func(t *testing.T) { h.sabotaged(t, together) })
		}
	}
	h.close(t)
	h.save(t)
	judgeSabotages(t, h.records)
}

// honestly begins the names of the records in which nothing leaks.
const honestly = "honest "

// judgeSabotages fails the test for everything that is left of an honest record, and for each leak
// that left nothing in its place.
func judgeSabotages(t *testing.T, records []*record) {
	t.Helper()
	likes := map[string]*account{}
	for _, r := range records {
		if walk, is := strings.CutPrefix(r.Name, honestly); is {
			likes[walk] = accountFor(t, r)
			delete(likes[walk].left, shared)
			if !likes[walk].nothing() {
				t.Errorf("%s: this is left:\n%s", r.Name, likes[walk])
			}
		}
	}
	for _, r := range records {
		tried := among(sabotages, func(s sabotage) bool { return s.record() == r.Name && s.wanted() })
		if len(tried) == 0 || likes[tried[0].walk] == nil {
			continue
		}
		ac := accountFor(t, r)
		ac.document(likes[tried[0].walk])
		if r.Name != handing {
			ac.withoutHanding()
		}
		ac.mustBeOf(tried)
		for _, s := range tried {
			ac.mustTell(s)
		}
	}
}

// shared is the place in which it cannot be told whose a thing is: what one sabotage leaves there,
// every record of the run has.
const shared = "network and disk"

// handing is the leak that others build on: it leaves something too, which says nothing about them.
const handing = "masked"

func (ac *account) withoutHanding() {
	const place = "worker messages"
	ac.left[place] = slices.DeleteFunc(ac.left[place], func(what string) bool {
		return strings.Contains(what, "BroadcastChannel was made") || strings.Contains(what, "made a BroadcastChannel")
	})
	if len(ac.left[place]) == 0 {
		delete(ac.left, place)
	}
}

// mustTell fails the test if a sabotage left nothing in its place.
func (ac *account) mustTell(s sabotage) {
	ac.t.Helper()
	caught := strings.Join(slices.DeleteFunc(slices.Sorted(maps.Keys(ac.left)), func(place string) bool {
		return place == shared && s.place != place || s.among != "" && !slices.Contains(s.places(), place)
	}), ", ")
	switch {
	case s.place == "" && len(ac.left) > 0 && !(len(ac.left) == 1 && ac.left[shared] != nil):
		ac.t.Errorf("%s left something, so the table must say where:\n%s", s.name, ac)
	case s.place == "":
		caught = "nothing, which no account can help: " + s.why + ". Reading the module and the scripts, and building them again, tells"
	case !slices.ContainsFunc(ac.left[s.place], func(what string) bool { return strings.Contains(what, s.tells) }):
		ac.t.Errorf("%s left nothing in %s, but:\n%s", s.name, s.place, ac)
	}
	about := proof.Findings.About("Sabotage and the account", "leak", "left in")
	proof.Findings.Add(about, patch.Read(ac.t, patchFile(s.name)).What, caught)
	ac.t.Logf("%-20s left in %s", filepath.Base(s.name), caught)
}

// mustBeOf fails the test if sabotages that were tried together left something in a place that is none
// of theirs: then what is in a place would not tell whose it is. Titles and cookies are in the profile
// besides, if the browser wrote them down before it ended.
func (ac *account) mustBeOf(together []sabotage) {
	ac.t.Helper()
	if together[0].among == "" {
		return
	}
	for place := range ac.left {
		if place != shared && place != "profile" && !slices.ContainsFunc(together, func(s sabotage) bool { return slices.Contains(s.places(), place) }) {
			ac.t.Errorf("%s left something in %s, where none of them was to", together[0].among, place)
		}
	}
}

// only names sabotages of which alone the test shall tell.
var only = flag.String("only", "", "names of sabotages, separated by commas: the others are left out")

// wanted holds for a sabotage that this run tries.
func (s sabotage) wanted() bool {
	if *only != "" {
		return slices.Contains(strings.Split(*only, ","), filepath.Base(s.name))
	}
	return s.short || *proof.Full
}

// record is the name of the record in which a sabotage leaves something.
func (s sabotage) record() string { return cmp.Or(s.among, s.name) }

// places are all in which it leaves something.
func (s sabotage) places() []string { return append([]string{s.place}, s.also...) }

// together are the sabotages that are tried in the same product, s among them.
func (s sabotage) together() []sabotage {
	return among(sabotages, func(other sabotage) bool { return other.record() == s.record() })
}

func among(all []sabotage, holds func(sabotage) bool) (some []sabotage) {
	for _, s := range all {
		if holds(s) {
			some = append(some, s)
		}
	}
	return some
}

// patchOf changes the product so that it leaks in all of these ways.
func patchOf(t *testing.T, together []sabotage) *patch.Patch {
	t.Helper()
	var names []string
	for _, s := range together {
		names = append(names, patchFile(s.name))
	}
	return patch.Read(t, names...)
}

// sabotaged lets a person go through a product that leaks in these ways.
func (h *observer) sabotaged(t *testing.T, together []sabotage) *record {
	t.Helper()
	s := together[0]
	p, walk := patchOf(t, together), walks[s.walk]
	behind := serving{recorded: true, files: p.Static(t)}
	built := filepath.Join(t.TempDir(), "keyferry")
	switch s.build {
	case "console":
		p.Build(t, built, nil, "./server")
		behind.console = built
	case "kms":
		p.Build(t, built, nil, "./server")
		defer h.UseKMS(built)()
	case "module":
		p.Build(t, built, []string{"GOOS=js", "GOARCH=wasm", "CGO_ENABLED=0"}, "./wasm")
		content, err := os.ReadFile(built)
		if err != nil {
			t.Fatal(err)
		}
		behind.modules = map[string][]byte{web.Module: content}
	case "desk":
		walk = atDeskFile(func() string { return p.WriteDesk(t) })
	}
	return h.run(t, s.record(), behind, walk)
}

func patchFile(name string) string {
	return filepath.Join("testdata", "sabotage", filepath.FromSlash(name)+".sabotage")
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
		if !slices.ContainsFunc(sabotages, func(s sabotage) bool { return s.name == name }) {
			t.Errorf("no row of the table uses %s", name)
		}
	}
}

// TestSabotageFits applies every patch, which is quick: one that no longer fits would prove
// nothing.
func TestSabotageFits(t *testing.T) {
	for _, s := range sabotages {
		t.Run(s.name, func(t *testing.T) {
			if p := patchOf(t, s.together()); !p.ChangesPages() && s.build == "" {
				t.Errorf("it changes nothing that the console serves (%s)", program.Source("web/static"))
			}
			same := among(s.together(), func(other sabotage) bool { return slices.Contains(other.places(), s.place) })
			for _, other := range same {
				if other.name != s.name && s.place != "" && (s.tells == "" || other.place == s.place && other.tells == s.tells) {
					t.Errorf("what it leaves in %s cannot be told from what %s does", s.place, other.name)
				}
			}
		})
	}
}
