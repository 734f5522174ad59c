package requests_test

import (
	"bytes"
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"keyferry/server/kms"
	"keyferry/server/localkms"
	"keyferry/server/person"
	"keyferry/server/requests"
	"keyferry/server/store"
	"keyferry/server/store/storetest"
)

// What the KMS answers, or does not, decides what becomes of the request.
func TestOutcomes(t *testing.T) {
	t.Parallel() // the client pauses between its attempts
	for name, test := range map[string]struct {
		fault localkms.Fault
		state requests.State
		next  string
		code  string
	}{
		"accepted after throttling":   {localkms.Fault{Kind: localkms.FaultThrottle, Times: 1}, requests.Imported, "imported", ""},
		"throttled throughout":        {localkms.Fault{Kind: localkms.FaultThrottle}, requests.Submitted, requests.NextRetry, "Rejected.Throttling"},
		"the KMS is not well":         {localkms.Fault{Kind: localkms.FaultError}, requests.Submitted, requests.NextRetry, "InternalFailure"},
		"refused":                     {localkms.Fault{Kind: localkms.FaultError, Status: 403, Code: "Forbidden.NoPermission"}, requests.Failed, requests.NextAgain, "Forbidden.NoPermission"},
		"cut off before it was taken": {localkms.Fault{Kind: localkms.FaultCutBefore}, requests.Unknown, requests.NextRetry, "Console.KMSOutcomeUnknown"},
		"cut off after it was taken":  {localkms.Fault{Kind: localkms.FaultCutAfter}, requests.Unknown, requests.NextRetry, "Console.KMSOutcomeUnknown"},
		"a gateway's page":            {localkms.Fault{Kind: localkms.FaultHTML}, requests.Unknown, requests.NextRetry, "Console.KMSOutcomeUnknown"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			each(t, func(w *world) {
				v := w.submitted(keyOne, "payments/cards")
				test.fault.Action = "ImportKeyMaterial"
				if err := w.server.Inject(test.fault); err != nil {
					w.t.Fatal(err)
				}
				if _, err := w.service.Approve(w.as(olga), v.ID, v.Digest); err != nil {
					w.t.Fatal(err)
				}
				v = w.wantState(v.ID, test.state)
				if v.Next.Code != test.next || v.Outcome == nil || v.Outcome.Code != test.code {
					w.t.Errorf("next is %+v, outcome %+v", v.Next, v.Outcome)
				}
				w.settleAfter(v, test.state)
			})
		})
	}
}

// A slow KMS that throttles throughout: no call is begun that the end of the lease would cut off, so
// the outcome is known.
func TestThrottledByASlowKMS(t *testing.T) {
	w := newWorld(t, storetest.URL(t, store.SQLite), localkms.Config{})
	v := w.submitted(keyOne, "payments/cards")
	w.inject(localkms.Fault{Kind: localkms.FaultDelay, Action: "ImportKeyMaterial", Delay: localkms.Duration(500 * time.Millisecond)})
	w.inject(localkms.Fault{Kind: localkms.FaultThrottle, Action: "ImportKeyMaterial"})
	w.service = w.open(func(c *requests.Config) {
		c.KMS, c.Lease = clientOf(t, w.server.endpoint, func(c *kms.Config) { c.ReturnThrottled = true }), 3*time.Second
	})
	if _, err := w.service.Approve(w.as(olga), v.ID, v.Digest); err != nil {
		t.Fatal(err)
	}
	if v = w.wantState(v.ID, requests.Submitted); v.Outcome == nil || v.Outcome.Code != "Rejected.Throttling" {
		t.Errorf("outcome %+v", v.Outcome)
	}
	w.settleAfter(v, v.State)
}

// settleAfter lets the KMS work again and has the same bytes sent again where that is possible.
func (w *world) settleAfter(v requests.View, state requests.State) {
	w.t.Helper()
	w.server.ClearFaults()
	switch state {
	case requests.Submitted, requests.Unknown:
		v, err := w.service.Again(w.as(ira), v.ID)
		if err != nil || v.State != requests.Imported {
			w.t.Fatalf("after sending again: %s, error %v", v.State, err)
		}
		if !bytes.Equal(w.server.Material(keyOne), material) {
			w.t.Error("the KMS has other material")
		}
		w.wantOneOutcome(v.ID)
	case requests.Failed:
		v, err := w.service.Again(w.as(ira), v.ID)
		if err != nil || v.State != requests.Open || v.Submission != nil || v.Digest != "" || len(v.Decisions) != 0 {
			w.t.Errorf("to begin again: %+v, error %v", v, err)
		}
	}
	if n := w.count("SELECT count(*) FROM request_sealed"); n != 0 {
		w.t.Errorf("%d ciphertexts are kept", n)
	}
}

