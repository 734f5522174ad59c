package requests_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"keyferry/server/kms"
	"keyferry/server/ledger"
	"keyferry/server/localkms"
	"keyferry/server/person"
	"keyferry/server/requests"
)

var deskCall = &http.Client{Timeout: 10 * time.Second}

// desk makes the call of a link as the desk does, and returns the KMS's answer.
func (w *world) desk(link *kms.Link) map[string]string {
	w.t.Helper()
	u, err := url.Parse(link.URL())
	if err != nil {
		w.t.Fatal(err)
	}
	var response *http.Response
	if u.Query().Get("Action") == "GetParametersForImport" {
		response, err = deskCall.Get(link.URL())
	} else {
		response, err = deskCall.Post("http://"+u.Host+"/", "application/x-www-form-urlencoded", strings.NewReader(u.RawQuery))
	}
	if err != nil {
		w.t.Fatal(err)
	}
	defer response.Body.Close()
	body, _ := io.ReadAll(response.Body)
	answer := map[string]any{}
	if err := json.Unmarshal(body, &answer); err != nil {
		w.t.Fatalf("%d %s", response.StatusCode, body)
	}
	texts := map[string]string{}
	for name, value := range answer {
		texts[name], _ = value.(string)
	}
	return texts
}

// wrappedByLink gets parameters by a link and wraps material, as the desk does.
func (w *world) wrappedByLink(by person.Person, id string, material []byte) requests.Submission {
	w.t.Helper()
	link, err := w.service.ParametersLink(w.as(by), id, algorithm)
	if err != nil {
		w.t.Fatal(err)
	}
	return w.wrapAnswer(w.desk(link), material)
}

func (w *world) wrapAnswer(answer map[string]string, material []byte) requests.Submission {
	w.t.Helper()
	if answer["Code"] != "" {
		w.t.Fatalf("the KMS answered %s", answer["Code"])
	}
	in := wrap(w.t, &kms.Parameters{PublicKey: answer["PublicKey"], ImportToken: answer["ImportToken"]}, material)
	expires, err := time.Parse(time.RFC3339, answer["TokenExpireTime"])
	if err != nil {
		w.t.Fatal(err)
	}
	in.TokenExpires, in.ByLink = expires, true
	return in
}

// walkLink goes the whole way by links, from wherever a process that was killed has left it.
func (w *world) walkLink() {
	w.t.Helper()
	v, known := w.only(rita)
	if !known {
		v = w.create(w.terms(keyOne, "payments/cards"))
	}
	if v.State == requests.Open {
		w.must(w.service.Submit(w.as(ira), v.ID, w.wrappedByLink(ira, v.ID, material)))
	}
	if v = w.get(olga, v.ID); slices.Contains(v.May, "approve") {
		v = w.must(w.service.Approve(w.as(olga), v.ID, v.Digest))
	}
	if v.State.Ended() {
		return
	}
	link, err := w.service.ImportLink(w.as(ira), v.ID)
	if err != nil {
		w.t.Fatal(err)
	}
	answer := w.desk(link)
	w.must(w.service.Report(w.as(ira), v.ID, requests.Report{State: "accepted", RequestID: answer["RequestId"]}))
}

