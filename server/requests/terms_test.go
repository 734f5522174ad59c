package requests_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"keyferry/server/ledger"
	"keyferry/server/person"
	"keyferry/server/requests"
)

func TestTermsThatCannotBe(t *testing.T) {
	each(t, func(w *world) {
		for field, edits := range map[string][]func(*requests.Terms){
			"Region":     {func(t *requests.Terms) { t.Region = "" }, func(t *requests.Terms) { t.Region = "cn-shanghai" }},
			"KeyID":      {func(t *requests.Terms) { t.KeyID = "" }, func(t *requests.Terms) { t.KeyID = "alias/x" }},
			"Label":      {func(t *requests.Terms) { t.Label = strings.Repeat("x", 129) }, func(t *requests.Terms) { t.Label = "two\nlines" }, func(t *requests.Terms) { t.Label = "\nline" }, func(t *requests.Terms) { t.Label = "\xff" }},
			"Note":       {func(t *requests.Terms) { t.Note = strings.Repeat("x", 2001) }, func(t *requests.Terms) { t.Note = "a\x00" }, func(t *requests.Terms) { t.Note = "\x00a" }},
			"Algorithms": {func(t *requests.Terms) { t.Algorithms = nil }, func(t *requests.Terms) { t.Algorithms = []string{"AES"} }, func(t *requests.Terms) { t.Algorithms = []string{algorithm, algorithm} }},
			"ImporterID": {
				func(t *requests.Terms) { t.ImporterID = "" },
				func(t *requests.Terms) { t.Importer = "" },
				func(t *requests.Terms) { t.Importer = requests.ByLink },
				func(t *requests.Terms) { t.Importer, t.ImporterID = requests.ByPerson, "ira@" },
			},
			"Expiry": {
				func(t *requests.Terms) { t.Expiry = "" },
				func(t *requests.Terms) { t.ExpiryDays = 5 },
				func(t *requests.Terms) { t.Expiry = requests.ExpiryWithin },
				func(t *requests.Terms) { t.Expiry, t.ExpiryDays = requests.ExpiryWithin, 4000 },
			},
			"Deadline":   {func(t *requests.Terms) { t.Deadline = time.Time{} }, func(t *requests.Terms) { t.Deadline = time.Now() }, func(t *requests.Terms) { t.Deadline = time.Now().AddDate(2, 0, 0) }},
			"Commitment": {func(t *requests.Terms) { t.Commitment = "abc" }, func(t *requests.Terms) { t.Commitment = strings.ToUpper(sum("x")) }},
		} {
			for _, edit := range edits {
				bad := w.terms(keyTwo, "payments/x")
				edit(&bad)
				_, err := w.service.Create(w.as(rita), []requests.Terms{w.terms(keyOne, "payments/x"), bad})
				var fault *requests.Fault
				if !errors.As(err, &fault) || fault.Code != "Requests.Terms" || fault.Detail["field"] != field || fault.Detail["number"] != "2" {
					w.t.Errorf("%s: error %v, %+v", field, err, fault)
				}
			}
		}
		if n := w.count("SELECT count(*) FROM requests") + w.count("SELECT count(*) FROM request_parties") + w.count("SELECT count(*) FROM ledger_entries"); n != 0 {
			w.t.Errorf("%d rows were written: several at once must be all or nothing", n)
		}
	})
}

func TestLongestTerms(t *testing.T) {
	each(t, func(w *world) {
		longest := w.terms(keyOne, strings.Repeat("x", 128))
		longest.Note = strings.Repeat("x", 1998) + "\n\t"
		if v := w.create(longest); v.Label != longest.Label || v.Note != longest.Note {
			w.t.Errorf("a label of %d bytes and a note of %d were kept", len(v.Label), len(v.Note))
		}
	})
}

func TestSeveralAtOnce(t *testing.T) {
	each(t, func(w *world) {
		var terms []requests.Terms
		for range requests.MaxAtOnce {
			terms = append(terms, w.terms(keyOne, "payments/x"))
		}
		views, err := w.service.Create(w.as(rita), terms)
		if err != nil || len(views) != requests.MaxAtOnce {
			w.t.Fatalf("%d requests, error %v", len(views), err)
		}
		_, err = w.service.Create(w.as(rita), append(terms, terms[0]))
		w.wantFault(err, requests.ErrTooMany)
		_, err = w.service.Create(w.as(rita), nil)
		w.wantFault(err, requests.ErrTooMany)
		// The policy denies one of them: none is made, and the denial is on record.
		_, err = w.service.Create(w.as(other), terms[:3])
		w.wantFault(err, requests.ErrDenied)
		if n := w.count("SELECT count(*) FROM requests"); n != requests.MaxAtOnce {
			w.t.Errorf("there are %d requests", n)
		}
		if n := w.count("SELECT count(*) FROM ledger_entries WHERE kind = 'policy.denied'"); n != 1 {
			w.t.Errorf("the ledger has %d denials, want 1", n)
		}
	})
}

