package text

// Team is what a console says that serves more people than one: import requests, the ledger and
// signing in.
type Team struct {
	Bar      TeamBar
	Status   RequestStatus
	Next     RequestNext
	Happened RequestHappened
	Terms    RequestTerms
	List     RequestList
	New      NewRequest
	One      OneRequest
	Order    RequestOrder
	Ledger   LedgerPage
	SignIn   SignIn
}

// TeamBar is what the header shows besides.
type TeamBar struct {
	Requests   string
	Ledger     string
	Waiting    string // {count}
	SignedInAs string
	SignIn     string
	SignOut    string
}

// RequestStatus names the states of a request.
type RequestStatus struct {
	Open, Issued, Submitted, Sending, Unknown, Imported, Failed, Refused, Cancelled, Lapsed string
}

// RequestNext says what happens next and who has to act, by the codes of package requests; the
// fields that end in You are for the person who reads it.
type RequestNext struct {
	Import       string // {who} {lapses}
	ImportYou    string // {lapses}
	Submit       string // {who} {lapses}
	SubmitYou    string // {lapses}
	Approve      string // {who} {agreed} {needed} {lapses}
	ApproveYou   string // {agreed} {needed} {lapses}
	ApproveTaken string // {who} {agreed} {needed}, for somebody who agreed
	Held         string // {what}
	Send         string // {place}
	Retry        string // {time}
	Outcome      string
	Resend       string // {who}
	ResendYou    string
	Look         string
	Again        string // {who}
	AgainYou     string
	Imported     string
	Refused      string
	Cancelled    string
	Lapsed       string
	Of           string // {name}, of a group
	Nobody       string // where a name is missing
	Approvers    string // likewise, of people who may agree
	Soon         string // {lapses}
}

// RequestHappened names the events of a request. Each begins a line of its timeline.
type RequestHappened struct {
	Created, Issued, Submitted, Approved, TakenBack, Refused, Cancelled, Lapsed string
	Sending, Imported, Failed, Unknown, NotTaken, Held, Again                   string
	Console                                                                     string // who, where the console did it by itself
}

// RequestTerms are what a request allows, in words.
type RequestTerms struct {
	CMK, Region, Label, Algorithms, Importer, Expiry, Deadline, Note, Approvals, Requester, Commitment string
	ByPerson                                                                                           string // {name}
	ByGroup                                                                                            string // {name}
	ByLink                                                                                             string
	ExpiryAny, ExpiryNever, ExpiryRequired                                                             string
	ExpiryWithin                                                                                       string // {days}
	NoApproval                                                                                         string
	ApprovalsAnybody                                                                                   string // {count}
	ApprovalsGroups                                                                                    string // {count} {groups}
	ApprovalsEach                                                                                      string // {groups}
	Moment                                                                                             string // {local} {utc}
}

// RequestList is the page with all requests.
type RequestList struct {
	Title, Lead, New, Which                 string
	Waiting, Mine, All                      string
	Search, SearchHint, State, AnyState     string
	Shown, Found                            string // {count}
	More, Loading                           string
	NoneWaiting, NoneMine, NoneAll, NoneFit string
	Ends                                    string // {time}
	Agreed                                  string // {agreed} {needed}
}

// NewRequest is the page that makes requests.
type NewRequest struct {
	Title, Lead                                      string
	How, One, OneHint, Several, SeveralHint          string
	Key, KeyHint                                     string
	Label, LabelHint                                 string
	Keys, KeysHint, CSV                              string
	Earlier, EarlierHint                             string
	Importer, ByPerson, ByPersonHint, Email          string
	ByGroup, ByGroupHint, Group, ByLink, ByLinkHint  string
	Algorithms, AlgorithmsHint                       string
	Expiry, Any, AnyHint, Never, NeverHint           string
	Required, RequiredHint, Within, WithinHint, Days string
	Deadline                                         string // {zone}
	DeadlineHint, Note, NoteHint                     string
	Preview, PreviewLead, Line, Faulty               string // Line {number}, Faulty {count}
	Make                                             string
	MakeSeveral                                      string // {count}
	Making                                           string
	MakingMany                                       string // {number} {count}
	Made                                             string // {count}
	NotMade                                          string // {count}
	ToList, Another                                  string
}

// OneRequest is the page of one request.
type OneRequest struct {
	Title, Loading, Terms, Timeline, Details          string
	CopyLink, LinkWhy, MakeGuestLink, GuestLinkWhy    string
	GuestTitle, GuestLink, GuestCode, GuestOnce       string
	OpenImport, OpenImportWhy                         string
	Compare, CompareWhy, Agree, AgreeWhy, TakeBack    string
	RefuseOpen, RefuseReason, Refuse                  string
	CancelOpen, CancelReason, Cancel                  string
	Again, Begin                                      string
	Working                                           string
	Digest, DigestWhy, KCV, Expires, Algorithm        string
	WrappingKey, Ciphertext, TokenUntil, KMSRequestID string
	Evidence, EvidenceWhy, Entry                      string // Entry {number}
	Reason                                            string // {reason}
	Code                                              string // {code}
	SignInAgain                                       string
	NotTold, Repeat, ToList                           string
}

// RequestOrder is what the import page says where it works for a request.
type RequestOrder struct {
	Title, Lead, ReceiptNeeded, NeverRefused                string
	Within                                                  string // {days}
	Required, NeverOnly                                     string
	Submit                                                  string // {cmk}
	Submitting, IfAgreed, Done, DoneImported, Open, KeepTab string
	ReceiptWhy                                              string
}

// LedgerPage is the page for auditors.
type LedgerPage struct {
	Title, Lead, Search, SearchHint, Kind, AnyKind        string
	Total                                                 string // {count}
	Number, Time, What, Person, Request, Policies, Fields string
	More, Empty, Export, ExportWhy                        string
	Exporting                                             string // {count}
	Checkpoint, CheckpointWhy, SaveCheckpoint             string
	Key, KeyWhy, Verify, VerifyWhy                        string
}

// SignIn is the page on which people sign in.
type SignIn struct {
	Title, Lead, Provider, ProviderWhy, NoWay       string
	Demo, DemoWhy, As                               string // As {name}
	Groups                                          string // {groups}
	Guest, GuestLead, Code, CodeHint, Open, Opening string
	Signed                                          string // {name}
	GoOn                                            string
	Needed, NeededButton                            string
}
