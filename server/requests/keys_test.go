package requests_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"keyferry/server/person"
	"keyferry/server/requests"
	"keyferry/server/store"
	"keyferry/server/store/storetest"
)

const (
	day        = 24 * time.Hour
	kcvOne     = "0123456789"
	commitment = "aa11aa11aa11aa11aa11aa11aa11aa11aa11aa11aa11aa11aa11aa11aa11aa11"
	otherKey   = "bb22bb22bb22bb22bb22bb22bb22bb22bb22bb22bb22bb22bb22bb22bb22bb22"
)

// drilling is a service that asks for a drill each year.
func (w *world) drilling() {
	w.service = w.open(func(c *requests.Config) { c.DrillEvery = 365 * day; c.Tick = 10 * time.Millisecond })
}

// imports imports as ira for a request of rita's, without approvals. Zero means that it never
// expires.
func (w *world) imports(keyID, label string, expires time.Time) requests.View {
	w.t.Helper()
	r := w.create(w.terms(keyID, label))
	return w.must(w.service.Submit(w.as(ira), r.ID, w.shownSubmission(r.ID, expires)))
}

// shownSubmission is one that shows what is on record of the key.
func (w *world) shownSubmission(id string, expires time.Time) requests.Submission {
	in := w.wrapped(ira, id, material)
	in.KCV, in.Commitment = kcvOne, commitment
	if !expires.IsZero() {
		in.ExpireUnix = expires.Unix()
	}
	return in
}

func (w *world) keys(by person.Person, f requests.KeyFilter) []requests.Key {
	w.t.Helper()
	page, err := w.service.Keys(w.as(by), f)
	if err != nil {
		w.t.Fatal(err)
	}
	return page.Items
}

func keyIDs(keys []requests.Key) []string {
	ids := []string{}
	for _, k := range keys {
		ids = append(ids, k.ID)
	}
	return ids
}

// The page of keys has each CMK once, the nearest expiry first, for those who may see its import.
func TestKeysByExpiry(t *testing.T) {
	storetest.EachURL(t, func(t *testing.T, url string) {
		w := newWorld(t, url, manyCMKs(4))
		w.drilling()
		start := w.clock.now()
		w.imports(nthKey(0), "tests/lasting", time.Time{})
		w.imports(nthKey(1), "tests/far", start.Add(400*day))
		w.imports(nthKey(2), "tests/soon", start.Add(20*day))
		w.imports(nthKey(3), "tests/near", start.Add(2*day))
		want := []string{nthKey(3), nthKey(2), nthKey(1), nthKey(0)}
		for size := 1; size <= 5; size++ {
			got, pages := w.keyPages(olga, size)
			if !slices.Equal(got, want) || pages != (len(want)+size-1)/size {
				t.Errorf("by %d: %v in %d pages, want %v", size, got, pages, want)
			}
		}
		w.clock.advance(3 * day)
		for _, test := range []struct {
			filter requests.KeyFilter
			want   []string
		}{
			{requests.KeyFilter{State: requests.KeyExpired}, want[:1]},
			{requests.KeyFilter{State: requests.KeySoon}, want[1:2]},
			{requests.KeyFilter{State: requests.KeyCurrent}, want[2:3]},
			{requests.KeyFilter{State: requests.KeyLasting}, want[3:]},
			{requests.KeyFilter{State: requests.KeyDrill}, nil},
			{requests.KeyFilter{Text: "TESTS/S"}, want[1:2]},
			{requests.KeyFilter{Text: nthKey(0)}, want[3:]},
			{requests.KeyFilter{Text: "ira"}, want},
			{requests.KeyFilter{Text: kcvOne}, want},
			{requests.KeyFilter{Text: "%"}, nil},
		} {
			if got := keyIDs(w.keys(olga, test.filter)); !slices.Equal(got, test.want) && len(got)+len(test.want) > 0 {
				t.Errorf("%+v finds %v, want %v", test.filter, got, test.want)
			}
		}
		for _, bad := range []requests.KeyFilter{{Which: "theirs"}, {After: "x"}, {After: "1/a/b/c"}, {Limit: -1}, {Limit: 1000}, {Text: "a\nb"}, {State: "gone"}} {
			_, err := w.service.Keys(w.as(rita), bad)
			w.wantFault(err, requests.ErrFilter)
		}
		first := w.keys(olga, requests.KeyFilter{})[0]
		if first.KCV != kcvOne || first.Commitment != commitment || first.Holder.Name != "ira" || first.Label != "tests/near" ||
			first.State != requests.KeyExpired || !first.Drilled.IsZero() || first.Region != region || first.Expires.Unix() != start.Add(2*day).Unix() {
			t.Errorf("the key is %+v", first)
		}
		for _, test := range []struct {
			who   person.Person
			which string
			want  int
		}{
			{other, requests.All, 0}, {sam, requests.All, 4}, {rita, requests.All, 4}, {ira, requests.All, 4},
			{sam, requests.Mine, 0}, {ira, requests.Mine, 4}, {rita, requests.Mine, 4}, {guestOf(first.Request), requests.All, 0},
		} {
			if got := w.keys(test.who, requests.KeyFilter{Which: test.which}); len(got) != test.want {
				t.Errorf("%s sees %d keys of %s, want %d", test.who.Name, len(got), test.which, test.want)
			}
		}
		_, err := w.service.Key(w.as(other), region, nthKey(0))
		w.wantFault(err, requests.ErrNotFound)
		if _, err := w.service.Keys(t.Context(), requests.KeyFilter{}); !errors.Is(err, requests.ErrSignIn) {
			t.Errorf("nobody: %v", err)
		}
	})
}

