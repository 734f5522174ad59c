package requests_test

import (
	"slices"
	"testing"
	"time"

	"keyferry/server/localkms"
	"keyferry/server/person"
	"keyferry/server/requests"
	"keyferry/server/store"
	"keyferry/server/store/storetest"
)

func TestRefusing(t *testing.T) {
	each(t, func(w *world) {
		v := w.submitted(keyOne, "two/cards")
		_, err := w.service.Refuse(w.as(olga), v.ID, "  ")
		w.wantFault(err, requests.ErrReason)
		if _, err = w.service.Approve(w.as(olga), v.ID, v.Digest); err != nil {
			w.t.Fatal(err)
		}
		v, err = w.service.Refuse(w.as(olga), v.ID, "the ticket names another CMK") // on second thoughts
		if err != nil || v.State != requests.Refused {
			w.t.Fatalf("%s, error %v", v.State, err)
		}
		wantMay(w.t, v)
		if len(v.Decisions) != 1 || v.Decisions[0].PersonID != olga.ID || v.Decisions[0].Agreed {
			w.t.Errorf("the decisions are %+v, want olga's last alone", v.Decisions)
		}
		if last := v.Events[len(v.Events)-1]; last.What != "refused" || last.Detail != "the ticket names another CMK" || last.Name != "olga" {
			w.t.Errorf("the last event is %+v", last)
		}
		w.mustNotSend(v.ID, v.Digest)
	})
}

// mustNotSend tries everything that could send an ended request.
func (w *world) mustNotSend(id, digest string) {
	w.t.Helper()
	for _, p := range []person.Person{olga, otto, sam} {
		if _, err := w.service.Approve(w.as(p), id, digest); err == nil {
			w.t.Errorf("%s could agree to an ended request", p.Name)
		}
	}
	if _, err := w.service.Again(w.as(rita), id); err == nil {
		w.t.Error("an ended request could be sent again")
	}
	if err := w.service.Recover(w.t.Context()); err != nil {
		w.t.Error(err)
	}
	if w.calls.count() != 0 {
		w.t.Error("an ended request was sent")
	}
	if n := w.count("SELECT count(*) FROM request_sealed"); n != 0 {
		w.t.Errorf("%d ciphertexts are kept", n)
	}
}

func TestCancelled(t *testing.T) {
	each(t, func(w *world) {
		v := w.submitted(keyOne, "payments/cards")
		_, err := w.service.Cancel(w.as(olga), v.ID, "not mine to cancel")
		w.wantFault(err, requests.ErrDenied)
		w.wantState(v.ID, requests.Submitted)
		v, err = w.service.Cancel(w.as(rita), v.ID, "not needed")
		if err != nil || v.State != requests.Cancelled {
			w.t.Fatalf("%s, error %v", v.State, err)
		}
		if last := v.Events[len(v.Events)-1]; last.What != "cancelled" || last.Detail != "not needed" || last.Name != "rita" {
			w.t.Errorf("the last event is %+v", last)
		}
		if kinds := w.kinds(v.ID); kinds[len(kinds)-1] != "request.cancelled" {
			w.t.Errorf("the ledger has %v", kinds)
		}
		w.mustNotSend(v.ID, v.Digest)
	})
}

// Whoever asked, imports or agreed may have a request sent again, and nobody else.
func TestWhoMaySendAgain(t *testing.T) {
	for name, test := range map[string]struct {
		person person.Person
		want   *requests.Fault
	}{
		"who asked": {rita, nil}, "who imports": {ira, nil}, "who agreed": {olga, nil},
		"another officer": {otto, requests.ErrDenied}, "another reader": {sam, requests.ErrDenied},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(w *world) {
				v := w.submitted(keyOne, "payments/cards")
				if err := w.server.Inject(localkms.Fault{Kind: localkms.FaultError, Action: "ImportKeyMaterial", Status: 403, Code: "Forbidden.NoPermission"}); err != nil {
					w.t.Fatal(err)
				}
				if _, err := w.service.Approve(w.as(olga), v.ID, v.Digest); err != nil {
					w.t.Fatal(err)
				}
				w.wantState(v.ID, requests.Failed)
				switch _, err := w.service.Again(w.as(test.person), v.ID); {
				case test.want != nil:
					w.wantFault(err, test.want)
					w.wantState(v.ID, requests.Failed)
				case err != nil:
					w.t.Error(err)
				default:
					w.wantState(v.ID, requests.Open)
				}
			})
		})
	}
}

