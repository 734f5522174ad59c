package account

import (
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"keyferry/e2e/proof"
	"keyferry/e2e/proof/monitor"
)

var (
	keep  = flag.String("keep", "", "a file in which the records of the flows are kept")
	again = flag.String("again", "", "a file with records that were kept: they are judged again, without a browser")
)

// TestProofAccount lets persons go through the flows, and takes away every byte that was predicted:
// nothing may be left. Each flow runs twice, with the recorder, so that the reference knows every
// random byte, and without it, so that nothing can depend on it. Between the two the keys, the
// parameters and the times differ, and nothing else may. In the short form some flows run once.
func TestProofAccount(t *testing.T) {
	if *again != "" {
		judge(t, records(t), nil)
		return
	}
	h := newObserver(t)
	for _, f := range flows {
		for _, recorded := range []bool{true, false} {
			if *proof.Full || f.short && (recorded || !f.once) {
				t.Run(f.name, func(t *testing.T) {
					h.run(t, f.name, serving{recorded: recorded}, h.searched(f.walk, recorded))
				})
			}
		}
	}
	h.close(t)
	h.save(t)
	found, _ := h.Search()
	judge(t, h.records, func(r *record) map[string][]string { return found[h.journeys[r]] })
}

// searched is a way through the product after which the memory of its console is kept for the search,
// in the long form once for each flow.
func (h *observer) searched(walk func(*monitor.Journey, *record), first bool) func(*monitor.Journey, *record) {
	if !first || !*proof.Full {
		return walk
	}
	return func(j *monitor.Journey, r *record) {
		walk(j, r)
		h.KeepMemory(h.consoles[r], "after "+j.Name)
	}
}

// judge fails the test for everything that is left of the records, and for every place that could
// carry eight bytes. search tells what was found of the secrets of a flow; nil where nobody
// searched.
func judge(t *testing.T, records []*record, search func(*record) map[string][]string) {
	t.Helper()
	about := proof.Findings.About("Account", "flow", "left", "the browser's places can carry, in bits", "the server draws, in bits", "of that the largest items")
	accounts := map[*record]*account{}
	for _, r := range records {
		accounts[r] = accountFor(t, r)
	}
	seen := false
	for _, r := range records {
		ac := accounts[r]
		like := accounts[twin(records, r)]
		if like != nil {
			ac.document(like)
		}
		if search != nil {
			for net, all := range search(r) {
				if net != "requests" { // which the account looks at more closely
					ac.leave("search", "%s: %s", net, all[0])
				}
			}
		}
		ac.mustHaveNoRoom()
		name := r.Name
		if !r.Given.Recorded {
			name += ", without the recorder"
		}
		if !ac.nothing() {
			t.Errorf("%s: this is left:\n%s", name, ac)
		} else if !seen && r.Given.Source == "components" && like != nil {
			seen = true
			mustSee(t, r, like)
		}
		proof.Findings.Add(about, name, fmt.Sprint(ac.count()), total(ac.bits), total(ac.server), total(ac.items))
		t.Logf("%-60s left %d, browser %s, server %s (each at most: %s)", name, ac.count(), total(ac.bits), total(ac.server), total(ac.items))
	}
	if !seen {
		t.Error("no record was changed to see whether that shows")
	}
}

// twin is another record of the same flow; nil if there is none.
func twin(records []*record, r *record) *record {
	for _, other := range records {
		if other != r && other.Name == r.Name {
			return other
		}
	}
	return nil
}

// mustHaveNoRoom leaves what could carry eight bytes or more: of the browser's places each as a
// whole, of the server's each item. The server knows no secret, since nothing reaches it that is
// not predicted; and the KMS, which gets the one item that is longer, has the key by right.
func (ac *account) mustHaveNoRoom() {
	for place, bits := range ac.bits {
		if bits >= room {
			ac.leave("room", "%s could carry %.0f bits", place, bits)
		}
	}
	for item, bits := range ac.items {
		if bits >= room && item != nonceName {
			ac.leave("room", "one %s could carry %.0f bits", item, bits)
		}
	}
}

// count is how much is left.
func (ac *account) count() (n int) {
	for _, all := range ac.left {
		n += len(all)
	}
	return n
}

// total lists what places can carry.
func total(bits map[string]float64) string {
	var all []string
	sum := 0.0
	for _, place := range slices.Sorted(maps.Keys(bits)) {
		if sum += bits[place]; bits[place] > 0 {
			all = append(all, fmt.Sprintf("%s %.0f", place, bits[place]))
		}
	}
	return fmt.Sprintf("%.0f (%s)", sum, strings.Join(all, ", "))
}

// save keeps the records where that was asked for.
func (h *observer) save(t *testing.T) {
	t.Helper()
	if *keep == "" {
		return
	}
	content, err := json.Marshal(h.records)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(*keep, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

// records are those that another run kept.
func records(t *testing.T) (all []*record) {
	t.Helper()
	content, err := os.ReadFile(*again)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(content, &all); err != nil {
		t.Fatal(err)
	}
	return all
}
