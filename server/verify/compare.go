package verify

import (
	"bytes"
	"fmt"
	"mime"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// outcome is what one comparison found.
type outcome struct {
	problems []string
	extra    []string // names of headers that are there in addition and harmless
	recoded  bool     // the body arrived in another coding, or compressed otherwise, and decodes to the same bytes
}

// compare compares an answer with what it should be. The original is the decoded body of the
// latter, and the address the path of both, for what they name.
func compare(want, got *answer, original []byte, address string, base *url.URL) outcome {
	var found outcome
	if want.status != got.status {
		found.problems = append(found.problems, fmt.Sprintf("status %d instead of %d", got.status, want.status))
	}
	for _, early := range got.early {
		found.problems = append(found.problems, "an answer before the answer: "+early)
	}
	if len(got.trailer) > 0 {
		found.problems = append(found.problems, "headers behind the body: "+quoted(strings.Join(sortedNames(got.trailer), ", ")))
	}
	problems, extra := compareHeaders(want.header, got.header)
	found.problems, found.extra = append(found.problems, problems...), extra

	if slices.Equal(want.header.Values("Content-Encoding"), got.header.Values("Content-Encoding")) && bytes.Equal(want.body, got.body) {
		return found
	}
	body, coding, err := got.decoded(len(original) + maxSlack)
	if err != nil {
		found.problems = append(found.problems, err.Error())
		return found
	}
	ours, theirs := alike(want, original, body, base)
	switch {
	case !bytes.Equal(ours, theirs):
		found.problems = append(found.problems, "body: "+firstDifference(ours, theirs))
		kind := mediaType(want)
		found.problems = append(found.problems, newNames(namesIn(kind, address, original), namesIn(kind, address, body))...)
	case mediaType(want) == "text/calendar", bytes.Contains(original, ownID(want)):
		// It is new each time, and no coding of it can be compared.
	default:
		found.recoded = coding != want.header.Get("Content-Encoding") || !bytes.Equal(want.body, got.body)
	}
	return found
}

// ownID is the id of the request, which an answer about an error repeats.
func ownID(a *answer) []byte { return []byte(a.header.Get(unlike)) }

var (
	requestIDs = regexp.MustCompile(`\b[A-Z2-7]{12}\b`)
	written    = regexp.MustCompile(`(?m)^(SEQUENCE:[0-9]{7,10}|DTSTAMP:[0-9]{8}T[0-9]{6}Z)\r$`) // when, in a calendar file
)

// alike is both bodies less what is new in each: the request's id, and in a calendar file the time
// of writing. A console behind a proxy that does not name the scheme writes links with http into
// that file.
func alike(want *answer, original, body []byte, base *url.URL) (ours, theirs []byte) {
	if id := ownID(want); len(id) > 0 && bytes.Contains(original, id) {
		original, body = bytes.ReplaceAll(original, id, []byte("(id)")), requestIDs.ReplaceAll(body, []byte("(id)"))
	}
	if mediaType(want) != "text/calendar" {
		return original, body
	}
	both := [2][]byte{original, body}
	for i, file := range both {
		file = written.ReplaceAll(file, nil)
		if base.Scheme == "https" {
			file = bytes.ReplaceAll(file, []byte("\r\n "), nil)
			file = bytes.ReplaceAll(file, []byte("http://"+base.Host+"/"), []byte(base.String()+"/"))
		}
		both[i] = file
	}
	return both[0], both[1]
}

// mediaType is the media type of an answer, without parameters.
func mediaType(a *answer) string {
	kind, _, _ := mime.ParseMediaType(a.header.Get("Content-Type"))
	return kind
}

// newNames says what a changed body names in addition.
func newNames(want, got []named) []string {
	var found []string
	for _, n := range got {
		if !slices.Contains(want, n) && len(found) < 3 {
			found = append(found, "it names "+quoted(n.address)+" in "+n.where)
		}
	}
	return found
}

// shown is how many bytes of both sides a report shows.
const shown = 24

// firstDifference says at which byte two texts differ first, with a few bytes of each from there
// on.
func firstDifference(want, got []byte) string {
	at := 0
	for at < len(want) && at < len(got) && want[at] == got[at] {
		at++
	}
	show := func(text []byte) string {
		if at == len(text) {
			return "its end"
		}
		return quoted(string(text[at:min(len(text), at+shown)]))
	}
	return fmt.Sprintf("at byte %d of %d there is %s and not %s", at, len(want), show(got), show(want))
}

// quoted makes what others wrote safe for a terminal, and short. What is not printable shows as an
// escape.
func quoted(text string) string {
	const most = 80
	if len(text) > most {
		return strconv.Quote(text[:most]) + "…"
	}
	return strconv.Quote(text)
}