func TestLapsed(t *testing.T) {
	for name, after := range map[string]time.Duration{"with its token": 25 * time.Hour, "at its deadline": 49 * time.Hour} {
		t.Run(name, func(t *testing.T) {
			each(t, func(w *world) {
				v := w.submitted(keyOne, "payments/cards")
				w.clock.advance(after)
				if v := w.get(olga, v.ID); v.State != requests.Lapsed || v.Next.Code != "lapsed" {
					w.t.Errorf("before anybody acts it is shown as %s, %+v", v.State, v.Next)
				}
				_, err := w.service.Approve(w.as(olga), v.ID, v.Digest)
				w.wantFault(err, requests.ErrLapsed)
				w.wantState(v.ID, requests.Lapsed)
				w.mustNotSend(v.ID, v.Digest)
			})
		})
	}
}

// Between the last approval and the call everything may have changed. The transaction that writes
// the intent looks again.
func TestCheckedAgainRightBeforeSending(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*world)
		state  requests.State
		held   string
	}{
		"the deadline has passed": {func(w *world) { w.clock.advance(49 * time.Hour) }, requests.Lapsed, ""},
		"the token has passed":    {func(w *world) { w.clock.advance(24*time.Hour + time.Minute) }, requests.Lapsed, ""},
		"the importer may no longer": {func(w *world) {
			w.setPolicy(policies + `forbid (principal == Person::"id-ira", action == Action::"import", resource);`)
		}, requests.Submitted, "Requests.HeldImport"},
		"the approver may no longer": {func(w *world) {
			w.setPolicy(policies + `forbid (principal == Person::"id-olga", action == Action::"approve", resource);`)
		}, requests.Submitted, "Requests.HeldApproval"},
		"two have to agree now": {func(w *world) {
			w.setPolicy(policies + `@approvals("2") permit (principal, action == Action::"import", resource is Key);`)
		}, requests.Submitted, "Requests.HeldApproval"},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(w *world) {
				v := w.submitted(keyOne, "payments/cards")
				w.fault = func(point string) {
					if point == "intent.before" {
						w.fault = func(string) {}
						test.change(w)
					}
				}
				if _, err := w.service.Approve(w.as(olga), v.ID, v.Digest); err != nil {
					w.t.Fatal(err)
				}
				v = w.wantState(v.ID, test.state)
				if test.held != "" && (v.Next.Code != requests.NextHeld || v.Next.Detail != test.held) {
					w.t.Errorf("next is %+v, want held by %s", v.Next, test.held)
				}
				if w.calls.count() != 0 || slices.Contains(w.kinds(v.ID), "import.intent") {
					w.t.Error("it was sent")
				}
			})
		})
	}
}

// A warning comes an hour before a request lapses.
func TestLapsesSoon(t *testing.T) {
	each(t, func(w *world) {
		v := w.submitted(keyOne, "payments/cards")
		w.clock.advance(22*time.Hour + 50*time.Minute)
		if w.get(olga, v.ID).Soon {
			w.t.Error("it says so 70 minutes before")
		}
		w.clock.advance(15 * time.Minute)
		if v := w.get(olga, v.ID); !v.Soon || v.Lapses != v.Submission.TokenExpires {
			w.t.Errorf("55 minutes before: %t, at %v", v.Soon, v.Lapses)
		}
	})
}

// If the ledger cannot be written, nothing is done and the KMS is not called.
func TestNoCallWithoutTheLedger(t *testing.T) {
	each(t, func(w *world) {
		v := w.submitted(keyOne, "payments/cards")
		w.refuseEntries("import.intent")
		if _, err := w.service.Approve(w.as(olga), v.ID, v.Digest); err != nil {
			w.t.Fatal(err)
		}
		w.wantState(v.ID, requests.Submitted)
		if w.calls.count() != 0 {
			w.t.Error("the KMS was called without an intent on record")
		}
		w.refuseEntries("approval.taken_back")
		if _, err := w.service.TakeBack(w.as(olga), v.ID); err == nil {
			w.t.Error("an approval was taken back without a ledger")
		}
		if v := w.get(olga, v.ID); len(v.Decisions) != 1 {
			w.t.Error("state changed without its entry in the ledger")
		}
	})
}

// refuseEntries makes the database refuse one kind of entry.
func (w *world) refuseEntries(kind string) {
	w.t.Helper()
	if w.db.Kind() == store.Postgres {
		w.exec("ALTER TABLE ledger_entries ADD CHECK (kind <> '" + kind + "') NOT VALID")
		return
	}
	w.exec("CREATE TRIGGER refuse_" + string(kind[0]) + " BEFORE INSERT ON ledger_entries WHEN NEW.kind = '" + kind +
		"' BEGIN SELECT RAISE(ABORT, 'refused'); END")
}

func (w *world) exec(statement string) {
	w.t.Helper()
	storetest.Exec(w.t, w.db, statement)
}

func (w *world) count(query string) (n int) {
	w.t.Helper()
	if err := w.db.Read(w.t.Context(), func(tx *store.Tx) error { return tx.QueryRow(query).Scan(&n) }); err != nil {
		w.t.Fatal(err)
	}
	return n
}
