package e2e

import (
	"bytes"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"keyferry/wasm/custody"
	"keyferry/wasm/keywrap"
)

// TestProofSabotage lets the product leak in every way that came to mind, one after the other, and expects the nets to
// catch each: a net that catches nothing proves nothing. The honest product goes through the same nets in the same run,
// and through the same relay, and must raise no alarm.
func TestProofSabotage(t *testing.T) {
	mustListEverySabotage(t)
	h := newHarness(t, true)
	var honest []*journey
	for name, walk := range map[string]func(*journey){"honest, a file": (*journey).importedOrNot, "honest, generated": (*journey).generatedTwice} {
		t.Run(name, func(t *testing.T) { honest = append(honest, h.travel(t, name, h.console.console, walk)) })
	}
	honest = append(honest, h.honestBehindRelay(t)...)
	sabotaged := map[*journey]sabotage{}
	for _, s := range sabotages {
		if s.long && !*full {
			continue
		}
		if s.open && h.space == nil {
			t.Logf("%s is left out: the recording proxy holds it back", s.name)
			continue
		}
		t.Run(s.name, func(t *testing.T) { sabotaged[s.run(t, h)] = s })
	}
	h.close()
	found, _ := h.search()
	h.examine(t, found)
	for _, j := range honest {
		found.mustBeClean(t, j)
	}
	about := findings.about("Sabotage", "leak", "caught by")
	for _, j := range h.journeys {
		s, ok := sabotaged[j]
		if !ok {
			continue
		}
		nets := found.nets(j)
		for _, net := range s.nets {
			if !slices.Contains(nets, net) {
				t.Errorf("%s: %s did not catch it; caught by %v", s.name, net, nets)
			}
		}
		what := readPatch(t, filepath.Join("sabotage", s.name+".sabotage")).what
		findings.add(about, what, strings.Join(nets, ", "))
		t.Logf("%-18s caught by %s", s.name, strings.Join(nets, ", "))
	}
}

// mustListEverySabotage fails if a patch lies about that nobody tries.
func mustListEverySabotage(t *testing.T) {
	t.Helper()
	for name := range filesIn(t, filepath.Join("testdata", "sabotage")) {
		name = strings.TrimSuffix(strings.TrimPrefix(name, "/"), ".sabotage")
		listed := slices.ContainsFunc(sabotages, func(s sabotage) bool { return s.name == name })
		if !listed && name != "to-the-page" { // which others build on
			t.Errorf("no sabotage of the table uses %s", name)
		}
	}
}

// honestBehindRelay sends the honest product through the walks that only sabotages need otherwise.
func (h *harness) honestBehindRelay(t *testing.T) []*journey {
	t.Helper()
	probe := readPatch(t, filepath.Join("nets", "memory.probe"))
	var all []*journey
	for name, c := range map[string]struct {
		relay relay
		walk  func(*journey)
	}{
		"honest, memory probed":    {relay{files: probe.static(t)}, (*journey).memoryProbed},
		"honest, module changed":   {relay{altered: true}, (*journey).mustRefuseTheModule},
		"honest, worker walled in": {relay{}, (*journey).walledIn},
	} {
		t.Run(name, func(t *testing.T) {
			all = append(all, h.travel(t, name, c.relay.start(h, h.console.console), c.walk))
		})
	}
	return all
}

// examine looks at the keys that were generated: none may come twice, and the gate must find nothing in any of them.
func (h *harness) examine(t *testing.T, found caught) {
	t.Helper()
	for i, j := range h.journeys {
		for name, key := range j.secrets {
			if len(key) != keywrap.MaterialSize {
				continue
			}
			alarm := func(what string) { found[j]["randomness"] = append(found[j]["randomness"], what) }
			for n, other := range h.journeys {
				for otherName, second := range other.secrets {
					if (n != i || otherName != name) && bytes.Equal(key, second) {
						alarm("the same key came twice")
					}
				}
			}
			if !strings.Contains(j.name, "module") && !strings.Contains(j.name, "generated") {
				continue // what the harness made itself needs no gate
			}
			finding, err := custody.Examine((*keywrap.Material)(key), func(uint64, uint64) bool { return true })
			if err != nil {
				t.Fatal(err)
			}
			if finding.Found() {
				alarm(fmt.Sprintf("the gate finds %s", finding.Code))
			}
		}
	}
}

// TestProofRecordingProxy does without a namespace, as people who are not root do: the browser then reaches a recording
// proxy and nothing else. The honest product is clean, and what leaks by the network is caught.
func TestProofRecordingProxy(t *testing.T) {
	h := newHarness(t, false)
	var honest *journey
	t.Run("honest", func(t *testing.T) { honest = h.travel(t, "honest", h.console.console, (*journey).importedOrNot) })
	sabotaged := map[*journey]sabotage{}
	for _, s := range sabotages {
		if slices.Contains(byProxy, s.name) {
			t.Run(s.name, func(t *testing.T) { sabotaged[s.run(t, h)] = s })
		}
	}
	if len(sabotaged) != len(byProxy) {
		t.Fatalf("%d sabotages were run, want %d", len(sabotaged), len(byProxy))
	}
	h.close()
	found, _ := h.search()
	found.mustBeClean(t, honest)
	for j, s := range sabotaged {
		for _, net := range []string{"wire", "requests"} {
			if !slices.Contains(found.nets(j), net) {
				t.Errorf("%s: %s did not catch it; caught by %v", s.name, net, found.nets(j))
			}
		}
	}
}

// byProxy are the sabotages that the recording proxy is tried with.
var byProxy = []string{"fetch-page", "fetch-worker", "image", "websocket"}
