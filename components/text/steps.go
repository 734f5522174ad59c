package text

// Import is the frame of the import page.
type Import struct {
	Title       string
	Lead        string
	ReloadStart string
	StateDone   string
	StateOpen   string
	StateLater  string
	Change      string
	Cancel      string
	Continue    string
	TryAgain    string
	Details     string
}

// CMKStep is step 1.
type CMKStep struct {
	Title         string
	Label         string
	Hint          string
	Use           string
	NoCMK         string
	CLI           string
	CLIThen       string
	VendorConsole string
	VendorSteps   []string
	LocalIntro    string
	LocalOpen     string
	Purpose       string
}

// ParamsStep is step 2.
type ParamsStep struct {
	Title          string
	Intro          string
	Algorithm      string
	Recommended    string
	Legacy         string
	OAEPSHA256     string
	OAEPSHA1       string
	PKCS1          string
	Get            string
	Getting        string
	Got            string
	Fingerprint    string
	FingerprintWhy string
	Token          string
	TokenWhy       string
	TokenUntil     string
	RequestID      string
}

// SendStep is step 4.
type SendStep struct {
	Title       string
	Expiry      string
	Never       string
	NeverHint   string
	Days90      string
	Year        string
	At          string
	AtHint      string
	AtLabel     string // {zone}
	Moment      string // {local} {zone} {utc}
	ClockWrong  string // {clock} {time}
	WhatIsSent  string
	CMK         string
	Region      string
	Algorithm   string
	WrappingKey string
	Ciphertext  string
	Token       string
	TokenWhy    string
	ExpireField string
	WhoCanRead  string
	IfLost      string
	ImportInto  string // {cmk}
	Importing   string
}

// Result is shown after an import.
type Result struct {
	Title       string
	Enabled     string // {cmk}
	AsFarAs     string
	CMK         string
	Ciphertext  string
	ParamsID    string
	ImportID    string
	Expiry      string
	Check       string
	CheckExpect string
	LocalLook   string
	CloseTab    string
	Another     string
}

// Sent is the panel that lists what the page sent.
type Sent struct {
	Title       string
	Count       string // {count}
	Copy        string
	Nothing     string
	Never       string
	NothingElse string
	Explain     string
}

// Phrases are sentences that the page's scripts fill.
type Phrases struct {
	ValidFor          string // {hours} {minutes}
	ValidMinutes      string // {minutes} {seconds}
	TokenExpired      string
	LocalTime         string // {time}
	Prepared          string // {kcv} {seconds}
	PreparedElsewhere string // {kcv} {seconds}
	Minutes           string // {minutes}
	Seconds           string // {seconds}
	Characters        string // {count}
	Bytes             string // {count}
	ExpiryNever       string
	ErrorTitle        string // {title}
	StepDone          string // {number}
	WaitSeconds       string // {seconds}
	SentCount         string // {count}
	Failed            string // {code}
	Answered          string
	NoAnswer          string
	WasCancelled      string
	KMSRequestID      string
	KMSCode           string
	KMSMessage        string
	ConsoleID         string
	NotPending        string // {state}
	LeaveUnknown      string
}
