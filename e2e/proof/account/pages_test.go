package account

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math"
	"net/http"
	"os"
	"slices"
	"strings"

	"keyferry/components/text"
	"keyferry/e2e/program"
)

// pages checks what a page keeps and says.
func (ac *account) pages() {
	ac.storage()
	ac.titles()
	ac.historyAndCaches()
	ac.said()
	ac.offered()
	for _, what := range ac.Strangers {
		ac.leave("network and disk", "%s", what)
	}
	if len(ac.Processes) != 1 || !strings.HasSuffix(strings.Join(ac.Started, " "), ac.Processes[0]) {
		ac.leave("process list", "%q, and the test started %q", ac.Processes, ac.Started)
	}
}

// storage checks what the page stored: nothing, but for the cookies of the person's choices.
func (ac *account) storage() {
	none := map[string]any{}
	want := map[string]any{
		"local": none, "session": none, "cookies": strings.Join(ac.Given.Cookies, "; "), "history": nil, "name": "",
		"address": ac.address(ac.Given.last()), "databases": none, "caches": none, "files": none,
	}
	for i, m := range ac.Moments {
		if ac.Given.onDisk() {
			// What a page from a disk may not open, it may not fill: that is as it was at the
			// beginning.
			if m.Storage != ac.Moments[0].Storage {
				ac.leave("storage", "at moment %d storage is %.300s", i, m.Storage)
			}
			continue
		}
		ac.equal("storage", "storage", json.RawMessage(m.Storage), want)
	}
	for _, cookie := range ac.Cookies {
		if !slices.Contains(ac.Given.Cookies, cookie) {
			ac.leave("storage", "the cookie %.80q", cookie)
		}
	}
	if len(ac.Cookies) != len(ac.Given.Cookies) {
		ac.leave("storage", "there are %d cookies, want %d", len(ac.Cookies), len(ac.Given.Cookies))
	}
}

// address is that of a page.
func (ac *account) address(page string) string {
	if strings.HasPrefix(page, "file://") {
		return page
	}
	return "http://" + ac.Address + page
}

func (ac *account) titles() {
	for _, m := range ac.Moments {
		want := ac.Moments[0].Title
		if ac.Given.failed() && m != ac.Moments[0] {
			want = text.Fill(text.Match(ac.Given.Language).Phrases.ErrorTitle, "title", want)
		}
		if m.Title != want {
			ac.leave("title", "it became %.80q", m.Title)
		}
	}
}

// historyAndCaches checks the addresses that the browser keeps.
func (ac *account) historyAndCaches() {
	pages := []string{"about:blank", "http://" + ac.Address + "/"}
	for _, page := range ac.Given.Pages {
		pages = append(pages, ac.address(page))
	}
	for _, address := range ac.History {
		if !slices.Contains(pages, address) {
			ac.leave("history", "%.120q", address)
		}
	}
	files := []string{}
	for _, a := range ac.Arrivals {
		if a.Method == "GET" && strings.HasPrefix(a.Path, "/static/") {
			files = append(files, "http://"+ac.Address+a.Path)
		}
	}
	for _, cached := range ac.Caches { // pages and calls are not to be stored
		if !slices.Contains(files, cached) {
			ac.leave("cache", "%.150s", cached)
		}
	}
	known := slices.Concat(pages, ac.addressesOffered(), []string{"http://" + ac.Address, "http://" + ac.Address + "/en/calendar"})
	for _, found := range ac.Profile {
		if !slices.ContainsFunc(known, func(address string) bool { return follows(found, address) }) {
			ac.leave("profile", "%.150q", found)
		}
	}
}

// follows holds for an address behind which something else begins: no more of an address.
func follows(found, address string) bool {
	rest, is := strings.CutPrefix(found, address)
	return is && (rest == "" || !strings.ContainsAny(rest[:1], "/?#&=%.;:-_0123456789"))
}

// said checks what the browser says by itself: of each failed call, with the words of its status.
func (ac *account) said() {
	var want []string
	for _, a := range ac.Arrivals {
		if strings.HasPrefix(a.Path, "/kms/") && a.Status >= 400 {
			want = append(want, fmt.Sprintf("error: Failed to load resource: the server responded with a status of %d (%s)", a.Status, http.StatusText(a.Status)))
		}
	}
	for _, said := range ac.Said {
		if len(want) == 0 || said != want[0] {
			ac.leave("console messages", "%.120q", said)
			continue
		}
		want = want[1:]
	}
}

// offered compares the files that the page offered with those that were saved, and with what else
// is predicted: it offers no other. The addresses are the browser's own, and each was told as it
// was drawn.
func (ac *account) offered() {
	want := ac.unsaved()
	for _, d := range ac.Downloads {
		if !strings.HasSuffix(d.Name, ".ics") { // which comes from the console
			want = append(want, d.Content)
		}
	}
	for _, r := range ac.Reports {
		if r.Kind != "content" {
			continue
		}
		var one struct {
			Bytes struct {
				Bytes []byte `json:"$bytes"`
			}
		}
		if err := json.Unmarshal(r.Value, &one); err != nil {
			ac.t.Fatal(err)
		}
		at := slices.IndexFunc(want, func(w []byte) bool { return bytes.Equal(w, one.Bytes.Bytes) })
		if at < 0 {
			ac.leave("downloads", "a file of %d bytes was offered and not saved", len(one.Bytes.Bytes))
			continue
		}
		want = slices.Delete(want, at, at+1)
	}
	if len(want) > 0 || len(ac.addressesOffered()) != ac.contents() {
		ac.leave("downloads", "%d files were not offered; of %d the page told %d", len(want), len(ac.addressesOffered()), ac.contents())
	}
}

// unsaved are files that a desk offers and nobody saved: the wrapping key for other tools, the
// import file for a console and, where the page is a file, the worker's script.
func (ac *account) unsaved() (all [][]byte) {
	if ac.Given.Pasted == "" {
		return nil
	}
	der, _ := base64.StdEncoding.DecodeString(ac.parameters.PublicKey)
	all = append(all, der, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), ac.importFile())
	if ac.Given.onDisk() {
		script, err := os.ReadFile(program.Source("web/desk/worker.js"))
		if err != nil {
			ac.t.Fatal(err)
		}
		all = append(all, script)
	}
	return all
}

// contents is how many files the page told the content of.
func (ac *account) contents() (n int) {
	for _, r := range ac.Reports {
		if r.Kind == "content" {
			n++
		}
	}
	return n
}

// addressesOffered are those that the page made for files in memory.
func (ac *account) addressesOffered() (all []string) {
	for _, r := range ac.Reports {
		var one struct{ Address string }
		if r.Kind == "offered" && json.Unmarshal(r.Value, &one) == nil {
			all = append(all, one.Address)
		}
	}
	return all
}

func log2(n float64) float64 { return math.Log2(n) }
