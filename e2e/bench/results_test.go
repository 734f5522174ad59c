package bench

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"keyferry/e2e/table"
)

// figure is one line of the table. The empty fields show as a dash.
type figure struct {
	what, value, against, ratio string
	goal                        string // in words
	missed                      bool
}

// results are the figures in the order in which they were measured.
type results []figure

var measured results

func (r *results) add(f figure) { *r = append(*r, f) }

// atMost sets a goal for a figure.
func (f figure) atMost(goal string, got, limit float64) figure {
	f.goal, f.missed = "≤ "+goal, got > limit
	return f
}

// atLeast sets a goal for a figure.
func (f figure) atLeast(goal string, got, limit float64) figure {
	f.goal, f.missed = "≥ "+goal, got < limit
	return f
}

// String is the table in Markdown and whether the goals are met.
func (r *results) String() string {
	cells := [][]string{{"what", "value", "compared with", "ratio", "goal", "met"}}
	goals := 0
	var missed []string
	for _, f := range *r {
		met := ""
		if f.goal != "" {
			goals++
			met = "yes"
		}
		if f.missed {
			met = "**MISSED**"
			missed = append(missed, f.what)
		}
		cells = append(cells, []string{f.what, f.value, f.against, f.ratio, f.goal, met})
	}
	var b strings.Builder
	table.Write(&b, cells)
	if len(missed) > 0 {
		fmt.Fprintf(&b, "\n**%d OF %d GOALS MISSED: %s.**\n", len(missed), goals, strings.Join(missed, "; "))
	} else {
		fmt.Fprintf(&b, "\nAll %d goals are met.\n", goals)
	}
	return b.String()
}

// times are what one contender took.
type times []time.Duration

// at returns the time that a share of all does not exceed: at(0.5) is the median.
func (t times) at(share float64) time.Duration {
	if len(t) == 0 {
		return 0
	}
	return slices.Sorted(slices.Values(t))[min(len(t)-1, int(share*float64(len(t))))]
}

func short(d time.Duration) string {
	switch {
	case d < 10*time.Millisecond:
		return fmt.Sprintf("%.2f ms", d.Seconds()*1e3)
	case d < time.Second:
		return fmt.Sprintf("%.0f ms", d.Seconds()*1e3)
	}
	return fmt.Sprintf("%.2f s", d.Seconds())
}

func megabytes(n int) string { return fmt.Sprintf("%.3f MB", float64(n)/1e6) }

func ratio[T ~int | ~int64 | ~float64](a, b T) float64 { return float64(a) / float64(b) }

func inTimes(r float64) string { return fmt.Sprintf("%.2f×", r) }

func TestResults(t *testing.T) {
	var r results
	r.add(figure{what: "fast", value: "3×"}.atLeast("2×", 3, 2))
	r.add(figure{what: "slow", value: "2"}.atMost("1", 2, 1))
	text := r.String()
	for _, want := range []string{"≥ 2× | yes", "≤ 1  | **MISSED**", "**1 OF 2 GOALS MISSED: slow.**"} {
		if !strings.Contains(text, want) {
			t.Errorf("the table lacks %q:\n%s", want, text)
		}
	}
}

func TestTimes(t *testing.T) {
	all := times{3, 1, 2, 5, 4}
	if got := all.at(0.5); got != 3 {
		t.Errorf("the median is %v, want 3", got)
	}
	if got := all.at(0.99); got != 5 {
		t.Errorf("99 of 100 are below %v, want 5", got)
	}
}
