package requests

import (
	"math"
	"slices"
	"strings"

	"keyferry/server/person"
	"keyferry/server/store"
)

// search is a filter as SQL has it: where the rows of a list are, from some place on.
type search struct {
	table string
	where []string
	args  []any
	want  int // requests on the page
	limit int // rows that one query reads

	created int64 // of the last row that was seen
	id      string
}

func newSearch(who person.Person, f Filter) (*search, error) {
	q := &search{table: "requests r", created: math.MaxInt64, want: f.Limit}
	if q.want == 0 {
		q.want = defaultPage
	}
	if q.want < 0 || q.want > maxPage {
		return nil, ErrFilter
	}
	q.limit = q.want + 1
	if f.After != "" {
		var ok bool
		if q.created, q.id, ok = readCursor(f.After); !ok {
			return nil, ErrFilter
		}
	}
	switch f.Which {
	case "", All:
	case Mine:
		q.concerning(who, "p.role <> 'approver'")
	case Waiting:
		q.concerning(who, "p.role <> 'requester'")
		q.and("r.state IN ('open', 'issued', 'failed', 'submitted', 'linked', 'unknown')")
	default:
		return nil, ErrFilter
	}
	if who.Kind == person.Guest {
		q.and("r.id = ?", who.Request)
	}
	if f.State != "" {
		q.and("r.state = ?", string(f.State))
	}
	if f.Text != "" {
		if !oneLine(f.Text, maxLabel) {
			return nil, ErrFilter
		}
		q.and("r.search LIKE ? ESCAPE '!'", "%"+likeEscapes.Replace(strings.ToLower(f.Text))+"%")
	}
	return q, nil
}

var likeEscapes = strings.NewReplacer("!", "!!", "%", "!%", "_", "!_")

func (q *search) and(condition string, args ...any) {
	q.where = append(q.where, condition)
	q.args = append(q.args, args...)
}

// concerning limits the list to requests that name the person.
func (q *search) concerning(who person.Person, role string) {
	parties := partiesOf(who)
	marks := strings.TrimSuffix(strings.Repeat("?, ", len(parties)), ", ")
	args := []any{}
	for _, p := range parties {
		args = append(args, p)
	}
	q.and("r.id IN (SELECT p.request FROM request_parties p WHERE p.party IN ("+marks+") AND "+role+")", args...)
}

// from makes the next query begin after a row.
func (q *search) from(r *record) { q.created, q.id = r.Created.UnixMicro(), r.ID }

// run reads the next rows.
func (q *search) run(tx *store.Tx) ([]*record, error) {
	where := append(slices.Clone(q.where), "(r.created, r.id) < (?, ?)")
	args := append(slices.Clone(q.args), q.created, q.id, q.limit)
	return records(tx.Query("SELECT r.body FROM "+q.table+" WHERE "+strings.Join(where, " AND ")+
		" ORDER BY r.created DESC, r.id DESC LIMIT ?", args...))
}
