package requests

// Fault is why something was not done, for the person who asked for it. Package text has words for
// every code.
type Fault struct {
	Code   string
	Detail map[string]string // what the words may name; nil means nothing
}

// Error returns the code.
func (f *Fault) Error() string { return f.Code }

// Is makes errors.Is compare codes alone.
func (f *Fault) Is(other error) bool {
	o, ok := other.(*Fault)
	return ok && o.Code == f.Code
}

// with returns a copy of the fault with one more detail.
func (f *Fault) with(name, value string) *Fault {
	detail := map[string]string{name: value}
	for n, v := range f.Detail {
		detail[n] = v
	}
	return &Fault{Code: f.Code, Detail: detail}
}

var (
	// ErrSignIn reports that nobody is signed in.
	ErrSignIn = &Fault{Code: "Requests.SignIn"}
	// ErrNotFound reports a request that does not exist or that the person may not see.
	ErrNotFound = &Fault{Code: "Requests.NotFound"}
	// ErrDenied reports that the policy does not permit it. Detail action.
	ErrDenied = &Fault{Code: "Requests.Denied"}
	// ErrState reports that it cannot be done in the request's state. Detail state.
	ErrState = &Fault{Code: "Requests.State"}
	// ErrTerms reports a term that cannot be. Details field, and number of the request from 1.
	ErrTerms = &Fault{Code: "Requests.Terms"}
	// ErrTooMany reports more requests at once than MaxAtOnce.
	ErrTooMany = &Fault{Code: "Requests.TooMany"}
	// ErrTooManyFeeds reports somebody who has as many calendar addresses as one can have.
	ErrTooManyFeeds = &Fault{Code: "Requests.TooManyFeeds"}
	// ErrLapsed reports a request whose deadline or token has passed.
	ErrLapsed = &Fault{Code: "Requests.Lapsed"}
	// ErrNotImporter reports somebody who is not the one to import.
	ErrNotImporter = &Fault{Code: "Requests.NotImporter"}
	// ErrAlgorithm reports an algorithm that the request does not allow.
	ErrAlgorithm = &Fault{Code: "Requests.Algorithm"}
	// ErrParameters reports a token that was not issued to this person for this request, or with
	// another wrapping key or algorithm.
	ErrParameters = &Fault{Code: "Requests.Parameters"}
	// ErrTokenExpired reports an import token past its end: parameters must be had anew.
	ErrTokenExpired = &Fault{Code: "Requests.TokenExpired"}
	// ErrCiphertext reports what cannot be a ciphertext.
	ErrCiphertext = &Fault{Code: "Requests.Ciphertext"}
	// ErrExpiry reports an expiry of the material that the request does not allow. Detail rule.
	ErrExpiry = &Fault{Code: "Requests.Expiry"}
	// ErrCheckValue reports a key check value or a commitment of another form.
	ErrCheckValue = &Fault{Code: "Requests.CheckValue"}
	// ErrOtherKey reports a commitment other than the one that the request names.
	ErrOtherKey = &Fault{Code: "Requests.OtherKey"}
	// ErrChanged reports an approval of other bytes than those that are there now.
	ErrChanged = &Fault{Code: "Requests.Changed"}
	// ErrOwn reports an approver who requested or imported.
	ErrOwn = &Fault{Code: "Requests.Own"}
	// ErrNotApprover reports an approver of none of the groups. Detail groups.
	ErrNotApprover = &Fault{Code: "Requests.NotApprover"}
	// ErrTwice reports a second approval by the same person.
	ErrTwice = &Fault{Code: "Requests.Twice"}
	// ErrNoApproval reports that there is no approval to take back.
	ErrNoApproval = &Fault{Code: "Requests.NoApproval"}
	// ErrReason reports a refusal without a reason, or one that is too long.
	ErrReason = &Fault{Code: "Requests.Reason"}
	// ErrBusy reports too many calls to the KMS that wait for the same person.
	ErrBusy = &Fault{Code: "Requests.Busy"}
	// ErrWaiting reports an import of one's own that waits for approvals. Detail request.
	ErrWaiting = &Fault{Code: "Requests.Waiting"}
	// ErrHeldAltered reports a submission that is not what people agreed to any more.
	ErrHeldAltered = &Fault{Code: "Requests.HeldAltered"}
	// ErrHeldImport reports that the policy no longer permits the import.
	ErrHeldImport = &Fault{Code: "Requests.HeldImport"}
	// ErrHeldApproval reports that by the policy too few people have agreed.
	ErrHeldApproval = &Fault{Code: "Requests.HeldApproval"}
	// ErrLinkLapsed reports a link that was given out and of which nothing was heard: whether the
	// importer used it is not known.
	ErrLinkLapsed = &Fault{Code: "Requests.LinkLapsed"}
	// ErrNoLink reports a console that signs no links.
	ErrNoLink = &Fault{Code: "Requests.NoLink"}
	// ErrFilter reports a filter or a place in a list that cannot be.
	ErrFilter = &Fault{Code: "Requests.Filter"}
)
