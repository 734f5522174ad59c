package text

// Many is the page for many keys in one go.
type Many struct {
	Title   string
	Lead    string
	Nothing string // that nothing is lost when the page is left

	List         string
	ListLabel    string
	ListHint     string
	ListFile     string
	ListFileHint string
	UseList      string
	HaveArchive  string

	Keys          string
	Source        string
	Generate      string
	GenerateHint  string
	Files         string
	FilesHint     string
	FilesLabel    string
	Encoded       string
	Archive       string
	ArchiveHint   string
	ArchiveLabel  string
	ReceiptsLabel string
	ReceiptsHint  string
	Kept          string
	KeptHint      string
	Make          string
	Open          string

	ArchiveTitle string
	ArchiveWhy   string
	Prove        string
	ProveLabel   string
	ProveButton  string
	Proven       string

	Send          string
	Count         string
	ArchiveFact   string
	ArchiveSHA256 string
	IfLost        string
	ImportAll     string // {count}

	SentLatest    string
	Pause         string
	GoOn          string
	Stop          string
	ReceiptsSoFar string
	Which         string
	WhichAll      string
	WhichLeft     string
	WhichFailed   string
	WhichDone     string
	Table         string
	ColumnCMK     string
	ColumnLabel   string
	ColumnState   string

	TryFailed   string
	Receipts    string
	ReceiptsWhy string
	CalendarWhy string
	Printed     string

	CalendarSummary     string // {count}
	CalendarReminder    string // {count} {time}
	CalendarDescription string // {count} {time} {region} {cmks} {console}

	CheckHint   string // on the page that checks a backup
	MatchesAll  string // {count}
	ReimportAll string // on the page for importing again
	Opening     string // {done} {count}; also where one key of an archive is taken
	More        string // {count}

	Set     RequestSet
	ByFiles ManyByFiles
	Phrases ManyPhrases
}

// ManyByFiles is for imports whose two calls somebody else makes.
type ManyByFiles struct {
	Summary   string
	Why       string
	Desk      string // this, its label and its hint: on the page that connects to nothing
	DeskLabel string
	DeskHint  string
	Back      string // import files
	Folder    string
	Save      string
	SaveWhy   string
	Wrapped   string // what is to be known before import files are imported
	IfLost    string
}

// RequestSet is what the list of requests shows of several together.
type RequestSet struct {
	Import   string // {count}
	For      string // on the page for many keys
	Progress string // {done} {count}
	Why      string
	Digest   string
	Agree    string // {count}
	Agreeing string
	Agreed   string // {count} {refused}
}

// ManyPhrases are sentences about many keys that the page's script fills.
type ManyPhrases struct {
	Cmks          string // {count}
	Faulty        string // {count}
	Line          string // {number}
	LeaveOut      string
	All           string
	Making        string // {done} {count}
	InArchive     string // {count}
	Refused       string // {count}
	Files         string // {count}
	Skipping      string // {count}
	Ready         string // {count} {name}
	Rows          string // {count} {total}
	Total         string // {done} {count}
	TotalFailed   string // {count}
	Left          string // {time}
	Done          string // {count}
	DoneRequests  string // {count}
	DoneFiles     string // {count}
	MakeFiles     string // {count}
	Await         string // {count}
	LeftOver      string // {count}
	LeftImports   string // {count}
	MadeElsewhere string
	WorkRunning   string
	WorkPaused    string
	WorkOver      string

	Waiting    string
	Parameters string
	Sending    string
	Again      string
	Imported   string
	Submitted  string
	Made       string
	Skipped    string
	Failed     string
	Stopped    string
}
