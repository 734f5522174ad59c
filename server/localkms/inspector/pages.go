package inspector

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// frame is what every page has.
type frame struct {
	Text     *Text
	Region   string
	Account  string
	Accounts []string
	Console  string
	Style    string
	Path     string
	Outcome  *outcome
}

// listPage is the list of CMKs.
type listPage struct {
	frame
	Keys   []Key
	Number int
	Total  int
}

// keyPage is one CMK.
type keyPage struct {
	frame
	Key Key
}

// link returns an address of the inspector in the account that is shown.
func (f frame) link(path string, pairs ...string) string {
	query := url.Values{}
	if f.Account != f.Accounts[0] {
		query.Set("account", f.Account)
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		query.Set(pairs[i], pairs[i+1])
	}
	if len(query) == 0 {
		return path
	}
	return path + "?" + query.Encode()
}

// inAccount is a link to the list of another account.
func (f frame) inAccount(name string) string {
	f.Account = name
	return f.link("/")
}

func (f frame) keyLink(k Key) string { return f.link("/keys/" + url.PathEscape(k.ID)) }

func (f frame) actLink(k Key, act string) string {
	return "/keys/" + url.PathEscape(k.ID) + "/" + act
}

// importLink leads to the console, in the language of this page and with the key id filled in, or
// is empty. A CMK that has had key material takes only the same again, for which the console has
// another page.
func (f frame) importLink(k Key) string {
	if k.Origin != "EXTERNAL" || f.Console == "" {
		return ""
	}
	page := "/"
	if k.Bound {
		page = "/reimport"
	}
	return strings.TrimSuffix(f.Console, "/") + "/" + f.Text.Lang + page + "?" + url.Values{"KeyId": {k.ID}}.Encode()
}

// importText is what that link says.
func (f frame) importText(k Key) string {
	if k.Bound {
		return f.Text.ReimportLink
	}
	return f.Text.ImportLink
}

func (p listPage) pages() int { return max(1, (p.Total+pageSize-1)/pageSize) }

// position says where in the list the page is.
func (p listPage) position() string {
	return fmt.Sprintf(p.Text.Position, p.Number, p.pages(), p.Total)
}

func (p listPage) pageLink(n int) string { return p.link("/", "page", strconv.Itoa(n)) }

// stateText returns a state in the reader's words.
func (t *Text) stateText(state string) string {
	switch state {
	case "Enabled":
		return t.StateEnabled
	case "Disabled":
		return t.StateDisabled
	case "PendingDeletion":
		return t.StatePendingDeletion
	case "PendingImport":
		return t.StatePendingImport
	}
	return state
}

func (t *Text) yesNo(yes bool) string {
	if yes {
		return t.Yes
	}
	return t.No
}

// moment returns a time as it is shown: in UTC, as the API has it.
func moment(at time.Time) string { return at.UTC().Format("2006-01-02 15:04:05 UTC") }

// title is the text of the browser's tab.
func (f frame) title(page string) string {
	name := page + " · " + f.Text.Name
	if f.Outcome != nil && f.Outcome.Error != nil {
		return f.Text.ErrorPrefix + name
	}
	return name
}
