package account

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
	"time"
)

// The lines of the console's log, with what is drawn or measured: the time, how long a request
// took, and its id.
var (
	startLine   = regexp.MustCompile(`(?m)^Keyferry (\S+): console on http://\S+\n`)
	requestLine = regexp.MustCompile(`^time=(\S+) level=INFO msg=request method=([A-Z]+) route=(\S+) status=(\d{3}) ms=(\d+) id=([A-Z2-7]+)$`)
	auditLine   = regexp.MustCompile(`^time=(\S+) level=INFO msg=audit action=(\w+) key_id=(\S+) result=(\S+) kms_request_id=(""|\S*) id=([A-Z2-7]+) (algorithm|expire_unix)=(\S+)$`)
	attemptLine = regexp.MustCompile(`^time=(\S+) level=WARN msg="kms attempt" action=(\w+) attempt=(\d) status=(\d{1,3}) code=(\S+) took=(\S+)$`)
	logTime     = newGrammar(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}(Z|[+-]\d\d:00)`)
	logID       = newGrammar(`[A-Z2-7]{12}`)
	logMS       = newGrammar(`\d{1,5}`)
	took        = newGrammar(`\d{1,3}(\.\d{1,9})?(µs|ms|s)`)
)

// log checks the console's log, line by line.
func (ac *account) log() {
	want := map[string]int{}
	for _, a := range ac.Arrivals {
		want[fmt.Sprintf("%s %s %d", a.Method, route(a.Path), a.Status)]++
	}
	ids := map[string]bool{}
	var audits []string
	attempts := ac.attempts()
	for line := range strings.Lines(ac.Log) {
		line = strings.TrimSuffix(line, "\n")
		if found := requestLine.FindStringSubmatch(line); found != nil {
			want[found[2]+" "+found[3]+" "+found[4]]--
			ac.logged(found[1], found[6])
			if ids[found[6]] {
				ac.leave("server's log", "the id %s came twice", found[6])
			}
			ids[found[6]] = true
			ac.took(found[5]+"ms", logMS, found[5])
		} else if found := auditLine.FindStringSubmatch(line); found != nil {
			ac.logged(found[1], found[6])
			audits = append(audits, found[2]+" "+found[3]+" "+found[4])
			known := found[8] == fmt.Sprint(ac.Given.Expires) || found[8] == ac.Given.Algorithm
			if id := found[5]; !known || id != `""` && !ac.gave(id) {
				ac.leave("server's log", "%.200s", line)
			}
		} else if found := attemptLine.FindStringSubmatch(line); found != nil {
			ac.attempted(found, &attempts)
		} else if !startLine.MatchString(line+"\n") && line != "Calls go to Alibaba Cloud KMS in cn-hangzhou." {
			ac.leave("server's log", "%.200s", line)
		}
	}
	for line, count := range want {
		if count != 0 {
			ac.leave("server's log", "%s: %d lines too few", line, count)
		}
	}
	if ac.Given.CMKs != nil {
		slices.Sort(audits) // of several CMKs the calls are made at once
	}
	if calls := ac.results(); !slices.Equal(audits, calls) {
		ac.leave("server's log", "audit lines %q, want %q", audits, calls)
	}
	if len(attempts) > 0 {
		ac.leave("server's log", "no lines of the attempts %q", attempts)
	}
}

// results are the calls with what became of each.
func (ac *account) results() (all []string) {
	for _, call := range ac.Given.Calls {
		action, code, failed := strings.Cut(call, " ")
		if !failed {
			code = "ok"
		}
		if action == "ImportFile" {
			action = "ImportKeyMaterial"
		}
		for _, id := range ac.Given.cmks() {
			all = append(all, action+" "+id+" "+code)
		}
	}
	return all
}

// attempts are the lines of calls that fail: action, number, status and code of each attempt. The
// KMS refuses every attempt with the same code; where a connection is cut, there is one attempt.
func (ac *account) attempts() (all []string) {
	for _, call := range ac.Given.Calls {
		action, code, failed := strings.Cut(call, " ")
		switch {
		case !failed:
		case code == "Console.KMSOutcomeUnknown":
			all = append(all, action+" 1 0 outcome_unknown")
		default:
			for n := range 3 {
				all = append(all, fmt.Sprintf("%s %d 500 %s", action, n+1, code))
			}
		}
	}
	return all
}

// attempted checks the line of an attempt, of which only the time and how long it took are not
// predicted.
func (ac *account) attempted(found []string, attempts *[]string) {
	if got := strings.Join(found[2:6], " "); len(*attempts) == 0 || (*attempts)[0] != got {
		ac.leave("server's log", "the attempt %.150q, want %.300q", got, *attempts)
	} else {
		*attempts = (*attempts)[1:]
	}
	ac.timed(found[1])
	ac.took(found[6], took, found[6])
}

// took checks how long something lasted: not longer than the flow.
func (ac *account) took(duration string, g grammar, got string) {
	lasted, err := time.ParseDuration(duration)
	if err != nil || !g.pattern.MatchString(got) || lasted > ac.Ended.Sub(ac.Began) {
		ac.leave("server's log", "it took %.60q", got)
	}
	ac.draws("server's log", "how long a request took", min(g.bits, math.Log2(float64(ac.Ended.Sub(ac.Began).Nanoseconds()))))
}

// logged checks a time and an id.
func (ac *account) logged(at, id string) {
	ac.timed(at)
	if !logID.pattern.MatchString(id) {
		ac.leave("server's log", "id=%.60s", id)
	}
	ac.draws("server's log", "id", logID.bits)
}

// timed checks a time in the log: it is one of the flow.
func (ac *account) timed(at string) {
	moment, err := time.Parse(time.RFC3339Nano, at)
	if err != nil || !logTime.pattern.MatchString(at) || !ac.isOfFlow(moment) {
		ac.leave("server's log", "time=%.60s", at)
	}
	ac.draws("server's log", "time", ac.seconds()+math.Log2(1000))
}

// gave holds for a request id that the KMS gave.
func (ac *account) gave(id string) bool {
	return slices.ContainsFunc(ac.Calls, func(c call) bool { return requestID(c.Answer) == id })
}

// route is how the log names a path.
func route(path string) string {
	path, _, _ = strings.Cut(path, "?")
	if strings.HasPrefix(path, "/static/") {
		return "/static/:digest/*"
	}
	return path
}
