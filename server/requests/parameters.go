package requests

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"slices"

	"keyferry/server/kms"
	"keyferry/server/person"
	"keyferry/server/policy"
	"keyferry/server/store"
)

const wrappingKeySpec = "RSA_2048"

// Parameters gets what the importer needs from the KMS: a wrapping key and an import token, which
// are good for this request alone. It may be called again, by each who may import.
func (s *Service) Parameters(ctx context.Context, id, algorithm string) (*kms.Parameters, error) {
	who, err := asking(ctx)
	if err != nil {
		return nil, err
	}
	// Asked before the KMS is troubled, and again before the answer is handed out.
	about, err := s.mayIssue(ctx, who, id, algorithm)
	if err != nil {
		return nil, err
	}
	parameters, err := s.askKMS(ctx, who, about, algorithm)
	if err != nil {
		return nil, err
	}
	_, err = s.change(ctx, "parameters", id, func(c *change) error { return c.issue(algorithm, parameters) })
	if err != nil {
		return nil, err
	}
	return parameters, nil
}

// mayIssue returns a request that the person may get parameters for.
func (s *Service) mayIssue(ctx context.Context, who person.Person, id, algorithm string) (about *Request, err error) {
	err = s.config.DB.Read(ctx, func(tx *store.Tx) error {
		r, err := s.visible(tx, who, id)
		if err != nil {
			return err
		}
		c := &change{s: s, tx: tx, r: r, who: who, now: s.now()}
		if r.overdue(c.now) {
			return ErrLapsed
		}
		about = &r.Request
		_, err = c.mayIssue(algorithm)
		return err
	})
	return about, s.recordDenial(ctx, err)
}

// askKMS makes the call, in its turn, and in the next while the KMS throttles it.
func (s *Service) askKMS(ctx context.Context, who person.Person, about *Request, algorithm string) (parameters *kms.Parameters, err error) {
	in, err := s.region(about.Region)
	if err != nil {
		return nil, err
	}
	err = in.reads.inTurn(ctx, who.ID, about.ID, func() error {
		s.config.Faults("parameters.call.before")
		parameters, err = in.kms.ImportParameters(ctx, about.KeyID, kms.WrappingSpec{Algorithm: algorithm, KeySpec: wrappingKeySpec})
		s.config.Faults("parameters.call.after")
		return err
	})
	return parameters, err
}

// mayIssue returns the policy's decision on getting parameters.
func (c *change) mayIssue(algorithm string) (policy.Decision, error) {
	var d policy.Decision
	if _, possible := c.r.after(actIssue); !possible {
		return d, ErrState.with("state", string(c.r.State))
	}
	if !c.r.mayImport(c.who) {
		return d, ErrNotImporter
	}
	if !slices.Contains(c.r.Algorithms, algorithm) {
		return d, ErrAlgorithm
	}
	return c.ask(policy.Import)
}

// issue records that the importer has parameters.
func (c *change) issue(algorithm string, p *kms.Parameters) error {
	d, err := c.mayIssue(algorithm)
	if err != nil {
		return err
	}
	if err := c.act(actIssue); err != nil {
		return err
	}
	return c.hand(algorithm, p, d.Policies)
}

// hand records a token and for whom it is.
func (c *change) hand(algorithm string, p *kms.Parameters, policies []string) error {
	if c.r.State == Issued {
		c.r.Request.Importer = c.who.ID
	}
	t := token{
		digest: sha256Hex(p.ImportToken), request: c.r.ID, person: c.who.ID, algorithm: algorithm,
		wrappingKeySHA256: wrappingKeyDigest(p.PublicKey), expires: p.TokenExpireTime,
	}
	if err := saveToken(c.tx, t); err != nil {
		return err
	}
	return c.record("request.issued", "issued", "", policies, map[string]string{
		"algorithm": algorithm, "wrappingKey": t.wrappingKeySHA256, "tokenExpires": instant(t.expires),
	})
}

// wrappingKeyDigest returns SHA-256 of the DER of a public key, in hexadecimal.
func wrappingKeyDigest(publicKey string) string {
	der, _ := base64.StdEncoding.DecodeString(publicKey)
	sum := sha256.Sum256(der)
	return hex.EncodeToString(sum[:])
}

// sweep forgets tokens that have expired.
func (s *Service) sweep(ctx context.Context) error {
	return s.config.DB.Write(ctx, func(tx *store.Tx) error { return dropTokens(tx, s.now()) })
}
