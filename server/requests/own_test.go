package requests_test

import (
	"bytes"
	"errors"
	"testing"

	"keyferry/server/kms"
	"keyferry/server/localkms"
	"keyferry/server/person"
	"keyferry/server/requests"
)

var oaep = kms.WrappingSpec{Algorithm: algorithm, KeySpec: "RSA_2048"}

// ownImport gets parameters as the import page does, and returns what it would send.
func (w *world) ownImport(by person.Person, keyID string, material []byte) *kms.Import {
	w.t.Helper()
	p, err := w.service.Own().ImportParameters(w.as(by), keyID, oaep)
	if err != nil {
		w.t.Fatal(err)
	}
	in := wrap(w.t, p, material)
	return &kms.Import{KeyID: keyID, EncryptedKeyMaterial: in.EncryptedKeyMaterial, ImportToken: in.ImportToken}
}

// The import page without a request makes one behind the scenes.
func TestOwnImport(t *testing.T) {
	each(t, func(w *world) {
		in := w.ownImport(ira, keyOne, material)
		shows := requests.Shown{KCV: "6984AFC841", Commitment: sum("commitment")}
		id, err := w.service.Own().ImportKeyMaterial(w.as(ira), in, shows)
		if err != nil || id == "" || !bytes.Equal(w.server.Material(keyOne), material) {
			w.t.Fatalf("RequestId %q, error %v", id, err)
		}
		if k := w.keys(ira, requests.KeyFilter{Which: requests.Mine}); len(k) != 1 || k[0].KCV != shows.KCV || k[0].Commitment != shows.Commitment {
			w.t.Errorf("on record is %+v", k)
		}
		mine := w.list(ira, requests.Filter{Which: requests.Mine})
		if len(mine) != 1 {
			w.t.Fatalf("%d requests", len(mine))
		}
		v := w.get(ira, mine[0])
		if v.State != requests.Imported || !v.Own || v.Requester != ira.ID || v.Importer != ira.ID || v.Outcome.RequestID != id {
			w.t.Errorf("the request behind it is %+v", v.Request)
		}
		w.wantOneOutcome(v.ID)
		// The answer was lost and the page sends the same again.
		if again, err := w.service.Own().ImportKeyMaterial(w.as(ira), in, shows); err != nil || again != id {
			w.t.Errorf("the same again: RequestId %q, error %v", again, err)
		}
		if w.calls.count() != 1 {
			w.t.Errorf("%d calls", w.calls.count())
		}
		if n := w.count("SELECT count(*) FROM request_sealed"); n != 0 {
			w.t.Errorf("%d ciphertexts are kept", n)
		}
	})
}

func TestOwnImportNeedsThePolicy(t *testing.T) {
	each(t, func(w *world) {
		_, err := w.service.Own().ImportParameters(w.as(rita), keyOne, oaep)
		w.wantFault(err, requests.ErrDenied)
		_, err = w.service.Own().ImportParameters(w.t.Context(), keyOne, oaep)
		w.wantFault(err, requests.ErrSignIn)
		if n := w.count("SELECT count(*) FROM requests"); n != 0 {
			w.t.Errorf("%d requests", n)
		}
		// A token is for whoever got it, and for its CMK.
		in := w.ownImport(ira, keyOne, material)
		_, err = w.service.Own().ImportKeyMaterial(w.as(iris), in, requests.Shown{})
		w.wantFault(err, requests.ErrParameters)
		in.KeyID = keyTwo
		_, err = w.service.Own().ImportKeyMaterial(w.as(ira), in, requests.Shown{})
		w.wantFault(err, requests.ErrParameters)
		if w.calls.count() != 0 {
			w.t.Error("it was sent")
		}
	})
}

