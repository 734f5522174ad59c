package account

import (
	"encoding/json"
	"strings"
	"time"
)

// record is everything of one flow that the account looks at, as it was caught. It is plain data,
// so that a record that was kept can be judged again.
type record struct {
	Name    string
	Address string // of the console as the browser sees it: 127.0.0.1 and a port
	Began   time.Time
	Ended   time.Time
	Given   given // what the person gave

	Modules   map[string]string   // what the pages named for modules that are not the real ones
	Arrivals  []arrival           // requests in the order in which they came
	Wire      map[string][]byte   // what the browser sent, by the address that it sent from
	Usual     map[string][]string // headers that this browser sends by itself, by the kind of request
	Reports   []report            // of the page: messages from and to workers, and what they drew
	Said      []string            // console messages, page errors and dialogs of the browser
	Downloads []download
	Moments   []moment // the page before there is any secret, and at the end
	Cookies   []string
	History   []string          // addresses
	Panel     []entry           // what the panel lists
	Log       string            // of the console
	Started   []string          // the command line of the console, as the test started it
	Processes []string          // command lines of the console and of everything that it started, at the end
	Written   []string          // files that the console wrote
	Calls     []call            // what the console sent to the KMS, and what that answered
	Material  []byte            // what the KMS has unwrapped
	Materials map[string][]byte // the same of each of several CMKs
	Strangers []string          // connections and packets that are nobody's
	Caches    []string          // addresses in the browser's cache
	Profile   []string          // texts in rows of the browser's databases that name the console

	look   func() // notes what the page has now, in place of what it had before there was a secret
	settle func() // waits for the last file of the first page: one that is left before would be asked for again
}

// arrival is a request as it reached the console.
type arrival struct {
	From, Method, Path string
	At                 time.Time
	Status             int      // of the answer
	Headers            []string // of the answer
	Answer             []byte   // of the two calls to the KMS
}

// report is something that the page tells.
type report struct {
	Kind, Life string
	Value      json.RawMessage
	Page       float64 // when the page began, and the number of the report there
	Number     float64
	At         float64 // milliseconds since the page began
}

type download struct {
	Name    string
	Content []byte
}

// moment is what a page has at one moment.
type moment struct {
	Title   string
	Storage string // of every kind, as state.js finds it
	Page    string // the document
	Rest    string // what the document does not show, as rest.js finds it
}

// entry is one request that the panel lists.
type entry struct {
	Time, Action, Outcome string
	Fields                [][2]string
}

// call is one call of the console to the KMS.
type call struct{ Request, Answer []byte }

// given is what the person of a flow gave, and what their browser knew.
type given struct {
	Pages      []string          // paths with queries, or addresses of files, in their order
	Language   string            // of the last of them
	Cookies    []string          // that the person's choices set, in their order
	Cancelled  bool              // whether the key was given up while it was examined
	Identity   map[string]string // of the key, as a receipt that was given tells it
	CMK        string
	CMKs       []string // of an import of several, CMK among them
	Algorithm  string
	Source     string   // as the module names it
	Kind       string   // that a file was confirmed to be of
	Key        []byte   // of a file or a backup
	File       []byte   // as it was given
	Secret     string   // that opened a backup which was brought
	Components []string // as they were typed
	KCVs       []string
	Protection string // as the module names it
	Typed      string // a passphrase of the person's own; empty for the offered one
	Recipients string
	Proof      string   // what opens the backup that was made; empty for its passphrase
	Jobs       []string // that the workers do, in order
	Calls      []string // to the console, in order, with the code of a failure behind a blank
	Pasted     string   // an answer of the KMS that the person brought to the desk
	ImportFile string   // that the person brought, on one line
	Expires    int64    // when, in Unix seconds; 0 is never
	Calendar   string   // days before the expiry, as they were typed for the calendar; empty for none
	Recorded   bool     // whether the random bytes are known
	Receipt    bool     // whether a receipt was saved
	Before     int      // how many requests came before a page was opened from a disk
}

// cmks are those that keys are for.
func (g *given) cmks() []string {
	if g.CMKs != nil {
		return g.CMKs
	}
	return []string{g.CMK}
}

// failed holds if the flow ends with an error on the page.
func (g *given) failed() bool {
	return g.Cancelled || len(g.Calls) > 0 && strings.Contains(g.Calls[len(g.Calls)-1], " ")
}

// last is the page at the end, as a path or an address.
func (g *given) last() string { return g.Pages[len(g.Pages)-1] }

// onDisk holds if the last page was opened from a disk.
func (g *given) onDisk() bool { return strings.HasPrefix(g.last(), "file://") }
