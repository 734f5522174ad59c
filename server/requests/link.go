package requests

import (
	"context"
	"slices"
	"strconv"
	"time"

	"keyferry/server/kms"
	"keyferry/server/person"
	"keyferry/server/policy"
	"keyferry/server/store"
)

// A signed link lets the importer make a call to the KMS without the console between. The console
// signs under the same policy, turns and record as it makes the call itself; the ledger has that a
// link was given out, and nothing else has the link. Its entry is committed before the link leaves.

// Signer signs the two calls for somebody else to make. *kms.Client is one; a KMS that is none gives
// out no links.
type Signer interface {
	ParametersLink(ctx context.Context, keyID string, spec kms.WrappingSpec) (*kms.Link, error)
	ImportLink(ctx context.Context, in *kms.Import) (*kms.Link, error)
}

// signerOf returns the Signer that a KMS is.
func signerOf(next KMS) Signer {
	if signer, ok := next.(Signer); ok {
		return signer
	}
	return noSigner{}
}

type noSigner struct{}

func (noSigner) ParametersLink(context.Context, string, kms.WrappingSpec) (*kms.Link, error) {
	return nil, ErrNoLink
}
func (noSigner) ImportLink(context.Context, *kms.Import) (*kms.Link, error) { return nil, ErrNoLink }

// linkMargin is how much later than LinkLife the KMS may still take a link, if its clock is behind.
const linkMargin = 5 * time.Minute

// given is a link to get parameters by. What the KMS answered to it, the console never sees.
type given struct {
	Person    string
	Algorithm string
	At        time.Time
}

// tokenEnds returns the latest moment at which a token that was had by the link can end.
func (g given) tokenEnds() time.Time { return g.At.Add(kms.LinkLife + linkMargin + kms.TokenLife) }

// ParametersLink signs a link by which the importer gets a wrapping key and an import token from the
// KMS. It may be called again, by each who may import. The request's state stays as it is: whether
// the link is used, only what is submitted shows.
func (s *Service) ParametersLink(ctx context.Context, id, algorithm string) (*kms.Link, error) {
	who, err := asking(ctx)
	if err != nil {
		return nil, err
	}
	about, err := s.mayIssue(ctx, who, id, algorithm)
	if err != nil {
		return nil, err
	}
	link, err := s.signParameters(ctx, who.ID, about, algorithm)
	if err != nil {
		return nil, err
	}
	_, err = s.change(ctx, "parameters-link", id, func(c *change) error {
		d, err := c.mayIssue(algorithm)
		if err != nil {
			return err
		}
		return c.give(algorithm, d.Policies)
	})
	if err != nil {
		return nil, err
	}
	return link, nil
}

// signParameters signs in the person's turn.
func (s *Service) signParameters(ctx context.Context, who string, about *Request, algorithm string) (*kms.Link, error) {
	in, err := s.region(about.Region)
	if err != nil {
		return nil, err
	}
	if err := in.reads.turn(ctx, who, about.ID); err != nil {
		return nil, err
	}
	return signerOf(in.kms).ParametersLink(ctx, about.KeyID, kms.WrappingSpec{Algorithm: algorithm, KeySpec: wrappingKeySpec})
}

// give records that the person is given a link to get parameters by.
func (c *change) give(algorithm string, policies []string) error {
	c.r.Links = slices.DeleteFunc(c.r.Links, func(g given) bool { return !c.now.Before(g.tokenEnds()) })
	c.r.Links = append(c.r.Links, given{Person: c.who.ID, Algorithm: algorithm, At: c.now})
	return c.record("request.linked", "parameters_link", "", policies, map[string]string{
		"algorithm": algorithm, "goodUntil": instant(c.now.Add(kms.LinkLife)),
	})
}

// recogniseLink completes a submission whose token the console did not see, if the person was given
// a link for it. The wrapping key and the token's end are the importer's word.
func (c *change) recogniseLink(in *Submission) error {
	var latest given
	for _, g := range c.r.Links {
		if g.Person == c.who.ID && g.Algorithm == in.Algorithm && g.At.After(latest.At) {
			latest = g
		}
	}
	if latest.At.IsZero() {
		return ErrParameters
	}
	ends := in.TokenExpires.UTC()
	switch {
	case ends.IsZero(): // nobody said, so as if it had been had at once
		ends = latest.At.Add(kms.TokenLife)
	case ends.After(latest.tokenEnds()):
		ends = latest.tokenEnds()
	}
	if !c.now.Before(ends) {
		return ErrTokenExpired
	}
	in.TokenExpires, in.ParametersByLink = ends, true
	return nil
}

// obtained is how the importer had the parameters, as the ledger has it: empty means from the
// console.
func (s *Submission) obtained() string {
	if s.ParametersByLink {
		return "link"
	}
	return ""
}

// chooseWay changes who makes the call for what was submitted: the importer or the console.
func (c *change) chooseWay(byLink bool) {
	if c.r.State == Submitted && c.r.Submission.ByLink != byLink {
		c.r.Submission.ByLink = byLink
		c.ready()
	}
}