// The whole way by links: the console signs and never sees a wrapping key, nor makes the first call.
func TestByLink(t *testing.T) {
	each(t, func(w *world) {
		r := w.create(w.terms(keyOne, "payments/cards"))
		in := w.wrappedByLink(ira, r.ID, material)
		if v := w.get(ira, r.ID); v.State != requests.Open || v.Next.Code != requests.NextImport {
			w.t.Errorf("with a link that may or may not have been used the request is %s, %+v", v.State, v.Next)
		}
		v := w.must(w.service.Submit(w.as(ira), r.ID, in))
		if !v.Submission.ParametersByLink || v.Submission.TokenExpires.Sub(in.TokenExpires).Abs() > time.Second {
			w.t.Errorf("submitted: %+v", v.Submission)
		}
		_, err := w.service.ImportLink(w.as(ira), r.ID)
		w.wantFault(err, requests.ErrWaiting)
		v = w.must(w.service.Approve(w.as(olga), r.ID, v.Digest))
		if v.State != requests.Submitted || v.Next.Code != requests.NextLink || w.calls.count() != 0 {
			w.t.Fatalf("after the approval: %s, %+v, %d calls of the console", v.State, v.Next, w.calls.count())
		}
		wantMay(w.t, w.get(ira, r.ID), "issue", "submit", "again", "import-link")
		link, err := w.service.ImportLink(w.as(ira), r.ID)
		if err != nil {
			w.t.Fatal(err)
		}
		v = w.get(ira, r.ID)
		wantMay(w.t, v, "import-link", "report")
		if v.State != requests.Linked || v.Next.Code != requests.NextReport || v.Next.At.Before(link.GoodUntil.Add(-time.Second)) {
			w.t.Errorf("with the link out: %s, %+v", v.State, v.Next)
		}
		answer := w.desk(link)
		if answer["Code"] != "" || !bytes.Equal(w.server.Material(keyOne), material) {
			w.t.Fatalf("the desk's call: %v", answer)
		}
		v = w.must(w.service.Report(w.as(ira), r.ID, requests.Report{State: "accepted", RequestID: answer["RequestId"]}))
		if v.State != requests.Imported || w.calls.count() != 1 {
			w.t.Errorf("after the report: %s, %+v, %d calls of the console", v.State, v.Outcome, w.calls.count())
		}
		want := []string{"request.created", "request.linked", "request.submitted", "approval.given", "import.intent", "import.reported", "import.intent", "import.outcome"}
		if got := w.kinds(r.ID); !slices.Equal(got, want) {
			w.t.Errorf("the ledger has %v, want %v", got, want)
		}
		w.checkNoLink(link)
	})
}

// checkNoLink fails if anything of a link that is not public is in the ledger.
func (w *world) checkNoLink(link *kms.Link) {
	w.t.Helper()
	u, _ := url.Parse(link.URL())
	records, err := w.log.Entries(w.t.Context(), ledger.Filter{})
	if err != nil {
		w.t.Fatal(err)
	}
	text, _ := json.Marshal(records)
	for _, name := range []string{"Signature", "SignatureNonce", "ImportToken", "EncryptedKeyMaterial", "AccessKeyId"} {
		if value := u.Query().Get(name); value != "" && bytes.Contains(text, []byte(value)) {
			w.t.Errorf("the ledger has the link's %s", name)
		}
	}
}

// A link that nobody reports about lapses: the request says that the outcome is unknown, nothing is
// sent by itself, and a person can have the same bytes sent or get another link.
func TestLinkLapses(t *testing.T) {
	for _, used := range []bool{false, true} {
		each(t, func(w *world) {
			r := w.create(w.terms(keyOne, "tests/cards"))
			w.must(w.service.Submit(w.as(ira), r.ID, w.wrappedByLink(ira, r.ID, material)))
			link, err := w.service.ImportLink(w.as(ira), r.ID)
			if err != nil {
				w.t.Fatal(err)
			}
			if used {
				w.desk(link)
			}
			w.clock.advance(kms.LinkLife)
			w.recover()
			w.wantState(r.ID, requests.Linked) // the KMS's clock may be behind
			w.clock.advance(6 * time.Minute)
			w.recover()
			v := w.wantState(r.ID, requests.Unknown)
			if v.Next.Code != requests.NextUnheard || v.Next.Detail != "Requests.LinkLapsed" || w.calls.count() != 0 {
				w.t.Errorf("next is %+v after %d calls", v.Next, w.calls.count())
			}
			wantMay(w.t, w.get(ira, r.ID), "again", "import-link")
			_, err = w.service.Report(w.as(ira), r.ID, requests.Report{State: "accepted"})
			w.wantFault(err, requests.ErrState)
			v = w.must(w.service.Again(w.as(ira), r.ID))
			if v.State != requests.Imported || !bytes.Equal(w.server.Material(keyOne), material) {
				w.t.Errorf("sent by the console: %s, %+v", v.State, v.Outcome)
			}
		})
	}
}

