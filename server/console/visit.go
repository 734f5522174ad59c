package console

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"github.com/labstack/echo/v4"

	"keyferry/components/text"
	"keyferry/server/kms"
)

// The cookies hold a person's choices and nothing about the visit. The pages' script sets them; the
// console reads the language and nothing else.
const (
	languageCookie = "keyferry_language"
	themeCookie    = "keyferry_theme"
)

// choiceHeaders are the request headers on which an answer depends whose address has no language.
const choiceHeaders = "Accept-Language, Cookie"

// language is the language of the address, where it has one. For a page at another address it is
// the one that the person chose; for everything else, and without a choice, it is one that the
// browser asks for. The pages' scripts ask for the language of their page.
func language(r *http.Request) *text.Catalogue {
	first, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	for _, words := range text.Languages {
		if words.Tag == first {
			return words
		}
	}
	chosen := ""
	if cookie, err := r.Cookie(languageCookie); err == nil && wantsPage(r) {
		chosen = cookie.Value
	}
	return text.Match(chosen, r.Header.Get("Accept-Language"))
}

// choose leads from an address without a language to the same page in one. The id of a CMK or of a
// request goes along, and which requests to list; nothing else of an address does, because what a person pasted into it by
// mistake must not.
func choose(path string) echo.HandlerFunc {
	return func(e echo.Context) error {
		target := "/" + language(e.Request()).Tag + path
		if query := kept(e.Request().URL); query != "" {
			target += "?" + query
		}
		e.Response().Header().Set("Vary", choiceHeaders)
		return e.Redirect(http.StatusFound, target)
	}
}

// lists are the lists of requests that there are.
var lists = regexp.MustCompile(`^(mine|waiting|all)$`)

// kept is the part of an address's query that the pages read: the CMK's id that it names with
// KeyId, the request's that it names with id or request, or the list's that it names with which. It
// is empty if there is none, or something else.
func kept(address *url.URL) string {
	query := address.Query()
	for _, p := range []struct {
		name string
		form *regexp.Regexp
	}{{"request", requestIDs}, {"id", requestIDs}, {"KeyId", kms.KeyIDs}, {"which", lists}} {
		if value := query.Get(p.name); p.form.MatchString(value) {
			return p.name + "=" + value
		}
	}
	return ""
}

// Addresses lists the paths of all pages without a language, of a console for one person or for
// several. Each leads to the page in one.
func Addresses(team bool) []string {
	var paths []string
	for _, p := range pagesOf(team) {
		paths = append(paths, p.path)
	}
	return paths
}

// Pages lists the paths of all pages in all languages, of a console for one person or for several.
func Pages(team bool) []string {
	var paths []string
	for _, words := range text.Languages {
		for _, path := range Addresses(team) {
			paths = append(paths, "/"+words.Tag+path)
		}
	}
	return paths
}

// Choices is the Cookie header of somebody who chose a language and a theme; empty means no choice
// was made.
func Choices(language, theme string) string {
	var cookies []string
	if language != "" {
		cookies = append(cookies, languageCookie+"="+language)
	}
	if theme != "" {
		cookies = append(cookies, themeCookie+"="+theme)
	}
	return strings.Join(cookies, "; ")
}
