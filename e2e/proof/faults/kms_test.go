package faults

import (
	"bytes"
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/playwright-community/playwright-go"

	"keyferry/e2e/browser"
	"keyferry/e2e/program"
	"keyferry/e2e/proof"
)

// kmsFaults are what a KMS can do wrong.
var kmsFaults = []struct {
	name   string
	brief  bool // part of the short form, where kmsKilled cuts after the effect
	answer program.Fault
}{
	{"cut after the effect", false, func(w http.ResponseWriter, pass func() program.Answered) { pass(); program.Cut(w) }},
	{"answers with HTML", false, func(w http.ResponseWriter, pass func() program.Answered) {
		program.Answered{Status: http.StatusBadGateway, Kind: "text/html", Body: []byte("<!doctype html><title>502 Bad Gateway</title>")}.Write(w)
	}},
	{"answers with 64 MB", true, func(w http.ResponseWriter, pass func() program.Answered) {
		pass()
		w.Header().Set("Content-Type", "application/json")
		for range 64 {
			if _, err := w.Write(bytes.Repeat([]byte(" "), 1<<20)); err != nil {
				return
			}
		}
	}},
	{"cut before the effect", false, func(w http.ResponseWriter, pass func() program.Answered) { program.Cut(w) }},
	{"slow, by 4 s", false, func(w http.ResponseWriter, pass func() program.Answered) {
		time.Sleep(4 * time.Second)
		pass().Write(w)
	}},
	{"silent for longer than anyone waits", false, func(w http.ResponseWriter, pass func() program.Answered) {
		time.Sleep(20 * time.Second)
	}},
	{"answers with no JSON", false, func(w http.ResponseWriter, pass func() program.Answered) {
		program.Answered{Status: http.StatusOK, Kind: "application/json", Body: []byte(`{"RequestId":`)}.Write(w)
	}},
	{"answers with nothing", false, func(w http.ResponseWriter, pass func() program.Answered) {
		program.Answered{Status: http.StatusOK, Kind: "application/json", Body: nil}.Write(w)
	}},
	{"answers for another CMK", false, func(w http.ResponseWriter, pass func() program.Answered) {
		a := pass()
		var fields map[string]any
		if json.Unmarshal(a.Body, &fields) == nil && fields["KeyId"] != nil {
			fields["KeyId"] = "key-hzzanother"
			a.Body, _ = json.Marshal(fields)
		}
		a.Write(w)
	}},
	{"answers as text/plain", false, func(w http.ResponseWriter, pass func() program.Answered) {
		a := pass()
		a.Kind = "text/plain"
		a.Write(w)
	}},
	{"says that it is at fault", false, func(w http.ResponseWriter, pass func() program.Answered) {
		program.Answered{Status: http.StatusInternalServerError, Kind: "application/json", Body: []byte(`{"Code":"InternalFailure","Message":"x","RequestId":"4C467B38-3910-447D-87BC-AC049166F216"}`)}.Write(w)
	}},
}

// faultsOfTheKMS lets each fault befall step 2 and step 4 of one import.
func (s *survivor) faultsOfTheKMS(t *testing.T) {
	for _, f := range kmsFaults {
		if !f.brief && !*proof.Full {
			continue
		}
		t.Run(f.name, func(t *testing.T) { s.faultAtBothCalls(t, f.name, f.answer) })
	}
	if !*proof.Full { // e2e/person has a KMS that is down
		return
	}
	t.Run("down", func(t *testing.T) {
		v, key := s.visit(t)
		s.Proxy.Close()
		v.ChooseCMK(key)
		v.Press(v.Words.Params.Get)
		said := failed(v)
		s.Proxy.Open(t)
		v.GetParameters("RSAES_OAEP_SHA_256")
		backup, passphrase := prepared(v)
		v.ProveBackup(backup, passphrase)
		s.Proxy.Close()
		v.Send(key)
		said += ", " + failed(v)
		s.Proxy.Open(t)
		v.Press(v.Words.Import.TryAgain)
		s.accepted(v, key, backup, passphrase)
		survived("KMS down, at steps 2 and 4", said, "tried again: Enabled")
	})
}

func (s *survivor) faultAtBothCalls(t *testing.T, name string, answer program.Fault) {
	v, key := s.visit(t)
	defer s.Proxy.Put("", nil)
	v.ChooseCMK(key)
	s.Proxy.Put("GetParametersForImport", answer)
	v.Press(v.Words.Params.Get)
	said := failedOr(v, "[data-step=material][data-state=open] h2")
	s.Proxy.Put("", nil)
	if said != "" {
		v.Press(v.Words.Params.Get)
	}
	v.See("[data-step=material][data-state=open] h2", "")
	backup, passphrase := prepared(v)
	v.ProveBackup(backup, passphrase)
	s.Proxy.Put("ImportKeyMaterial", answer)
	v.Send(key)
	again := failedOr(v, "[data-part=result] h2")
	s.Proxy.Put("", nil)
	ended := "Enabled at once"
	if again != "" {
		v.Press(v.Words.Import.TryAgain)
		ended = "tried again: Enabled"
	}
	s.accepted(v, key, backup, passphrase)
	survived("KMS "+name+", at steps 2 and 4", orNothing(said)+", "+orNothing(again), ended)
}

// failedOr waits for an error, whose code it returns, or for this to be seen.
func failedOr(v *browser.Visit, seen string) string {
	v.T.Helper()
	const notice = ".notice.error[data-code]"
	v.Do(v.Page.Locator(seen + ":visible, .notice.error:visible").First().WaitFor(
		playwright.LocatorWaitForOptions{Timeout: playwright.Float(40_000)}))
	if visible, _ := v.Page.Locator(notice).First().IsVisible(); !visible {
		return ""
	}
	return failed(v)
}

func orNothing(code string) string {
	if code == "" {
		return "no error"
	}
	return code
}