// keyPages reads the whole list of keys that somebody may see.
func (w *world) keyPages(by person.Person, size int) (ids []string, pages int) {
	w.t.Helper()
	for f := (requests.KeyFilter{Limit: size}); ; {
		page, err := w.service.Keys(w.as(by), f)
		if err != nil {
			w.t.Fatal(err)
		}
		ids = append(ids, keyIDs(page.Items)...)
		pages++
		if f.After = page.After; f.After == "" {
			return ids, pages
		}
	}
}

// copyKey adds so many keys like the one that was imported for a request, each with a later expiry.
func (w *world) copyKey(request string, n int) {
	w.t.Helper()
	w.exec(fmt.Sprintf(`WITH RECURSIVE n(i) AS (SELECT CAST(0 AS BIGINT) UNION ALL SELECT i + 1 FROM n WHERE i < %d)
		INSERT INTO imported_keys SELECT region, 'key-many' || CAST(10000 + i AS TEXT), request, imported, expires + i * 1000000, kcv, commitment,
			drilled, proved, drill, again_at, renewal, remind, search FROM imported_keys, n WHERE request = '%s'`, n-1, request))
}

// Whoever may see few of many keys finds them all, and in no more pages than it takes to look at a
// thousand keys for each.
func TestKeysAmongOthers(t *testing.T) {
	each(t, func(w *world) {
		start := w.clock.now()
		w.imports(keyOne, "tests/last", time.Time{})
		terms := w.terms(keyTwo, "tests/others")
		terms.Importer, terms.ImporterID = requests.ByPerson, iris.Email
		made, err := w.service.Create(w.as(olga), []requests.Terms{terms})
		if err != nil {
			w.t.Fatal(err)
		}
		in := w.wrapped(iris, made[0].ID, material)
		in.ExpireUnix = start.Add(20 * day).Unix()
		w.must(w.service.Submit(w.as(iris), made[0].ID, in))
		if got, pages := w.keyPages(ira, 10); !slices.Equal(got, []string{keyOne}) || pages != 1 {
			w.t.Fatalf("ira sees %v in %d pages", got, pages)
		}
		for _, test := range []struct{ others, pages int }{{99, 1}, {100, 1}, {101, 1}, {200, 1}, {998, 1}, {999, 2}, {1000, 2}} {
			w.exec("DELETE FROM imported_keys WHERE key_id LIKE 'key-many%'")
			w.copyKey(made[0].ID, test.others-1)
			if got, pages := w.keyPages(ira, 10); !slices.Equal(got, []string{keyOne}) || pages != test.pages {
				w.t.Errorf("behind %d of others: %v in %d pages, want %d", test.others, got, pages, test.pages)
			}
		}
		if page, err := w.service.Keys(w.as(iris), requests.KeyFilter{Limit: 200}); err != nil || len(page.Items) != 200 {
			w.t.Errorf("a page of 200: %d, %v", len(page.Items), err)
		}
		_, err = w.service.Keys(w.as(iris), requests.KeyFilter{Limit: 201})
		w.wantFault(err, requests.ErrFilter)
	})
}

