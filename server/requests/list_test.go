package requests_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"keyferry/server/localkms"
	"keyferry/server/requests"
	"keyferry/server/store"
	"keyferry/server/store/storetest"
)

// pages reads a whole list in pages.
func (w *world) pages(by func() requests.Filter, read func(requests.Filter) (requests.Page, error)) []string {
	w.t.Helper()
	var ids []string
	f := by()
	for {
		page, err := read(f)
		if err != nil {
			w.t.Fatal(err)
		}
		for _, v := range page.Items {
			ids = append(ids, v.ID)
		}
		if f.After = page.After; f.After == "" {
			return ids
		}
	}
}

// Pages follow one another without gap or repetition, whatever their size, also where only some
// requests may be seen, and while new ones come.
func TestPages(t *testing.T) {
	each(t, func(w *world) {
		var want []string
		for i := range 25 {
			terms := w.terms(keyOne, fmt.Sprintf("payments/%d", i))
			if i%3 == 0 {
				terms.ImporterID = "somebody else"
			}
			r := w.create(terms)
			if i%3 != 0 {
				want = append(want, r.ID)
			}
			w.clock.advance(time.Second)
		}
		slices.Reverse(want)
		for _, size := range []int{1, 2, 7, 200} {
			for _, which := range []string{requests.All, requests.Mine, requests.Waiting} {
				first, pages := true, 0
				got := w.pages(func() requests.Filter { return requests.Filter{Which: which, Limit: size} },
					func(f requests.Filter) (requests.Page, error) {
						page, err := w.service.List(w.as(ira), f)
						pages++
						if first {
							first = false
							w.create(w.terms(keyTwo, "tests/new")) // newer than every page that follows
						}
						return page, err
					})
				got = slices.DeleteFunc(got, func(id string) bool { return !slices.Contains(want, id) })
				if !slices.Equal(got, want) {
					w.t.Errorf("%s by %d: %d requests, want %d, or in another order", which, size, len(got), len(want))
				}
				if most := len(w.list(ira, requests.Filter{Which: which, Limit: 200})); pages > (most+size-1)/size {
					w.t.Errorf("%s by %d: %d pages for %d requests", which, size, pages, most)
				}
			}
		}
	})
}

// Behind a thousand requests that a person may not see is the next page, and a page of 200 is full.
func TestPagesBehindOthers(t *testing.T) {
	each(t, func(w *world) {
		mine := w.create(w.terms(keyOne, "tests/first")).ID
		w.clock.advance(time.Second)
		for _, test := range []struct{ others, pages int }{{998, 1}, {999, 2}, {1000, 2}} {
			terms := make([]requests.Terms, 0, requests.MaxAtOnce)
			for have := w.count("SELECT count(*) FROM requests") - 1; have < test.others; have++ {
				one := w.terms(keyTwo, "payments/others")
				one.ImporterID = "somebody else"
				if terms = append(terms, one); len(terms) == cap(terms) || have == test.others-1 {
					if _, err := w.service.Create(w.as(rita), terms); err != nil {
						w.t.Fatal(err)
					}
					terms = terms[:0]
				}
			}
			pages := 0
			got := w.pages(func() requests.Filter { return requests.Filter{Limit: 99} }, func(f requests.Filter) (requests.Page, error) {
				pages++
				return w.service.List(w.as(ira), f)
			})
			if !slices.Equal(got, []string{mine}) || pages != test.pages {
				w.t.Errorf("behind %d of others: %v in %d pages, want %d", test.others, got, pages, test.pages)
			}
		}
		if got := w.list(rita, requests.Filter{Limit: 200}); len(got) != 200 {
			w.t.Errorf("a page of 200 has %d", len(got))
		}
		_, err := w.service.List(w.as(rita), requests.Filter{Limit: 201})
		w.wantFault(err, requests.ErrFilter)
	})
}

// A list has no more pages than it fills, whatever their size.
func TestLastPage(t *testing.T) {
	each(t, func(w *world) {
		for range 4 {
			w.create(w.terms(keyOne, "payments/cards"))
		}
		for size := 1; size <= 5; size++ {
			pages := 0
			got := w.pages(func() requests.Filter { return requests.Filter{Limit: size} }, func(f requests.Filter) (requests.Page, error) {
				pages++
				return w.service.List(w.as(rita), f)
			})
			if len(got) != 4 || pages != (4+size-1)/size {
				w.t.Errorf("by %d: %d requests in %d pages", size, len(got), pages)
			}
		}
	})
}

