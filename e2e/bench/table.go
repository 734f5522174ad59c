package main

import (
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"

	"keyferry/e2e/table"
)

// section is a group of rows. Sections stand in the table in this order, in whatever order they were measured.
type section int

const (
	sectionBrowser section = iota
	sectionServer
	sectionLoad
	sectionBurst
	sectionListing
)

// row is one number with what it is compared with. Empty fields show as a dash.
type row struct {
	what, value, against, ratio string
	goal                        string
	missed                      bool
	section                     section
}

// aim sets the row's goal: got must be at most limit, which goal says in words.
func (r row) aim(goal string, got, limit float64) row {
	r.goal, r.missed = goal, got > limit
	return r
}

// aimFor sets the row's goal: got must be at least limit.
func (r row) aimFor(goal string, got, limit float64) row {
	r.goal, r.missed = goal, got < limit
	return r
}

// results collects rows.
type results struct {
	rows []row
}

func (t *results) insert(s section, rows ...row) {
	for _, r := range rows {
		r.section = s
		t.rows = append(t.rows, r)
	}
}

// String is the table as aligned Markdown, the verdict under it, and the notes.
func (t *results) String() string {
	slices.SortStableFunc(t.rows, func(a, b row) int { return int(a.section - b.section) })
	cells := [][]string{{"what", "value", "compared with", "ratio", "goal", "met"}}
	var goals, missed []string
	for _, r := range t.rows {
		met := ""
		if r.goal != "" {
			goals = append(goals, r.what)
			met = "yes"
		}
		if r.missed {
			missed = append(missed, r.what)
			met = "**MISSED**"
		}
		cells = append(cells, []string{r.what, r.value, r.against, r.ratio, r.goal, met})
	}
	var b strings.Builder
	table.Write(&b, cells)
	if len(missed) == 0 {
		fmt.Fprintf(&b, "\nAll %d goals are met.\n", len(goals))
	} else {
		fmt.Fprintf(&b, "\n**%d OF %d GOALS MISSED: %s.**\n", len(missed), len(goals), strings.Join(missed, "; "))
	}
	b.WriteString(notes)
	return b.String()
}

// notes say what the rows cannot.
const notes = `
- The empty module is a Go program for the browser that registers an empty global and waits, built by the same command.
  It is served by the same console, with nothing but the module exchanged, and started by the same worker.
- Ready, cold: from before the worker exists to its "ready", in a fresh browser context each time, so that nothing is
  cached; both modules in turn, medians.
- Desk, opened to ready: from asking for the page until its module has read a wrapping key, in a fresh browser context each
  time; the file from the disk and the console's own desk in turn, medians.
- Wraps: RSA-2048, one worker for each contender on one page, in turn. The shipped module wraps once and is erased, so
  e2e/bench/wrapmodule loops over the same package keywrap. WebCrypto has 16 operations in flight, on the browser's own
  threads. One ciphertext of each is opened.
- Console: the same valid import through the console and by alibaba-cloud-sdk-go alone, in turn, over kept connections,
  to the same local KMS. Added is the difference of the medians.
- Local KMS: 64 connections; client and server share this machine. GetParametersForImport takes an RSA key from a pool
  that one goroutine fills; an empty pool makes callers wait for it, so that the sustained rate is that of making RSA
  keys. Those still waiting at the end count with the time that they had waited.
- Quotas are the ones that Alibaba Cloud publishes, in calls a second for an account.
`

// describeMachine says where the numbers come from. The load before the start tells whether they were disturbed.
func describeMachine() string {
	load := "unknown"
	if content, err := os.ReadFile("/proc/loadavg"); err == nil {
		load, _, _ = strings.Cut(string(content), " ")
	}
	return fmt.Sprintf("Keyferry bench: %s, %s/%s, %d cores, load before the start %s",
		runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), load)
}
