package pages

import (
	"reflect"
	"regexp"
	"strings"

	"keyferry/components/text"
)

// namedPhrase is a sentence for the page's scripts, and the name by which they ask for it.
type namedPhrase struct{ name, sentence string }

// teamPhrases are the sentences about requests that scripts put together: the names of states and
// events, what happens next, and terms in words. SubmittedYou of Next is "next-submitted-you".
func teamPhrases(words text.Team) []namedPhrase {
	all := []namedPhrase{
		{"line", words.New.Line}, {"faulty", words.New.Faulty},
		{"make", words.New.Make}, {"make-several", words.New.MakeSeveral}, {"making-many", words.New.MakingMany},
		{"made", words.New.Made}, {"not-made", words.New.NotMade},
		{"shown", words.List.Shown}, {"found", words.List.Found}, {"ends", words.List.Ends},
		{"none-waiting", words.List.NoneWaiting}, {"none-mine", words.List.NoneMine},
		{"none-all", words.List.NoneAll}, {"none-fit", words.List.NoneFit},
		{"entry", words.One.Entry}, {"reason", words.One.Reason}, {"code", words.One.Code},
		{"again", words.One.Again}, {"begin", words.One.Begin},
		{"order-submit", words.Order.Submit},
		{"order-place", words.Order.Place}, {"order-done", words.Order.Done}, {"order-done-imported", words.Order.DoneImported},
		{"order-within", words.Order.Within}, {"order-required", words.Order.Required}, {"order-never", words.Order.NeverOnly},
		{"ledger-total", words.Ledger.Total}, {"exporting", words.Ledger.Exporting},
		{"sign-in-as", words.SignIn.As}, {"groups", words.SignIn.Groups}, {"signed", words.SignIn.Signed},
	}
	for _, part := range []struct {
		prefix string
		words  any
	}{{"status", words.Status}, {"next", words.Next}, {"happened", words.Happened}, {"terms", words.Terms}} {
		fields := reflect.ValueOf(part.words)
		for i := range fields.NumField() {
			all = append(all, namedPhrase{part.prefix + kebab(fields.Type().Field(i).Name), fields.Field(i).String()})
		}
	}
	return all
}

var capital = regexp.MustCompile(`[A-Z]+`)

// kebab is SubmittedYou as -submitted-you.
func kebab(name string) string {
	return strings.ToLower(capital.ReplaceAllString(name, "-$0"))
}

// states of a request, in the order in which the list's filter offers them.
func states(words text.RequestStatus) []namedPhrase {
	return []namedPhrase{
		{"open", words.Open}, {"issued", words.Issued}, {"submitted", words.Submitted}, {"sending", words.Sending}, {"linked", words.Linked},
		{"unknown", words.Unknown}, {"failed", words.Failed}, {"imported", words.Imported},
		{"refused", words.Refused}, {"cancelled", words.Cancelled}, {"lapsed", words.Lapsed}, {"proved", words.Proved},
	}
}
