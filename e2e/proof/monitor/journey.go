package monitor

import (
	"bytes"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/playwright-community/playwright-go"

	"keyferry/components/text"
	"keyferry/e2e/browser"
	"keyferry/e2e/leak"
	"keyferry/e2e/program"
	"keyferry/wasm/keywrap"
)

// Journey is one person's way through the console, with a CMK and keys of its own.
type Journey struct {
	*browser.Visit
	Run     *Run
	Name    string
	Key     string              // id of the CMK
	Secrets map[string][]byte   // what must not be found, by name
	may     map[string][]string // monitors in which a secret may be, by its name
	alarms  map[string][]string // what other monitors than the search raised
	ByFiles bool                // whether the import did not go through the console
	Links   []string            // that the person was given, each for one call
	kms     string              // host of the local KMS, as the browser reaches it
}

// Travel lets a person go through a console. The journey's page is closed at the end, unless that
// happened on the way.
func (h *Run) Travel(t *testing.T, name, console string, walk func(*Journey)) *Journey {
	t.Helper()
	page, err := h.Browser.NewPage()
	if err != nil {
		t.Fatal(err)
	}
	h.listen(page)
	program := *h.Console
	program.Console, program.Control, program.Local = console, h.kms.Control, h.api
	j := &Journey{
		Visit: &browser.Visit{T: t, Program: &program, Words: text.Match("en"), Page: page, Shots: browser.TemporaryPictures()},
		Run:   h, Name: name, Key: h.Unused[0], kms: strings.TrimPrefix(h.kms.Local, "http://"),
		Secrets: map[string][]byte{}, may: map[string][]string{}, alarms: map[string][]string{},
	}
	h.Unused = h.Unused[1:]
	h.Journeys = append(h.Journeys, j)
	j.Watch()
	j.arrive(console + "/")
	walk(j)
	if !page.IsClosed() {
		h.look(page, "at the end of "+name)
		j.mustHaveNoWorker()
		page.Close()
	}
	return j
}

// arrive opens a page with its scripts. While a namespace is fresh its addresses still change, and
// a browser then breaks off what it is loading; a person would load the page again.
func (j *Journey) arrive(address string) {
	j.T.Helper()
	for range 3 {
		j.Do(j.Page.Goto(address))
		if unready, err := j.Page.Locator("[data-unready]").Count(); err == nil && unready == 0 {
			return
		}
	}
	j.T.Fatalf("%s did not arrive whole in three attempts", address)
}

// Hide registers a secret that the test knows before the page does.
func (j *Journey) Hide(name string, secret []byte, monitors ...string) {
	j.Secrets[name], j.may[name] = bytes.Clone(secret), monitors
}

// Arrived takes from the local KMS what it unwrapped, and registers it. A key that was known before
// must be the same.
func (j *Journey) Arrived() {
	j.T.Helper()
	material := j.Program.Material(j.T, j.Key)
	if len(material) != keywrap.MaterialSize {
		j.Alarm("oracle", fmt.Sprintf("the KMS has %d bytes of material", len(material)))
		return
	}
	if known, ok := j.Secrets["key"]; ok && !bytes.Equal(known, material) {
		j.Alarm("oracle", "the KMS has other material than the person brought")
	}
	j.Hide("key", material)
}

// Alarm notes what a monitor raised that does not search.
func (j *Journey) Alarm(monitor, what string) {
	j.alarms[monitor] = append(j.alarms[monitor], what)
}

// Look keeps what the page has now.
func (j *Journey) Look(when string) {
	j.T.Helper()
	j.Run.look(j.Page, j.Name+", "+when)
}

// mustHaveNoWorker raises an alarm if a worker outlives its job. Chromium takes a moment to tell
// that one has ended.
func (j *Journey) mustHaveNoWorker() {
	if j.NoWorkerLeft() {
		return
	}
	j.Alarm("workers", fmt.Sprintf("%d workers outlive their job", len(j.Page.Workers())))
}

