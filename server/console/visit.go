package console

import "strings"

// Pages lists the paths of all pages.
func Pages() []string {
	paths := make([]string, len(consolePages))
	for i, p := range consolePages {
		paths[i] = p.path
	}
	return paths
}

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