// wantOneOutcome checks that the ledger has exactly one answer of the KMS about a request.
func (w *world) wantOneOutcome(id string) {
	w.t.Helper()
	if got := w.outcomes(id); len(got) != 1 {
		w.t.Errorf("the ledger has the outcomes %v, want one", got)
	}
}

// Another key than the one that the CMK is bound to: the KMS refuses, and that ends these bytes.
func TestRefusedByTheKMS(t *testing.T) {
	each(t, func(w *world) {
		first := w.submitted(keyOne, "tests/x")
		w.wantState(first.ID, requests.Imported)
		r := w.create(w.terms(keyOne, "tests/x"))
		v, err := w.service.Submit(w.as(ira), r.ID, w.wrapped(ira, r.ID, bytes.Repeat([]byte{9}, 32)))
		if err != nil {
			w.t.Fatal(err)
		}
		if v.State != requests.Failed || v.Outcome.Code != "InvalidKeyMaterial" {
			w.t.Errorf("%s, %+v", v.State, v.Outcome)
		}
		if n := w.count("SELECT count(*) FROM request_sealed"); n != 0 {
			w.t.Errorf("%d ciphertexts are kept", n)
		}
		for _, test := range []struct {
			who  person.Person
			want []string
		}{{ira, []string{r.ID}}, {iris, []string{}}, {rita, []string{}}, {olga, []string{}}} {
			if got := w.list(test.who, requests.Filter{Which: requests.Waiting}); !slices.Equal(got, test.want) {
				w.t.Errorf("for %s waits %v, want %v", test.who.Name, got, test.want)
			}
		}
	})
}

// An approval can be taken back, and the request cancelled, while the KMS is away.
func TestWhileTheKMSIsAway(t *testing.T) {
	each(t, func(w *world) {
		v := w.submitted(keyOne, "payments/cards")
		w.calls.Client = clientOf(w.t, "127.0.0.1:1") // nobody listens there
		v, err := w.service.Approve(w.as(olga), v.ID, v.Digest)
		if err != nil || v.State != requests.Submitted || v.Outcome.Code != "Console.KMSUnreachable" || !v.Next.At.After(w.clock.now()) {
			w.t.Fatalf("%s, %+v, %+v, error %v", v.State, v.Outcome, v.Next, err)
		}
		if _, err := w.service.TakeBack(w.as(olga), v.ID); err != nil {
			w.t.Fatal(err)
		}
		calls := w.calls.count()
		w.clock.advance(time.Hour)
		if err := w.service.Recover(w.t.Context()); err != nil || w.calls.count() != calls {
			w.t.Errorf("it was sent after the approval had been taken back; error %v", err)
		}
		if _, err := w.service.Cancel(w.as(rita), v.ID, ""); err != nil {
			w.t.Error(err)
		}
	})
}

// What could not be sent goes by itself once the KMS is back.
func TestSentOnceTheKMSIsBack(t *testing.T) {
	each(t, func(w *world) {
		v := w.submitted(keyOne, "payments/cards")
		w.calls.Client = clientOf(w.t, "127.0.0.1:1")
		if _, err := w.service.Approve(w.as(olga), v.ID, v.Digest); err != nil {
			w.t.Fatal(err)
		}
		w.calls.Client = clientOf(w.t, w.server.endpoint)
		w.clock.advance(time.Minute)
		if err := w.service.Recover(w.t.Context()); err != nil {
			w.t.Fatal(err)
		}
		w.wantState(v.ID, requests.Imported)
	})
}

// A process that ended between intent and outcome: the next one sends the same bytes again, once the
// lease has ended, and not before.
func TestRecover(t *testing.T) {
	for name, taken := range map[string]bool{"the KMS had taken it": true, "the KMS had not been called": false} {
		t.Run(name, func(t *testing.T) {
			each(t, func(w *world) {
				v, wake := w.interrupted(taken)
				if err := w.service.Recover(w.t.Context()); err != nil {
					w.t.Fatal(err)
				}
				w.wantState(v.ID, requests.Sending) // the lease of the other has not ended
				w.clock.advance(6 * time.Second)
				if err := w.service.Recover(w.t.Context()); err != nil {
					w.t.Fatal(err)
				}
				w.wantState(v.ID, requests.Imported)
				wake() // the other was not dead, only stopped: it does not record a second outcome
				w.wantState(v.ID, requests.Imported)
				w.wantOneOutcome(v.ID)
				if !bytes.Equal(w.server.Material(keyOne), material) {
					w.t.Error("the KMS has other material")
				}
			})
		})
	}
}

