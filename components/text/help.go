package text

// Help is the acts that an error offers.
type Help struct {
	Again      string
	Parameters string
	Algorithm  string
	Material   string
	CMK        string
	Reimport   string
}

// Record is the page that is printed after an import, for people to sign.
type Record struct {
	Title          string
	OfflineTitle   string // of what was prepared offline
	ImportedByHand string
	Backup         string
	BackupHash     string
	Token          string
	Times          string
	Prepared       string // when the key material was wrapped
	Imported       string
	Expires        string
	NoBackup       string
	Signature      string
	Second         string
}

// Sheet is the page on which a person writes the passphrase of a backup by hand.
type Sheet struct {
	Title     string
	Intro     string
	Backup    string
	Prepared  string
	Write     string
	HowToOpen string
	StoredAt  string
}
