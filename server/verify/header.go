package verify

import (
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// harmless are the headers that servers and proxies add and that cannot weaken a page. They are listed in the report
// and not compared. Content-Length and Transfer-Encoding frame the body, which is compared itself.
var harmless = []string{
	"Accept-Ranges", "Age", "Connection", "Content-Length", "Date", "Etag", "Keep-Alive", "Last-Modified", "Server",
	"Strict-Transport-Security", "Transfer-Encoding", "Via",
}

// unlike is what the console names anew in each answer, so that it cannot be compared.
const unlike = "X-Request-Id"

// sameHost is the value of an Alt-Svc that leads to the same name by another protocol or port, or forgets what it knew.
var sameHost = regexp.MustCompile(`^(clear|` + service + `(, *` + service + `)*)$`)

const service = `[A-Za-z0-9%.-]+=":[0-9]+"(; *[a-z]+=[0-9]+)*`

// compareHeaders lists what is wrong, and the names of what is there in addition and harmless. Whatever is not known to
// be harmless is wrong.
func compareHeaders(want, got http.Header) (problems, extra []string) {
	names := sortedNames(want, got)
	for _, name := range names {
		wanted, have := want.Values(name), got.Values(name)
		switch {
		case name == "Content-Encoding", name == unlike && len(have) == 1: // the first is undone with the body
		case slices.Contains(harmless, name):
			extra = append(extra, name)
		case name == "Alt-Svc" && len(have) == 1 && sameHost.MatchString(have[0]):
			extra = append(extra, name)
		case name == "Vary" && covers(have, wanted):
		case slices.Equal(wanted, have):
		case len(wanted) == 0:
			problems = append(problems, fmt.Sprintf("header %s: unexpected, %s", quoted(name), quoted(strings.Join(have, " | "))))
		case len(have) == 0:
			problems = append(problems, fmt.Sprintf("header %s: missing", name))
		case len(have) != len(wanted):
			problems = append(problems, fmt.Sprintf("header %s: %d times instead of %d", name, len(have), len(wanted)))
		default:
			problems = append(problems, fmt.Sprintf("header %s: %s", name, firstDifference([]byte(wanted[0]), []byte(have[0]))))
		}
	}
	return problems, extra
}

// covers holds if a Vary names everything that it should: more of it only makes caches keep answers apart.
func covers(have, wanted []string) bool {
	list := func(values []string) []string {
		return strings.FieldsFunc(strings.ToLower(strings.Join(values, ",")), func(r rune) bool { return r == ',' || r == ' ' })
	}
	named := list(have)
	return !slices.ContainsFunc(list(wanted), func(name string) bool { return !slices.Contains(named, name) })
}

func sortedNames(headers ...http.Header) []string {
	all := map[string]bool{}
	for _, header := range headers {
		for name := range header {
			all[name] = true
		}
	}
	return slices.Sorted(maps.Keys(all))
}
