package requests_test

import (
	"errors"
	"slices"
	"sync"
	"testing"

	"keyferry/server/person"
	"keyferry/server/requests"
)

// Nobody agrees to what they requested or imported, and nobody is asked to.
func TestNobodyApprovesTheirOwn(t *testing.T) {
	each(t, func(w *world) {
		// olga requests, iris imports; both belong to the officers who approve.
		views, err := w.service.Create(w.as(olga), []requests.Terms{w.terms(keyOne, "payments/cards")})
		if err != nil {
			w.t.Fatal(err)
		}
		id := views[0].ID
		v, err := w.service.Submit(w.as(iris), id, w.wrapped(iris, id, material))
		if err != nil {
			w.t.Fatal(err)
		}
		for _, own := range []person.Person{olga, iris} {
			_, err := w.service.Approve(w.as(own), id, v.Digest)
			w.wantFault(err, requests.ErrOwn)
			_, err = w.service.Refuse(w.as(own), id, "I could")
			w.wantFault(err, requests.ErrOwn)
			may := w.get(own, id).May
			if slices.Contains(may, "approve") || slices.Contains(may, "refuse") {
				w.t.Errorf("%s may %v", own.Name, may)
			}
			if ids := w.list(own, requests.Filter{Which: requests.Waiting}); slices.Contains(ids, id) {
				w.t.Errorf("%s is told that the request waits for them", own.Name)
			}
		}
		if ids := w.list(otto, requests.Filter{Which: requests.Waiting}); !slices.Equal(ids, []string{id}) {
			w.t.Errorf("for otto waits %v, want the request", ids)
		}
		if v, err = w.service.Approve(w.as(otto), id, v.Digest); err != nil || v.State != requests.Imported {
			w.t.Errorf("after another officer's approval: %s, error %v", v.State, err)
		}
	})
}

// list returns the ids of a list.
func (w *world) list(by person.Person, f requests.Filter) []string {
	w.t.Helper()
	page, err := w.service.List(w.as(by), f)
	if err != nil {
		w.t.Fatal(err)
	}
	ids := []string{}
	for _, v := range page.Items {
		ids = append(ids, v.ID)
	}
	return ids
}

// An approver of the wrong group, or of none, is refused.
func TestApproversComeFromTheirGroups(t *testing.T) {
	each(t, func(w *world) {
		v := w.submitted(keyOne, "payments/cards") // officers
		_, err := w.service.Approve(w.as(sam), v.ID, v.Digest)
		w.wantFault(err, requests.ErrNotApprover)
		wantMay(w.t, w.get(sam, v.ID))
		w.wantState(v.ID, requests.Submitted)
	})
}

func TestTwoApprovalsAreOfTwoPeople(t *testing.T) {
	each(t, func(w *world) {
		v := w.submitted(keyOne, "two/cards")
		// Clicked ten times at once.
		var group sync.WaitGroup
		var mu sync.Mutex
		given := 0
		for range 10 {
			group.Go(func() {
				_, err := w.service.Approve(w.as(olga), v.ID, v.Digest)
				mu.Lock()
				defer mu.Unlock()
				if err == nil {
					given++
				} else if !errors.Is(err, requests.ErrTwice) {
					w.t.Error(err)
				}
			})
		}
		group.Wait()
		if given != 1 {
			w.t.Errorf("%d approvals of one person were taken", given)
		}
		w.wantState(v.ID, requests.Submitted)
		if w.calls.count() != 0 {
			w.t.Fatal("it was sent with one approval")
		}
		if _, err := w.service.Approve(w.as(otto), v.ID, v.Digest); err != nil {
			w.t.Fatal(err)
		}
		w.wantState(v.ID, requests.Imported)
	})
}

// With one approval of each group, somebody who is in both groups stands for one of them.
func TestOneApprovalOfEachGroup(t *testing.T) {
	for name, test := range map[string]struct {
		label     string
		approvers []person.Person
		want      requests.State
		awaited   []string
	}{
		"nobody yet":                         {"vaults/x", nil, requests.Submitted, []string{"officers", "security"}},
		"both groups, one person":            {"vaults/x", []person.Person{otto}, requests.Submitted, []string{"officers", "security"}},
		"the same group twice":               {"vaults/x", []person.Person{olga, iris}, requests.Submitted, []string{"security"}},
		"one of each":                        {"vaults/x", []person.Person{olga, sam}, requests.Imported, nil},
		"the first stands for the other":     {"vaults/x", []person.Person{otto, olga}, requests.Imported, nil},
		"the second stands for the other":    {"vaults/x", []person.Person{sam, otto}, requests.Imported, nil},
		"three people, nobody for one group": {"three/x", []person.Person{carl, sam, sue}, requests.Submitted, []string{"kitchen", "officers", "security"}},
		"three groups":                       {"three/x", []person.Person{carl, sam, other}, requests.Imported, nil},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(w *world) {
				v := w.submitted(keyOne, test.label)
				for _, p := range test.approvers {
					if _, err := w.service.Approve(w.as(p), v.ID, v.Digest); err != nil {
						w.t.Fatal(err)
					}
				}
				v = w.wantState(v.ID, test.want)
				if test.awaited != nil && !slices.Equal(v.Next.Who, test.awaited) {
					w.t.Errorf("an approval of %v is awaited, want %v", v.Next.Who, test.awaited)
				}
			})
		})
	}
}

