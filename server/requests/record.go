package requests

import (
	"crypto/rand"
	"time"

	"keyferry/server/person"
)

// record is a request as it is kept: what people see, and what sending needs besides.
type record struct {
	Request
	ImportedBy person.Person // as the importer was when submitting; the policy is asked about them again

	NextTry  time.Time // when the sender may act; zero means that it must not
	Attempts int       // calls that were begun for these bytes
	Began    time.Time // when the first of them was; zero before
	Doubt    bool      // whether one of them may have been taken
	Asked    bool      // whether a person asked for the next call
	Holder   string    // the sender that has the lease; empty for none
	LeaseEnd time.Time
	Sealed   bool    // whether ciphertext and token are kept
	Links    []given // signed links to get parameters by
	Held     string  // code of why it is not being sent although enough had agreed

	policies []string // that allowed what is being sent; not kept
	claimed  *claimed // what this process has to send now; not kept
	known    []party  // whom it concerned when it was read or written; not kept
}

// newID returns 26 letters and digits, 130 random bits.
func newID() string { return rand.Text() }

// due returns when the request lapses; zero means never. What was submitted lapses with its token.
func (r *record) due() time.Time {
	if r.State.Ended() {
		return time.Time{}
	}
	token := r.Submission != nil && (r.State == Submitted || r.State == Sending || r.State == Unknown || r.State == Linked)
	if token && r.Submission.TokenExpires.Before(r.Deadline) {
		return r.Submission.TokenExpires
	}
	return r.Deadline
}

// lapsedBy names what has passed.
func (r *record) lapsedBy() string {
	if r.Submission != nil && r.Submission.TokenExpires.Before(r.Deadline) {
		return "token"
	}
	return "deadline"
}

// overdue reports whether the deadline or the token has passed.
func (r *record) overdue(now time.Time) bool {
	due := r.due()
	return !due.IsZero() && !now.Before(due)
}

// wake returns when the console has to look at the request by itself; zero means never.
func (r *record) wake() time.Time {
	switch {
	case r.State.Ended():
		return time.Time{}
	case r.State == Sending:
		return r.LeaseEnd
	case r.State == Linked && r.NextTry.IsZero():
		return r.LeaseEnd
	case r.State == Unknown && !r.Sealed:
		return time.Time{}
	case !r.NextTry.IsZero() && r.NextTry.Before(r.due()):
		return r.NextTry
	}
	return r.due()
}

// dropSubmission removes what an importer handed in, to begin again.
func (r *record) dropSubmission() {
	r.Submission, r.Digest, r.Importer, r.ImportedBy = nil, "", "", person.Person{}
	r.Decisions, r.NextTry, r.Held = nil, time.Time{}, ""
	r.Attempts, r.Began, r.Doubt, r.Sealed = 0, time.Time{}, false, false
}