// Who may ask for a drill or a renewal: the importer, and whoever may request such imports.
func TestMayAskForKeys(t *testing.T) {
	each(t, func(w *world) {
		v := w.imports(keyOne, "tests/a", time.Time{})
		for _, test := range []struct {
			who  person.Person
			want []string
		}{
			{ira, []string{"drill", "renew"}}, {rita, []string{"drill", "renew"}}, {olga, []string{"drill", "renew"}}, {sam, []string{}},
		} {
			if keys := w.keys(test.who, requests.KeyFilter{}); len(keys) != 1 || !slices.Equal(keys[0].May, test.want) || keys[0].May == nil {
				w.t.Errorf("%s sees %+v, want one that they may %v", test.who.Name, keys, test.want)
			}
		}
		if k, err := w.service.Key(w.as(guestOf(v.ID)), region, keyOne); err == nil && len(k.May) > 0 {
			w.t.Errorf("a guest may %v", k.May)
		}
	})
}

// Drills that come due together are asked for together, each key shows its own, and where there are
// no drills no key is due for one.
func TestDrillsTogether(t *testing.T) {
	each(t, func(w *world) {
		w.imports(keyOne, "tests/a", time.Time{})
		w.imports(keyTwo, "tests/b", time.Time{})
		for _, k := range w.keys(ira, requests.KeyFilter{}) {
			if !k.DrillDue.IsZero() || k.Drill != "" || !k.DrillUntil.IsZero() {
				w.t.Errorf("without drills the key is %+v", k)
			}
		}
		w.clock.advance(350 * day)
		due := func() []string { return keyIDs(w.keys(ira, requests.KeyFilter{State: requests.KeyDrill})) }
		if got := due(); len(got) != 0 {
			w.t.Errorf("without drills these are due: %v", got)
		}
		w.drilling()
		if got := due(); !slices.Equal(got, []string{keyOne, keyTwo}) {
			w.t.Errorf("these are due: %v", got)
		}
		if err := w.service.KeepUp(w.t.Context()); err != nil {
			w.t.Fatal(err)
		}
		keys := w.keys(ira, requests.KeyFilter{})
		if len(keys) != 2 || keys[0].Drill == keys[1].Drill {
			w.t.Fatalf("the keys are %+v", keys)
		}
		for _, k := range keys {
			drill := w.get(ira, k.Drill)
			if drill.KeyID != k.ID || drill.Kind != requests.ForDrill || !drill.Deadline.Equal(k.DrillUntil) || k.DrillDue.Sub(k.Imported) != 365*day {
				w.t.Errorf("the key is %+v, its drill %+v", k, drill.Request)
			}
		}
	})
}

// One click asks the same importer for the same key. A second click finds the same request, and no
// other key is accepted.
func TestRenewal(t *testing.T) {
	each(t, func(w *world) {
		first := w.imports(keyOne, "tests/a", w.clock.now().Add(20*day))
		w.clock.advance(time.Hour)
		again, err := w.service.Renew(w.as(ira), region, keyOne)
		if err != nil {
			w.t.Fatal(err)
		}
		if again.Terms.Importer != requests.ByGroup || again.ImporterID != "payments" || again.Terms.Commitment != commitment ||
			again.Again != first.ID || again.Label != "tests/a" || again.State != requests.Open || !slices.Contains(again.May, "issue") {
			w.t.Errorf("the renewal is %+v", again)
		}
		for _, who := range []person.Person{ira, rita} {
			same, err := w.service.Renew(w.as(who), region, keyOne)
			if err != nil || same.ID != again.ID {
				w.t.Errorf("%s gets %s, %v, want %s", who.Name, same.ID, err, again.ID)
			}
		}
		if k := w.keys(ira, requests.KeyFilter{})[0]; k.Renewal != again.ID {
			w.t.Errorf("the key names the renewal %q", k.Renewal)
		}
		in := w.shownSubmission(again.ID, w.clock.now().Add(300*day))
		in.Commitment = otherKey
		_, err = w.service.Submit(w.as(ira), again.ID, in)
		w.wantFault(err, requests.ErrOtherKey)
		in.Commitment = commitment
		done := w.must(w.service.Submit(w.as(ira), again.ID, in))
		if done.State != requests.Imported {
			w.t.Fatalf("the renewal is %s", done.State)
		}
		keys := w.keys(ira, requests.KeyFilter{})
		if len(keys) != 1 || keys[0].Request != again.ID || keys[0].Renewal != "" || keys[0].State != requests.KeyCurrent {
			w.t.Errorf("after the renewal there is %+v", keys)
		}
		_, err = w.service.Renew(w.as(sam), region, keyOne) // may see it, and no more
		w.wantFault(err, requests.ErrDenied)
		_, err = w.service.Renew(w.as(other), region, keyOne)
		w.wantFault(err, requests.ErrNotFound)
		_, err = w.service.Renew(w.as(rita), region, keyTwo)
		w.wantFault(err, requests.ErrNotFound)
	})
}

