package console

import (
	"net/url"
	"slices"
	"strings"
)

// here is the address of a page as links and forms carry it: its path, and the CMK's id where the
// address has one. Nothing else of an address goes on, because what a person pasted into it by
// mistake must not.
func here(address *url.URL) string {
	if !slices.Contains(Pages(), address.Path) {
		return "/"
	}
	if id := keyIn(address); id != "" {
		return address.Path + "?KeyId=" + id
	}
	return address.Path
}

// keyIn is the CMK's id that an address names with KeyId; empty if there is none, or something
// else.
func keyIn(address *url.URL) string {
	if id := address.Query().Get("KeyId"); keyIDs.MatchString(id) {
		return id
	}
	return ""
}

// Pages lists the paths of all pages.
func Pages() []string {
	paths := make([]string, len(consolePages))
	for i, p := range consolePages {
		paths[i] = p.path
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
