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

var word = regexp.MustCompile(`\S+`)

// unbroken is a command as markup in which a line ends between words only. A browser would also
// break it after a hyphen, and on paper nobody could tell whether a blank belongs there.
func unbroken(command string) string {
	markup, end := "", 0
	for _, at := range word.FindAllStringIndex(command, -1) {
		markup += command[end:at[0]] + `<span class="word">` + html.EscapeString(command[at[0]:at[1]]) + "</span>"
		end = at[1]
	}
	return markup + command[end:]
}