// Until waits until something holds of a page that no single expectation can name.
func (j *Journey) Until(what string, holds func() bool) {
	j.T.Helper()
	program.Eventually(j.T, time.Minute, j.Name+": "+what, holds)
}

// Shows waits until one of the elements is visible.
func (j *Journey) Shows(selectors ...string) {
	j.T.Helper()
	for i, selector := range selectors {
		selectors[i] = selector + ":visible"
	}
	j.Do(j.Page.Locator(strings.Join(selectors, ", ")).First().WaitFor())
}

// Visible holds if an element is on the page and shown.
func (j *Journey) Visible(selector string) bool {
	shown, err := j.Page.Locator(selector).First().IsVisible()
	return err == nil && shown
}

// Caught is everything that the monitors caught of the journeys, by journey and monitor.
type Caught map[*Journey]map[string][]string

// Search looks through all that the monitors hold for the secrets of all journeys. It returns what
// was found where it must not be, and how many bytes each monitor held.
func (h *Run) Search() (Caught, map[string]int) {
	h.T.Helper()
	found := Caught{}
	owners := map[string]*Journey{}
	secrets := map[string][]byte{}
	for i, j := range h.Journeys {
		found[j] = maps.Clone(j.alarms)
		for name, secret := range j.Secrets {
			full := fmt.Sprintf("%s of journey %d (%s)", name, i, j.Name)
			owners[full], secrets[full] = j, secret
		}
	}
	search, err := leak.New(secrets)
	if err != nil {
		h.T.Fatal(err)
	}
	sizes := map[string]int{}
	for i, findings := range searchAll(search, h.Places) {
		place := h.Places[i]
		sizes[place.Monitor] += len(place.content)
		for _, finding := range findings {
			j := owners[finding.Secret]
			name, _, _ := strings.Cut(finding.Secret, " of journey ")
			if !slices.Contains(j.may[name], place.Monitor) {
				found[j][place.Monitor] = append(found[j][place.Monitor], place.Name+": "+finding.String())
			}
		}
	}
	h.searchRequests(found)
	h.searchLinks(found)
	return found, sizes
}

// part is how much is searched at a time; the parts of a large place overlap by more than a key in
// any spelling.
const (
	part = 8 << 20
	seam = 64 << 10
)

// searchAll searches places on all processors. What is found in place i is at index i.
func searchAll(search *leak.Search, places []Place) [][]leak.Finding {
	found := make([][]leak.Finding, len(places))
	var mu sync.Mutex
	var work sync.WaitGroup
	free := make(chan bool, runtime.NumCPU())
	for i, p := range places {
		for at := 0; at < len(p.content); at += part {
			free <- true
			work.Go(func() {
				defer func() { <-free }()
				findings := search.In(p.content[at:min(len(p.content), at+part+seam)])
				mu.Lock()
				defer mu.Unlock()
				found[i] = append(found[i], findings...)
			})
		}
	}
	work.Wait()
	return found
}

// MustBeClean fails the test if anything of a journey was caught.
func (c Caught) MustBeClean(t *testing.T, j *Journey) {
	t.Helper()
	for monitor, findings := range c[j] {
		t.Errorf("%s: %s caught %d, such as %s", j.Name, monitor, len(findings), findings[0])
	}
}

// Monitors are the names of the monitors that caught something of a journey.
func (c Caught) Monitors(j *Journey) []string {
	return slices.Sorted(maps.Keys(c[j]))
}

// Attach gives a file to a field.
func (j *Journey) Attach(field, name string, content []byte) {
	j.T.Helper()
	j.File(field, program.Kept(j.T, name, content))
}

// Typed puts text into a field by its keys, as a person does: what a browser keeps of typing, it
// keeps of that.
func (j *Journey) Typed(field, content string) {
	j.T.Helper()
	j.Do(j.Page.Locator("#"+field).PressSequentially(content, playwright.LocatorPressSequentiallyOptions{Delay: playwright.Float(1)}))
}