// What the importer hands in has to be what the request allows, and what was issued for it.
func TestSubmissionsThatCannotBe(t *testing.T) {
	each(t, func(w *world) {
		terms := w.terms(keyOne, "payments/x")
		terms.Expiry, terms.ExpiryDays = requests.ExpiryWithin, 30
		terms.Commitment = sum("the first key")
		r := w.create(terms)
		elsewhere := w.create(w.terms(keyTwo, "payments/x"))
		day := func(n int) int64 { return w.clock.now().AddDate(0, 0, n).Unix() }
		good := w.wrapped(ira, r.ID, material)
		good.ExpireUnix, good.Commitment = day(29), terms.Commitment
		foreign := w.wrapped(ira, elsewhere.ID, material)
		someoneElses := w.wrapped(iris, r.ID, material)
		for name, test := range map[string]struct {
			edit func(*requests.Submission)
			want *requests.Fault
		}{
			"no ciphertext":      {func(s *requests.Submission) { s.EncryptedKeyMaterial = "" }, requests.ErrCiphertext},
			"a key in the clear": {func(s *requests.Submission) { s.EncryptedKeyMaterial = "WgHDB1oBwwdaAcMHWgHDB1oBwwdaAcMHWgHDB1oBwwc=" }, requests.ErrCiphertext},
			"base64 in lines": {func(s *requests.Submission) {
				s.EncryptedKeyMaterial = s.EncryptedKeyMaterial[:76] + "\n" + s.EncryptedKeyMaterial[76:]
			}, requests.ErrCiphertext},
			"another request's token": {func(s *requests.Submission) {
				s.ImportToken, s.WrappingKeySHA256 = foreign.ImportToken, foreign.WrappingKeySHA256
			}, requests.ErrParameters},
			"another person's token": {func(s *requests.Submission) {
				s.ImportToken, s.WrappingKeySHA256 = someoneElses.ImportToken, someoneElses.WrappingKeySHA256
			}, requests.ErrParameters},
			"a token of nobody":       {func(s *requests.Submission) { s.ImportToken = "AAAA" }, requests.ErrParameters},
			"no token":                {func(s *requests.Submission) { s.ImportToken = "" }, requests.ErrParameters},
			"another wrapping key":    {func(s *requests.Submission) { s.WrappingKeySHA256 = sum("x") }, requests.ErrParameters},
			"another algorithm":       {func(s *requests.Submission) { s.Algorithm = "RSAES_OAEP_SHA_1" }, requests.ErrParameters},
			"never expires":           {func(s *requests.Submission) { s.ExpireUnix = 0 }, requests.ErrExpiry},
			"expires too late":        {func(s *requests.Submission) { s.ExpireUnix = day(31) }, requests.ErrExpiry},
			"has expired":             {func(s *requests.Submission) { s.ExpireUnix = day(-1) }, requests.ErrExpiry},
			"a key for a check value": {func(s *requests.Submission) { s.KCV = strings.ToUpper(sum("key")) }, requests.ErrCheckValue},
			"a commitment of no form": {func(s *requests.Submission) { s.Commitment = "x" }, requests.ErrCheckValue},
			"another key":             {func(s *requests.Submission) { s.Commitment = sum("another key") }, requests.ErrOtherKey},
			"a key that is not shown": {func(s *requests.Submission) { s.Commitment = "" }, requests.ErrOtherKey},
		} {
			in := good
			test.edit(&in)
			if _, err := w.service.Submit(w.as(ira), r.ID, in); !errors.Is(err, test.want) {
				w.t.Errorf("%s: error %v, want %v", name, err, test.want)
			}
		}
		if n := w.count("SELECT count(*) FROM request_sealed"); n != 0 {
			w.t.Errorf("%d of them were kept", n)
		}
		w.clock.advance(25 * time.Hour) // the token's life, and not yet the deadline
		_, err := w.service.Submit(w.as(ira), r.ID, good)
		w.wantFault(err, requests.ErrTokenExpired)
		w.clock.advance(-25 * time.Hour)
		if v, err := w.service.Submit(w.as(ira), r.ID, good); err != nil || v.State != requests.Submitted {
			w.t.Errorf("a good one: %s, error %v", v.State, err)
		}
	})
}

