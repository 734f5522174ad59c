package requests_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"slices"
	"testing"

	"keyferry/server/requests"
)

// The whole way: rita asks, ira brings the key, olga agrees, the KMS has it.
func TestThreePeople(t *testing.T) {
	each(t, func(w *world) {
		r := w.create(w.terms(keyOne, "payments/cards"))
		wantMay(w.t, w.get(rita, r.ID), "cancel")
		if v := w.get(ira, r.ID); v.Next.Code != requests.NextImport || !slices.Equal(v.May, []string{"issue"}) {
			w.t.Errorf("the importer of an open request sees %+v and may %v", v.Next, v.May)
		}
		in := w.wrapped(ira, r.ID, material)
		wantMay(w.t, w.get(ira, r.ID), "issue", "submit")
		in.KCV, in.Commitment = "0123456789", sum("commitment")
		v, err := w.service.Submit(w.as(ira), r.ID, in)
		if err != nil {
			w.t.Fatal(err)
		}
		if v.State != requests.Submitted || v.Next.Code != requests.NextApprove || !slices.Equal(v.Next.Who, []string{"officers"}) {
			w.t.Errorf("after submitting: %s, %+v", v.State, v.Next)
		}
		if v.Digest != in.Digest(keyOne, region) || v.Submission.KCV != in.KCV || v.Submission.ImportToken != "" ||
			v.Submission.EncryptedKeyMaterial != "" || v.Submission.CiphertextSHA256 != ciphertextSum(in) {
			w.t.Errorf("the submission is shown as %+v", v.Submission)
		}
		wantMay(w.t, w.get(olga, r.ID), "approve", "refuse")
		v, err = w.service.Approve(w.as(olga), r.ID, v.Digest)
		if err != nil {
			w.t.Fatal(err)
		}
		if v.State != requests.Imported || v.Outcome == nil || v.Outcome.RequestID == "" || v.Outcome.Code != "" {
			w.t.Fatalf("after the approval: %s, %+v", v.State, v.Outcome)
		}
		wantMay(w.t, v)
		if !bytes.Equal(w.server.Material(keyOne), material) {
			w.t.Error("the KMS has other material")
		}
		want := []string{"request.created", "request.issued", "request.submitted", "approval.given", "import.intent", "import.outcome"}
		if got := w.kinds(r.ID); !slices.Equal(got, want) {
			w.t.Errorf("the ledger has %v, want %v", got, want)
		}
		w.checkEvidence(r.ID, len(want))
	})
}

// ciphertextSum is the digest of a ciphertext as people are shown it.
func ciphertextSum(in requests.Submission) string {
	ciphertext, _ := base64.StdEncoding.DecodeString(in.EncryptedKeyMaterial)
	return fmt.Sprintf("%x", sha256.Sum256(ciphertext))
}

// checkEvidence checks every proof that somebody can download.
func (w *world) checkEvidence(id string, entries int) {
	w.t.Helper()
	e, err := w.service.Evidence(w.as(ira), id)
	if err != nil {
		w.t.Fatal(err)
	}
	if len(e.Entries) != entries {
		w.t.Errorf("evidence has %d entries, want %d", len(e.Entries), entries)
	}
	for i, proof := range e.Entries {
		if err := proof.Check(w.key.Verifier()); err != nil {
			w.t.Errorf("entry %d: %v", i, err)
		}
	}
}

// Whoever has no part in a request does not learn that it exists.
func TestWhoSeesARequest(t *testing.T) {
	each(t, func(w *world) {
		v := w.submitted(keyOne, "payments/cards")
		for _, act := range map[string]func() error{
			"get":     func() error { _, err := w.service.Get(w.as(other), v.ID); return err },
			"approve": func() error { _, err := w.service.Approve(w.as(other), v.ID, v.Digest); return err },
			"refuse":  func() error { _, err := w.service.Refuse(w.as(other), v.ID, "no"); return err },
			"cancel":  func() error { _, err := w.service.Cancel(w.as(other), v.ID, ""); return err },
			"take":    func() error { _, err := w.service.TakeBack(w.as(other), v.ID); return err },
			"again":   func() error { _, err := w.service.Again(w.as(other), v.ID); return err },
			"issue":   func() error { _, err := w.service.Parameters(w.as(other), v.ID, algorithm); return err },
			"proof":   func() error { _, err := w.service.Evidence(w.as(other), v.ID); return err },
			"guest":   func() error { _, err := w.service.Get(w.as(guestOf("ANOTHER")), v.ID); return err },
		} {
			w.wantFault(act(), requests.ErrNotFound)
		}
		_, err := w.service.Get(w.t.Context(), v.ID)
		w.wantFault(err, requests.ErrSignIn)
		page, err := w.service.List(w.as(other), requests.Filter{})
		if err != nil || len(page.Items) != 0 {
			w.t.Errorf("a stranger's list has %d requests, error %v", len(page.Items), err)
		}
	})
}