func TestFilters(t *testing.T) {
	each(t, func(w *world) {
		plain := w.create(w.terms(keyOne, "payments/100%_sure"))
		chinese := w.terms(keyTwo, "payments/支付网关")
		chinese.Note = "Wegen ÄPFELN"
		noted := w.create(chinese)
		done := w.submitted(keyTwo, "tests/Done")
		for text, want := range map[string][]string{
			"":               {done.ID, noted.ID, plain.ID},
			"100%_":          {plain.ID},
			"0%":             {plain.ID},
			"1__":            {},
			"支付":             {noted.ID},
			"äpfeln":         {noted.ID},
			"DONE":           {done.ID},
			keyTwo:           {done.ID, noted.ID},
			"'; DROP TABLE ": {},
			"!":              {},
			plain.ID:         {plain.ID},
		} {
			if got := w.list(rita, requests.Filter{Text: text}); !slices.Equal(got, want) {
				w.t.Errorf("%q finds %v, want %v", text, got, want)
			}
		}
		if got := w.list(rita, requests.Filter{State: requests.Imported}); !slices.Equal(got, []string{done.ID}) {
			w.t.Errorf("imported: %v", got)
		}
		for _, bad := range []requests.Filter{{Which: "theirs"}, {After: "x"}, {After: "1"}, {Limit: -1}, {Limit: 1000}, {Text: "a\nb"}} {
			_, err := w.service.List(w.as(rita), bad)
			w.wantFault(err, requests.ErrFilter)
		}
	})
}

// fill adds many requests in a few transactions, as ira's or of others.
func fill(t testing.TB, w *world, n int) {
	t.Helper()
	terms := make([]requests.Terms, 0, requests.MaxAtOnce)
	for i := range n {
		one := w.terms(keyOne, fmt.Sprintf("payments/%05d", i))
		if i%100 != 0 {
			one.ImporterID = "somebody else"
		}
		if terms = append(terms, one); len(terms) == requests.MaxAtOnce || i == n-1 {
			if _, err := w.service.Create(w.as(rita), terms); err != nil {
				t.Fatal(err)
			}
			terms = terms[:0]
		}
	}
}

// With 10,000 requests a page takes as long as with few: no list reads them all.
func TestTenThousandRequests(t *testing.T) {
	if testing.Short() {
		t.Skip("makes 10,000 requests")
	}
	storetest.EachURL(t, func(t *testing.T, url string) {
		w := newWorld(t, url, localkms.Config{})
		fill(t, w, requests.MaxAtOnce)
		for i := range 10_000/requests.MaxAtOnce - 1 { // the same under other ids, whose digits no id has
			id := func(column string) string { return fmt.Sprintf("substr(%s, 1, 24) || '%02d'", column, i) }
			w.exec("INSERT INTO requests (id, version, state, created, wake, search, body) SELECT " + id("id") + ", version, state, created, wake, search, replace(body, id, " + id("id") +
				") FROM requests WHERE id NOT LIKE '%0%' AND id NOT LIKE '%1%'")
			w.exec("INSERT INTO request_parties (party, role, created, request) SELECT party, role, created, " + id("request") +
				" FROM request_parties WHERE request NOT LIKE '%0%' AND request NOT LIKE '%1%'")
		}
		if all := w.count("SELECT count(*) FROM requests"); all != 10_000 {
			t.Fatalf("there are %d requests", all)
		}
		if w.db.Kind() == store.Postgres {
			w.exec("ANALYZE")
		}
		for name, list := range map[string]func() (requests.Page, error){
			"all":  func() (requests.Page, error) { return w.service.List(w.as(rita), requests.Filter{}) },
			"mine": func() (requests.Page, error) { return w.service.List(w.as(ira), requests.Filter{Which: requests.Mine}) },
			"waiting": func() (requests.Page, error) {
				return w.service.List(w.as(ira), requests.Filter{Which: requests.Waiting})
			},
			"approver": func() (requests.Page, error) {
				return w.service.List(w.as(olga), requests.Filter{Which: requests.Waiting})
			},
			"search": func() (requests.Page, error) {
				return w.service.List(w.as(rita), requests.Filter{Text: "payments/00042"})
			},
			"state": func() (requests.Page, error) {
				return w.service.List(w.as(rita), requests.Filter{State: requests.Imported})
			},
			"stranger": func() (requests.Page, error) { return w.service.List(w.as(other), requests.Filter{}) },
		} {
			best := time.Hour
			for range 5 {
				began := time.Now()
				if _, err := list(); err != nil {
					t.Fatal(err)
				}
				best = min(best, time.Since(began))
			}
			t.Logf("%s, %s: %v", w.db.Kind(), name, best.Round(100*time.Microsecond))
			if best > 250*time.Millisecond {
				t.Errorf("a page of %s takes %v", name, best)
			}
		}
	})
}
