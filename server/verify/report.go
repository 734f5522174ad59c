package verify

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// report writes one line for each thing, and counts.
type report struct {
	out       io.Writer
	checked   int
	differing int
	last      string          // the thing that the last difference was about
	harmless  map[string]bool // headers that were there in addition
	recoded   int
}

func (r *report) say(format string, values ...any) {
	fmt.Fprintf(r.out, format+"\n", values...)
}

// same reports a thing that is as it should be in each way to ask for it.
func (r *report) same(what string, answers int) {
	r.checked++
	r.say("ok       %s (%d answers)", what, answers)
}

// differs reports a thing that is not. Several lines may be about one thing, one after another.
func (r *report) differs(what, format string, values ...any) {
	if what != r.last {
		r.checked++
		r.differing++
		r.last = what
	}
	r.say("DIFFERS  %s: %s", what, fmt.Sprintf(format, values...))
}

func (r *report) note(found outcome) {
	if r.harmless == nil {
		r.harmless = map[string]bool{}
	}
	for _, name := range found.extra {
		r.harmless[name] = true
	}
	if found.recoded {
		r.recoded++
	}
}

// end writes the summary.
func (r *report) end(v Verdict) {
	r.say("Not compared: %s, which is new in each answer.", unlike)
	if len(r.harmless) > 0 {
		r.say("Not compared, since they can weaken nothing: %s.", strings.Join(slices.Sorted(maps.Keys(r.harmless)), ", "))
	}
	if r.recoded > 0 {
		r.say("Compressed otherwise on the way, and the same once decoded: %d answers.", r.recoded)
	}
	if v.Differing == 0 {
		r.say("All %d things in %d answers are what this binary was built with.", v.Checked, v.Requests)
	} else {
		r.say("%d of %d things differ from what this binary was built with, in %d answers.", v.Differing, v.Checked, v.Requests)
	}
	r.say("What this cannot prove: that the console answers other people, at other times and from other networks, in the same way.")
}
