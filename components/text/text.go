// Package text has every sentence that the console shows, in English and in Simplified Chinese.
//
// A language is one value of [Catalogue]. A sentence that a page uses and a language lacks does not
// compile if the field is missing, and fails a test if it is empty. Sentences with a figure in them
// carry named holes such as {hours}; [Fill] and the page's own scripts fill them.
package text

import (
	"maps"
	"slices"
	"strings"

	"golang.org/x/text/language"
)

// Catalogue is every sentence in one language.
type Catalogue struct {
	Tag         string // BCP 47, the page's lang attribute
	Name        string // the language's name in itself
	Frame       Frame
	Files       Files
	Import      Import
	CMK         CMKStep
	Params      ParamsStep
	Material    MaterialStep
	Send        SendStep
	Result      Result
	Sent        Sent
	Keep        Keep
	Reimport    Reimport
	Check       Check
	Renewal     Renewal
	Desk        Desk
	DeskLink    DeskLink
	ReceiptWays ReceiptWays
	Calendar    Calendar
	Proof       Proof
	Lost        Lost
	Help        Help
	Record      Record
	Sheet       Sheet
	Phrases     Phrases
	Team        Team
	Keys        KeysPage
	Drill       DrillPage
	Reminders   Reminders
	Many        Many
	Link        Link
	Faults      map[string]Fault
}

// Fault says what happened and what to do about it, for one stable error code.
type Fault struct {
	What string
	Do   string
}

// Languages in the order in which the page offers them; the first is the fallback.
var Languages = []*Catalogue{&english, &chinese}

var matcher = language.NewMatcher([]language.Tag{
	language.English,
	language.SimplifiedChinese,
})

// Match finds the language for a preference such as a cookie's value or an Accept-Language header,
// taking the first preference that is not empty. What is unknown gives English.
func Match(preferences ...string) *Catalogue {
	for _, preference := range preferences {
		if preference == "" {
			continue
		}
		tags, _, err := language.ParseAcceptLanguage(preference)
		if err != nil {
			continue
		}
		_, index, confidence := matcher.Match(tags...)
		if confidence == language.No {
			continue
		}
		return Languages[index]
	}
	return Languages[0]
}

// Fault finds the words for an error code. An unknown code gets the words for an answer nobody
// planned for, so that a person is never left with a bare code.
func (c *Catalogue) Fault(code string) Fault {
	if fault, ok := c.Faults[code]; ok {
		return fault
	}
	return c.Faults["unexpected"]
}

// merged is all words for faults of one language.
func merged(parts ...map[string]Fault) map[string]Fault {
	all := map[string]Fault{}
	for _, part := range parts {
		maps.Copy(all, part)
	}
	return all
}

// Fill puts values into the named holes of a sentence: Fill("Import into {cmk}", "cmk", id).
func Fill(sentence string, pairs ...string) string {
	holes := make([]string, 0, len(pairs))
	for i := 0; i+1 < len(pairs); i += 2 {
		holes = append(holes, "{"+pairs[i]+"}", pairs[i+1])
	}
	return strings.NewReplacer(holes...).Replace(sentence)
}

// PageFaults lists the codes that arise in the page, its worker or the module, sorted. They are the
// ones in snake_case; the KMS's and the console's own codes begin with a capital letter. Those of a
// console for several people are among them if team is set, and with them those of signing in, which
// reach the page in its address.
func (c *Catalogue) PageFaults(team bool) []string {
	var codes []string
	for code := range c.Faults {
		_, ofTeam := englishTeamFaults[code]
		if code[0] >= 'a' && code[0] <= 'z' && (team || !ofTeam) || team && strings.HasPrefix(code, "SignIn.") {
			codes = append(codes, code)
		}
	}
	slices.Sort(codes)
	return codes
}
