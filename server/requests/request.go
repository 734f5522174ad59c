// Package requests keeps import requests: who may import into which CMK, in which way, until when,
// and who has to agree. It is the only package that calls the KMS.
package requests

import "time"

// State is how far a request has come.
type State string

const (
	Open      State = "open"      // waits for the importer
	Issued    State = "issued"    // the importer has the parameters for the import
	Submitted State = "submitted" // the ciphertext is here and waits for approvals
	Sending   State = "sending"   // the intent is recorded, the outcome is not
	Linked    State = "linked"    // the importer has a signed link to make the call, the outcome is not known
	Unknown   State = "unknown"   // the KMS did not answer; the same bytes can be sent again
	Imported  State = "imported"  // the KMS has the material
	Failed    State = "failed"    // the KMS refused; the importer may begin again
	Refused   State = "refused"   // an approver refused
	Cancelled State = "cancelled" // the requester withdrew it
	Lapsed    State = "lapsed"    // its deadline or its import token has passed
	Proved    State = "proved"    // of a drill: the importer opened the backup, and it has the right key
)

// Ended reports whether nothing can happen to the request any more.
func (s State) Ended() bool {
	return s == Imported || s == Refused || s == Cancelled || s == Lapsed || s == Proved
}

// Kind is what a request asks its importer for.
type Kind string

const (
	ForImport Kind = ""      // to import
	ForDrill  Kind = "drill" // to prove that the backup is right; nothing is sent to the KMS
)

// ImporterKind is how a request names who may import.
type ImporterKind string

const (
	ByPerson ImporterKind = "person" // an email address, or a person's id
	ByGroup  ImporterKind = "group"  // a group of the directory
	ByLink   ImporterKind = "link"   // whoever has the guest link
)

// ExpiryKind is what a request says of the material's expiry.
type ExpiryKind string

const (
	ExpiryAny      ExpiryKind = "any"      // the importer chooses
	ExpiryNever    ExpiryKind = "never"    // the material must not expire
	ExpiryRequired ExpiryKind = "required" // it must expire
	ExpiryWithin   ExpiryKind = "within"   // it must expire within Days days
)

// Terms are what a requester asks for.
type Terms struct {
	Region     string       // of the CMK, such as cn-hangzhou
	KeyID      string       // of the CMK
	Label      string       // what the CMK is for, such as payments/ledger
	Algorithms []string     // that may wrap the material, in the KMS's words; at least one
	Importer   ImporterKind // how ImporterID is to be read
	ImporterID string       // email address or id of a person, or name of a group; empty for ByLink
	Expiry     ExpiryKind
	ExpiryDays int       // only for ExpiryWithin
	Deadline   time.Time // until when the import must be done, in UTC
	Note       string    // from the requester to the importer
	Commitment string    // of an earlier receipt that the material must match, or empty
}

// Submission is what the importer hands in: nothing in it opens without the KMS.
type Submission struct {
	Algorithm            string
	WrappingKeySHA256    string    // of the DER wrapping key, hexadecimal
	EncryptedKeyMaterial string    // base64; empty in a View
	CiphertextSHA256     string    // of the bytes of EncryptedKeyMaterial, hexadecimal; the Service sets it
	ImportToken          string    // base64; empty in a View
	TokenExpires         time.Time // the Service sets it
	ExpireUnix           int64     // when the material expires, in seconds since 1970; 0 means never
	KCV                  string    // 10 upper-case hexadecimal digits, if the importer shows it
	Commitment           string    // 64 lower-case hexadecimal digits, if the importer shows it
	ParametersByLink     bool      // whether the importer had the parameters from the KMS by a signed link; the Service sets it
	ByLink               bool      // whether the importer wants to make the call by a signed link
}

// Decision is what one approver said of one submission.
type Decision struct {
	PersonID string
	Name     string
	Groups   []string
	Agreed   bool
	Reason   string // of a refusal
	Digest   string // of the submission that it is about, see Submission.Digest
	At       time.Time
}

// Event is one line of a request's timeline.
type Event struct {
	At       time.Time
	What     string // a code, with words in components/text: created, issued, submitted, approved …
	PersonID string // empty for what the console did by itself
	Name     string
	Detail   string // a reason, or the KMS's code
	Entry    int64  // index in the ledger, -1 for none
}

// Outcome is what the KMS answered.
type Outcome struct {
	RequestID string // of the KMS
	Code      string // of the KMS; empty if it accepted
	At        time.Time
}

// Request is one request with all that has happened to it.
type Request struct {
	ID         string         // 26 letters and digits, unguessable
	Terms      `json:"Terms"` // by its name, since both have an Importer
	Kind       Kind
	State      State
	Requester  string // person's id
	Name       string // of the requester
	Created    time.Time
	Approvals  int      // how many people have to agree, by the policy that allowed the request
	Approvers  []string // groups that they come from; empty means anybody whom the policy permits
	EachGroup  bool     // whether one approval of each group is needed
	Submission *Submission
	Digest     string // of the submission, hexadecimal; empty while there is none
	Importer   string // id of whoever got the parameters; empty before
	Decisions  []Decision
	Outcome    *Outcome
	Again      string // id of the import that this one repeats, or that a drill is about; empty for others
	Own        bool   // made by the import page for somebody who imports without being asked
	Version    int64  // counts every change
}