func (w *world) recover() {
	w.t.Helper()
	if err := w.service.Recover(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
}

// A link that lapses with its token leaves an unknown outcome, and the ciphertext is gone.
func TestLinkLapsesWithItsToken(t *testing.T) {
	each(t, func(w *world) {
		r := w.create(w.terms(keyOne, "tests/cards"))
		w.must(w.service.Submit(w.as(ira), r.ID, w.wrappedByLink(ira, r.ID, material)))
		w.clock.advance(23*time.Hour + 55*time.Minute)
		if _, err := w.service.ImportLink(w.as(ira), r.ID); err != nil {
			w.t.Fatal(err)
		}
		w.clock.advance(time.Hour)
		w.recover()
		if v := w.wantState(r.ID, requests.Unknown); v.Next.Code != requests.NextLook {
			w.t.Errorf("next is %+v", v.Next)
		}
		if n := w.count("SELECT count(*) FROM request_sealed"); n != 0 {
			w.t.Errorf("%d ciphertexts are kept", n)
		}
	})
}

// Somebody imported another key before: the KMS refuses the importer's, whatever is reported.
func TestLinkFindsAnotherKey(t *testing.T) {
	each(t, func(w *world) {
		w.bind()
		r := w.create(w.terms(keyOne, "tests/cards"))
		w.must(w.service.Submit(w.as(ira), r.ID, w.wrappedByLink(ira, r.ID, material)))
		link, err := w.service.ImportLink(w.as(ira), r.ID)
		if err != nil {
			w.t.Fatal(err)
		}
		if answer := w.desk(link); answer["Code"] != "InvalidKeyMaterial" {
			w.t.Errorf("the desk's call: %v", answer)
		}
		v := w.must(w.service.Report(w.as(ira), r.ID, requests.Report{State: "accepted"})) // a lie
		if v.State != requests.Failed || v.Outcome.Code != "InvalidKeyMaterial" {
			w.t.Errorf("after the report: %s, %+v", v.State, v.Outcome)
		}
	})
}

// Nobody gets a link who could not have the call made, and no link comes before what it needs.
func TestLinkIsRefused(t *testing.T) {
	each(t, func(w *world) {
		r := w.create(w.terms(keyOne, "payments/cards"))
		guests := w.terms(keyTwo, "tests/guests")
		guests.Importer, guests.ImporterID = requests.ByLink, ""
		forGuest := w.create(guests)
		parameters := func(p person.Person, id, algorithm string) error {
			_, err := w.service.ParametersLink(w.as(p), id, algorithm)
			return err
		}
		imports := func(p person.Person, id string) error {
			_, err := w.service.ImportLink(w.as(p), id)
			return err
		}
		w.wantFault(parameters(other, r.ID, algorithm), requests.ErrNotFound)
		w.wantFault(parameters(rita, r.ID, algorithm), requests.ErrNotImporter)
		w.wantFault(parameters(olga, r.ID, algorithm), requests.ErrNotImporter)
		w.wantFault(parameters(ira, r.ID, "RSAES_PKCS1_V1_5"), requests.ErrAlgorithm)
		w.wantFault(parameters(guestOf(forGuest.ID), r.ID, algorithm), requests.ErrNotFound)
		w.wantFault(parameters(ira, forGuest.ID, algorithm), requests.ErrNotFound)
		w.wantFault(imports(ira, r.ID), requests.ErrNotImporter)

		in := w.wrappedByLink(ira, r.ID, material)
		notMine := w.wrappedByLink(iris, r.ID, material)
		stolen := in
		_, err := w.service.Submit(w.as(otherPayments), r.ID, stolen) // who was given no link
		w.wantFault(err, requests.ErrParameters)
		legacy := notMine
		legacy.Algorithm = "RSAES_PKCS1_V1_5"
		_, err = w.service.Submit(w.as(iris), r.ID, legacy)
		w.wantFault(err, requests.ErrParameters)
		stale := in
		stale.TokenExpires = w.clock.now().Add(-time.Second)
		_, err = w.service.Submit(w.as(ira), r.ID, stale)
		w.wantFault(err, requests.ErrTokenExpired)
		far := in
		far.TokenExpires = w.clock.now().Add(1000 * time.Hour)
		v := w.must(w.service.Submit(w.as(ira), r.ID, far))
		if left := v.Submission.TokenExpires.Sub(w.clock.now()); left > 25*time.Hour {
			w.t.Errorf("the token is said to be good for %s", left)
		}
		w.wantFault(imports(ira, r.ID), requests.ErrWaiting)
		w.wantFault(imports(iris, r.ID), requests.ErrNotImporter)
		w.must(w.service.Approve(w.as(olga), r.ID, v.Digest))
		w.wantFault(imports(olga, r.ID), requests.ErrNotImporter)
		w.setPolicy(strings.ReplaceAll(policies, `@approvals("1")`, `@approvals("3")`))
		var fault *requests.Fault
		if err := imports(ira, r.ID); !errors.As(err, &fault) || fault.Code != "Requests.HeldApproval" {
			w.t.Errorf("under a stricter policy: %v", err)
		}
		w.setPolicy(policies)
		if err := imports(ira, r.ID); err != nil {
			w.t.Error(err)
		}
		_, err = w.service.Report(w.as(iris), r.ID, requests.Report{State: "accepted"})
		w.wantFault(err, requests.ErrNotImporter)
		_, err = w.service.Cancel(w.as(rita), r.ID, "")
		w.wantFault(err, requests.ErrState)
		w.clock.advance(26 * time.Hour)
		late := w.create(w.terms(keyTwo, "tests/late"))
		_, err = w.service.Submit(w.as(ira), late.ID, in)
		w.wantFault(err, requests.ErrParameters)
	})
}

var otherPayments = directory("paula", "payments")

// A guest goes the whole way by links, in the one request that the guest's link is for.
func TestGuestByLink(t *testing.T) {
	each(t, func(w *world) {
		w.setPolicy(policies + `permit (principal, action == Action::"import", resource is Key) when { principal is Guest };`)
		terms := w.terms(keyOne, "tests/guests")
		terms.Importer, terms.ImporterID = requests.ByLink, ""
		r := w.create(terms)
		guest := guestOf(r.ID)
		w.must(w.service.Submit(w.as(guest), r.ID, w.wrappedByLink(guest, r.ID, material)))
		link, err := w.service.ImportLink(w.as(guest), r.ID)
		if err != nil {
			w.t.Fatal(err)
		}
		answer := w.desk(link)
		if v := w.must(w.service.Report(w.as(guest), r.ID, requests.Report{State: "accepted", RequestID: answer["RequestId"]})); v.State != requests.Imported {
			w.t.Errorf("the request is %s", v.State)
		}
	})
}

// Without a request of anybody's: links for an import of one's own, by the console or by the person.
func TestOwnByLink(t *testing.T) {
	each(t, func(w *world) {
		relay := w.service.Own()
		link, err := relay.ParametersLink(w.as(ira), keyOne, oaep)
		if err != nil {
			w.t.Fatal(err)
		}
		in := w.wrapAnswer(w.desk(link), material)
		_, err = relay.WrappedLink(w.as(iris), keyOne, in)
		w.wantFault(err, requests.ErrParameters)
		_, err = relay.WrappedLink(w.as(ira), keyTwo, in)
		w.wantFault(err, requests.ErrParameters)
		link, err = relay.WrappedLink(w.as(ira), keyOne, in)
		if err != nil {
			w.t.Fatal(err)
		}
		if answer := w.desk(link); answer["Code"] != "" || w.calls.count() != 0 {
			w.t.Errorf("the desk's call: %v, %d of the console", answer, w.calls.count())
		}
		in.ByLink = false
		for range 2 { // settled, and once more
			if id, err := relay.ImportWrapped(w.as(ira), keyOne, in); err != nil || id == "" {
				w.t.Errorf("settling: %q, %v", id, err)
			}
		}
		if w.calls.count() != 1 {
			w.t.Errorf("the console made %d calls", w.calls.count())
		}
		v, _ := w.only(ira)
		if v.State != requests.Imported || !v.Submission.ParametersByLink {
			w.t.Errorf("the request is %s, %+v", v.State, v.Submission)
		}
		_, err = relay.ParametersLink(w.as(other), keyOne, oaep)
		w.wantFault(err, requests.ErrDenied)
	})
}

// Whoever would have sent the bytes by link can have the console send them, but not while the link is
// out.
func TestWayIsChanged(t *testing.T) {
	each(t, func(w *world) {
		r := w.create(w.terms(keyOne, "payments/cards"))
		in := w.wrappedByLink(ira, r.ID, material)
		v := w.must(w.service.Submit(w.as(ira), r.ID, in))
		v = w.must(w.service.Approve(w.as(olga), r.ID, v.Digest))
		if v.Next.Code != requests.NextLink {
			w.t.Errorf("by link it is %s, %+v", v.State, v.Next)
		}
		in.ByLink = false
		if v = w.must(w.service.Submit(w.as(ira), r.ID, in)); v.State != requests.Imported || w.calls.count() != 1 {
			w.t.Errorf("by the console it is %s, %+v, after %d calls", v.State, v.Next, w.calls.count())
		}

		r = w.create(w.terms(keyTwo, "tests/cards"))
		in = w.wrappedByLink(ira, r.ID, material)
		w.must(w.service.Submit(w.as(ira), r.ID, in))
		link, err := w.service.ImportLink(w.as(ira), r.ID)
		if err != nil {
			w.t.Fatal(err)
		}
		in.ByLink = false
		if v := w.must(w.service.Submit(w.as(ira), r.ID, in)); v.State != requests.Linked || !v.Submission.ByLink || w.calls.count() != 1 {
			w.t.Errorf("with the link out it is %s, %+v, after %d calls", v.State, v.Submission, w.calls.count())
		}
		w.desk(link)
		if v := w.must(w.service.Report(w.as(ira), r.ID, requests.Report{State: "accepted"})); v.State != requests.Imported {
			w.t.Errorf("after the report it is %s", v.State)
		}
	})
}

// After the KMS refused, an import of one's own by link begins again in the same request, with the
// same bytes and with others.
func TestOwnByLinkBeginsAgain(t *testing.T) {
	each(t, func(w *world) {
		relay := w.service.Own()
		link, err := relay.ParametersLink(w.as(ira), keyOne, oaep)
		if err != nil {
			w.t.Fatal(err)
		}
		answer, bound := w.desk(link), w.bind()
		first, second, right := w.wrapAnswer(answer, material), w.wrapAnswer(answer, material), w.wrapAnswer(answer, bound)
		for _, in := range []requests.Submission{first, first, second} {
			if _, err := relay.WrappedLink(w.as(ira), keyOne, in); err != nil {
				w.t.Fatal(err)
			}
			in.ByLink = false
			if _, err := relay.ImportWrapped(w.as(ira), keyOne, in); codeOf(err) != "InvalidKeyMaterial" {
				w.t.Errorf("settling: %v", err)
			}
			if v, known := w.only(ira); !known || v.State != requests.Failed {
				w.t.Fatalf("the request is %s", v.State)
			}
		}
		if _, err = relay.WrappedLink(w.as(ira), keyOne, right); err != nil {
			w.t.Fatal(err)
		}
		right.ByLink = false
		if id, err := relay.ImportWrapped(w.as(ira), keyOne, right); err != nil || id == "" {
			w.t.Errorf("in the end: %q, %v", id, err)
		}
	})
}

// A KMS without an answer to the settling call leaves the outcome unknown, and what was reported on
// record.
func TestReportIsNotBelieved(t *testing.T) {
	each(t, func(w *world) {
		r := w.create(w.terms(keyOne, "tests/cards"))
		w.must(w.service.Submit(w.as(ira), r.ID, w.wrappedByLink(ira, r.ID, material)))
		if _, err := w.service.ImportLink(w.as(ira), r.ID); err != nil {
			w.t.Fatal(err)
		}
		if err := w.server.Inject(localkms.Fault{Action: "ImportKeyMaterial", Kind: localkms.FaultCutBefore}); err != nil {
			w.t.Fatal(err)
		}
		v := w.must(w.service.Report(w.as(ira), r.ID, requests.Report{State: "accepted", RequestID: "made-up"}))
		if v.State != requests.Unknown || w.server.Material(keyOne) != nil {
			w.t.Errorf("the request is %s, %+v", v.State, v.Next)
		}
	})
}

// Links are signed in turn, at the rate at which the calls themselves are made.
func TestLinksTakeTurns(t *testing.T) {
	each(t, func(w *world) {
		r := w.create(w.terms(keyOne, "tests/cards"))
		w.must(w.service.Submit(w.as(ira), r.ID, w.wrappedByLink(ira, r.ID, material)))
		slow := w.open(func(c *requests.Config) { c.ReadsPerSecond, c.WritesPerSecond = 1e-6, 1e-6 })
		for _, link := range []struct {
			name string
			ask  func(context.Context) error
		}{
			{"parameters", func(ctx context.Context) error { _, err := slow.ParametersLink(ctx, r.ID, algorithm); return err }},
			{"import", func(ctx context.Context) error { _, err := slow.ImportLink(ctx, r.ID); return err }}, // then the request is linked
		} {
			name, ask := link.name, link.ask
			if err := ask(w.as(ira)); err != nil {
				w.t.Errorf("the first link, %s: %v", name, err)
			}
			ctx, cancel := context.WithTimeout(w.as(ira), 50*time.Millisecond)
			if err := ask(ctx); !errors.Is(err, context.DeadlineExceeded) {
				w.t.Errorf("the second link, %s: %v", name, err)
			}
			cancel()
		}
	})
}