func TestExpiryRules(t *testing.T) {
	each(t, func(w *world) {
		later := w.clock.now().AddDate(1, 0, 0).Unix()
		for rule, test := range map[requests.ExpiryKind]struct{ never, later bool }{
			requests.ExpiryAny: {true, true}, requests.ExpiryNever: {true, false}, requests.ExpiryRequired: {false, true},
		} {
			terms := w.terms(keyOne, "payments/x")
			terms.Expiry = rule
			r := w.create(terms)
			for unix, want := range map[int64]bool{0: test.never, later: test.later} {
				in := w.wrapped(ira, r.ID, material)
				in.ExpireUnix = unix
				if _, err := w.service.Submit(w.as(ira), r.ID, in); (err == nil) != want {
					w.t.Errorf("%s, expiry %d: error %v", rule, unix, err)
				}
			}
		}
	})
}

// TestExpiryWithin has material expire on both sides of what a rule of so many days allows.
func TestExpiryWithin(t *testing.T) {
	each(t, func(w *world) {
		for _, days := range []int{1, 3650} {
			terms := w.terms(keyOne, "payments/x")
			terms.Expiry, terms.ExpiryDays = requests.ExpiryWithin, days
			r := w.create(terms)
			latest := func() int64 { return w.clock.now().AddDate(0, 0, days).Unix() }
			for name, test := range map[string]struct {
				unix func() int64
				want *requests.Fault
			}{
				"never":           {func() int64 { return 0 }, requests.ErrExpiry},
				"now":             {func() int64 { return w.clock.now().Unix() }, requests.ErrExpiry},
				"latest":          {latest, nil},
				"a minute beyond": {func() int64 { return latest() + 60 }, requests.ErrExpiry},
			} {
				in := w.wrapped(ira, r.ID, material)
				in.ExpireUnix = test.unix()
				_, err := w.service.Submit(w.as(ira), r.ID, in)
				switch fault := (*requests.Fault)(nil); {
				case test.want == nil && err != nil:
					w.t.Errorf("%s of %d days: %v", name, days, err)
				case test.want != nil && (!errors.As(err, &fault) || !errors.Is(err, test.want) || fault.Detail["rule"] != fmt.Sprintf("within:%d", days)):
					w.t.Errorf("%s of %d days: error %v", name, days, err)
				}
			}
		}
		for _, days := range []int{0, 3651} {
			terms := w.terms(keyOne, "payments/x")
			terms.Expiry, terms.ExpiryDays = requests.ExpiryWithin, days
			_, err := w.service.Create(w.as(rita), []requests.Terms{terms})
			w.wantFault(err, requests.ErrTerms)
		}
	})
}

// Algorithms that the requester did not tick are not even asked for.
func TestParametersForOneAlgorithm(t *testing.T) {
	each(t, func(w *world) {
		r := w.create(w.terms(keyOne, "payments/x"))
		_, err := w.service.Parameters(w.as(ira), r.ID, "RSAES_OAEP_SHA_1")
		w.wantFault(err, requests.ErrAlgorithm)
		_, err = w.service.Parameters(w.as(rita), r.ID, algorithm)
		w.wantFault(err, requests.ErrNotImporter)
		w.setPolicy(policies + `forbid (principal, action == Action::"import", resource is Key);`)
		_, err = w.service.Parameters(w.as(ira), r.ID, algorithm)
		w.wantFault(err, requests.ErrDenied)
		w.wantState(r.ID, requests.Open)
	})
}

// A guest sees and does what the link is for, and nothing else.
func TestGuest(t *testing.T) {
	each(t, func(w *world) {
		terms := w.terms(keyOne, "vaults/x")
		terms.Importer, terms.ImporterID = requests.ByLink, ""
		w.setPolicy(policies + `permit (principal is Guest, action == Action::"readRequests", resource is Key);`) // more than wise
		r, hidden := w.create(terms), w.create(terms)
		guest := guestOf(r.ID)
		if ids := w.list(guest, requests.Filter{}); len(ids) != 1 || ids[0] != r.ID {
			w.t.Errorf("a guest's list is %v", ids)
		}
		_, err := w.service.Parameters(w.as(guest), hidden.ID, algorithm)
		w.wantFault(err, requests.ErrNotFound)
		_, err = w.service.Submit(w.as(ira), r.ID, requests.Submission{})
		w.wantFault(err, requests.ErrNotFound)
		v, err := w.service.Submit(w.as(guest), r.ID, w.wrapped(guest, r.ID, material))
		if err != nil {
			w.t.Fatal(err)
		}
		for _, by := range []person.Person{olga, sam} {
			if _, err := w.service.Approve(w.as(by), r.ID, v.Digest); err != nil {
				w.t.Fatal(err)
			}
		}
		if v := w.get(guest, r.ID); v.State != requests.Imported {
			w.t.Errorf("the guest's request is %s", v.State)
		}
	})
}

