package account

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"keyferry/e2e/proof"
)

// TestProofAccount lets persons go through the flows, and strikes off every byte that was
// predicted: nothing may be left. The flows run with the recorder, so that the reference knows
// every random byte, and then without, so that nothing can depend on it; in the short form one of
// them does.
func TestProofAccount(t *testing.T) {
	h := newHarness(t)
	for _, recorded := range []bool{true, false} {
		for i, f := range flows {
			if *proof.Full || f.short && (recorded || i == 0) {
				t.Run(f.name, func(t *testing.T) { h.run(t, f.name, serving{recorded: recorded}, f.walk) })
			}
		}
	}
	h.close(t)
	h.save(t)
	found, _ := h.Search()
	about := proof.Findings.About("Account", "flow", "left", "the browser's places can carry, in bits", "the server draws, in bits", "of that the largest items")
	for _, r := range h.records {
		l := accountFor(t, r)
		for net, all := range found[h.journeys[r]] {
			l.leave("search", "%s: %s", net, all[0])
		}
		name := r.Name
		if !r.Given.Recorded {
			name += ", without the recorder"
		}
		if !l.nothing() {
			t.Errorf("%s: this is left:\n%s", name, l)
		}
		for place, bits := range l.bits {
			if bits >= room {
				t.Errorf("%s: %s could carry %.0f bits", name, place, bits)
			}
		}
		for item, bits := range l.items {
			if bits >= room && item != nonceName && r.Given.Recorded {
				t.Errorf("%s: one %s could carry %.0f bits", name, item, bits)
			}
		}
		if r == h.records[0] && l.nothing() {
			mustSee(t, r)
		}
		left := 0
		for _, all := range l.left {
			left += len(all)
		}
		proof.Findings.Add(about, name, fmt.Sprint(left), total(l.bits), total(l.server), total(l.items))
		t.Logf("%-60s left %d, browser %s, server %s (each at most: %s)", name, left, total(l.bits), total(l.server), total(l.items))
	}
}

// total lists what places can carry.
func total(bits map[string]float64) string {
	var all []string
	for _, place := range slices.Sorted(maps.Keys(bits)) {
		if bits[place] > 0 {
			all = append(all, fmt.Sprintf("%s %.0f", place, bits[place]))
		}
	}
	if len(all) == 0 {
		return "0"
	}
	return strings.Join(all, ", ")
}

// save keeps the records in a file that the environment names, so that they can be looked at again.
func (h *harness) save(t *testing.T) {
	t.Helper()
	name := os.Getenv("KEYFERRY_ACCOUNT_RECORDS")
	if name == "" {
		return
	}
	content, err := json.Marshal(h.records)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestRecords looks at records again that were kept.
func TestRecords(t *testing.T) {
	name := os.Getenv("KEYFERRY_ACCOUNT_AGAIN")
	if name == "" {
		t.Skip("no records to look at")
	}
	content, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var records []*record
	if err := json.Unmarshal(content, &records); err != nil {
		t.Fatal(err)
	}
	for i, r := range records {
		l := accountFor(t, r)
		if i == 0 && l.nothing() {
			mustSee(t, r)
		}
		t.Logf("%s (%v)\n%s browser %s server %s", r.Name, r.Given.Recorded, l, total(l.bits), total(l.server))
	}
}
