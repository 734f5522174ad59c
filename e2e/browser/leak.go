package browser

import (
	"fmt"
	"strings"
	"testing"

	"keyferry/e2e/leak"
)

// Pieces finds what a place holds of some bytes, in any form that package leak knows.
func Pieces(t testing.TB, content, secret []byte) []leak.Finding {
	t.Helper()
	search, err := leak.New(map[string][]byte{"the key material": secret})
	if err != nil {
		t.Fatal(err)
	}
	return search.In(content)
}

// MustNotHaveLeaked takes from the local KMS what really arrived, and looks for it everywhere that
// a page could have left it: what the browser sent, the page, its storage, its console, its
// address, and the program's log.
func (v *Visit) MustNotHaveLeaked(keyID string) {
	v.T.Helper()
	material := v.Program.Material(v.T, keyID)
	if len(material) != 32 {
		v.T.Fatalf("the local KMS has %d bytes of material for %s, want 32", len(material), keyID)
	}
	for place, content := range v.traces() {
		for _, found := range Pieces(v.T, content, material) {
			v.T.Errorf("%s holds %s", place, found)
		}
	}
}

// traces is everything that the visit left behind, by place.
func (v *Visit) traces() map[string][]byte {
	v.T.Helper()
	state := func(script string) []byte {
		result, err := v.Page.Evaluate(script)
		v.Do(err)
		return []byte(fmt.Sprint(result))
	}
	places := map[string][]byte{
		"the DOM":           state(`document.documentElement.outerHTML`),
		"the form fields":   state(`JSON.stringify(Array.from(document.querySelectorAll("input"), (i) => i.value))`),
		"the local storage": state(`JSON.stringify(localStorage) + JSON.stringify(sessionStorage)`),
		"the databases":     state(`indexedDB.databases().then((all) => JSON.stringify(all))`),
		"the caches":        state(`caches.keys().then((all) => JSON.stringify(all))`),
		"the cookies":       state(`document.cookie`),
		"the history state": state(`JSON.stringify(history.state)`),
		"the address":       []byte(v.Page.URL()),
		"the program's log": v.Program.Log.Bytes(),
	}
	v.Mu.Lock()
	defer v.Mu.Unlock()
	for i, sent := range v.Sent {
		places[fmt.Sprintf("request %d", i+1)] = sent
	}
	places["the console"] = []byte(strings.Join(v.Said, "\n"))
	least := 5
	if strings.HasPrefix(v.Page.URL(), "file:") {
		least = 1 // the file itself
	}
	if len(v.Sent) < least {
		v.T.Errorf("only %d requests were recorded: the record cannot be complete", len(v.Sent))
	}
	return places
}
