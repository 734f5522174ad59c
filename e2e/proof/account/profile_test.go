package account

import (
	"bytes"
	"database/sql"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	_ "modernc.org/sqlite" // the browser keeps its history in such files

	"keyferry/e2e/proof/monitor"
)

// sortTables notes what a file of the profile has in the rows that name a console: its history, its
// icons, what it predicts. Other files than databases have none.
func (h *observer) sortTables(t *testing.T, place monitor.Place) {
	t.Helper()
	if !bytes.HasPrefix(place.Content(), []byte("SQLite format 3\x00")) {
		return
	}
	file := filepath.Join(t.TempDir(), "copy")
	if err := os.WriteFile(file, place.Content(), 0o600); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", (&url.URL{Scheme: "file", Opaque: file, RawQuery: "mode=ro&immutable=1"}).String())
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, table := range rowsOf(t, db, "SELECT name FROM sqlite_master WHERE type = 'table'") {
		for _, row := range rowsOf(t, db, `SELECT * FROM "`+table[0]+`"`) {
			for _, r := range h.records {
				if slices.ContainsFunc(row, func(cell string) bool { return strings.Contains(cell, r.Address) }) {
					r.Profile = append(r.Profile, r.cellsOf(row)...)
				}
			}
		}
	}
}

// rowsOf are the texts and bytes of each row. Numbers and times are the browser's own.
func rowsOf(t *testing.T, db *sql.DB, query string) (all [][]string) {
	t.Helper()
	rows, err := db.Query(query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	for rows.Next() {
		cells, into := make([]any, len(columns)), make([]any, len(columns))
		for i := range cells {
			into[i] = &cells[i]
		}
		if err := rows.Scan(into...); err != nil {
			t.Fatal(err)
		}
		var row []string
		for _, cell := range cells {
			switch content := cell.(type) {
			case string:
				row = append(row, content)
			case []byte:
				row = append(row, string(content))
			}
		}
		all = append(all, row)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

var unprintable = regexp.MustCompile(`[^ -\x{10ffff}]`)

// cellsOf are the texts of a row: of bytes in which several consoles may be named, only the
// addresses of this one.
func (r *record) cellsOf(row []string) (cells []string) {
	for _, cell := range row {
		switch {
		case cell == "":
		case unprintable.MatchString(cell):
			cells = append(cells, regexp.MustCompile(`http://`+regexp.QuoteMeta(r.Address)+`[!-~]*`).FindAllString(cell, -1)...)
		default:
			cells = append(cells, cell)
		}
	}
	return cells
}

// ownCells are texts that the browser puts beside an address by itself: its names of things, and
// random ones that no page can choose.
var ownCells = regexp.MustCompile(`^(127\.0\.0\.1|_default|\d{1,10}|(/[^/]+)+/downloads/[0-9a-f-]{36}|[0-9A-Fa-f-]{36})$`)

// profile checks what the browser keeps on the disk.
func (ac *account) profile() {
	known := append(ac.visited(),
		"http://"+ac.Address, "http://"+ac.Address+ac.static("icon.svg"), "http://"+ac.Address+"/en/calendar", "text/calendar")
	for _, one := range ac.offerings() {
		known = append(known, one.Address, one.Type)
	}
	for _, page := range ac.Given.Pages {
		known = append(known, ac.title(page), ac.failedTitle(page))
	}
	for _, found := range ac.Profile {
		if !slices.Contains(known, found) && !ownCells.MatchString(found) {
			ac.leave("profile", "%.150q", found)
		}
	}
}
