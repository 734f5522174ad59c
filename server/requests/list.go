package requests

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"keyferry/server/person"
	"keyferry/server/store"
)

// Lists of requests.
const (
	Mine    = "mine"    // that the person made or imports for
	Waiting = "waiting" // that wait for the person
	All     = "all"     // that the person may see
)

const (
	defaultPage = 50
	maxPage     = 200
	// maxScan is how many requests one page looks at. A person who may see few of many gets pages
	// that are not full, or empty, before the last.
	maxScan = 1000
)

// Filter says which requests are wanted.
type Filter struct {
	Which string // Mine, Waiting or All; empty means All
	State State  // empty means every state
	Text  string // looked for in the id, the CMK's id, the label, the people and the note; empty means all
	After string // Page.After of the page before; empty means the first page
	Limit int    // most requests of a page; 0 means 50
}

// Page is a part of a list, the newest request first.
type Page struct {
	Items []View
	After string // for Filter.After of the next page; empty means that this is the last
}

// List returns requests that the person may see. Its time depends on the page and not on how many
// requests there are.
func (s *Service) List(ctx context.Context, f Filter) (Page, error) {
	who, err := asking(ctx)
	if err != nil {
		return Page{}, err
	}
	q, err := newSearch(who, f)
	if err != nil {
		return Page{}, err
	}
	page := Page{Items: []View{}}
	err = s.config.DB.Read(ctx, func(tx *store.Tx) error {
		page = Page{Items: []View{}}
		for scanned := 0; scanned < maxScan; scanned += q.limit {
			rows, err := q.run(tx)
			if err != nil {
				return err
			}
			for i, r := range rows {
				if v, ok := s.listed(who, r, f.Which); ok {
					page.Items = append(page.Items, v)
				}
				if len(page.Items) == q.want {
					if i < len(rows)-1 || len(rows) == q.limit {
						page.After = cursor(r)
					}
					return nil
				}
			}
			if len(rows) < q.limit {
				page.After = ""
				return nil
			}
			page.After = cursor(rows[len(rows)-1])
			q.from(rows[len(rows)-1])
		}
		return nil
	})
	return page, err
}

// listed returns the view of a request that belongs into a list.
func (s *Service) listed(who person.Person, r *record, which string) (View, bool) {
	if !s.maySee(who, &r.Request) {
		return View{}, false
	}
	v := s.view(who, r, nil)
	if which != Waiting {
		return v, true
	}
	for _, act := range []act{actIssue, actProve, actApprove, actImportLink, actReport} {
		if slices.Contains(v.May, string(act)) && (act != actIssue || v.State != Submitted) {
			return v, true
		}
	}
	return v, v.State == Failed && slices.Contains(v.May, string(actAgain)) && r.mayImport(who)
}

// cursor names a place in a list.
func cursor(r *record) string { return strconv.FormatInt(r.Created.UnixMicro(), 10) + "-" + r.ID }

func readCursor(text string) (created int64, id string, ok bool) {
	number, id, found := strings.Cut(text, "-")
	created, err := strconv.ParseInt(number, 10, 64)
	return created, id, found && err == nil
}

// partiesOf returns as what a request can name a person.
func partiesOf(who person.Person) []string {
	parties := []string{"person:" + who.ID}
	if who.Email != "" {
		parties = append(parties, "email:"+strings.ToLower(who.Email))
	}
	for _, g := range who.Groups {
		parties = append(parties, "group:"+g)
	}
	return append(parties, "anyone")
}
