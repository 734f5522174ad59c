package requests

import (
	"context"

	"keyferry/server/kms"
)

// Paced returns a KMS that makes so many calls of each kind in a second at most, for a console
// without a database: calls wait for their turn. Zero sets no limit.
func Paced(next KMS, reads, writes float64) KMS {
	p := paced{next: next}
	if reads > 0 {
		p.reads = newQueue(reads)
	}
	if writes > 0 {
		p.writes = newQueue(writes)
	}
	return p
}

type paced struct {
	next          KMS
	reads, writes *queue // nil where there is no limit
}

// ImportParameters waits for its turn and passes the call on.
func (p paced) ImportParameters(ctx context.Context, keyID string, spec kms.WrappingSpec) (*kms.Parameters, error) {
	if err := p.reads.turn(ctx, keyID); err != nil {
		return nil, err
	}
	return p.next.ImportParameters(ctx, keyID, spec)
}

// ImportKeyMaterial waits for its turn and passes the call on.
func (p paced) ImportKeyMaterial(ctx context.Context, in *kms.Import) (string, error) {
	if err := p.writes.turn(ctx, in.KeyID); err != nil {
		return "", err
	}
	return p.next.ImportKeyMaterial(ctx, in)
}

// turn waits for the turn of the one person who uses the console.
func (q *queue) turn(ctx context.Context, keyID string) error {
	if q == nil {
		return nil
	}
	return q.wait(ctx, "", keyID)
}
