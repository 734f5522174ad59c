package requests

import (
	"context"
	"time"

	"keyferry/server/kms"
)

// Paced returns a KMS that makes so many calls of each kind in a second at most, for a console
// without a database: calls wait for their turn, and throttling lowers the rate. Zero sets no limit.
func Paced(next KMS, reads, writes float64) KMS {
	p := paced{next: next}
	untold := func(time.Duration) {}
	if reads > 0 {
		p.reads = newQueue(reads, untold)
	}
	if writes > 0 {
		p.writes = newQueue(writes, untold)
	}
	return p
}

type paced struct {
	next          KMS
	reads, writes *queue // nil where there is no limit
}

// ImportParameters passes the call on in its turn.
func (p paced) ImportParameters(ctx context.Context, keyID string, spec kms.WrappingSpec) (parameters *kms.Parameters, err error) {
	err = p.reads.inTurn(ctx, "", keyID, func() error {
		parameters, err = p.next.ImportParameters(ctx, keyID, spec)
		return err
	})
	return parameters, err
}

// ImportKeyMaterial passes the call on in its turn.
func (p paced) ImportKeyMaterial(ctx context.Context, in *kms.Import) (id string, err error) {
	err = p.writes.inTurn(ctx, "", in.KeyID, func() error {
		id, err = p.next.ImportKeyMaterial(ctx, in)
		return err
	})
	return id, err
}

// ParametersLink signs in the turn of the call.
func (p paced) ParametersLink(ctx context.Context, keyID string, spec kms.WrappingSpec) (*kms.Link, error) {
	if err := p.reads.turn(ctx, "", keyID); err != nil {
		return nil, err
	}
	return signerOf(p.next).ParametersLink(ctx, keyID, spec)
}

// ImportLink signs in the turn of the call.
func (p paced) ImportLink(ctx context.Context, in *kms.Import) (*kms.Link, error) {
	if err := p.writes.turn(ctx, "", in.KeyID); err != nil {
		return nil, err
	}
	return signerOf(p.next).ImportLink(ctx, in)
}
