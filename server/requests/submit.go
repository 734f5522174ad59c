package requests

import (
	"context"
	"strings"
	"time"

	"keyferry/server/policy"
)

// Submit hands in what the importer has wrapped. It is sent at once if nobody has to agree, and
// Submit then returns with the outcome, or when ctx ends. Bytes that replace others need their own
// approvals; the same bytes again change nothing.
func (s *Service) Submit(ctx context.Context, id string, in Submission) (View, error) {
	r, err := s.submit(ctx, id, in, nil, nil)
	if err != nil {
		return View{}, err
	}
	s.sendIfReady(ctx, r)
	return s.Get(ctx, id)
}

// submit submits for a request that may have been read already, together with what was issued for its
// token.
func (s *Service) submit(ctx context.Context, id string, in Submission, had *record, issued *token) (*record, error) {
	who, err := asking(ctx)
	if err != nil {
		return nil, err
	}
	return s.alterFrom(ctx, "submit", id, who, had, func(c *change) error {
		t := issued
		issued = nil // as with had, another attempt reads it again
		digest := in.Digest(c.r.KeyID, c.r.Region)
		if c.r.Request.Importer == c.who.ID && c.r.Digest == digest && c.r.State != Failed {
			c.chooseWay(in.ByLink)
			return nil // the same once more, perhaps because the answer was lost
		}
		if !c.r.mayImport(c.who) {
			return ErrNotImporter
		}
		if _, possible := c.r.after(actSubmit); !possible {
			return ErrState.with("state", string(c.r.State))
		}
		if fault := in.check(&c.r.Terms, c.now); fault != nil {
			return fault
		}
		if err := c.recognise(&in, t); err != nil {
			return err
		}
		d, err := c.ask(policy.Import)
		if err != nil {
			return err
		}
		if err := c.take(in, digest, d); err != nil {
			return err
		}
		return c.claimNow(&in)
	})
}

// recognise finds what was issued for the token, and completes the submission from it: nothing of
// that is taken from the importer's word. The token is read unless it was read with the request.
func (c *change) recognise(in *Submission, t *token) error {
	if t == nil {
		issued, err := loadToken(c.tx, sha256Hex(in.ImportToken))
		if err == ErrParameters {
			return c.recogniseLink(in)
		}
		if err != nil {
			return err
		}
		t = &issued
	}
	switch {
	case t.request != c.r.ID, t.person != c.who.ID, t.algorithm != in.Algorithm, t.wrappingKeySHA256 != in.WrappingKeySHA256:
		return ErrParameters
	case !c.now.Before(t.expires):
		return ErrTokenExpired
	}
	in.TokenExpires, in.ParametersByLink = t.expires, false
	return nil
}

// take replaces what was submitted before, and every approval of it.
func (c *change) take(in Submission, digest string, d policy.Decision) error {
	c.r.dropSubmission()
	if err := c.act(actSubmit); err != nil {
		return err
	}
	c.r.Submission, c.r.Digest = in.shown(), digest
	c.r.Request.Importer, c.r.ImportedBy, c.r.Sealed = c.who.ID, c.who, true
	c.tighten(d)
	if err := seal(c.tx, c.r.ID, &in); err != nil {
		return err
	}
	c.ready()
	if c.s.config.Waits != nil && !c.r.enough() {
		if err := c.s.config.Waits(c.tx, &c.r.Request); err != nil {
			return err
		}
	}
	return c.record("request.submitted", "submitted", "", d.Policies, map[string]string{
		"digest": digest, "algorithm": in.Algorithm, "wrappingKey": in.WrappingKeySHA256, "ciphertext": in.ciphertextDigest(),
		"expires": expiryOf(&in), "kcv": strings.ToLower(in.KCV), "commitment": in.Commitment, "parameters": in.obtained(),
	})
}

// tighten adds the approvals that the policy asks for now to those that it asked for before.
func (c *change) tighten(d policy.Decision) {
	all := policy.Decision{Approvals: c.r.Approvals, Approvers: c.r.Approvers, EachGroup: c.r.EachGroup}.Stricter(d)
	c.r.Approvals, c.r.Approvers, c.r.EachGroup = all.Approvals, all.Approvers, all.EachGroup
}

// ready lets the sender act once enough people have agreed, and stops it otherwise. If the importer
// wants to make the call, the sender waits until somebody asks it.
func (c *change) ready() {
	c.r.Held = ""
	if !c.r.enough() || c.r.Submission.ByLink {
		c.r.NextTry = time.Time{}
		return
	}
	c.r.NextTry = c.now
}
