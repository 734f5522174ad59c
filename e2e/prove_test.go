package e2e

import (
	"flag"
	"fmt"
	"io"
	"sync"

	"keyferry/e2e/table"
)

// full asks for the long form of the proof, which make prove runs: more keys, more flows, longer runs. Every test of the
// proof also has a short form, which is part of make test.
var full = flag.Bool("full", false, "the long form of the proof, as make prove runs it")

// findings collects what the tests of the proof found, one table for each subject.
var findings report

// report is a set of tables that tests fill while they run.
type report struct {
	mu     sync.Mutex
	tables []*subject
}

// subject is one table of a report.
type subject struct {
	title string
	cells [][]string
}

// about is the table of a subject, made with this head where there is none yet.
func (r *report) about(title string, head ...string) *subject {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, s := range r.tables {
		if s.title == title {
			return s
		}
	}
	s := &subject{title: title, cells: [][]string{head}}
	r.tables = append(r.tables, s)
	return s
}

// add puts a line into a table of the report.
func (r *report) add(s *subject, cells ...string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	s.cells = append(s.cells, cells)
}

// write writes all tables.
func (r *report) write(w io.Writer) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, s := range r.tables {
		fmt.Fprintf(w, "\n## %s\n\n", s.title)
		table.Write(w, s.cells)
	}
}
