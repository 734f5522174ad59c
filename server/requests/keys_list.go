package requests

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"keyferry/server/person"
	"keyferry/server/store"
)

// KeyFilter says which imported keys are wanted.
type KeyFilter struct {
	Which string   // Mine, the keys that the person asked for or imported, or All; empty means All
	State KeyState // empty means every state; KeyDrill means that a drill is due
	Text  string   // looked for in ids, label, people, note and KCV; empty means all
	After string   // KeyPage.After of the page before; empty means the first page
	Limit int      // most keys of a page; 0 means 50
}

// KeyDrill is a state to filter by: a drill is due within DrillAhead.
const KeyDrill KeyState = "drill"

// KeyPage is a part of the list of keys, by expiry, the nearest first.
type KeyPage struct {
	Items []Key
	After string // for KeyFilter.After of the next page; empty means that this is the last
}

// Keys returns the imported keys that the person may see. Its time depends on the page and not on
// how many keys there are.
func (s *Service) Keys(ctx context.Context, f KeyFilter) (KeyPage, error) {
	who, err := asking(ctx)
	if err != nil {
		return KeyPage{}, err
	}
	var page KeyPage
	err = s.config.DB.Read(ctx, func(tx *store.Tx) (err error) {
		page, err = s.keys(tx, who, f)
		return err
	})
	return page, err
}

// Key returns one imported key.
func (s *Service) Key(ctx context.Context, region, id string) (Key, error) {
	who, err := asking(ctx)
	if err != nil {
		return Key{}, err
	}
	var found Key
	err = s.config.DB.Read(ctx, func(tx *store.Tx) error {
		k, err := s.visibleKey(tx, who, region, id)
		if err == nil {
			found = *k
		}
		return err
	})
	return found, err
}

// visibleKey loads a key that a person may see.
func (s *Service) visibleKey(tx *store.Tx, who person.Person, region, id string) (*Key, error) {
	k, err := s.loadKey(tx, region, id)
	if err == nil && !s.show(who, k) {
		return nil, ErrNotFound
	}
	return k, err
}

func (s *Service) keys(tx *store.Tx, who person.Person, f KeyFilter) (KeyPage, error) {
	page := KeyPage{Items: []Key{}}
	q, err := s.newKeySearch(who, f)
	if err != nil {
		return page, err
	}
	for scanned := 0; scanned < maxScan; scanned += q.limit {
		rows, err := s.scanKeys(tx, q)
		if err != nil {
			return page, err
		}
		for i, k := range rows {
			if s.show(who, k) {
				page.Items = append(page.Items, *k)
			}
			if len(page.Items) == q.want {
				if i < len(rows)-1 || len(rows) == q.limit {
					page.After = keyCursor(k)
				}
				return page, nil
			}
		}
		if len(rows) < q.limit {
			page.After = ""
			return page, nil
		}
		last := rows[len(rows)-1]
		page.After = keyCursor(last)
		q.from(last)
	}
	return page, nil
}

// keySearch is a filter as SQL has it, from some place on.
type keySearch struct {
	where       []string
	args        []any
	want, limit int
	expires     int64 // of the last row that was seen
	region, id  string
}

func (s *Service) newKeySearch(who person.Person, f KeyFilter) (*keySearch, error) {
	q := &keySearch{want: f.Limit, expires: -never}
	if q.want == 0 {
		q.want = defaultPage
	}
	if q.want < 0 || q.want > maxPage || f.Which != "" && f.Which != All && f.Which != Mine || !oneLine(f.Text, maxLabel) {
		return nil, ErrFilter
	}
	q.limit = max(q.want+1, 100)
	if f.After != "" && !q.readCursor(f.After) {
		return nil, ErrFilter
	}
	if who.Kind == person.Guest {
		q.and("k.request = ?", who.Request)
	}
	if f.Which == Mine {
		marks, args := partyMarks(who)
		q.and("k.request IN (SELECT p.request FROM request_parties p WHERE p.party IN ("+marks+") AND p.role <> 'approver')", args...)
	}
	if f.Text != "" {
		q.and("k.search LIKE ? ESCAPE '!'", "%"+likeEscapes.Replace(lowered(f.Text))+"%")
	}
	return q, s.filterState(q, f.State)
}

