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
	"path"
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
	ac.profile()
	ac.said()
	ac.offered()
	ac.secretsGone()
	for _, what := range ac.Strangers {
		ac.leave("network and disk", "%s", what)
	}
	if len(ac.Processes) != 1 || !strings.HasSuffix(strings.Join(ac.Started, " "), ac.Processes[0]) {
		ac.leave("process list", "%q, and the test started %q", ac.Processes, ac.Started)
	}
	for _, name := range ac.Written {
		ac.leave("server's files", "%s", name)
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
	var set []string
	for _, cookie := range ac.Given.Cookies {
		set = append(set, cookie+"; Path=/; Max-Age=31536000; SameSite=Strict")
	}
	for _, cookie := range ac.told("cookie") { // but not of one that is set as the page is left
		if !slices.Contains(set, cookie) {
			ac.leave("storage", "the page set the cookie %.80q", cookie)
		}
	}
}

// told are the texts of a kind that the page told.
func (ac *account) told(kind string) (all []string) {
	for _, r := range ac.Reports {
		var told string
		if r.Kind == kind && json.Unmarshal(r.Value, &told) == nil {
			all = append(all, told)
		}
	}
	return all
}

// address is that of a page.
func (ac *account) address(page string) string {
	if strings.HasPrefix(page, "file://") {
		return page
	}
	return "http://" + ac.Address + page
}

// titles checks the title of the page, and every one that it had in between.
func (ac *account) titles() {
	page := ac.Given.last()
	for _, title := range ac.told("title") {
		if title != ac.title(page) && title != ac.failedTitle(page) {
			ac.leave("title", "it was %.80q", title)
		}
	}
	for i, m := range ac.Moments {
		if m.Title != ac.title(page) && (i == 0 || !ac.Given.failed() || m.Title != ac.failedTitle(page)) {
			ac.leave("title", "it became %.80q", m.Title)
		}
	}
}

// title is that of a page. A new page needs a line here.
func (ac *account) title(page string) string {
	words := text.Match(ac.Given.Language)
	title := words.Desk.Title // of a file
	if path, _, _ := strings.Cut(page, "?"); !strings.HasPrefix(path, "file://") {
		tag, name, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
		words = text.Match(tag)
		title = map[string]string{"": words.Import.Title, "check": words.Check.Title, "reimport": words.Reimport.Title, "many": words.Many.Title, "desk": words.Desk.Title}[name]
	}
	return title + " · Keyferry"
}

// failedTitle is the title of a page with an error.
func (ac *account) failedTitle(page string) string {
	return text.Fill(text.Match(ac.Given.Language).Phrases.ErrorTitle, "title", ac.title(page))
}

// visited are the addresses of the pages that the person went to.
func (ac *account) visited() []string {
	pages := []string{"about:blank", "http://" + ac.Address + "/"}
	for _, page := range ac.Given.Pages {
		pages = append(pages, ac.address(page))
	}
	return pages
}

// historyAndCaches checks the addresses that the browser keeps.
func (ac *account) historyAndCaches() {
	pages := ac.visited()
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

// offered compares the files that the page offered, and their types, with those that were saved and
// with what else is predicted: it offers no other. The addresses are the browser's own, and each
// was told as it was drawn.
func (ac *account) offered() {
	want := ac.unsaved()
	for _, d := range ac.Downloads {
		// A calendar comes from the console, and of receipts of several CMKs any are offered.
		if end := path.Ext(d.Name); end != ".ics" && end != ".jsonl" {
			want = append(want, offer{d.Content, fileTypes[path.Ext(d.Name)]})
		}
	}
	types := map[string]string{}
	for _, one := range ac.offerings() {
		types[one.Address] = one.Type
	}
	for _, r := range ac.Reports {
		if r.Kind != "content" {
			continue
		}
		var one struct {
			Address string
			Bytes   struct {
				Bytes []byte `json:"$bytes"`
			}
		}
		if err := json.Unmarshal(r.Value, &one); err != nil {
			ac.t.Fatal(err)
		}
		if types[one.Address] == fileTypes[".jsonl"] && ac.someReceipts(one.Bytes.Bytes) {
			ac.bits["downloads"] += float64(len(ac.Given.CMKs)) // which of them
			continue
		}
		at := slices.IndexFunc(want, func(w offer) bool { return bytes.Equal(w.content, one.Bytes.Bytes) && w.kind == types[one.Address] })
		if at < 0 {
			ac.leave("downloads", "a file of %d bytes, %.60q, was offered and not saved", len(one.Bytes.Bytes), types[one.Address])
			continue
		}
		want = slices.Delete(want, at, at+1)
	}
	if len(want) > 0 || len(types) != ac.contents() {
		ac.leave("downloads", "%d files were not offered; of %d the page told %d", len(want), len(types), ac.contents())
	}
}

// offer is a file that a page keeps in memory, with the type that it gives it.
type offer struct {
	content []byte
	kind    string
}

// fileTypes are the types of the files that people save, by the end of the name. A new kind of file
// needs a line here.
var fileTypes = map[string]string{".age": "application/octet-stream", ".json": "application/json", ".jsonl": "application/jsonl", ".txt": "text/plain"}

// unsaved are files that a desk offers and nobody saved: the wrapping key for other tools, the
// import file for a console and, where the page is a file, the worker's script.
func (ac *account) unsaved() (all []offer) {
	if ac.Given.Pasted == "" {
		return nil
	}
	der, _ := base64.StdEncoding.DecodeString(ac.parameters.PublicKey)
	all = append(all, offer{der, "application/octet-stream"}, offer{pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), "application/x-pem-file"})
	all = append(all, offer{ac.importFile(), "application/json"})
	if ac.Given.onDisk() {
		script, err := os.ReadFile(program.Source("web/desk/worker.js"))
		if err != nil {
			ac.t.Fatal(err)
		}
		all = append(all, offer{script, "text/javascript"})
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

// offering is the address that the browser drew for a file in memory, and the type of that.
type offering struct{ Address, Type string }

// offerings are those of the page, in their order.
func (ac *account) offerings() (all []offering) {
	for _, r := range ac.Reports {
		var one offering
		if r.Kind == "offered" && json.Unmarshal(r.Value, &one) == nil {
			all = append(all, one)
		}
	}
	return all
}

func log2(n float64) float64 { return math.Log2(n) }
