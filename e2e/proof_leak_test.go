package e2e

import (
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// TestProofNothingLeaves sends keys through every flow, catches everything that comes out of the browser, the console
// and the wire between them, and finds nothing of any key in it.
func TestProofNothingLeaves(t *testing.T) {
	h := newHarness(t, true)
	rounds := 1
	if *full {
		rounds = 3
	}
	for range rounds {
		for _, f := range flows {
			if f.short || *full {
				t.Run(f.name, func(t *testing.T) { h.travel(t, f.name, h.console.console, f.walk) })
			}
		}
	}
	h.keepClipboard()
	h.close()
	found, sizes := h.search()
	for _, j := range h.journeys {
		found.mustBeClean(t, j)
	}
	h.mustHaveCaught(t, sizes)
	h.write(found, sizes)
}

// mustHaveCaught fails if a net is empty: it would find nothing whatever leaked.
func (h *harness) mustHaveCaught(t *testing.T, sizes map[string]int) {
	t.Helper()
	for net, least := range map[string]int{
		"wire": 1 << 20, "network log": 1 << 20, "messages": 1000, "page": 10_000, "storage": 100, "downloads": 100,
		"profile": 100_000, "console's log": 1000, "calls to the KMS": 1000, "browser's console": 0, "clipboard": 0,
		"console's memory": 1 << 20,
	} {
		if net == "console's memory" && runtime.GOOS != "linux" {
			continue // other systems do not give it out
		}
		if sizes[net] < least {
			t.Errorf("the net %q holds %d bytes", net, sizes[net])
		}
	}
	dumped := slices.ContainsFunc(h.places, func(p place) bool { return p.net == "profile" && strings.HasSuffix(p.name, ".dmp") })
	if !dumped && runtime.GOOS == "linux" {
		t.Error("the crashed tab left no dump to search")
	}
	imports := 0
	for _, s := range h.streams {
		for _, r := range requestsIn(s.content) {
			if r.URL.Path == "/kms/ImportKeyMaterial" {
				imports++
			}
		}
	}
	arrived := 0
	for _, j := range h.journeys {
		if !j.byFiles && j.program.material(t, j.key) != nil {
			arrived++
		}
	}
	if arrived == 0 || imports < arrived {
		t.Errorf("%d keys arrived by %d imports on the wire: the capture is not complete", arrived, imports)
	}
}

// write adds the search to the report.
func (h *harness) write(found caught, sizes map[string]int) {
	about := findings.about("Leak search", "flow", "keys and components searched for", "found")
	count := map[string]int{}
	pieces := map[string]int{}
	var names []string
	for _, j := range h.journeys {
		if !slices.Contains(names, j.name) {
			names = append(names, j.name)
		}
		count[j.name] += len(j.secrets)
		for _, all := range found[j] {
			pieces[j.name] += len(all)
		}
	}
	for _, name := range names {
		searched := fmt.Sprint(count[name])
		if count[name] == 0 {
			searched = "none: the key never arrived, so nobody knows it"
		}
		findings.add(about, name, searched, fmt.Sprint(pieces[name]))
	}
	bytes := findings.about("Bytes searched", "net", "bytes")
	for _, net := range slices.Sorted(maps.Keys(sizes)) {
		findings.add(bytes, net, fmt.Sprint(sizes[net]))
	}
	h.t.Logf("searched %s", strings.TrimPrefix(fmt.Sprint(sizes), "map"))
}
