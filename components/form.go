package components

import (
	"html"
	"regexp"
)

// described is the value of aria-describedby for a FileInput: the hint, if there is one, and what
// was chosen.
func described(id, hint string) string {
	if hint == "" {
		return id + "-chosen"
	}
	return hint + " " + id + "-chosen"
}

var (
	words    = regexp.MustCompile(`\S+`)
	hyphened = regexp.MustCompile(`[!-~…]+-[!-~…]+`)
)

// unbroken is a command as markup in which a line ends between words only. A browser would also
// break it after a hyphen, and on paper nobody could tell whether a blank belongs there.
func unbroken(command string) string { return kept(command, words) }

// whole is a sentence as markup in which a line does not end within a date or the name of a file.
// Between Chinese characters a browser breaks after a hyphen.
func whole(sentence string) string { return kept(sentence, hyphened) }

// kept is a text as markup in which each of these pieces stays on one line if it fits there.
func kept(text string, pieces *regexp.Regexp) string {
	markup, end := "", 0
	for _, at := range pieces.FindAllStringIndex(text, -1) {
		markup += html.EscapeString(text[end:at[0]]) + `<span class="word">` + html.EscapeString(text[at[0]:at[1]]) + "</span>"
		end = at[1]
	}
	return markup + html.EscapeString(text[end:])
}