// ImportLink signs a link by which the importer sends what was submitted to the KMS. Enough people
// must have agreed, and the policy must still allow it. The intent is committed before the link
// leaves; from then on the KMS may have the material, until Report or until the link has lapsed.
func (s *Service) ImportLink(ctx context.Context, id string) (*kms.Link, error) {
	who, err := asking(ctx)
	if err != nil {
		return nil, err
	}
	var in *kms.Import
	var digest, requester, region string
	err = s.config.DB.Read(ctx, func(tx *store.Tx) error {
		r, err := s.visible(tx, who, id)
		if err != nil {
			return err
		}
		c := &change{s: s, tx: tx, r: r, who: who, now: s.now()}
		digest, requester, region = r.Digest, r.Requester, r.Region
		in, _, err = c.mayLink()
		return err
	})
	if err != nil {
		return nil, s.recordDenial(ctx, err)
	}
	link, err := s.signImport(ctx, requester, region, id, in)
	if err != nil {
		return nil, err
	}
	_, err = s.change(ctx, "import-link", id, func(c *change) error {
		_, policies, err := c.mayLink()
		if err != nil {
			return err
		}
		if c.r.Digest != digest {
			return ErrChanged
		}
		return c.giveImport(policies)
	})
	if err != nil {
		return nil, err
	}
	return link, nil
}

// signImport signs in the requester's turn.
func (s *Service) signImport(ctx context.Context, requester, region, id string, call *kms.Import) (*kms.Link, error) {
	in, err := s.region(region)
	if err != nil {
		return nil, err
	}
	if err := in.writes.turn(ctx, requester, id); err != nil {
		return nil, err
	}
	return signerOf(in.kms).ImportLink(ctx, call)
}

// mayLink returns what is to be signed, and the policies that allow it. It checks what the sender
// checks before it makes the call itself.
func (c *change) mayLink() (*kms.Import, []string, error) {
	if c.r.Request.Importer != c.who.ID {
		return nil, nil, ErrNotImporter
	}
	if _, possible := c.r.after(actLink); !possible || !c.r.Sealed {
		return nil, nil, ErrState.with("state", string(c.r.State))
	}
	if c.r.overdue(c.now) {
		return nil, nil, ErrTokenExpired
	}
	if _, err := c.ask(policy.Import); err != nil {
		return nil, nil, err
	}
	if !c.r.enough() {
		return nil, nil, ErrWaiting.with("request", c.r.ID)
	}
	bytes := *c.r.Submission
	if err := sealed(c.tx, c.r.ID, &bytes); err != nil {
		return nil, nil, err
	}
	if bytes.Digest(c.r.KeyID, c.r.Region) != c.r.Digest { // somebody wrote into the database
		return nil, nil, ErrHeldAltered
	}
	policies, why := c.stillAllowed()
	if why != "" {
		return nil, nil, &Fault{Code: why}
	}
	return bytes.call(c.r.KeyID), policies, nil
}

// giveImport records the intent that the importer carries out.
func (c *change) giveImport(policies []string) error {
	if err := c.act(actLink); err != nil {
		return err
	}
	c.r.Attempts++
	if c.r.Began.IsZero() {
		c.r.Began = c.now
	}
	until := c.now.Add(kms.LinkLife)
	// Whatever is heard or not heard of it, the KMS may have taken the bytes.
	c.r.Doubt, c.r.Asked, c.r.Holder, c.r.NextTry, c.r.LeaseEnd = true, false, "", time.Time{}, until.Add(linkMargin)
	return c.record("import.intent", "linked", "", policies, map[string]string{
		"digest": c.r.Digest, "attempt": strconv.Itoa(c.r.Attempts), "algorithm": c.r.Submission.Algorithm,
		"expires": expiryOf(c.r.Submission), "way": "link", "goodUntil": instant(until),
	})
}

// Report is what an importer says that the KMS answered to a link. None of it is believed: it is
// recorded, and settled by sending the same bytes.
type Report struct {
	State     string // accepted, refused or unanswered
	Code      string // of the KMS, if it refused
	RequestID string // of the KMS, if it answered
}

// Report records what the importer says became of a link, and has the same bytes sent by the console
// to settle it: the KMS takes the same material again, and no other. It returns with the outcome, or
// when ctx ends.
func (s *Service) Report(ctx context.Context, id string, said Report) (View, error) {
	r, err := s.report(ctx, id, said)
	if err != nil {
		return View{}, err
	}
	s.sendIfReady(ctx, r)
	return s.Get(ctx, id)
}

func (s *Service) report(ctx context.Context, id string, said Report) (*record, error) {
	return s.change(ctx, "report", id, func(c *change) error {
		if c.r.Request.Importer != c.who.ID {
			return ErrNotImporter
		}
		if c.r.State != Linked {
			return ErrState.with("state", string(c.r.State))
		}
		c.r.NextTry, c.r.Asked = c.now, true
		return c.record("import.reported", "reported", said.Code, nil, map[string]string{
			"digest": c.r.Digest, "attempt": strconv.Itoa(c.r.Attempts), "state": said.State, "code": said.Code, "kmsRequestId": said.RequestID,
		})
	})
}

// What an importer who makes the call can do, besides what others can.
const (
	actImportLink = "import-link"
	actReport     = "report"
)

// mayByLink lists what a person can do who makes the call by a link.
func (s *Service) mayByLink(who person.Person, r *record) []string {
	if r.Request.Importer != who.ID || !r.Sealed || !r.Submission.ByLink || r.overdue(s.now()) {
		return nil
	}
	var acts []string
	ready := r.State == Submitted && r.enough() && r.Held == "" || r.State == Unknown || r.State == Linked
	if ready && r.NextTry.IsZero() && s.config.Policy.Decide(question(who, policy.Import, &r.Request)).Allowed {
		acts = append(acts, actImportLink)
	}
	if r.State == Linked && r.NextTry.IsZero() {
		acts = append(acts, actReport)
	}
	return acts
}

// nextOfLinked says what happens to a request whose importer has a link.
func (r *record) nextOfLinked() Next {
	if !r.NextTry.IsZero() {
		return Next{Code: NextOutcome}
	}
	return Next{Code: NextReport, Who: r.importers(), At: r.LeaseEnd}
}