// Where the importer asks for the renewal, the policy's approvals are needed as ever.
func TestRenewalNeedsApprovals(t *testing.T) {
	each(t, func(w *world) {
		v := w.submitted(keyOne, "payments/a")
		w.must(w.service.Approve(w.as(olga), v.ID, v.Digest))
		again := w.must(w.service.Renew(w.as(ira), region, keyOne))
		if again.Approvals != 1 || !slices.Equal(again.Approvers, []string{"officers"}) {
			w.t.Errorf("the renewal needs %d of %v", again.Approvals, again.Approvers)
		}
		done := w.must(w.service.Submit(w.as(ira), again.ID, w.wrapped(ira, again.ID, material)))
		if done.State != requests.Submitted {
			w.t.Errorf("it is %s without approval", done.State)
		}
	})
}

// A drill is done by the importer alone, with the key on record alone; nothing reaches the KMS.
func TestDrill(t *testing.T) {
	each(t, func(w *world) {
		w.drilling()
		w.imports(keyOne, "tests/a", w.clock.now().Add(20*day))
		calls := w.calls.count()
		drill := w.must(w.service.Drill(w.as(rita), region, keyOne))
		if drill.Kind != requests.ForDrill || drill.Next.Code != requests.NextProve {
			w.t.Errorf("the drill is %+v", drill)
		}
		waiting, err := w.service.List(w.as(ira), requests.Filter{Which: requests.Waiting})
		if err != nil || len(waiting.Items) != 1 || !slices.Equal(waiting.Items[0].May, []string{"prove"}) {
			w.t.Fatalf("for the importer waits %+v, %v", waiting.Items, err)
		}
		_, err = w.service.Parameters(w.as(ira), drill.ID, algorithm)
		w.wantFault(err, requests.ErrState)
		_, err = w.service.Submit(w.as(ira), drill.ID, requests.Submission{})
		w.wantFault(err, requests.ErrState)
		good := requests.Proof{Commitment: commitment, KCV: kcvOne}
		for _, who := range []person.Person{rita, olga} {
			_, err = w.service.Prove(w.as(who), drill.ID, good)
			w.wantFault(err, requests.ErrNotImporter)
		}
		_, err = w.service.Prove(w.as(ira), drill.ID, requests.Proof{Commitment: otherKey, KCV: kcvOne})
		w.wantFault(err, requests.ErrOtherKey)
		_, err = w.service.Prove(w.as(ira), drill.ID, requests.Proof{Commitment: commitment, KCV: "9999999999"})
		w.wantFault(err, requests.ErrOtherKey)
		_, err = w.service.Prove(w.as(ira), drill.ID, requests.Proof{Commitment: "x", KCV: kcvOne})
		w.wantFault(err, requests.ErrCheckValue)
		imported := w.imports(keyTwo, "tests/b", time.Time{})
		w.clock.advance(day)
		done := w.must(w.service.Prove(w.as(ira), drill.ID, good))
		w.must(w.service.Prove(w.as(ira), drill.ID, good)) // the answer was lost
		if done.State != requests.Proved || w.calls.count() != calls+1 {
			w.t.Errorf("the drill is %s after %d calls", done.State, w.calls.count()-calls)
		}
		if got := w.kinds(drill.ID); !slices.Equal(got, []string{"request.created", "drill.proved"}) {
			w.t.Errorf("the ledger has %v", got)
		}
		k := w.keys(ira, requests.KeyFilter{})[0]
		if k.Drill != "" || k.Drilled.IsZero() || k.DrillDue.Sub(k.Drilled) != 365*day {
			w.t.Errorf("the key is %+v", k)
		}
		if _, err := w.service.Prove(w.as(ira), imported.ID, good); !errors.Is(err, requests.ErrState) {
			w.t.Errorf("proving an import: %v", err)
		}
	})
}

