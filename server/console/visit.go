package console

import (
	"slices"
	"strings"
)

// Pages lists the paths of all pages, for whoever has to see each of them.
func Pages() []string { return slices.Clone(pagePaths) }

// Choices is the Cookie header of somebody who chose a language and a theme; empty means no choice was made.
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
