package text

// DeskLink is what the offline page says where its file may reach the KMS: the person brings links
// that a console signed, and the browser makes both calls of an import itself.
type DeskLink struct {
	Title       string
	Lead        string
	Destination string // where the calls go
	CMKPurpose  string

	Link      string // the way to bring parameters
	LinkHint  string
	LinkLabel string
	LinkFile  string
	HowToGet  string
	GetLink   string
	GetByCLI  string

	FromKMS     string // {host} {cmk} {algorithm}
	FromLocal   string // {host} {cmk} {algorithm}
	FromFile    string
	Certificate string // that the browser accepted
	Checked     string

	Next           string // what to do with the import file
	ImportFile     string // download
	ImportText     string
	Second         string
	SecondWhy      string
	SecondLabel    string
	SecondFile     string
	Confirm        string // {cmk}
	Sending        string
	ForKeyferry    string
	ForKeyferryHow string
	OtherWays      string
	OtherWaysWhy   string
	NotConfirmed   string

	Accepted      string // {cmk}
	StillYours    string // {cmk}
	AcceptedWhy   string
	AcceptedBy    string // {host}
	AcceptedLocal string // {host}
	Drill         string
	AcceptedID    string
	ReceiptAgain  string

	PanelTitle   string
	PanelReach   string
	PanelNothing string
	PanelExplain string
	PanelElse    string
}

// ReceiptWays says how the parameters of a receipt were obtained, and who made the import.
type ReceiptWays struct {
	Parameters      string
	ParametersLink  string
	ParametersRelay string
	ParametersFile  string
	Import          string
	ImportLink      string
	ImportRelay     string
	NotTold         string
}

// RefusedByKMS are codes with which the KMS refuses a link and for which a connected desk has the
// words: those that another link does not put right.
var RefusedByKMS = []string{
	"InvalidAccessKeyId.NotFound", "InvalidAccessKeyId.Inactive", "Forbidden.AccessKey", "SignatureDoesNotMatch", "IncompleteSignature",
	"InvalidSecurityToken.Expired", "Forbidden.NoPermission", "Forbidden.KeyNotFound", "Forbidden.KmsServiceNotEnabled",
	"Forbidden.InDebt", "Forbidden.InDebtOverdue", "InvalidImportToken", "ExpiredImportToken", "Unsupported.Origin",
	"Unsupported.ProtectionLevel", "Rejected.StateModifiedFailed", "Rejected.PendingDeletion", "Rejected.Disabled",
}
