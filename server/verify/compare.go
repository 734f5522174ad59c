package verify

import (
	"bytes"
	"fmt"
	"mime"
	"slices"
	"strconv"
	"strings"
)

// outcome is what one comparison found.
type outcome struct {
	problems []string
	extra    []string // names of headers that are there in addition and harmless
	recoded  bool     // the body arrived in another coding, or packed otherwise, and opens to the same bytes
}

// compare holds an answer against what it should be. The address is the path of both, for what they name.
func compare(want, got *answer, address string) outcome {
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

	original, wantCoding, err := want.decoded(maxOwn)
	if err != nil {
		found.problems = append(found.problems, "this binary's own file: "+err.Error())
		return found
	}
	body, coding, err := got.decoded(len(original) + maxSlack)
	switch {
	case err != nil:
		found.problems = append(found.problems, err.Error())
	case !bytes.Equal(original, body):
		found.problems = append(found.problems, "body: "+firstDifference(original, body))
		kind := mediaType(want)
		found.problems = append(found.problems, newNames(namesIn(kind, address, original), namesIn(kind, address, body))...)
	default:
		found.recoded = coding != wantCoding || !bytes.Equal(want.body, got.body)
	}
	return found
}

// mediaType is the kind of a body, as its own console says it.
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

// firstDifference says where two texts part, with a few bytes of each from there on.
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

// quoted makes what others wrote safe for a terminal, and short. What is not printable shows as an escape.
func quoted(text string) string {
	const most = 80
	if len(text) > most {
		return strconv.Quote(text[:most]) + "…"
	}
	return strconv.Quote(text)
}
