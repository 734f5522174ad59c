package account

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"

	"keyferry/e2e/program"
	"keyferry/e2e/proof/monitor"
)

// snapshot notes what the page has at this moment. A page that is gone has nothing.
func (h *observer) snapshot(j *monitor.Journey, r *record) {
	j.T.Helper()
	if j.Page.IsClosed() {
		return
	}
	state, err := os.ReadFile(program.Source("e2e/proof/monitor/testdata/state.js"))
	j.Do(err)
	var found struct{ Storage string }
	evaluated(j, script(string(state)), &found)
	html, err := j.Page.Content()
	j.Do(err)
	title, err := j.Page.Title()
	j.Do(err)
	rest, err := j.Page.Evaluate(script(testdata(j.T, "rest.js")))
	j.Do(err)
	r.Moments = append(r.Moments, moment{Title: title, Storage: found.Storage, Page: html, Rest: fmt.Sprint(rest)})
	r.History = h.history(j)
	r.Panel = nil
	evaluated(j, listed, &r.Panel)
	slices.Reverse(r.Panel) // it lists the last request first
	r.Processes, r.Written = h.Processes(h.consoles[r], j.Name), h.FilesOf(h.consoles[r])
}

// listed reads the panel that says what left the page.
const listed = `() => JSON.stringify(Array.from(document.querySelectorAll("[data-part=sent-list] > li"), (li) => ({
	Time: li.querySelector("time")?.textContent, Action: li.querySelector("strong")?.textContent,
	Outcome: li.querySelector("p")?.lastElementChild?.textContent,
	Fields: Array.from(li.querySelectorAll("dt"), (dt) => [dt.textContent, dt.nextElementSibling?.textContent]),
})))`

// script is a file with one function, without the comment before it.
func script(content string) string {
	for strings.HasPrefix(content, "//") {
		_, content, _ = strings.Cut(content, "\n")
	}
	return content
}

// evaluated calls a function in the page, and decodes the JSON that it returns.
func evaluated(j *monitor.Journey, function string, into any) {
	j.T.Helper()
	result, err := j.Page.Evaluate(function)
	j.Do(err)
	j.Do(json.Unmarshal([]byte(fmt.Sprint(result)), into))
}

// history is the addresses to which the page's buttons lead back and forward.
func (h *observer) history(j *monitor.Journey) (addresses []string) {
	j.T.Helper()
	session, err := h.Browser.NewCDPSession(j.Page)
	j.Do(err)
	defer session.Detach()
	answer, err := session.Send("Page.getNavigationHistory", nil)
	j.Do(err)
	text, err := json.Marshal(answer)
	j.Do(err)
	var walked struct{ Entries []struct{ URL string } }
	j.Do(json.Unmarshal(text, &walked))
	for _, entry := range walked.Entries {
		addresses = append(addresses, entry.URL)
	}
	return addresses
}
