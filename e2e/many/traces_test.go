package many

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"keyferry/e2e/leak"
)

// traces is what the sittings of a set left behind, by place.
type traces struct {
	places map[string][]byte
	number int // of sittings
	log    func() []byte
}

func (r *traces) add(place string, content []byte) {
	if r.places == nil {
		r.places = map[string][]byte{}
	}
	r.places[place] = append(append(r.places[place], content...), '\n')
}

// keep keeps what the browser sent, has and said. The log of the program is that of the console and
// of the local KMS.
func (r *traces) keep(s *sitting) {
	s.T.Helper()
	r.number++
	r.log = s.Program.Log.Bytes
	for place, script := range map[string]string{
		"the page":   `document.documentElement.outerHTML`,
		"the fields": `JSON.stringify(Array.from(document.querySelectorAll("input, textarea"), (i) => i.value))`,
		"the storage": `(async () => JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie, history.state, window.name,
			await indexedDB.databases(), await caches.keys()]))()`,
	} {
		state, err := s.Page.Evaluate(script)
		s.Do(err)
		r.add(fmt.Sprintf("%s of sitting %d", place, r.number), []byte(fmt.Sprint(state)))
	}
	s.Mu.Lock()
	defer s.Mu.Unlock()
	for _, sent := range s.Sent {
		r.add(fmt.Sprintf("what was sent in sitting %d", r.number), sent)
	}
	r.add("the browser's console", []byte(strings.Join(s.Said, "\n")))
}

func (r *traces) keepFile(t testing.TB, name string) {
	t.Helper()
	content, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	r.add("the file "+filepath.Base(name), content)
}

func (r *traces) keepFiles(t testing.TB, folder string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%s has %d files, error %v", folder, len(files), err)
	}
	for _, name := range files {
		r.keepFile(t, name)
	}
}

// mustNotHold searches all places for every piece of every key, in any form that package leak knows.
func (r *traces) mustNotHold(t testing.TB, keys map[string][]byte) {
	t.Helper()
	search, err := leak.New(keys)
	if err != nil {
		t.Fatal(err)
	}
	r.add("the log", r.log())
	total := 0
	for place, content := range r.places {
		total += len(content)
		for _, found := range search.In(content) {
			t.Errorf("%s holds %s", place, found)
		}
	}
	if sent, log := len(r.places["what was sent in sitting 1"]), len(r.places["the log"]); sent < 10_000 || log < 10_000 {
		t.Errorf("%d bytes were sent at first and the log has %d: they cannot be all", sent, log)
	}
	t.Logf("searched %d bytes of %d sittings for %d keys", total, r.number, len(keys))
}
