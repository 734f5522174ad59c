package requests

import (
	"context"

	"keyferry/server/ledger"
)

// Evidence is what can be checked about a request without this console: the request, and each of its
// entries in the ledger with the proof that it is there.
type Evidence struct {
	Request View
	Entries []ledger.Evidence // the oldest first
}

// Evidence returns the evidence about a request that the person may see.
func (s *Service) Evidence(ctx context.Context, id string) (Evidence, error) {
	v, err := s.Get(ctx, id)
	if err != nil {
		return Evidence{}, err
	}
	e := Evidence{Request: v}
	for _, event := range v.Events {
		if event.Entry < 0 {
			continue
		}
		proof, err := s.config.Ledger.Proof(ctx, event.Entry)
		if err != nil {
			return Evidence{}, err
		}
		e.Entries = append(e.Entries, proof)
	}
	return e, nil
}
