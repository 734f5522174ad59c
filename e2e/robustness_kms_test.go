package e2e

import (
	"bytes"
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/playwright-community/playwright-go"
)

// kmsFaults are what a KMS can do wrong.
var kmsFaults = []struct {
	name   string
	brief  bool // part of the short form
	answer fault
}{
	{"cut after the effect", true, func(w http.ResponseWriter, pass func() answered) { pass(); cut(w) }},
	{"answers with HTML", false, func(w http.ResponseWriter, pass func() answered) {
		answered{http.StatusBadGateway, "text/html", []byte("<!doctype html><title>502 Bad Gateway</title>")}.write(w)
	}},
	{"answers with 64 MB", true, func(w http.ResponseWriter, pass func() answered) {
		pass()
		w.Header().Set("Content-Type", "application/json")
		for range 64 {
			if _, err := w.Write(bytes.Repeat([]byte(" "), 1<<20)); err != nil {
				return
			}
		}
	}},
	{"cut before the effect", false, func(w http.ResponseWriter, pass func() answered) { cut(w) }},
	{"slow, by 4 s", false, func(w http.ResponseWriter, pass func() answered) {
		time.Sleep(4 * time.Second)
		pass().write(w)
	}},
	{"silent for longer than anyone waits", false, func(w http.ResponseWriter, pass func() answered) {
		time.Sleep(20 * time.Second)
	}},
	{"answers with no JSON", false, func(w http.ResponseWriter, pass func() answered) {
		answered{http.StatusOK, "application/json", []byte(`{"RequestId":`)}.write(w)
	}},
	{"answers with nothing", false, func(w http.ResponseWriter, pass func() answered) {
		answered{http.StatusOK, "application/json", nil}.write(w)
	}},
	{"answers for another CMK", false, func(w http.ResponseWriter, pass func() answered) {
		a := pass()
		var fields map[string]any
		if json.Unmarshal(a.body, &fields) == nil && fields["KeyId"] != nil {
			fields["KeyId"] = "key-hzzanother"
			a.body, _ = json.Marshal(fields)
		}
		a.write(w)
	}},
	{"answers as text/plain", false, func(w http.ResponseWriter, pass func() answered) {
		a := pass()
		a.kind = "text/plain"
		a.write(w)
	}},
	{"says that it is at fault", false, func(w http.ResponseWriter, pass func() answered) {
		answered{http.StatusInternalServerError, "application/json", []byte(`{"Code":"InternalFailure","Message":"x","RequestId":"4C467B38-3910-447D-87BC-AC049166F216"}`)}.write(w)
	}},
}

// faultsOfTheKMS lets each fault befall step 2 and step 4 of one import.
func (s *survivor) faultsOfTheKMS(t *testing.T) {
	for _, f := range kmsFaults {
		if !f.brief && !*full {
			continue
		}
		t.Run(f.name, func(t *testing.T) { s.faultAtBothCalls(t, f.name, f.answer) })
	}
	t.Run("down", func(t *testing.T) {
		v, key := s.visit(t)
		s.door.close()
		v.chooseCMK(key)
		v.press(v.words.Params.Get)
		said := v.failed()
		s.door.open(t)
		v.getParameters("RSAES_OAEP_SHA_256")
		backup, passphrase := v.prepared()
		v.proveBackup(backup, passphrase)
		s.door.close()
		v.send(key)
		said += ", " + v.failed()
		s.door.open(t)
		v.press(v.words.Import.TryAgain)
		s.accepted(v, key, backup, passphrase)
		survived("KMS down, at steps 2 and 4", said, "tried again: Enabled")
	})
}

func (s *survivor) faultAtBothCalls(t *testing.T, name string, answer fault) {
	v, key := s.visit(t)
	defer s.door.put("", nil)
	v.chooseCMK(key)
	s.door.put("GetParametersForImport", answer)
	v.press(v.words.Params.Get)
	said := v.failedOr("[data-part=parameters] h3")
	s.door.put("", nil)
	if said != "" {
		v.press(v.words.Params.Get)
		v.see("[data-step=params] h3", v.words.Params.Got)
	}
	v.press(v.words.Import.Continue)
	backup, passphrase := v.prepared()
	v.proveBackup(backup, passphrase)
	s.door.put("ImportKeyMaterial", answer)
	v.send(key)
	again := v.failedOr("[data-part=result] h2")
	s.door.put("", nil)
	ended := "Enabled at once"
	if again != "" {
		v.press(v.words.Import.TryAgain)
		ended = "tried again: Enabled"
	}
	s.accepted(v, key, backup, passphrase)
	survived("KMS "+name+", at steps 2 and 4", orNothing(said)+", "+orNothing(again), ended)
}

// failedOr waits for an error, whose code it returns, or for this to be seen.
func (v *visit) failedOr(seen string) string {
	v.t.Helper()
	const code = ".notice.error code[data-fill=code]"
	v.do(v.page.Locator(seen + ":visible, .notice.error:visible").First().WaitFor(
		playwright.LocatorWaitForOptions{Timeout: playwright.Float(40_000)}))
	if visible, _ := v.page.Locator(code).First().IsVisible(); !visible {
		return ""
	}
	return v.text(code)
}

func orNothing(code string) string {
	if code == "" {
		return "no error"
	}
	return code
}
