package requests_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"testing"

	"keyferry/server/requests"
)

func sum(text string) string {
	s := sha256.Sum256([]byte(text))
	return hex.EncodeToString(s[:])
}

// The vectors were computed by another program, and no two of them have the same digest: every
// field counts.
func TestDigests(t *testing.T) {
	text, err := os.ReadFile("testdata/digests.json")
	if err != nil {
		t.Fatal(err)
	}
	var vectors []struct {
		Name, KeyID, Region, Digest string
		requests.Submission
	}
	if err := json.Unmarshal(text, &vectors); err != nil {
		t.Fatal(err)
	}
	seen := map[string]string{}
	for _, v := range vectors {
		if got := v.Submission.Digest(v.KeyID, v.Region); got != v.Digest {
			t.Errorf("%s: digest %s, want %s", v.Name, got, v.Digest)
		}
		if before, twice := seen[v.Digest]; twice {
			t.Errorf("%q and %q have the same digest", before, v.Name)
		}
		seen[v.Digest] = v.Name
	}
	if len(vectors) < 10 {
		t.Errorf("%d vectors", len(vectors))
	}
}
