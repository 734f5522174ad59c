package text

// MaterialStep is step 3: where the key material comes from, how it is backed up, and the proof of
// the backup.
type MaterialStep struct {
	Title string
	Intro string

	Source         string
	Generate       string
	GenerateHint   string
	File           string
	FileHint       string
	FileLabel      string
	Backup         string
	BackupHint     string
	BackupLabel    string
	SecretLabel    string
	SecretHint     string
	IdentityFile   string // opens the field below
	IdentityLabel  string
	Components     string
	ComponentsHint string
	ComponentLabel string // {number}
	KCVLabel       string
	AddComponent   string
	Accepted       string // {number} {method}
	ReceiptLabel   string
	ReceiptHint    string

	Protect           string
	Passphrase        string
	PassphraseHint    string
	PassphraseLabel   string
	OfferAnother      string
	Alphabet          string
	Recipients        string
	RecipientsHint    string
	RecipientsLabel   string
	Elsewhere         string
	ElsewhereHint     string
	ElsewhereLabel    string // {sentence}
	ElsewhereSentence string

	Prepare        string
	PrepareBrought string
	Working        string
	Examining      string // {percent} {left}
	Alive          string // {seconds}

	ConfirmHex    string
	ConfirmBase64 string
	Confirm       string
	WeakLabel     string // {sentence}
	WeakSentence  string
	WeakGo        string

	BackupTitle   string
	KCV           string
	KCVWhy        string
	Commitment    string
	CommitmentWhy string
	Download      string // {name}
	Prove         string
	ProveLabel    string
	ProveButton   string
	Proving       string
	Proven        string
	NotNeeded     string
	StoreTitle    string
	StoreWhy      string
	Sheet         string
	Stored        string
	Again         string
}

// Keep is shown with the result of an import: what a person should keep.
type Keep struct {
	Title       string
	Receipt     string
	ReceiptWhy  string
	Asked       string
	Print       string
	Calendar    string
	CalendarWhy string
	RemindLabel string
	RemindHint  string
	RenewalLink string
}

// Reimport is the page for importing material again, or rehearsing that.
type Reimport struct {
	Title   string
	Lead    string
	Drill   string
	Purpose string
}

// Check is the page that checks a backup against a receipt.
type Check struct {
	Title            string
	Lead             string
	ReceiptLabel     string
	Button           string
	Working          string
	Matches          string // {cmk} {date}
	MatchesPrepared  string // {cmk} {date}
	NotTold          string
	Facts            string
	CMK              string
	Region           string
	Imported         string
	Expires          string
	Material         string
	OriginGenerated  string
	OriginFile       string
	OriginBackup     string
	OriginComponents string
}

// Renewal is the page that explains what to do before imported material expires, and how a key is
// replaced.
type Renewal struct {
	Title string
	Lead  string
	Parts []Claim
}

// Calendar is what the calendar file for an expiry says.
type Calendar struct {
	Summary     string // {cmk}
	Reminder    string // {cmk} {time}
	Description string // {cmk} {region} {time} {console}
}
