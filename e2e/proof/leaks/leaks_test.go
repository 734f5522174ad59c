package leaks

import (
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strings"
	"testing"

	"keyferry/e2e/proof"
	"keyferry/e2e/proof/monitor"
)

// TestProofNothingLeaves sends keys through every flow, catches everything that comes out of the
// browser, the console and the wire between them, and finds nothing of any key in it. What the
// account's flows leave is searched there.
func TestProofNothingLeaves(t *testing.T) {
	h := monitor.New(t, true)
	for _, f := range flows {
		if f.part != short && (!*proof.Full || f.part == inAccount && h.Space != nil) {
			continue
		}
		t.Run(f.name, func(t *testing.T) { h.Travel(t, f.name, h.Console.Console, f.walk) })
		if *proof.Full { // before the next flow takes the place of this one
			h.KeepMemory(h.Console, "after "+f.name)
		}
	}
	t.Run("many keys", func(t *testing.T) { h.Travel(t, "many keys", h.Console.Console, manyKeys) })
	h.KeepClipboard()
	h.Close()
	found, sizes := h.Search()
	for _, j := range h.Journeys {
		found.MustBeClean(t, j)
	}
	mustHaveCaught(h, t, sizes)
	write(h, found, sizes)
}

// mustHaveCaught fails if a monitor is empty: it would find nothing whatever leaked.
func mustHaveCaught(h *monitor.Run, t *testing.T, sizes map[string]int) {
	t.Helper()
	for monitor, least := range map[string]int{
		"wire": 1 << 20, "network log": 1 << 20, "messages": 1000, "page": 10_000, "storage": 100, "downloads": 100,
		"profile": 100_000, "console's log": 1000, "calls to the KMS": 1000, "browser's console": 0, "clipboard": 0,
		"console's memory": 1 << 20,
	} {
		if monitor == "console's memory" && runtime.GOOS != "linux" {
			continue // other systems do not give it out
		}
		if sizes[monitor] < least {
			t.Errorf("the monitor %q holds %d bytes", monitor, sizes[monitor])
		}
	}
	dumped := slices.ContainsFunc(h.Places, func(p monitor.Place) bool { return p.Monitor == "profile" && strings.HasSuffix(p.Name, ".dmp") })
	if !dumped && runtime.GOOS == "linux" {
		t.Error("the crashed tab left no dump to search")
	}
	imports := 0
	for _, s := range h.Streams {
		for _, r := range monitor.RequestsIn(s.Content) {
			imports += r.Imports()
		}
	}
	arrived := 0
	for _, j := range h.Journeys {
		if !j.ByFiles && j.Program.Material(t, j.Key) != nil {
			arrived++
		}
	}
	if arrived == 0 || imports < arrived {
		t.Errorf("%d keys arrived by %d imports on the wire: the capture is not complete", arrived, imports)
	}
}

// write adds the search to the report.
func write(h *monitor.Run, found monitor.Caught, sizes map[string]int) {
	about := proof.Findings.About("Leak search", "flow", "keys and components searched for", "found")
	count := map[string]int{}
	pieces := map[string]int{}
	var names []string
	for _, j := range h.Journeys {
		if !slices.Contains(names, j.Name) {
			names = append(names, j.Name)
		}
		count[j.Name] += len(j.Secrets)
		for _, all := range found[j] {
			pieces[j.Name] += len(all)
		}
	}
	for _, name := range names {
		searched := fmt.Sprint(count[name])
		if count[name] == 0 {
			searched = "none: the key never arrived, so nobody knows it"
		}
		proof.Findings.Add(about, name, searched, fmt.Sprint(pieces[name]))
	}
	bytes := proof.Findings.About("Bytes searched", "monitor", "bytes")
	for _, monitor := range slices.Sorted(maps.Keys(sizes)) {
		proof.Findings.Add(bytes, monitor, fmt.Sprint(sizes[monitor]))
	}
	h.T.Logf("searched %s", strings.TrimPrefix(fmt.Sprint(sizes), "map"))
}
