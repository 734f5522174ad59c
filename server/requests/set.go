package requests

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"slices"
)

// MaxSet is how many requests a set may have.
const MaxSet = 1000

// Set is how far several requests are. It has no life of its own: whoever may see the requests may
// ask for any of them together.
type Set struct {
	Count  int
	States map[State]int
	// Digest binds an approval to all bytes at once: SHA-256 over the id and the digest of each
	// request that waits for the person's approval, in the order of the ids, each followed by a line
	// feed. Empty where none waits.
	Digest   string
	Awaiting []string // ids of the requests that the digest is over
}

// SetOf returns how far requests are. One that the person may not see is ErrNotFound.
func (s *Service) SetOf(ctx context.Context, ids []string) (Set, error) {
	set, _, err := s.lookAt(ctx, ids)
	return set, err
}

// lookAt also returns the digest of each submission that waits for approvals, by id.
func (s *Service) lookAt(ctx context.Context, ids []string) (Set, map[string]string, error) {
	ids = slices.Compact(slices.Sorted(slices.Values(ids)))
	if len(ids) == 0 || len(ids) > MaxSet {
		return Set{}, nil, ErrNotFound
	}
	set := Set{Count: len(ids), States: map[State]int{}, Awaiting: []string{}}
	digests, sum := map[string]string{}, sha256.New()
	for _, id := range ids {
		v, err := s.Get(ctx, id)
		if err != nil {
			return Set{}, nil, err
		}
		set.States[v.State]++
		if slices.Contains(v.May, "approve") {
			set.Awaiting = append(set.Awaiting, id)
			digests[id] = v.Digest
			sum.Write([]byte(id + "\n" + v.Digest + "\n"))
		}
	}
	if len(set.Awaiting) > 0 {
		set.Digest = hex.EncodeToString(sum.Sum(nil))
	}
	return set, digests, nil
}

// ApproveSet agrees to every submission of a set that waits for the person, if their digest is this
// one: had any byte of any submission changed since the person looked, nothing would be agreed to.
// Each approval is bound to the bytes of its own request, so that what changes meanwhile is refused
// by itself. What was refused is in the map, by id.
func (s *Service) ApproveSet(ctx context.Context, ids []string, digest string) (Set, map[string]error, error) {
	before, digests, err := s.lookAt(ctx, ids)
	if err != nil {
		return Set{}, nil, err
	}
	if before.Digest == "" || before.Digest != digest {
		return Set{}, nil, ErrChanged
	}
	refused := map[string]error{}
	for _, id := range before.Awaiting {
		if _, err := s.Approve(ctx, id, digests[id]); err != nil {
			refused[id] = err
		}
	}
	after, err := s.SetOf(ctx, ids)
	return after, refused, err
}
