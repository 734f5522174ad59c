package requests

import (
	"context"
	"time"

	"keyferry/server/person"
	"keyferry/server/policy"
	"keyferry/server/store"
)

// soon is how long before it lapses a request says so.
const soon = time.Hour

// View is a request as one person sees it.
type View struct {
	Request
	Events []Event   // the oldest first; nil in a list
	May    []string  // what the person can do now: issue submit prove approve takeback refuse cancel again import-link report
	Next   Next      // what happens next
	Lapses time.Time // when it lapses if nobody acts; zero means never
	Soon   bool      // whether that is less than an hour away
}

// What happens next, as Next.Code says it. A state that has ended is its own code.
const (
	NextImport  = "import"  // the importer opens the request
	NextSubmit  = "submit"  // the importer hands in the wrapped material
	NextApprove = "approve" // people agree
	NextHeld    = "held"    // the policy stopped it; Detail has the code
	NextSend    = "send"    // it is sent, at Place in the queue
	NextLink    = "link"    // the importer makes the call by a signed link
	NextReport  = "report"  // the importer has such a link until At, and says what the KMS answered
	NextUnheard = "unheard" // such a link has lapsed, and nobody knows whether it was used; somebody has the same bytes sent
	NextRetry   = "retry"   // the KMS took nothing; the same bytes are sent at At; Detail has the code
	NextOutcome = "outcome" // it has been sent, and the outcome is waited for
	NextResend  = "resend"  // the outcome is unknown; somebody has the same bytes sent again
	NextLook    = "look"    // the outcome is unknown and stays so: look at the CMK in the KMS
	NextAgain   = "again"   // the KMS refused; the importer begins again
	NextProve   = "prove"   // the importer opens the backup
)

// Next is what happens next and who acts.
type Next struct {
	Code   string
	Who    []string  // names of people or groups; empty means the console, or anybody who is permitted
	At     time.Time // when, if that is known
	Place  int       // calls to the KMS until this one, itself included; 0 means that it does not wait here
	Detail string    // a code
}

// Get returns a request. ErrNotFound is also about one that the person may not see.
func (s *Service) Get(ctx context.Context, id string) (View, error) {
	who, err := asking(ctx)
	if err != nil {
		return View{}, err
	}
	var v View
	err = s.config.DB.Read(ctx, func(tx *store.Tx) error {
		r, err := s.visible(tx, who, id)
		if err != nil {
			return err
		}
		events, err := loadEvents(tx, id)
		v = s.view(who, r, events)
		return err
	})
	return v, err
}

// visible loads a request that a person may see.
func (s *Service) visible(tx *store.Tx, who person.Person, id string) (*record, error) {
	r, err := load(tx, id)
	if err == nil && !s.maySee(who, &r.Request) {
		return nil, ErrNotFound
	}
	return r, err
}

// maySee reports whether a person may see a request.
func (s *Service) maySee(who person.Person, r *Request) bool {
	if who.Kind == person.Guest && who.Request != r.ID {
		return false
	}
	return s.config.Policy.Decide(question(who, policy.ReadRequests, r)).Allowed
}

// view is what a person sees of a request. One that is overdue and not yet marked so is shown as
// lapsed.
func (s *Service) view(who person.Person, r *record, events []Event) View {
	now := s.now()
	shown := *r
	if _, possible := r.after(actLapse); possible && r.overdue(now) {
		shown.State = Lapsed
	}
	shown.Submission = r.Submission.shown()
	v := View{Request: shown.Request, Events: events, May: s.may(who, &shown), Next: s.next(&shown), Lapses: shown.due()}
	v.Soon = !v.Lapses.IsZero() && v.Lapses.Sub(now) <= soon && v.Lapses.After(now)
	return v
}

// may lists what a person can do to a request now.
func (s *Service) may(who person.Person, r *record) []string {
	acts := []string{}
	allowed := func(action string) bool { return s.config.Policy.Decide(question(who, action, &r.Request)).Allowed }
	possible := func(a act) bool { _, ok := r.after(a); return ok }
	if possible(actIssue) && r.mayImport(who) && allowed(policy.Import) {
		acts = append(acts, string(actIssue))
		if possible(actSubmit) && r.Request.Importer == who.ID {
			acts = append(acts, string(actSubmit))
		}
	}
	if possible(actProve) && r.mayImport(who) && allowed(policy.Import) {
		acts = append(acts, string(actProve))
	}
	if fault := r.decider(who); (fault == nil || fault == ErrTwice) && allowed(policy.Approve) {
		if fault == nil {
			acts = append(acts, string(actApprove))
		}
		acts = append(acts, string(actRefuse))
	}
	if possible(actTakeBack) && r.agreedBy(who.ID) {
		acts = append(acts, string(actTakeBack))
	}
	if possible(actCancel) && allowed(policy.Cancel) {
		acts = append(acts, string(actCancel))
	}
	if r.again(who.ID) == nil && !r.overdue(s.now()) {
		acts = append(acts, string(actAgain))
	}
	return append(acts, s.mayByLink(who, r)...)
}

// next says what happens next to a request, and who acts.
func (s *Service) next(r *record) Next {
	switch r.State {
	case Open:
		if r.Kind == ForDrill {
			return Next{Code: NextProve, Who: r.importers()}
		}
		return Next{Code: NextImport, Who: r.importers()}
	case Issued:
		return Next{Code: NextSubmit, Who: r.importers()}
	case Submitted:
		return s.nextOfSubmitted(r)
	case Sending:
		return Next{Code: NextOutcome}
	case Linked:
		return r.nextOfLinked()
	case Unknown:
		switch {
		case !r.Sealed || r.overdue(s.now()):
			return Next{Code: NextLook, Detail: r.Outcome.Code}
		case !r.NextTry.IsZero():
			return Next{Code: NextRetry, At: r.NextTry, Detail: r.Outcome.Code}
		}
		if r.Outcome.Code == ErrLinkLapsed.Code {
			return Next{Code: NextUnheard, Who: r.importers(), Detail: r.Outcome.Code}
		}
		return Next{Code: NextResend, Who: r.importers(), Detail: r.Outcome.Code}
	case Failed:
		return Next{Code: NextAgain, Who: r.importers(), Detail: r.Outcome.Code}
	}
	return Next{Code: string(r.State)}
}

func (s *Service) nextOfSubmitted(r *record) Next {
	switch {
	case r.Held != "":
		return Next{Code: NextHeld, Detail: r.Held}
	case !r.enough():
		return Next{Code: NextApprove, Who: r.missing()}
	case r.NextTry.After(s.now()):
		return Next{Code: NextRetry, At: r.NextTry, Detail: r.Outcome.Code}
	case r.Submission.ByLink && r.NextTry.IsZero():
		return Next{Code: NextLink, Who: r.importers()}
	}
	return Next{Code: NextSend, Place: s.place(r)}
}

// place returns the place in the queue of a request that is to be sent.
func (s *Service) place(r *record) int {
	if in := s.regions[r.Region]; in != nil {
		return in.writes.place(r.Requester, r.ID)
	}
	return 0
}

// importers names who has to import.
func (r *record) importers() []string {
	if r.ImporterID == "" {
		return nil
	}
	return []string{r.ImporterID}
}

// Waiting returns how many calls to the KMS will be made until the person has the parameters that
// they wait for, that one included; 0 means that they wait for none.
func (s *Service) Waiting(ctx context.Context, id string) int {
	who, _ := person.From(ctx)
	for _, in := range s.regions {
		if place := in.reads.place(who.ID, id); place > 0 {
			return place
		}
	}
	return 0
}
