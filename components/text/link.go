package text

// Link is what the console says of the desk by link: a file on the importer's own disk that calls the
// KMS itself, by links that the console signs.
type Link struct {
	Open           string // the summary
	Why            string
	Desk           string
	DeskHow        string
	DeskElse       string
	Parameters     string
	ParametersWhy  string
	Algorithm      string
	Make           string
	Making         string
	Shown          string // {host}
	ShownImport    string
	Left           string // {minutes} {seconds}
	Over           string
	Save           string
	QR             string
	QRWhy          string
	QRLong         string
	Back           string
	BackHow        string
	File           string
	Text           string
	Read           string
	Got            string
	CMK            string
	Region         string
	KCV            string
	ImportToken    string
	Expiry         string
	Obtained       string
	ByLink         string
	ByFile         string
	EndUnknown     string
	Which          string
	ByConsole      string
	ByConsoleWhy   string
	ByDesk         string
	ByDeskWhy      string
	Import         string // {cmk}
	Importing      string
	SubmitConsole  string
	SubmitDesk     string
	Submitting     string
	MakeImport     string
	Import2        string
	Import2Why     string
	Settle         string
	SettleWhy      string
	Settling       string
	Settled        string // {cmk}
	SettledID      string // {id}
	Report         string
	ReportWhy      string
	Accepted       string
	AcceptedWhy    string
	Refused        string
	RefusedWhy     string
	Unanswered     string
	UnansweredWhy  string
	ReportID       string
	ReportIDHint   string
	ReportButton   string
	NeverUsed      string
	SendConsole    string
	ParametersWay  string // of a submission: how the importer had the parameters
	ByLinkRecorded string
}
