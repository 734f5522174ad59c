package requests

import (
	"context"
	"time"

	"keyferry/server/kms"
	"keyferry/server/person"
	"keyferry/server/store"
)

// ParametersLink signs a link to get parameters by, for a new request of one's own. The request
// waits for as long as a token can live that is had by the link.
func (o own) ParametersLink(ctx context.Context, keyID string, spec kms.WrappingSpec) (*kms.Link, error) {
	who, r, err := o.s.draftOwn(ctx, keyID, spec.Algorithm)
	if err != nil {
		return nil, err
	}
	link, err := o.s.signParameters(ctx, who.ID, &r.Request, spec.Algorithm)
	if err != nil {
		return nil, err
	}
	r.Deadline = given{At: r.Created}.tokenEnds()
	err = o.s.keepOwn(ctx, who, r, func(c *change, policies []string) error { return c.give(spec.Algorithm, policies) })
	if err != nil {
		return nil, err
	}
	return link, nil
}

// ImportWrapped submits for the request that the parameters were for. The same bytes may be sent
// again after an error. ErrWaiting says that people have to agree first.
func (o own) ImportWrapped(ctx context.Context, keyID string, in Submission) (string, error) {
	r, err := o.find(ctx, keyID, in)
	if err != nil {
		return "", err
	}
	return o.s.sendOwn(ctx, r, in, nil)
}

// WrappedLink submits for the request that the parameters were for, and signs the link if nobody has
// to agree.
func (o own) WrappedLink(ctx context.Context, keyID string, in Submission) (*kms.Link, error) {
	r, err := o.find(ctx, keyID, in)
	if err != nil {
		return nil, err
	}
	v := o.s.current(r)
	in.ByLink = true
	if v.State == Failed {
		if _, err := o.s.again(ctx, v.ID); err != nil {
			return nil, err
		}
	}
	if v.State == Failed || v.Digest != in.Digest(v.KeyID, v.Region) {
		if _, err := o.s.submit(ctx, v.ID, in, nil, nil); err != nil {
			return nil, err
		}
	}
	return o.s.ImportLink(ctx, v.ID)
}

// find returns the request of one's own that something was wrapped for: the one that its token was
// issued for, or the latest that a link was given out for.
func (o own) find(ctx context.Context, keyID string, in Submission) (*record, error) {
	who, err := asking(ctx)
	if err != nil {
		return nil, err
	}
	_, r, err := o.s.ofToken(ctx, who, in.ImportToken)
	if err == ErrParameters {
		err = o.s.config.DB.Read(ctx, func(tx *store.Tx) (err error) {
			r, err = o.linked(tx, who, keyID, in)
			return err
		})
	}
	if err != nil {
		return nil, err
	}
	if r.KeyID != keyID {
		return nil, ErrParameters
	}
	return r, nil
}

// linked finds the request for which the person was given a link: the one that has these bytes, else
// the latest that still takes some. ErrParameters says that there is none.
func (o own) linked(tx *store.Tx, who person.Person, keyID string, in Submission) (*record, error) {
	rows, err := records(tx.Query(`SELECT r.body FROM requests r JOIN request_parties p ON p.request = r.id
		WHERE p.party = ? AND p.role = 'requester' AND p.created > ? ORDER BY p.created DESC`,
		"person:"+who.ID, o.s.now().Add(-2*kms.TokenLife).UnixMicro()))
	if err != nil {
		return nil, err
	}
	digest := in.Digest(keyID, o.s.config.Region)
	var latest *record
	for _, r := range rows {
		if !r.Own || r.KeyID != keyID || !r.gave(who.ID, in.Algorithm, o.s.now()) {
			continue
		}
		if r.Digest == digest {
			return r, nil
		}
		if _, takes := r.after(actSubmit); latest == nil && (takes || r.State == Failed) {
			latest = r
		}
	}
	if latest == nil {
		return nil, ErrParameters
	}
	return latest, nil
}

// gave reports whether a person was given a link for an algorithm whose token can still be good.
func (r *record) gave(who, algorithm string, now time.Time) bool {
	for _, g := range r.Links {
		if g.Person == who && g.Algorithm == algorithm && now.Before(g.tokenEnds()) {
			return true
		}
	}
	return false
}
