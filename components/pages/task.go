// Package pages has the pages of the console. Each is a templ component that gets everything it
// shows as an argument.
package pages

import (
	"github.com/a-h/templ"

	"keyferry/components"
	"keyferry/components/text"
)

// Module is a WebAssembly module that a worker may load.
type Module struct {
	URL       string
	Integrity string // as fetch takes it: sha256-<base64>
}

// Task is what a page shows on which a person imports, imports again, prepares files or checks.
type Task struct {
	Frame     components.Frame
	Again     bool // whether this is the page for importing the same material again
	WorkerURL string
	Module    Module // everything that has to do with key material
	Strength  Module // estimates passphrases, and is loaded when a person types one
	CLIPrefix string // before aliyun in a command: credentials of the local KMS, else empty
	CLISuffix string // after an aliyun command: the local KMS's address, else empty
}

// attributes tell the page's script which task it does and where its modules are.
func (p Task) attributes(task string) templ.Attributes {
	return templ.Attributes{
		"data-again": p.Again, "data-team": p.Frame.Team,
		"data-task": task, "data-region": p.Frame.Region, "data-version": p.Frame.Version, "data-worker": p.WorkerURL,
		"data-module": p.Module.URL, "data-integrity": p.Module.Integrity,
		"data-strength": p.Strength.URL, "data-strength-integrity": p.Strength.Integrity,
	}
}

// connected reports whether the page is a file that may reach the KMS.
func (p Task) connected() bool { return len(p.Frame.Reached) > 0 }

// command is a whole aliyun command for this console's KMS.
func (p Task) command(action string) string {
	return p.CLIPrefix + "aliyun kms " + action + " --region " + p.Frame.Region + p.CLISuffix
}

// step is the view of one of the four steps; the first is open when the page loads.
func (p Task) step(number int, name, title string) components.StepView {
	return components.StepView{Words: p.Frame.Text.Import, Name: name, Number: number, Title: title, Open: number == 1}
}

// algorithm is one choice in step 2.
type algorithm struct {
	Name   string
	Label  string
	Why    string
	Legacy bool
}

func algorithms(words text.ParamsStep) []algorithm {
	return []algorithm{
		{"RSAES_OAEP_SHA_256", words.Recommended, words.OAEPSHA256, false},
		{"RSAES_OAEP_SHA_1", words.Legacy, words.OAEPSHA1, true},
		{"RSAES_PKCS1_V1_5", words.Legacy, words.PKCS1, true},
	}
}
