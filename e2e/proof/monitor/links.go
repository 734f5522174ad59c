package monitor

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"strings"
)

// A connected desk sends to the KMS itself: the calls of the links that the person was given, each
// once, and nothing besides.

// linkHeaders are those of usualHeaders that differ where a page without an origin sends elsewhere.
var linkHeaders = func() map[string]*regexp.Regexp {
	headers := maps.Clone(usualHeaders)
	delete(headers, "Referer")
	headers["Content-Type"] = regexp.MustCompile(`^application/x-www-form-urlencoded;charset=UTF-8$`)
	headers["Origin"] = regexp.MustCompile(`^null$`)
	headers["Sec-Fetch-Site"] = regexp.MustCompile(`^cross-site$`)
	return headers
}()

// searchLinks raises an alarm for each request of a browser's to a local KMS that is not the call of
// a link, and for each link whose call was not seen.
func (h *Run) searchLinks(found Caught) {
	for _, host := range h.every {
		given := map[string]bool{} // and not seen yet
		var linked, others []*Journey
		for _, j := range h.Journeys {
			if j.kms != host {
				continue
			}
			if len(j.Links) == 0 {
				others = append(others, j)
				continue
			}
			linked = append(linked, j)
			for _, link := range j.Links {
				given[link] = true
			}
		}
		if len(linked) == 0 {
			linked = others
		}
		for _, problem := range h.unusualCalls(host, given) {
			for _, j := range linked {
				found[j]["requests"] = append(found[j]["requests"], problem)
			}
		}
	}
}

// unusualCalls says what is wrong with the calls that browsers made to a KMS.
func (h *Run) unusualCalls(host string, given map[string]bool) (problems []string) {
	for _, s := range h.Streams {
		for _, r := range RequestsIn(s.Content) {
			if r.Host != host || r.Header.Get("Sec-Fetch-Mode") == "" {
				continue // a console's
			}
			if r.problem == "" {
				r.problem = unusualHeader(r, linkHeaders)
			}
			if r.problem == "" && !takeLink(r, given) {
				r.problem = r.Method + " " + r.URL.Path + " is not the call of a link that was given, or is it once more"
			}
			if r.problem != "" {
				problems = append(problems, r.problem)
			}
		}
	}
	for link := range given {
		address, _, _ := strings.Cut(link, "?")
		problems = append(problems, "a link to "+address+" was given, and its call is not on the wire")
	}
	return problems
}

// takeLink reports whether a request is, letter by letter, the call of a link, which is then no
// longer among those given.
func takeLink(r sentRequest, given map[string]bool) bool {
	for link := range given {
		_, query, _ := strings.Cut(link, "?")
		form := asForm(query)
		imports := strings.Contains(form, "Action=ImportKeyMaterial")
		get := !imports && r.Method == http.MethodGet && r.URL.RequestURI() == "/?"+form && len(r.body) == 0
		post := imports && r.Method == http.MethodPost && r.URL.RequestURI() == "/" && string(r.body) == form
		if get || post {
			delete(given, link)
			return true
		}
	}
	return false
}

// asForm writes a query as browsers write a form.
func asForm(query string) string {
	var pairs []string
	for pair := range strings.SplitSeq(query, "&") {
		name, value, _ := strings.Cut(pair, "=")
		plainName, _ := url.QueryUnescape(name)
		plain, _ := url.QueryUnescape(value)
		pairs = append(pairs, url.QueryEscape(plainName)+"="+url.QueryEscape(plain))
	}
	return strings.Join(pairs, "&")
}

// unusualHeader says which header of a request is not one of those that are usual; empty if none.
func unusualHeader(r sentRequest, usual map[string]*regexp.Regexp) string {
	for name, values := range r.Header {
		form, known := usual[name]
		if !known || len(values) != 1 || !form.MatchString(values[0]) {
			return fmt.Sprintf("%s %s has the header %s: %q", r.Method, r.URL.Path, name, values)
		}
	}
	return ""
}