// Where the policy asks for approvals, the import waits for them, and never for the importer's own.
func TestOwnImportWaitsForApprovals(t *testing.T) {
	each(t, func(w *world) {
		w.setPolicy(policies + `@approvals("1") permit (principal in Group::"payments", action == Action::"import", resource is Key);`)
		in := w.ownImport(iris, keyOne, material)
		_, err := w.service.Own().ImportKeyMaterial(w.as(iris), in, requests.Shown{})
		var fault *requests.Fault
		if !errors.As(err, &fault) || fault.Code != requests.ErrWaiting.Code {
			w.t.Fatalf("error %v", err)
		}
		v := w.get(iris, fault.Detail["request"])
		_, err = w.service.Approve(w.as(iris), v.ID, v.Digest)
		w.wantFault(err, requests.ErrOwn)
		if _, err := w.service.Approve(w.as(olga), v.ID, v.Digest); err != nil {
			w.t.Fatal(err)
		}
		if id, err := w.service.Own().ImportKeyMaterial(w.as(iris), in, requests.Shown{}); err != nil || id == "" {
			w.t.Errorf("asked again after the approval: %q, %v", id, err)
		}
	})
}

// Errors of the KMS reach the page as they do without a database, and its "Try again" works.
func TestOwnImportTriesAgain(t *testing.T) {
	t.Parallel() // the client pauses between its attempts
	for name, test := range map[string]struct {
		fault localkms.Fault
		want  func(error) bool
	}{
		"no answer": {localkms.Fault{Kind: localkms.FaultCutAfter}, func(err error) bool { return errors.Is(err, kms.ErrOutcomeUnknown) }},
		"throttled": {localkms.Fault{Kind: localkms.FaultThrottle}, func(err error) bool { return codeOf(err) == "Rejected.Throttling" }},
		"refused": {localkms.Fault{Kind: localkms.FaultError, Status: 403, Code: "Forbidden.NoPermission"},
			func(err error) bool { return codeOf(err) == "Forbidden.NoPermission" }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			each(t, func(w *world) {
				in := w.ownImport(ira, keyOne, material)
				test.fault.Action = "ImportKeyMaterial"
				w.inject(test.fault)
				if _, err := w.service.Own().ImportKeyMaterial(w.as(ira), in, requests.Shown{}); !test.want(err) {
					w.t.Errorf("error %v", err)
				}
				w.server.ClearFaults()
				if id, err := w.service.Own().ImportKeyMaterial(w.as(ira), in, requests.Shown{}); err != nil || id == "" {
					w.t.Errorf("the same again: %q, %v", id, err)
				}
				if !bytes.Equal(w.server.Material(keyOne), material) {
					w.t.Error("the KMS has other material")
				}
			})
		})
	}
}

func codeOf(err error) string {
	var refused *kms.Error
	if errors.As(err, &refused) {
		return refused.Code
	}
	return ""
}

// A mistyped CMK leaves no request behind.
func TestOwnImportOfNoCMK(t *testing.T) {
	each(t, func(w *world) {
		if _, err := w.service.Own().ImportParameters(w.as(ira), "key-hzznosuchkey", oaep); codeOf(err) != "Forbidden.KeyNotFound" {
			w.t.Errorf("error %v", err)
		}
		if n := w.count("SELECT count(*) FROM requests"); n != 0 {
			w.t.Errorf("%d requests", n)
		}
	})
}

// Without a database both calls go through, and nothing is asked or kept.
func TestDirect(t *testing.T) {
	w := newWorld(t, t.TempDir()+"/unused.db", localkms.Config{})
	direct := requests.Direct(w.calls)
	p, err := direct.ImportParameters(t.Context(), keyOne, oaep)
	if err != nil {
		t.Fatal(err)
	}
	in := wrap(t, p, material)
	id, err := direct.ImportKeyMaterial(t.Context(), &kms.Import{KeyID: keyOne, EncryptedKeyMaterial: in.EncryptedKeyMaterial, ImportToken: in.ImportToken}, requests.Shown{})
	if err != nil || id == "" || !bytes.Equal(w.server.Material(keyOne), material) {
		t.Errorf("RequestId %q, error %v", id, err)
	}
}
