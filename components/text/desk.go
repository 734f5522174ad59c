package text

// Desk is the offline page: a person brings import parameters and saves files for the KMS.
type Desk struct {
	Title string
	Lead  string

	CMKPurpose string
	RegionHint string

	AlgorithmAsked string
	AlgorithmWhy   string
	HowToGet       string
	GetCLI         string
	GetConsole     string
	Brought        string
	Answer         string
	AnswerHint     string
	AnswerLabel    string
	AnswerFile     string
	Files          string
	FilesHint      string
	PublicKeyFile  string
	TokenFile      string
	OwnKey         string
	OwnKeyHint     string
	Read           string
	Reading        string
	HaveRead       string
	Token          string
	TokenUnknown   string
	LifeUnknown    string
	TokenOld       string
	ClockBehind    string // {clock} {time}
	ExpiredOrClock string // {clock} {time} {do}
	FilesApart     string
	CutCable       string
	CableCut       string

	Lane             string
	LaneBrowser      string
	LaneBrowserHint  string
	LaneHSM          string
	LaneHSMHint      string
	HSMIntro         string
	DownloadDER      string
	DownloadPEM      string
	PKCS11           string
	PKCS11Intro      string
	TriedPKCS1       string
	TriedOAEPSHA1    string
	TriedOAEPSHA256  string
	OpenSSL          string
	OpenSSLIntro     string
	OwnBackup        string
	BringBack        string
	WrappedFile      string
	WrappedText      string
	CheckWrapped     string
	WrappedElsewhere string

	FilesTitle string
	WhatFiles  string
	MakeFiles  string

	Ready           string
	NotImported     string
	DownloadWrapped string
	DownloadToken   string
	WithCLI         string
	WithCLIWhy      string
	ThenCheck       string
	WithConsole     string
	WithConsoleHow  string
	Facts           string
	ReceiptWhy      string
	NoReceipt       string
	ByHand          string
	ByHandIntro     string

	PanelTitle   string
	PanelNothing string
	PanelSealed  string
	PanelServed  string
	Online       string
	Offline      string
	NetworkHint  string
}
