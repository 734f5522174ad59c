package sabotage

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"keyferry/e2e/proof"
	"keyferry/e2e/proof/monitor"
	"keyferry/wasm/custody"
	"keyferry/wasm/keywrap"
)

// TestProofSabotage lets the product leak in every way of the table, one after the other, and
// expects the monitors to catch each: a monitor that catches nothing proves nothing. The honest
// product is watched by the same monitors in the same run, and through the same relay, and must
// raise no alarm.
func TestProofSabotage(t *testing.T) {
	mustListEverySabotage(t)
	h := monitor.New(t, true)
	var honest []*monitor.Journey
	walks := map[string]func(*monitor.Journey){"honest, a file": importedOrNot, "honest, generated": generatedTwice}
	if *proof.Full {
		walks["honest, by links"] = honestByLinks
	}
	for name, walk := range walks {
		t.Run(name, func(t *testing.T) { honest = append(honest, h.Travel(t, name, h.Console.Console, walk)) })
	}
	honest = append(honest, honestBehindRelay(h, t)...)
	sabotaged := map[*monitor.Journey][]sabotage{}
	for _, s := range wanted(sabotages) {
		if s.open && h.Space == nil {
			t.Logf("%s is left out: the recording proxy holds it back", s.name)
			continue
		}
		if together := wanted(s.together()); together[0].name == s.name {
			t.Run(s.journey(), func(t *testing.T) { sabotaged[run(t, h, together...)] = together })
		}
	}
	h.Close()
	found, _ := h.Search()
	examine(h, t, found)
	for _, j := range honest {
		found.MustBeClean(t, j)
	}
	about := proof.Findings.About("Sabotage", "leak", "caught by")
	for _, j := range h.Journeys {
		together := sabotaged[j]
		mustBeOf(t, together, found.Monitors(j))
		for _, s := range together {
			monitors := s.caughtBy(found.Monitors(j))
			for _, monitor := range s.monitors {
				if !slices.Contains(monitors, monitor) {
					t.Errorf("%s: %s did not catch it; caught by %v", s.name, monitor, monitors)
				}
			}
			proof.Findings.Add(about, readPatch(t, s.name).What, strings.Join(monitors, ", "))
			t.Logf("%-18s caught by %s", s.name, strings.Join(monitors, ", "))
		}
	}
}

// mustBeOf fails the test if a monitor caught something of sabotages that were tried together, and is
// not one of theirs: then it would not tell whose it is. The page hears of what all of them leak, and
// the console's memory may have what it was sent for a while.
func mustBeOf(t *testing.T, together []sabotage, monitors []string) {
	t.Helper()
	if len(together) < 2 {
		return
	}
	for _, monitor := range monitors {
		theirs := func(s sabotage) bool { return slices.Contains(s.all(), monitor) }
		if monitor != "messages" && monitor != "console's memory" && !slices.ContainsFunc(together, theirs) {
			t.Errorf("%s: %s caught something, which is nobody's", together[0].among, monitor)
		}
	}
}

// TestSabotagesFit applies every patch to the sources as they are now, those of the long form too. Of
// those that are tried together no two have a monitor in common.
func TestSabotagesFit(t *testing.T) {
	mustListEverySabotage(t)
	for _, s := range sabotages {
		t.Run(s.name, func(t *testing.T) {
			readPatch(t, namesOf(s.together())...)
			for _, other := range s.together() {
				if other.name == s.name {
					continue
				}
				if other.build != s.build || other.linked || other.open || other.relay.altered {
					t.Errorf("it cannot be tried together with %s", other.name)
				}
				for _, monitor := range s.monitors {
					if slices.Contains(other.all(), monitor) {
						t.Errorf("%s catches %s, too", monitor, other.name)
					}
				}
			}
		})
	}
}

// mustListEverySabotage fails if a patch lies about that nobody tries.
func mustListEverySabotage(t *testing.T) {
	t.Helper()
	for name := range monitor.FilesIn(t, "testdata") {
		name, patch := strings.CutSuffix(strings.TrimPrefix(name, "/"), ".sabotage")
		listed := slices.ContainsFunc(sabotages, func(s sabotage) bool { return s.name == name })
		if patch && !listed && name != "to-the-page" && name != "memory-probe" { // which others build on
			t.Errorf("no sabotage of the table uses %s", name)
		}
	}
}

// honestBehindRelay sends the honest product through the walks that only sabotages need otherwise.
func honestBehindRelay(h *monitor.Run, t *testing.T) []*monitor.Journey {
	t.Helper()
	probe := readPatch(t, "memory-probe")
	var all []*monitor.Journey
	for name, c := range map[string]struct {
		relay relay
		walk  func(*monitor.Journey)
	}{
		"honest, memory probed":   {relay{files: static(t, probe)}, memoryProbed},
		"honest, module changed":  {relay{altered: true}, mustRefuseTheModule},
		"honest, worker confined": {relay{}, confined},
	} {
		t.Run(name, func(t *testing.T) {
			all = append(all, h.Travel(t, name, c.relay.start(h, h.Console.Console), c.walk))
		})
	}
	return all
}

// examine looks at the keys that were generated: none may come twice, and the gate must find
// nothing in any of them.
func examine(h *monitor.Run, t *testing.T, found monitor.Caught) {
	t.Helper()
	for i, j := range h.Journeys {
		for name, key := range j.Secrets {
			if len(key) != keywrap.MaterialSize {
				continue
			}
			alarm := func(what string) { found[j]["randomness"] = append(found[j]["randomness"], what) }
			for n, other := range h.Journeys {
				for otherName, second := range other.Secrets {
					if (n != i || otherName != name) && bytes.Equal(key, second) {
						alarm("the same key came twice")
					}
				}
			}
			if !strings.Contains(j.Name, "module") && !strings.Contains(j.Name, "generated") {
				continue // what the test generated itself needs no gate
			}
			if code := custody.Examine((*keywrap.Material)(key), nil); code != "" {
				alarm(fmt.Sprintf("the gate finds %s", code))
			}
		}
	}
}

// TestProofRecordingProxy does without a namespace, as people who are not root do: the browser then
// reaches a recording proxy and nothing else. The honest product is clean, and what leaks by the
// network is caught.
func TestProofRecordingProxy(t *testing.T) {
	h := monitor.New(t, false)
	var honest *monitor.Journey
	t.Run("honest", func(t *testing.T) { honest = h.Travel(t, "honest", h.Console.Console, importedOrNot) })
	sabotaged := map[*monitor.Journey]sabotage{}
	for _, s := range wanted(sabotages) {
		if slices.Contains(byProxy, s.name) {
			t.Run(s.name, func(t *testing.T) { sabotaged[run(t, h, s)] = s })
		}
	}
	want := 2
	if *proof.Full {
		want = len(byProxy)
	}
	if len(sabotaged) != want {
		t.Fatalf("%d sabotages were run, want %d", len(sabotaged), want)
	}
	h.Close()
	found, _ := h.Search()
	found.MustBeClean(t, honest)
	for j, s := range sabotaged {
		for _, monitor := range []string{"wire", "requests"} {
			if !slices.Contains(found.Monitors(j), monitor) {
				t.Errorf("%s: %s did not catch it; caught by %v", s.name, monitor, found.Monitors(j))
			}
		}
	}
}

// byProxy are the sabotages that the recording proxy is tried with.
var byProxy = []string{"fetch-page", "fetch-worker", "image", "websocket"}
