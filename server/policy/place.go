package policy

import (
	"regexp"
	"strconv"
	"strings"
)

// place is how the parser says where it stopped.
var place = regexp.MustCompile(`<input>:(\d+):(\d+)`)

// got is the word that the parser did not expect.
var got = regexp.MustCompile(`(?:exact got|unexpected effect:) (\S+)`)

// behind splits the parser's error: the word behind the unexpected one, and the message.
var behind = regexp.MustCompile(`^parse error at line \d+ ("(?:[^"\\]|\\.)*"): (.*)$`)

// syntaxError returns the line on which a file is wrong, and what is wrong. The parser names the
// place behind the word that it did not expect, which can be a later line.
func syntaxError(content string, err error) (line int, what string) {
	what = strings.TrimPrefix(err.Error(), "parser error: ")
	found := place.FindStringSubmatch(what)
	if found == nil {
		return 1, what
	}
	line, _ = strconv.Atoi(found[1])
	lines := strings.SplitAfter(content, "\n")
	before := strings.Join(lines[:min(line, len(lines))], "")
	if word := got.FindStringSubmatch(what); word != nil {
		if at := strings.LastIndex(before, word[1]); at >= 0 {
			line = 1 + strings.Count(before[:at], "\n")
		}
	} else if strings.Contains(what, `""`) { // the end of the file
		line = 1 + strings.Count(strings.TrimSpace(content), "\n")
	}
	what = place.ReplaceAllString(what, "line $1")
	if parts := behind.FindStringSubmatch(what); parts != nil {
		what = parts[2] + ", before " + parts[1]
	}
	return line, strings.NewReplacer("exact got", "found", "want", "expected", `before ""`, "at the end").Replace(what)
}

// source is the text of one policy and the line on which it begins.
type source struct {
	first int
	text  string
}

// quoted is a name in an error of the validator, such as `lable` or `Action::"imprt"`.
var quoted = regexp.MustCompile("`(?:[^`]*::)?([^`]+)`|@([a-z]+)")

// line returns the line of what an error names: the first line of the policy if it names nothing
// that can be found.
func (s source) line(problem error) int {
	for _, found := range quoted.FindAllStringSubmatch(problem.Error(), -1) {
		word := `\b` + regexp.QuoteMeta(found[1]) + `\b`
		switch {
		case found[2] != "":
			word = "@" + found[2] + `\b`
		case strings.HasPrefix(found[1], `"`):
			word = regexp.QuoteMeta(found[1])
		}
		if at := regexp.MustCompile(word).FindStringIndex(s.text); at != nil {
			return s.first + strings.Count(s.text[:at[0]], "\n")
		}
	}
	return s.first
}

// cutPlace returns the two parts of file:line.
func cutPlace(id string) (file, line string) {
	at := strings.LastIndexByte(id, ':')
	return id[:at], id[at+1:]
}