// A person is named by address, in whatever case, or by id.
func TestImporterByAddress(t *testing.T) {
	each(t, func(w *world) {
		for _, named := range []string{"Ira@Example.com", ira.ID} {
			terms := w.terms(keyOne, "payments/x")
			terms.Importer, terms.ImporterID = requests.ByPerson, named
			r := w.create(terms)
			if ids := w.list(ira, requests.Filter{Which: requests.Waiting}); len(ids) == 0 || ids[0] != r.ID {
				w.t.Errorf("%s: it does not wait for ira: %v", named, ids)
			}
			w.wrapped(ira, r.ID, material)
			_, err := w.service.Parameters(w.as(iris), r.ID, algorithm)
			w.wantFault(err, requests.ErrNotImporter)
		}
	})
}

// TestTermsInTheLedger reads what the ledger has of the terms and of the submission: what decides
// about the import, and nobody's name.
func TestTermsInTheLedger(t *testing.T) {
	each(t, func(w *world) {
		terms := w.terms(keyOne, "payments/x")
		terms.Expiry, terms.ExpiryDays = requests.ExpiryWithin, 30
		r := w.create(terms)
		in := w.wrapped(ira, r.ID, material)
		in.ExpireUnix = w.clock.now().Add(24 * time.Hour).Unix()
		if _, err := w.service.Submit(w.as(ira), r.ID, in); err != nil {
			w.t.Fatal(err)
		}
		created, submitted := w.fields(r.ID, "request.created"), w.fields(r.ID, "request.submitted")
		for name, want := range map[string]string{
			"importerKind": "group", "importerGroup": "payments", "expiry": "within", "expiryDays": "30",
			"algorithms": algorithm, "deadline": terms.Deadline.UTC().Format(time.RFC3339),
		} {
			if created[name] != want {
				w.t.Errorf("of the terms the ledger has %s %q, want %q", name, created[name], want)
			}
		}
		if want := time.Unix(in.ExpireUnix, 0).UTC().Format(time.RFC3339); submitted["expires"] != want {
			w.t.Errorf("of the submission the ledger has expires %q, want %q", submitted["expires"], want)
		}

		terms = w.terms(keyTwo, "payments/x")
		terms.Importer, terms.ImporterID = requests.ByPerson, ira.Email
		r = w.create(terms)
		if _, err := w.service.Submit(w.as(ira), r.ID, w.wrapped(ira, r.ID, material)); err != nil {
			w.t.Fatal(err)
		}
		created, submitted = w.fields(r.ID, "request.created"), w.fields(r.ID, "request.submitted")
		for _, name := range []string{"importerGroup", "expiryDays"} {
			if value, has := created[name]; has {
				w.t.Errorf("of the terms the ledger has %s %q", name, value)
			}
		}
		if submitted["expires"] != "" {
			w.t.Errorf("material that never expires has expires %q in the ledger", submitted["expires"])
		}
	})
}

// fields are those of the one entry of a kind about a request.
func (w *world) fields(id, kind string) map[string]string {
	w.t.Helper()
	records, err := w.log.Entries(w.t.Context(), ledger.Filter{Request: id, Kind: kind})
	if err != nil || len(records) != 1 {
		w.t.Fatalf("%d entries %s, error %v", len(records), kind, err)
	}
	return records[0].Fields
}

// TestImporterInThePolicy has a policy that permits imports by the importer alone: whoever the terms
// name is one before they have done anything, and only for importing.
func TestImporterInThePolicy(t *testing.T) {
	each(t, func(w *world) {
		w.setPolicy(`
permit (principal in Group::"platform", action == Action::"request", resource is Key);
@approvals("1") @approvers("Group::\"payments\"")
permit (principal, action == Action::"import", resource is Key) when { context.isImporter };
permit (principal in Group::"payments", action == Action::"approve", resource is Key) unless { context.isImporter };
permit (principal, action == Action::"readRequests", resource is Key);
`)
		v := w.submitted(keyOne, "payments/cards")
		if _, err := w.service.Approve(w.as(iris), v.ID, v.Digest); err != nil {
			w.t.Errorf("another of the importer's group cannot approve: %v", err)
		}
		w.wantState(v.ID, requests.Imported)
		r := w.create(w.terms(keyTwo, "payments/cards"))
		_, err := w.service.Parameters(w.as(olga), r.ID, algorithm)
		w.wantFault(err, requests.ErrNotImporter)
	})
}
