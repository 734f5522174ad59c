package pages

import (
	"slices"
	"testing"

	"keyferry/components/text"
)

// The phrases are the same bytes each time, and no name comes twice.
func TestTeamPhrases(t *testing.T) {
	first := teamPhrases(text.Languages[0].Team)
	names := map[string]bool{}
	for _, p := range first {
		if names[p.name] || p.sentence == "" {
			t.Errorf("%q comes twice, or is empty", p.name)
		}
		names[p.name] = true
	}
	for range 20 {
		if !slices.Equal(teamPhrases(text.Languages[0].Team), first) {
			t.Fatal("the phrases come in another order")
		}
	}
	for _, wanted := range []string{"next-approve-you", "next-approve-taken", "happened-not-taken", "terms-expiry-within", "status-issued"} {
		if !names[wanted] {
			t.Errorf("there is no %s", wanted)
		}
	}
}
