package requests

// act is something that is done to a request.
type act string

const (
	actIssue    act = "issue"
	actSubmit   act = "submit"
	actApprove  act = "approve"
	actTakeBack act = "takeback"
	actRefuse   act = "refuse"
	actCancel   act = "cancel"
	actAgain    act = "again"
	actProve    act = "prove"

	// The console does these by itself.
	actLapse   act = "lapse"   // the deadline or the token has passed
	actSend    act = "send"    // the intent is recorded
	actAccept  act = "accept"  // the KMS has the material
	actFail    act = "fail"    // the KMS refused
	actReturn  act = "return"  // the KMS took nothing; the same bytes are sent later
	actDoubt   act = "doubt"   // nobody knows whether the KMS took them
	actLink    act = "link"    // the importer is given a signed link to make the call
	actForsake act = "forsake" // the bytes of an unknown outcome can be sent no more
)

// transitions is every change of state that there is. What is not here cannot happen.
var transitions = map[act]map[State]State{
	actIssue:    {Open: Issued, Issued: Issued, Submitted: Submitted},
	actSubmit:   {Open: Submitted, Issued: Submitted, Submitted: Submitted},
	actApprove:  {Submitted: Submitted},
	actTakeBack: {Submitted: Submitted},
	actRefuse:   {Submitted: Refused},
	actCancel:   {Open: Cancelled, Issued: Cancelled, Submitted: Cancelled, Failed: Cancelled},
	actAgain:    {Failed: Open, Submitted: Submitted, Unknown: Unknown},
	actProve:    {Open: Proved},
	actLapse:    {Open: Lapsed, Issued: Lapsed, Submitted: Lapsed, Failed: Lapsed},
	actSend:     {Submitted: Sending, Unknown: Sending, Sending: Sending, Linked: Sending},
	actAccept:   {Sending: Imported},
	actFail:     {Sending: Failed},
	actReturn:   {Sending: Submitted},
	actDoubt:    {Sending: Unknown, Unknown: Unknown, Linked: Unknown},
	actForsake:  {Unknown: Unknown, Sending: Unknown, Linked: Unknown},
	actLink:     {Submitted: Linked, Unknown: Linked, Linked: Linked},
}

// ofDrill are the acts of a drill: nobody gets parameters for one, nor submits.
var ofDrill = map[act]bool{actProve: true, actCancel: true, actLapse: true}

// after returns the state after an act, and whether the act is possible.
func (r *Request) after(a act) (State, bool) {
	if r.Kind == ForDrill && !ofDrill[a] || r.Kind != ForDrill && a == actProve {
		return "", false
	}
	next, possible := transitions[a][r.State]
	return next, possible
}
