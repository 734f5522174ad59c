package reminders

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// DefaultLeads are the lead times unless the operator chooses others.
const DefaultLeads = "90d,30d,7d,1d"

const (
	day      = 24 * time.Hour
	maxLead  = 3650 // days
	maxLeads = 20
)

// ParseLeads reads lead times, whole days such as 90d,30d,7d,1d, and returns them with the shortest
// first. 0d is when the time is over.
func ParseLeads(list string) ([]time.Duration, error) {
	var leads []time.Duration
	for field := range strings.SplitSeq(list, ",") {
		number, isDays := strings.CutSuffix(strings.TrimSpace(field), "d")
		days, err := strconv.Atoi(number)
		if !isDays || err != nil || days < 0 || days > maxLead {
			return nil, fmt.Errorf("%q is no lead time; write whole days, such as %s", strings.TrimSpace(field), DefaultLeads)
		}
		leads = append(leads, time.Duration(days)*day)
	}
	slices.Sort(leads)
	leads = slices.Compact(leads)
	if len(leads) > maxLeads {
		return nil, fmt.Errorf("there are %d lead times, and nobody reads more than %d reminders", len(leads), maxLeads)
	}
	return leads, nil
}

// reached returns the shortest lead time that has begun when so much time is left, and whether any
// has. Of several that have begun one is enough.
func reached(leads []time.Duration, left time.Duration) (time.Duration, bool) {
	for _, lead := range leads {
		if lead >= left {
			return lead, true
		}
	}
	if left <= 0 && len(leads) > 0 {
		return leads[0], true
	}
	return 0, false
}

// following returns when the next lead time begins of something that is due at some time; zero
// means that none does any more.
func following(leads []time.Duration, due, now time.Time) time.Time {
	for _, lead := range slices.Backward(leads) {
		if begins := due.Add(-lead); begins.After(now) {
			return begins
		}
	}
	return time.Time{}
}
