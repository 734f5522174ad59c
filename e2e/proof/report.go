// Package proof collects what the tests below it found. These tests have a short form, part of
// make test, and a long one, which make prove runs.
package proof

import (
	"flag"
	"fmt"
	"io"
	"os"
	"sync"
	"testing"

	"keyferry/e2e/table"
)

// Full asks for the long form of the proof, which make prove runs: more keys, more flows, longer
// runs. Every test of the proof also has a short form, which is part of make test.
var Full = flag.Bool("full", false, "the long form of the proof, as make prove runs it")

// Findings collects what the tests of the proof found, one table for each subject.
var Findings report

// report is a set of tables that tests fill while they run.
type report struct {
	Mu     sync.Mutex
	tables []*subject
}

// subject is one table of a report.
type subject struct {
	title string
	Cells [][]string
}

// About is the table of a subject, made with this head where there is none yet.
func (r *report) About(title string, head ...string) *subject {
	r.Mu.Lock()
	defer r.Mu.Unlock()
	for _, s := range r.tables {
		if s.title == title {
			return s
		}
	}
	s := &subject{title: title, Cells: [][]string{head}}
	r.tables = append(r.tables, s)
	return s
}

// Add puts a line into a table of the report.
func (r *report) Add(s *subject, cells ...string) {
	r.Mu.Lock()
	defer r.Mu.Unlock()
	s.Cells = append(s.Cells, cells)
}

// Write writes all tables.
func (r *report) Write(w io.Writer) {
	r.Mu.Lock()
	defer r.Mu.Unlock()
	for _, s := range r.tables {
		fmt.Fprintf(w, "\n## %s\n\n", s.title)
		table.Write(w, s.Cells)
	}
}

// Main runs the tests of a package after it has prepared what they need, unless only the short
// tests are asked for. In the long form it writes the tables that they filled.
func Main(m *testing.M, prepare ...func() error) {
	flag.Parse()
	if testing.Short() {
		prepare = nil
	}
	for _, step := range prepare {
		if err := step(); err != nil {
			fmt.Fprintf(os.Stderr, "e2e: %v\n", err)
			os.Exit(1)
		}
	}
	code := m.Run()
	if *Full {
		Findings.Write(os.Stdout)
	}
	os.Exit(code)
}
