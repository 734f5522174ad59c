package e2e

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
	"keyferry/e2e/leak"
	"keyferry/wasm/keywrap"
)

// journey is one person's way through the console, with a CMK and keys of its own.
type journey struct {
	*visit
	h       *harness
	name    string
	key     string              // id of the CMK
	secrets map[string][]byte   // what must not be found, by name
	may     map[string][]string // nets in which a secret may be, by its name
	alarms  map[string][]string // what other nets than the search raised
	byFiles bool                // whether the import did not go through the console
}

// travel lets a person go through a console. The journey's page is closed at the end, unless that happened on the way.
func (h *harness) travel(t *testing.T, name, console string, walk func(*journey)) *journey {
	t.Helper()
	page, err := h.browser.NewPage()
	if err != nil {
		t.Fatal(err)
	}
	h.listen(page)
	program := *h.console
	program.console = console
	j := &journey{
		visit: &visit{t: t, program: &program, words: text.Match("en"), page: page, shots: temporaryPictures()},
		h:     h, name: name, key: h.unused[0],
		secrets: map[string][]byte{}, may: map[string][]string{}, alarms: map[string][]string{},
	}
	h.unused = h.unused[1:]
	h.journeys = append(h.journeys, j)
	j.watch()
	j.arrive(console + "/")
	walk(j)
	if *full {
		h.keepMemory(h.console, "after "+name)
	}
	if !page.IsClosed() {
		h.look(page, "at the end of "+name)
		j.mustHaveNoWorker()
		page.Close()
	}
	return j
}

// arrive opens a page with its scripts. While a namespace is fresh its addresses still change, and a browser then breaks
// off what it is loading; a person would load the page again.
func (j *journey) arrive(address string) {
	j.t.Helper()
	for range 3 {
		j.do(j.page.Goto(address))
		if unready, err := j.page.Locator("[data-unready]").Count(); err == nil && unready == 0 {
			return
		}
	}
	j.t.Fatalf("%s did not arrive whole in three attempts", address)
}

// hide registers a secret that the harness knows before the page does.
func (j *journey) hide(name string, secret []byte, nets ...string) {
	j.secrets[name], j.may[name] = bytes.Clone(secret), nets
}

// arrived takes from the local KMS what it unwrapped, and registers it. A key that was known before must be the same.
func (j *journey) arrived() {
	j.t.Helper()
	material := j.program.material(j.t, j.key)
	if len(material) != keywrap.MaterialSize {
		j.alarm("oracle", fmt.Sprintf("the KMS has %d bytes of material", len(material)))
		return
	}
	if known, ok := j.secrets["key"]; ok && !bytes.Equal(known, material) {
		j.alarm("oracle", "the KMS has other material than the person brought")
	}
	j.hide("key", material)
}

// alarm notes what a net raised that does not search.
func (j *journey) alarm(net, what string) {
	j.alarms[net] = append(j.alarms[net], what)
}

// look keeps what the page has now.
func (j *journey) look(when string) {
	j.t.Helper()
	j.h.look(j.page, j.name+", "+when)
}

// mustHaveNoWorker raises an alarm if a worker outlives its job. Chromium takes a moment to tell that one has ended.
func (j *journey) mustHaveNoWorker() {
	for range 100 {
		if len(j.page.Workers()) == 0 {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	j.alarm("workers", fmt.Sprintf("%d workers outlive their job", len(j.page.Workers())))
}

// until waits for something that a page does in its own time.
func (j *journey) until(what string, holds func() bool) {
	j.t.Helper()
	for began := time.Now(); !holds(); time.Sleep(50 * time.Millisecond) {
		if time.Since(began) > 30*time.Second {
			j.t.Fatalf("%s: %s did not happen within 30 s", j.name, what)
		}
	}
}

// visible holds if an element is on the page and shown.
func (j *journey) visible(selector string) bool {
	shown, err := j.page.Locator(selector).First().IsVisible()
	return err == nil && shown
}

// caught is everything that the nets caught of the journeys, by journey and net.
type caught map[*journey]map[string][]string

// search looks through all that the nets hold for the secrets of all journeys. It returns what was found where it must
// not be, and how many bytes each net held.
func (h *harness) search() (caught, map[string]int) {
	h.t.Helper()
	found := caught{}
	owners := map[string]*journey{}
	secrets := map[string][]byte{}
	for i, j := range h.journeys {
		found[j] = maps.Clone(j.alarms)
		for name, secret := range j.secrets {
			full := fmt.Sprintf("%s of journey %d (%s)", name, i, j.name)
			owners[full], secrets[full] = j, secret
		}
	}
	search, err := leak.New(secrets)
	if err != nil {
		h.t.Fatal(err)
	}
	sizes := map[string]int{}
	for i, findings := range searchAll(search, h.places) {
		place := h.places[i]
		sizes[place.net] += len(place.content)
		for _, finding := range findings {
			j := owners[finding.Secret]
			name, _, _ := strings.Cut(finding.Secret, " of journey ")
			if !slices.Contains(j.may[name], place.net) {
				found[j][place.net] = append(found[j][place.net], place.name+": "+finding.String())
			}
		}
	}
	h.searchRequests(found)
	return found, sizes
}

// part is how much is searched at a time; the parts of a large place overlap by more than a key in any spelling.
const (
	part = 8 << 20
	seam = 64 << 10
)

// searchAll searches places on all processors. What is found in place i stands at i.
func searchAll(search *leak.Search, places []place) [][]leak.Finding {
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

// mustBeClean fails the test if anything of a journey was caught.
func (c caught) mustBeClean(t *testing.T, j *journey) {
	t.Helper()
	for net, findings := range c[j] {
		t.Errorf("%s: %s caught %d, such as %s", j.name, net, len(findings), findings[0])
	}
}

// nets are the names of the nets that caught something of a journey.
func (c caught) nets(j *journey) []string {
	return slices.Sorted(maps.Keys(c[j]))
}

// attach gives a file to a field.
func (j *journey) attach(field, name string, content []byte) {
	j.t.Helper()
	j.file(field, kept(j.t, name, content))
}

// typed puts text into a field by its keys, as a person does: what a browser keeps of typing, it keeps of that.
func (j *journey) typed(field, content string) {
	j.t.Helper()
	j.do(j.page.Locator("#"+field).PressSequentially(content, playwright.LocatorPressSequentiallyOptions{Delay: playwright.Float(1)}))
}