func (s *Service) filterState(q *keySearch, state KeyState) error {
	now := s.now()
	switch state {
	case "":
	case KeyExpired:
		q.and("k.expires <= ?", now.UnixMicro())
	case KeySoon:
		q.and("k.expires > ?", now.UnixMicro())
		q.and("k.expires <= ?", now.Add(SoonExpires).UnixMicro())
	case KeyCurrent:
		q.and("k.expires > ?", now.Add(SoonExpires).UnixMicro())
		q.and("k.expires < ?", int64(never))
	case KeyLasting:
		q.and("k.expires = ?", int64(never))
	case KeyDrill:
		if s.config.DrillEvery == 0 {
			q.and("1 = 0")
		}
		q.and("k.proved <= ?", now.Add(DrillAhead-s.config.DrillEvery).UnixMicro())
	default:
		return ErrFilter
	}
	return nil
}

func (q *keySearch) and(condition string, args ...any) {
	q.where = append(q.where, condition)
	q.args = append(q.args, args...)
}

// from makes the next query begin after a key.
func (q *keySearch) from(k *Key) { q.expires, q.region, q.id = k.micros(), k.Region, k.ID }

func (s *Service) scanKeys(tx *store.Tx, q *keySearch) ([]*Key, error) {
	where := append(slices.Clone(q.where), "(k.expires, k.region, k.key_id) > (?, ?, ?)")
	args := append(slices.Clone(q.args), q.expires, q.region, q.id, q.limit)
	return s.queryKeys(tx, "WHERE "+strings.Join(where, " AND ")+" ORDER BY k.expires, k.region, k.key_id LIMIT ?", args...)
}

// queryKeys reads all keys of a query, which begins after the tables.
func (s *Service) queryKeys(tx *store.Tx, query string, args ...any) ([]*Key, error) {
	rows, err := tx.Query("SELECT "+keyColumns+query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var keys []*Key
	for rows.Next() {
		k, err := s.scanKey(rows)
		if err != nil {
			return nil, err
		}
		keys = append(keys, k)
	}
	return keys, rows.Err()
}

// micros is the key's expiry as the table has it.
func (k *Key) micros() int64 {
	if k.Expires.IsZero() {
		return never
	}
	return k.Expires.UnixMicro()
}

// keyCursor names a place in the list of keys.
func keyCursor(k *Key) string {
	return strconv.FormatInt(k.micros(), 10) + "/" + k.Region + "/" + k.ID
}

func (q *keySearch) readCursor(text string) bool {
	parts := strings.Split(text, "/")
	if len(parts) != 3 {
		return false
	}
	var err error
	q.expires, err = strconv.ParseInt(parts[0], 10, 64)
	q.region, q.id = parts[1], parts[2]
	return err == nil && oneLine(text, 300)
}

// partyMarks are the marks and arguments of a list of the parties that a person is.
func partyMarks(who person.Person) (marks string, args []any) {
	for _, p := range partiesOf(who) {
		args = append(args, p)
	}
	return strings.TrimSuffix(strings.Repeat("?, ", len(args)), ", "), args
}

// lowered is how a search compares texts.
func lowered(text string) string { return strings.ToLower(text) }

// Ahead returns the keys that a person may see which expire within a time from now, at most so
// many, for a calendar.
func (s *Service) Ahead(ctx context.Context, who person.Person, within time.Duration, most int) ([]Key, error) {
	var found []Key
	err := s.config.DB.Read(ctx, func(tx *store.Tx) error {
		found = nil
		for after := ""; ; {
			page, err := s.keys(tx, who, KeyFilter{Which: Mine, Limit: maxPage, After: after})
			if err != nil {
				return err
			}
			for _, k := range page.Items {
				if k.Expires.IsZero() || len(found) == most || k.Expires.After(s.now().Add(within)) {
					return nil
				}
				found = append(found, k)
			}
			if after = page.After; after == "" {
				return nil
			}
		}
	})
	return found, err
}
