package e2e

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
)

// spellings are the forms in which key material could leave: raw, hexadecimal and base64, whole and in halves. Base64
// depends on where the bytes begin, so all three alignments are there, less the ends that depend on what stands beside.
func spellings(material []byte) map[string][]byte {
	found := map[string][]byte{}
	half := len(material) / 2
	for part, piece := range map[string][]byte{"whole": material, "first half": material[:half], "second half": material[half:]} {
		found[part+", raw"] = piece
		found[part+", hex"] = []byte(hex.EncodeToString(piece))
		found[part+", HEX"] = []byte(strings.ToUpper(hex.EncodeToString(piece)))
		for shift := range 3 {
			padded := append(make([]byte, shift), piece...)
			for name, encoding := range map[string]*base64.Encoding{"base64": base64.RawStdEncoding, "base64url": base64.RawURLEncoding} {
				encoded := encoding.EncodeToString(padded)
				core := encoded[(shift*8+5)/6 : len(padded)*8/6]
				found[fmt.Sprintf("%s, %s shifted by %d", part, name, shift)] = []byte(core)
			}
		}
	}
	return found
}

// mustNotHaveLeaked takes from the local KMS what really arrived, and looks for it everywhere that a page could have
// left it: what the browser sent, the page, its storage, its console, its address, and the program's log.
func (v *visit) mustNotHaveLeaked(keyID string) {
	v.t.Helper()
	material := v.program.material(v.t, keyID)
	if len(material) != 32 {
		v.t.Fatalf("the local KMS has %d bytes of material for %s, want 32", len(material), keyID)
	}
	for place, content := range v.traces() {
		for spelling, form := range spellings(material) {
			if bytes.Contains(content, form) {
				v.t.Errorf("%s holds the key material (%s)", place, spelling)
			}
		}
	}
}

// traces is everything that the visit left behind, by place.
func (v *visit) traces() map[string][]byte {
	v.t.Helper()
	state := func(script string) []byte {
		result, err := v.page.Evaluate(script)
		v.do(err)
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
		"the address":       []byte(v.page.URL()),
		"the program's log": v.program.log.Bytes(),
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	for i, sent := range v.sent {
		places[fmt.Sprintf("request %d", i+1)] = sent
	}
	places["the console"] = []byte(strings.Join(v.said, "\n"))
	least := 5
	if strings.HasPrefix(v.page.URL(), "file:") {
		least = 1 // the file itself
	}
	if len(v.sent) < least {
		v.t.Errorf("only %d requests were recorded: the record cannot be complete", len(v.sent))
	}
	return places
}
