package requests_test

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"slices"
	"testing"

	"keyferry/server/requests"
)

// A set is approved at once, by a digest over all its bytes. Where any of them has changed, nothing is
// agreed to.
func TestSetIsApprovedAtOnce(t *testing.T) {
	each(t, func(w *world) {
		var ids []string
		for range 3 {
			ids = append(ids, w.submitted(keyOne, "two/cards").ID)
		}
		slices.Sort(ids)
		set, err := w.service.SetOf(w.as(olga), append(ids, ids[0]))
		if err != nil {
			w.t.Fatal(err)
		}
		if set.Count != 3 || set.States[requests.Submitted] != 3 || !slices.Equal(set.Awaiting, ids) {
			w.t.Errorf("the set is %+v, want three that wait for olga", set)
		}
		sum := sha256.New()
		for _, id := range ids {
			sum.Write([]byte(id + "\n" + w.get(olga, id).Digest + "\n"))
		}
		if want := hex.EncodeToString(sum.Sum(nil)); set.Digest != want {
			w.t.Errorf("the digest is %s, want %s", set.Digest, want)
		}

		for _, digest := range []string{"", "00", w.get(olga, ids[0]).Digest} {
			_, _, err := w.service.ApproveSet(w.as(olga), ids, digest)
			w.wantFault(err, requests.ErrChanged)
		}
		part, err := w.service.SetOf(w.as(olga), ids[:2])
		if err != nil {
			w.t.Fatal(err)
		}
		_, _, err = w.service.ApproveSet(w.as(olga), ids, part.Digest)
		w.wantFault(err, requests.ErrChanged)
		for _, id := range ids {
			if decisions := w.get(olga, id).Decisions; len(decisions) != 0 {
				w.t.Errorf("%s has %d approvals after digests that were wrong", id, len(decisions))
			}
		}

		after, refused, err := w.service.ApproveSet(w.as(olga), ids, set.Digest)
		if err != nil || len(refused) != 0 || after.Digest != "" || w.calls.count() != 0 {
			w.t.Errorf("after olga: %+v, refused %v, %d calls, %v", after, refused, w.calls.count(), err)
		}
		second, err := w.service.SetOf(w.as(otto), ids)
		if err != nil || second.Digest != set.Digest {
			w.t.Errorf("otto sees another digest of the same bytes: %s, %v", second.Digest, err)
		}
		after, refused, err = w.service.ApproveSet(w.as(otto), ids, second.Digest)
		if err != nil || len(refused) != 0 || after.States[requests.Imported] != 3 {
			w.t.Errorf("after otto: %+v, refused %v, %v", after, refused, err)
		}
	})
}

// A set with a request that a person may not see is none, and neither is one without requests.
func TestSetOfOthers(t *testing.T) {
	each(t, func(w *world) {
		id := w.submitted(keyOne, "payments/cards").ID
		for _, ids := range [][]string{nil, {"no such request"}, {id, "no such request"}} {
			if _, err := w.service.SetOf(w.as(olga), ids); !errors.Is(err, requests.ErrNotFound) {
				w.t.Errorf("a set of %q: %v, want %v", ids, err, requests.ErrNotFound)
			}
		}
	})
}
