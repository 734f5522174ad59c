package verify

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// harmless are the headers that servers and proxies add and that cannot weaken a page. They are
// listed in the report and not compared. Content-Length and Transfer-Encoding frame the body, which
// is compared itself.
var harmless = []string{
	"Accept-Ranges", "Age", "Connection", "Content-Length", "Etag", "Keep-Alive", "Last-Modified", "Server",
	"Transfer-Encoding", "Via",
}

// unlike is what the console makes anew for each answer, so that it cannot be compared.
const unlike = "X-Request-Id"

// wrongClock is by how much the console's time may differ from this computer's: pages take the time
// from the console.
const wrongClock = 5 * time.Minute

// judged are headers that are allowed with some values alone: each returns what is wrong, or
// nothing.
var judged = map[string]func(value string) string{
	"Alt-Svc": func(value string) string {
		if strings.TrimSpace(value) == "clear" {
			return ""
		}
		return "browsers load later pages from where it leads, over a protocol or port that was not compared: " + quoted(value)
	},
	"Date": func(value string) string {
		at, err := http.ParseTime(value)
		if err != nil || time.Since(at).Abs() > wrongClock {
			return "the console's clock and this computer's differ by more than 5 minutes: " + quoted(value)
		}
		return ""
	},
	"Strict-Transport-Security": func(value string) string {
		for directive := range strings.SplitSeq(value, ";") {
			name, age, _ := strings.Cut(strings.TrimSpace(directive), "=")
			if seconds, err := strconv.Atoi(strings.Trim(age, `"`)); strings.EqualFold(name, "max-age") && (err != nil || seconds <= 0) {
				return "browsers forget to use https: " + quoted(value)
			}
		}
		return ""
	},
}

// compareHeaders lists what is wrong, and the names of what is there in addition and harmless.
// Whatever is not known to be harmless is wrong.
func compareHeaders(want, got http.Header) (problems, extra []string) {
	for _, name := range sortedNames(want, got) {
		wanted, have := want.Values(name), got.Values(name)
		judge := judged[name]
		switch {
		case name == "Content-Encoding", name == unlike && len(have) == 1: // the first is undone with the body
		case slices.Contains(harmless, name):
			extra = append(extra, name)
		case judge != nil && len(have) == 1:
			if wrong := judge(have[0]); wrong != "" {
				problems = append(problems, fmt.Sprintf("header %s: %s", name, wrong))
			}
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

// covers reports whether a Vary names everything that it should. More names only make caches keep
// answers apart.
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