// Three years in one run: each year one drill is asked for, thirty days ahead, by one of two
// consoles; one that was not done is asked for again when its time is over.
func TestDrillsRepeatYearly(t *testing.T) {
	each(t, func(w *world) {
		w.drilling()
		second := w.open(func(c *requests.Config) { c.DrillEvery = 365 * day })
		w.imports(keyOne, "tests/a", time.Time{})
		made := func() (ids []string) {
			for _, s := range []*requests.Service{w.service, second} {
				if err := s.KeepUp(w.t.Context()); err != nil {
					w.t.Fatal(err)
				}
				if err := s.Recover(w.t.Context()); err != nil { // lapses what is over
					w.t.Fatal(err)
				}
			}
			page, err := w.service.List(w.as(ira), requests.Filter{Which: requests.Mine, Limit: 200})
			if err != nil {
				w.t.Fatal(err)
			}
			for _, v := range page.Items {
				if v.Kind == requests.ForDrill {
					ids = append(ids, v.ID)
				}
			}
			return ids
		}
		for year := range 3 {
			w.clock.advance(334 * day)
			if got := made(); len(got) != year {
				w.t.Fatalf("year %d, 31 days ahead: %d drills", year, len(got))
			}
			w.clock.advance(2 * day)
			got := made()
			if len(got) != year+1 || len(made()) != year+1 {
				w.t.Fatalf("year %d, 29 days ahead: %d drills", year, len(got))
			}
			v := w.must(w.service.Prove(w.as(ira), got[0], requests.Proof{Commitment: commitment, KCV: kcvOne}))
			if v.Requester != rita.ID || v.Events[0].PersonID != "" {
				w.t.Errorf("it was asked for by %s, event %+v", v.Requester, v.Events[0])
			}
		}
		w.clock.advance(337 * day)
		missed := made()[0]
		w.clock.advance(31 * day)
		next := made()
		w.wantState(missed, requests.Lapsed)
		if len(next) != 5 {
			w.t.Errorf("after a drill was missed there are %d, want 5", len(next))
		}
		w.setPolicy(strings.ReplaceAll(policies, `"payments", action == Action::"import"`, `"nobody", action == Action::"import"`))
		w.clock.advance(60 * day)
		if got := made(); len(got) != 5 {
			w.t.Errorf("somebody is asked for a drill who may not import: %d", len(got))
		}
		w.setPolicy(policies)
		w.clock.advance(23 * time.Hour)
		if got := made(); len(got) != 5 {
			w.t.Errorf("the policy was asked again within a day: %d", len(got))
		}
		w.clock.advance(2 * time.Hour)
		if got := made(); len(got) != 6 {
			w.t.Errorf("a day later there are %d, want 6", len(got))
		}
	})
}

// What an earlier version imported is on the list after the first start.
func TestKeysOfAnEarlierVersion(t *testing.T) {
	each(t, func(w *world) {
		w.imports(keyOne, "tests/a", time.Time{})
		w.imports(keyTwo, "tests/b", time.Time{})
		w.exec("DELETE FROM imported_keys")
		w.exec("UPDATE requests SET keyed = 0")
		if got := w.keys(ira, requests.KeyFilter{}); len(got) != 0 {
			w.t.Fatalf("%d keys before", len(got))
		}
		if err := w.service.KeepUp(w.t.Context()); err != nil {
			w.t.Fatal(err)
		}
		if got := w.keys(ira, requests.KeyFilter{}); len(got) != 2 || got[0].Commitment != commitment {
			w.t.Errorf("afterwards there are %+v", got)
		}
		if n := w.count("SELECT count(*) FROM requests WHERE keyed = 0"); n != 0 {
			w.t.Errorf("%d of them would be noted again", n)
		}
	})
}

// With 10,000 keys a page takes as long as with few.
func TestTenThousandKeys(t *testing.T) {
	if testing.Short() {
		t.Skip("makes 10,000 keys")
	}
	each(t, func(w *world) {
		v := w.imports(keyOne, "tests/a", w.clock.now().Add(20*day))
		w.copyKey(v.ID, 10_000)
		if all := w.count("SELECT count(*) FROM imported_keys"); all != 10_001 {
			t.Fatalf("there are %d keys", all)
		}
		if w.db.Kind() == store.Postgres {
			w.exec("ANALYZE")
		}
		for name, f := range map[string]requests.KeyFilter{
			"first": {}, "mine": {Which: requests.Mine}, "middle": {After: fmt.Sprintf("%d/%s/%s", w.keys(ira, requests.KeyFilter{})[0].Expires.UnixMicro()+5000*1e6, region, "key")},
			"found": {Text: "tests/a"}, "nothing found": {Text: "zzz"}, "soon": {State: requests.KeySoon},
		} {
			best := time.Hour
			for range 5 {
				began := time.Now()
				if _, err := w.service.Keys(w.as(ira), f); err != nil {
					w.t.Fatal(err)
				}
				best = min(best, time.Since(began))
			}
			w.t.Logf("%s: %v", name, best)
			if best > 100*time.Millisecond {
				w.t.Errorf("%s takes %v", name, best)
			}
		}
	})
}