func TestTakingBackAnApproval(t *testing.T) {
	each(t, func(w *world) {
		v := w.submitted(keyOne, "two/cards")
		_, err := w.service.TakeBack(w.as(olga), v.ID)
		w.wantFault(err, requests.ErrNoApproval)
		if v, err = w.service.Approve(w.as(olga), v.ID, v.Digest); err != nil {
			w.t.Fatal(err)
		}
		wantMay(w.t, v, "refuse", "takeback")
		if v, err = w.service.TakeBack(w.as(olga), v.ID); err != nil {
			w.t.Fatal(err)
		}
		wantMay(w.t, v, "approve", "refuse")
		if v, err = w.service.Approve(w.as(otto), v.ID, v.Digest); err != nil {
			w.t.Fatal(err)
		}
		w.wantState(v.ID, requests.Submitted)
		if w.calls.count() != 0 {
			w.t.Error("it was sent with an approval that had been taken back")
		}
	})
}

// An approval can be taken back up to the transaction that writes the intent, and not afterwards.
func TestTakingBackAtTheLastMoment(t *testing.T) {
	each(t, func(w *world) {
		v := w.submitted(keyOne, "payments/cards")
		w.fault = func(point string) {
			if point == "intent.before" {
				w.fault = func(string) {}
				if _, err := w.service.TakeBack(w.as(olga), v.ID); err != nil {
					w.t.Error(err)
				}
			}
		}
		if _, err := w.service.Approve(w.as(olga), v.ID, v.Digest); err != nil {
			w.t.Fatal(err)
		}
		w.wantState(v.ID, requests.Submitted)
		if w.calls.count() != 0 {
			w.t.Error("it was sent without an approval")
		}
		w.fault = func(point string) {
			if point == "import.call.before" {
				_, err := w.service.TakeBack(w.as(olga), v.ID)
				w.wantFault(err, requests.ErrState)
			}
		}
		if _, err := w.service.Approve(w.as(olga), v.ID, v.Digest); err != nil {
			w.t.Fatal(err)
		}
		w.wantState(v.ID, requests.Imported)
	})
}

// An approval is for the bytes that were there, and no others.
func TestApprovalsDieWithTheBytes(t *testing.T) {
	each(t, func(w *world) {
		first := w.submitted(keyOne, "two/cards")
		v, err := w.service.Approve(w.as(olga), first.ID, first.Digest)
		if err != nil {
			w.t.Fatal(err)
		}
		second, err := w.service.Submit(w.as(ira), v.ID, w.wrapped(ira, v.ID, material)) // the same key, wrapped anew
		if err != nil {
			w.t.Fatal(err)
		}
		if second.Digest == first.Digest || len(second.Decisions) != 0 {
			w.t.Errorf("new bytes have digest %s, as before %s, and %d decisions", second.Digest, first.Digest, len(second.Decisions))
		}
		_, err = w.service.Approve(w.as(otto), v.ID, first.Digest)
		w.wantFault(err, requests.ErrChanged)
		if _, err = w.service.Approve(w.as(otto), v.ID, second.Digest); err != nil {
			w.t.Fatal(err)
		}
		w.wantState(v.ID, requests.Submitted) // olga's approval was of other bytes
		if w.calls.count() != 0 {
			w.t.Error("it was sent")
		}
	})
}

// The same submission once more, after a lost answer, keeps its approvals.
func TestSubmittingTheSameAgain(t *testing.T) {
	each(t, func(w *world) {
		r := w.create(w.terms(keyOne, "two/cards"))
		in := w.wrapped(ira, r.ID, material)
		v, err := w.service.Submit(w.as(ira), r.ID, in)
		if err != nil {
			w.t.Fatal(err)
		}
		if _, err := w.service.Approve(w.as(olga), r.ID, v.Digest); err != nil {
			w.t.Fatal(err)
		}
		if v, err = w.service.Submit(w.as(ira), r.ID, in); err != nil || len(v.Decisions) != 1 {
			w.t.Errorf("%d decisions, error %v", len(v.Decisions), err)
		}
	})
}

// Bytes that somebody changed in the database are not sent, whoever agreed to those before.
func TestBytesChangedInTheDatabase(t *testing.T) {
	each(t, func(w *world) {
		v := w.submitted(keyOne, "payments/cards")
		w.exec("UPDATE request_sealed SET encrypted_key_material = 'AAAA'")
		if _, err := w.service.Approve(w.as(olga), v.ID, v.Digest); err != nil {
			w.t.Fatal(err)
		}
		if v = w.wantState(v.ID, requests.Submitted); v.Next.Detail != "Requests.HeldAltered" {
			w.t.Errorf("next is %+v", v.Next)
		}
		if w.calls.count() != 0 {
			w.t.Error("other bytes were sent")
		}
	})
}
