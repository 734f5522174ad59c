package console_test

import (
	"bytes"
	"net/http"
	"strings"
	"testing"
)

// Two requests are agreed to at once, by the digest over both. A digest of other bytes, nobody, and
// ids that are none are refused.
func TestSetOfRequests(t *testing.T) {
	s := newTeam(t, nil)
	var ids []string
	for range 2 {
		id := s.request(t, nil)
		body, _, _ := s.submission(t, id, bytes.Repeat([]byte("k"), 32))
		if a := s.send(t, "ira", "/api/requests/"+id+"/submit", body); a.status != http.StatusOK {
			t.Fatalf("submitting: %d %s", a.status, a.body)
		}
		ids = append(ids, id)
	}
	list := `["` + strings.Join(ids, `","`) + `"]`
	type set struct {
		Count    int
		States   map[string]int
		Digest   string
		Awaiting []string
		Refused  map[string]string
	}
	got := read[set](t, s.send(t, "olga", "/api/set", `{"Requests":`+list+`}`), http.StatusOK)
	if got.Count != 2 || got.States["submitted"] != 2 || len(got.Awaiting) != 2 || len(got.Digest) != 64 {
		t.Fatalf("the set is %+v", got)
	}
	if mine := read[set](t, s.send(t, "rita", "/api/set", `{"Requests":`+list+`}`), http.StatusOK); len(mine.Awaiting) != 0 || mine.Digest != "" {
		t.Errorf("for the requester waits %+v", mine)
	}
	for name, test := range map[string]struct {
		who, body string
		status    int
	}{
		"nobody":         {"", `{"Requests":` + list + `,"Digest":"` + got.Digest + `"}`, http.StatusUnauthorized},
		"another digest": {"olga", `{"Requests":` + list + `,"Digest":"` + strings.Repeat("0", 64) + `"}`, http.StatusConflict},
		"no digest":      {"olga", `{"Requests":` + list + `}`, http.StatusBadRequest},
		"no id":          {"olga", `{"Requests":["x"],"Digest":"` + got.Digest + `"}`, http.StatusNotFound},
		"no list":        {"olga", `{"Requests":"x","Digest":"` + got.Digest + `"}`, http.StatusBadRequest},
	} {
		if a := s.send(t, test.who, "/api/set/approve", test.body); a.status != test.status {
			t.Errorf("%s: %d %s, want %d", name, a.status, a.body, test.status)
		}
	}
	after := read[set](t, s.send(t, "olga", "/api/set/approve", `{"Requests":`+list+`,"Digest":"`+got.Digest+`"}`), http.StatusOK)
	if after.States["imported"] != 2 || len(after.Refused) != 0 {
		t.Errorf("after the approval: %+v", after)
	}
}
