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
	Keys       string
	Waiting    string // {count}
	SignedInAs string
	SignIn     string
	SignOut    string
}

// RequestStatus names the states of a request.
type RequestStatus struct {
	Open      string
	Issued    string
	Submitted string
	Sending   string
	Linked    string
	Unknown   string
	Imported  string
	Failed    string
	Refused   string
	Cancelled string
	Lapsed    string
	Proved    string
	Drill     string // of a drill that is open
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
	Link         string // {who}
	LinkYou      string
	Report       string // {who} {time}
	ReportYou    string // {time}
	Unheard      string // {who}
	UnheardYou   string
	Outcome      string
	Resend       string // {who}
	ResendYou    string
	Look         string
	Again        string // {who}
	AgainYou     string
	Prove        string // {who} {lapses}
	ProveYou     string // {lapses}
	Proved       string
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
	Created        string
	Issued         string
	Submitted      string
	Approved       string
	TakenBack      string
	Refused        string
	Cancelled      string
	Lapsed         string
	ParametersLink string
	Linked         string
	Reported       string
	Sending        string
	Imported       string
	Failed         string
	Unknown        string
	NotTaken       string
	Held           string
	Again          string
	Proved         string
	Console        string // who, where the console did it by itself
}

// RequestTerms are what a request allows, in words.
type RequestTerms struct {
	CMK              string
	Region           string
	Label            string
	Algorithms       string
	Importer         string
	Expiry           string
	Deadline         string
	Note             string
	Approvals        string
	Requester        string
	Commitment       string
	ByPerson         string // {name}
	ByGroup          string // {name}
	ByLink           string
	ExpiryAny        string
	ExpiryNever      string
	ExpiryRequired   string
	ExpiryWithin     string // {days}
	NoApproval       string
	ApprovalsLater   string // before the submission
	ApprovalsAnybody string // {count}
	ApprovalsGroups  string // {count} {groups}
	ApprovalsEach    string // {groups}
	Moment           string // {local} {utc}
}

// RequestList is the page with all requests.
type RequestList struct {
	Title       string
	Lead        string
	New         string
	Which       string
	Waiting     string
	Mine        string
	All         string
	Search      string
	SearchHint  string
	State       string
	AnyState    string
	Shown       string
	Found       string // {count}
	More        string
	Loading     string
	NoneWaiting string
	NoneMine    string
	NoneAll     string
	NoneFit     string
	Ends        string // {time}
}

// NewRequest is the page that makes requests.
type NewRequest struct {
	Title        string
	Lead         string
	How          string
	One          string
	OneHint      string
	Several      string
	SeveralHint  string
	Key          string
	KeyHint      string
	Label        string
	LabelHint    string
	Keys         string
	KeysHint     string
	CSV          string
	Earlier      string
	EarlierHint  string
	Importer     string
	ByPerson     string
	ByPersonHint string
	Email        string
	ByGroup      string
	ByGroupHint  string
	Group        string
	ByLink       string
	ByLinkHint   string
	Algorithms   string
	Expiry       string
	Any          string
	AnyHint      string
	Never        string
	NeverHint    string
	Required     string
	RequiredHint string
	Within       string
	WithinHint   string
	Days         string
	Deadline     string // {zone}
	DeadlineHint string
	Note         string
	NoteHint     string
	Preview      string
	PreviewLead  string
	Line         string // {number}
	Faulty       string // {count}
	Make         string
	MakeSeveral  string // {count}
	Making       string
	MakingMany   string // {number} {count}
	Made         string // {count}
	NotMade      string // {count}
	ToList       string
	Another      string
}

// OneRequest is the page of one request.
type OneRequest struct {
	Title         string
	Loading       string
	Terms         string
	Timeline      string
	Details       string
	CopyLink      string
	LinkWhy       string
	MakeGuestLink string
	GuestLinkWhy  string
	GuestTitle    string
	GuestLink     string
	GuestCode     string
	GuestOnce     string
	OpenImport    string
	OpenImportWhy string
	Compare       string
	CompareWhy    string
	Agree         string
	AgreeWhy      string
	TakeBack      string
	RefuseOpen    string
	RefuseReason  string
	Refuse        string
	CancelOpen    string
	CancelReason  string
	Cancel        string
	Again         string
	Begin         string
	Working       string
	Digest        string
	DigestWhy     string
	KCV           string
	Expires       string
	Algorithm     string
	WrappingKey   string
	Ciphertext    string
	TokenUntil    string
	KMSRequestID  string
	Evidence      string
	EvidenceWhy   string
	Entry         string // {number}
	Reason        string // {reason}
	Code          string // {code}
	SignInAgain   string
	ToList        string
}

// RequestOrder is what the import page says where it works for a request.
type RequestOrder struct {
	Title         string
	Lead          string
	ReceiptNeeded string
	Within        string // {days}
	Required      string
	NeverOnly     string
	Submit        string // {cmk}
	Place         string // {place} in the queue for import parameters
	IfAgreed      string
	Done          string
	DoneImported  string
	Open          string
	KeepTab       string
}

// LedgerPage is the page for auditors.
type LedgerPage struct {
	Title          string
	Lead           string
	Search         string
	SearchHint     string
	Kind           string
	AnyKind        string
	Total          string // {count}
	Person         string
	Request        string
	Policies       string
	Fields         string
	More           string
	Empty          string
	Export         string
	ExportWhy      string
	Exporting      string // {count}
	Checkpoint     string
	CheckpointWhy  string
	SaveCheckpoint string
	Key            string
	KeyWhy         string
	Verify         string
	VerifyWhy      string
}

// SignIn is the page on which people sign in.
type SignIn struct {
	Title        string
	Lead         string
	Provider     string
	ProviderWhy  string
	NoWay        string
	Demo         string
	DemoWhy      string
	As           string // {name}
	Groups       string // {groups}
	Guest        string
	GuestLead    string
	Code         string
	CodeHint     string
	Open         string
	Opening      string
	Signed       string // {name}
	GoOn         string
	Needed       string
	NeededButton string
}
