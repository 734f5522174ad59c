package text

// KeysPage is the page of imported keys by expiry.
type KeysPage struct {
	Title      string
	Lead       string
	Which      string
	Mine       string
	All        string
	Search     string
	SearchHint string
	State      string
	AnyState   string
	Current    string
	Soon       string
	Expired    string
	Lasting    string
	DrillDue   string // the state to filter by
	Shown      string // {count}
	Found      string // {count}
	More       string
	Loading    string
	None       string
	NoneFit    string
	Expires    string
	Never      string
	Moment     string // {local} {zone} {utc}
	KCV        string
	NoKCV      string
	Holder     string
	Guest      string
	LastDrill  string
	NoDrill    string
	DrillBy    string // {time}
	DrillLate  string // {time}
	Renew      string
	RenewOpen  string
	Drill      string
	DrillOpen  string
	Import     string // the link to the request that brought the key
	Working    string

	FeedTitle    string
	FeedLead     string
	FeedFor      string
	FeedMe       string
	FeedMake     string
	FeedOnce     string
	FeedAddress  string
	FeedList     string
	FeedNone     string
	FeedMade     string // {time} {until}
	FeedRead     string // {time}
	FeedUnread   string
	FeedOf       string // {name}, of a group
	FeedRevoke   string
	FeedRevoked  string
	FeedSummary  string // {cmk}, of an event at the expiry
	FeedDrill    string // {cmk}, of a drill
	FeedCalendar string // {name}, of the calendar
}

// DrillPage is the page on which an importer proves a backup.
type DrillPage struct {
	Title   string
	Lead    string
	Lead2   string
	CMK     string
	Label   string
	Until   string
	Button  string
	Working string
	Done    string
	DoneWhy string
	Renew   string
	ToKeys  string
}

// Reminders are messages to people and webhooks. None of them has a secret.
type Reminders struct {
	ExpirySubject string // {cmk} {left}
	Expired       string // {cmk}, the subject once it has expired
	Days          string // {days}, what is left
	Day           string // likewise, a day or less
	Expiry        string // {cmk} {region} {time}
	ExpiryGone    string // likewise, once it has expired
	Label         string // {label}
	Holder        string // {who}
	KCV           string // {kcv}
	ExpiryDo      string // {link}
	DrillSubject  string // {cmk}
	Drill         string // {cmk} {region} {time}
	DrillDo       string // {link}
	AgreeSubject  string // {cmk}
	Agree         string // {cmk} {region} {who} {time}
	AgreeDo       string // {link}
	Why           string // {console}
}
