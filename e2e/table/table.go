// Package table writes figures as aligned Markdown, for a person who reads them in a terminal or in
// a report.
package table

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// Write writes a table: the first line of cells is its head. Empty cells show as a dash.
func Write(w io.Writer, cells [][]string) {
	widths := make([]int, len(cells[0]))
	for _, line := range cells {
		for i, cell := range line {
			widths[i] = max(widths[i], utf8.RuneCountInString(shown(cell)))
		}
	}
	for n, line := range cells {
		for i, cell := range line {
			fmt.Fprintf(w, "| %-*s ", widths[i], shown(cell))
		}
		fmt.Fprintln(w, "|")
		if n > 0 {
			continue
		}
		for _, width := range widths {
			fmt.Fprint(w, "|"+strings.Repeat("-", width+2))
		}
		fmt.Fprintln(w, "|")
	}
}

func shown(cell string) string {
	if cell == "" {
		return "–"
	}
	return cell
}