// interrupted leaves a request as a process that was killed leaves it: stuck right before the call,
// or right after it. Wake lets that process go on to its end.
func (w *world) interrupted(taken bool) (v requests.View, wake func()) {
	w.t.Helper()
	v = w.submitted(keyOne, "payments/cards")
	stuck, release := make(chan struct{}), make(chan struct{})
	dying := w.open(func(c *requests.Config) {
		c.Faults = func(point string) {
			if point == "import.call.before" && !taken || point == "outcome.before" && taken {
				close(stuck)
				<-release
			}
		}
	})
	wake = sync.OnceFunc(func() {
		close(release)
		dying.Close()
	})
	w.t.Cleanup(wake)
	ctx, cancel := context.WithCancel(w.as(olga))
	defer cancel()
	go dying.Approve(ctx, v.ID, v.Digest)
	<-stuck
	return v, wake
}

// Several consoles see at once that a lease has ended: one of them sends.
func TestOneSenderOfMany(t *testing.T) {
	each(t, func(w *world) {
		v, _ := w.interrupted(false)
		w.clock.advance(6 * time.Second)
		w.inject(localkms.Fault{Kind: localkms.FaultDelay, Action: "ImportKeyMaterial", Delay: localkms.Duration(300 * time.Millisecond)})
		together := make(chan struct{})
		var group, arrived sync.WaitGroup
		for range 4 {
			arrived.Add(1)
			var once sync.Once
			replica := w.open(func(c *requests.Config) {
				c.Faults = func(point string) {
					if point == "intent.before" {
						once.Do(arrived.Done)
						<-together
					}
				}
			})
			group.Go(func() {
				if err := replica.Recover(w.t.Context()); err != nil {
					w.t.Error(err)
				}
			})
		}
		arrived.Wait()
		close(together)
		group.Wait()
		w.wantState(v.ID, requests.Imported)
		w.wantOneOutcome(v.ID)
		if n := w.calls.count(); n != 1 {
			w.t.Errorf("the KMS was called %d times", n)
		}
	})
}

// Long after the first call nobody sends by themselves: the CMK may have been changed on purpose.
func TestUnknownIsSaidAloud(t *testing.T) {
	each(t, func(w *world) {
		v := w.submitted(keyOne, "payments/cards")
		if err := w.server.Inject(localkms.Fault{Kind: localkms.FaultCutAfter, Action: "ImportKeyMaterial"}); err != nil {
			w.t.Fatal(err)
		}
		if _, err := w.service.Approve(w.as(olga), v.ID, v.Digest); err != nil {
			w.t.Fatal(err)
		}
		calls := w.calls.count()
		w.clock.advance(16 * time.Minute)
		if err := w.service.Recover(w.t.Context()); err != nil {
			w.t.Fatal(err)
		}
		if v := w.wantState(v.ID, requests.Unknown); v.Next.Code != requests.NextResend {
			w.t.Errorf("next is %+v", v.Next)
		}
		w.clock.advance(time.Hour)
		if err := w.service.Recover(w.t.Context()); err != nil || w.calls.count() != calls {
			w.t.Errorf("it was sent by itself; error %v", err)
		}
		// Nobody can withdraw what may have happened.
		if _, err := w.service.Cancel(w.as(rita), v.ID, ""); err == nil {
			w.t.Error("it could be cancelled")
		}
		w.clock.advance(24 * time.Hour)
		if err := w.service.Recover(w.t.Context()); err != nil {
			w.t.Fatal(err)
		}
		if v := w.wantState(v.ID, requests.Unknown); v.Next.Code != requests.NextLook || slices.Contains(v.May, "again") {
			w.t.Errorf("after the token's end next is %+v, may %v", v.Next, v.May)
		}
		if n := w.count("SELECT count(*) FROM request_sealed"); n != 0 {
			w.t.Errorf("%d ciphertexts are kept", n)
		}
		if w.calls.count() != calls {
			w.t.Error("it was sent after its token's end")
		}
	})
}

// A certain refusal ends the doubt that an earlier call left; any other does not.
func TestRefusedAfterDoubt(t *testing.T) {
	for code, want := range map[string]requests.State{
		"InvalidKeyMaterial":           requests.Failed,
		"Rejected.StateModifiedFailed": requests.Unknown,
		"ExpiredImportToken":           requests.Unknown,
	} {
		t.Run(code, func(t *testing.T) {
			each(t, func(w *world) {
				v := w.submitted(keyOne, "payments/cards")
				w.inject(localkms.Fault{Kind: localkms.FaultCutBefore, Action: "ImportKeyMaterial", Times: 1})
				if _, err := w.service.Approve(w.as(olga), v.ID, v.Digest); err != nil {
					w.t.Fatal(err)
				}
				w.wantState(v.ID, requests.Unknown)
				w.inject(localkms.Fault{Kind: localkms.FaultError, Status: 400, Code: code, Action: "ImportKeyMaterial"})
				if _, err := w.service.Again(w.as(ira), v.ID); err != nil {
					w.t.Fatal(err)
				}
				w.wantState(v.ID, want)
			})
		})
	}
}

func (w *world) inject(f localkms.Fault) {
	w.t.Helper()
	if err := w.server.Inject(f); err != nil {
		w.t.Fatal(err)
	}
}
