package console_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"keyferry/server/console"
	"keyferry/server/person"
)

// Each list takes what is searched for up to its longest, and as many things as one answer has.
func TestListsAreReadToTheirLimits(t *testing.T) {
	s := newTeam(t, nil)
	long := strings.Repeat("x", 1000)
	for _, list := range []string{"/api/requests?which=all", "/api/keys?which=all", "/api/ledger?kind="} {
		for query, status := range map[string]int{
			"&limit=1": http.StatusOK, "&limit=100": http.StatusOK, "&limit=101": http.StatusBadRequest, "&limit=0": http.StatusBadRequest,
		} {
			if a := s.get(t, "olga", list+query); a.status != status {
				t.Errorf("%s%s: %d %s", list, query, a.status, a.body)
			}
		}
	}
	for query, code := range map[string]string{ // the service itself takes less
		"requests?which=all&text=" + long: "Requests.Filter", "requests?which=all&text=x" + long: "Console.Malformed",
		"requests?which=all&after=" + long: "Requests.Filter", "requests?which=all&after=x" + long: "Console.Malformed",
		"keys?which=all&text=" + long: "Requests.Filter", "keys?which=all&text=x" + long: "Console.Malformed",
		"keys?which=all&after=" + long: "Requests.Filter", "keys?which=all&after=x" + long: "Console.Malformed",
		"ledger?text=" + long: "", "ledger?text=x" + long: "Console.Malformed",
		"ledger?kind=" + long: "", "ledger?kind=x" + long: "Console.Malformed",
		"ledger?before=0": "", "ledger?before=-1": "Console.Malformed",
	} {
		if a := s.get(t, "olga", "/api/"+query); code == "" && a.status != http.StatusOK || code != "" && a.failure(t).Code != code {
			t.Errorf("%.30s (%d characters): %d %s", query, len(query), a.status, a.body)
		}
	}
}

// A set has at most a thousand requests. It counts one that is named twice once.
func TestLargestSet(t *testing.T) {
	s := newTeam(t, nil)
	ids := strings.Repeat(`"`+s.request(t, nil)+`",`, 1001)
	set := read[struct{ Count int }](t, s.send(t, "rita", "/api/set", `{"Requests":[`+strings.TrimSuffix(ids[:1000*29], ",")+`]}`), http.StatusOK)
	if set.Count != 1 {
		t.Errorf("%d requests", set.Count)
	}
	if a := s.send(t, "rita", "/api/set", `{"Requests":[`+strings.TrimSuffix(ids, ",")+`]}`); a.status != http.StatusNotFound {
		t.Errorf("more: %d %s", a.status, a.body)
	}
}

// What the KMS did not take is shown with its code and with words for it.
func TestRefusedByTheKMS(t *testing.T) {
	s := newTeam(t, nil)
	path := "/api/requests/" + s.request(t, nil)
	body, _, ciphertext := s.submission(t, strings.TrimPrefix(path, "/api/requests/"), scrambled(32))
	body = strings.Replace(body, ciphertext, base64.StdEncoding.EncodeToString(scrambled(256)), 1)
	submitted := read[shown](t, s.send(t, "ira", path+"/submit", body), http.StatusOK)
	s.send(t, "olga", path+"/approve", `{"Digest":"`+submitted.Digest+`"}`)
	got := read[struct {
		Next struct{ Code, Detail, What string }
	}](t, s.get(t, "ira", path), http.StatusOK)
	if got.Next.Detail == "" || got.Next.What == "" {
		t.Errorf("what is next is %+v", got.Next)
	}
}

// An entry of a calendar names fifty CMKs, and says when there are more.
func TestCalendarOfManyNames(t *testing.T) {
	s := newSite(t, nil)
	for count, more := range map[int]bool{50: false, 51: true} {
		var lines strings.Builder
		for i := range count {
			fmt.Fprintf(&lines, "key-hzz%08d 1999999999\n", i)
		}
		form := url.Values{"Keys": {lines.String()}, "Remind": {"7"}}
		a := s.do(t, http.MethodPost, "/en/calendar/many", form.Encode(), "Content-Type", "application/x-www-form-urlencoded")
		file := strings.ReplaceAll(a.body, "\r\n ", "")
		if a.status != http.StatusOK || strings.Contains(file, "…") != more || !strings.Contains(file, "key-hzz00000049") || strings.Contains(file, "key-hzz00000050") {
			t.Errorf("%d CMKs: %d\n%s", count, a.status, file)
		}
	}
}

// A lead time of less than a day is none for a calendar, in which reminders are of days.
func TestCalendarWithoutHours(t *testing.T) {
	s := newTeam(t, func(team *console.Team) { team.Leads = []time.Duration{12 * time.Hour, 24 * time.Hour} })
	s.imported(t, time.Now().Add(60*24*time.Hour), nil)
	made := read[struct{ Path string }](t, s.send(t, "ira", "/api/feeds", `{"Group":""}`), http.StatusCreated)
	file := strings.ReplaceAll(s.do(t, http.MethodGet, made.Path, "").body, "\r\n ", "")
	if !strings.Contains(file, keyID()+"-1d@") || strings.Count(file, "UID:"+keyID()+"@") != 1 {
		t.Errorf("the calendar is\n%s", file)
	}
}

// A guest link can be made again after the guest has asked for import parameters, and not after the
// guest has submitted. The key is then one that a guest holds.
func TestGuestLinkWhileIssued(t *testing.T) {
	var id string
	s := newTeam(t, func(team *console.Team) {
		team.Who = func(next http.Handler) http.Handler { // Ira came by a link
			others := byHeader(next)
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Header.Get("Who-Test") != "ira" {
					others.ServeHTTP(w, r)
					return
				}
				guest := person.Person{ID: "guest:" + id, Kind: person.Guest, Name: "Ira", Request: id}
				next.ServeHTTP(w, r.WithContext(person.With(r.Context(), guest)))
			})
		}
	})
	id = s.request(t, map[string]any{"ImporterKind": "link", "Importer": ""})
	path := "/api/requests/" + id
	body, _, _ := s.submission(t, id, scrambled(32))
	if a := s.send(t, "rita", path+"/guest-link", `{}`); a.status != http.StatusOK {
		t.Errorf("a second link: %d %s", a.status, a.body)
	}
	submitted := read[shown](t, s.send(t, "ira", path+"/submit", body), http.StatusOK)
	if a := s.send(t, "rita", path+"/guest-link", `{}`); a.failure(t).Code != "Console.NoGuest" {
		t.Errorf("a link after the submission: %d %s", a.status, a.body)
	}
	read[shown](t, s.send(t, "olga", path+"/approve", `{"Digest":"`+submitted.Digest+`"}`), http.StatusOK)
	list := read[struct{ Keys []struct{ Guest bool } }](t, s.get(t, "olga", "/api/keys?which=all"), http.StatusOK)
	if len(list.Keys) != 1 || !list.Keys[0].Guest {
		t.Errorf("the key of a guest is %+v", list)
	}
}

// A console says which regions it is for, and whether more waits than it counts. Signing in is
// another handler's, where there is one.
func TestMe(t *testing.T) {
	type me struct {
		Regions []string
		Waiting int
		More    bool
	}
	s := newTeam(t, nil)
	s.request(t, nil)
	if got := read[me](t, s.get(t, "ira", "/api/me"), http.StatusOK); !slices.Equal(got.Regions, []string{"cn-hangzhou"}) || got.Waiting != 1 || got.More {
		t.Errorf("of one region: %+v", got)
	}
	if a := s.get(t, "", "/signin/start"); a.status != http.StatusNotFound {
		t.Errorf("signing in where nobody can: %d", a.status)
	}
	s = newTeam(t, func(team *console.Team) {
		team.Regions = []string{"cn-hangzhou", "ap-southeast-1"}
		team.SignIn = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusTeapot) })
	})
	if got := read[me](t, s.get(t, "", "/api/me"), http.StatusOK); len(got.Regions) != 2 {
		t.Errorf("of two regions: %+v", got)
	}
	if a := s.get(t, "", "/signin/start"); a.status != http.StatusTeapot {
		t.Errorf("signing in: %d", a.status)
	}
}

func TestChoices(t *testing.T) {
	for want, chosen := range map[string][2]string{"": {}, "keyferry_language=en": {"en", ""}, "keyferry_theme=dark": {"", "dark"}, "keyferry_language=en; keyferry_theme=dark": {"en", "dark"}} {
		if got := console.Choices(chosen[0], chosen[1]); got != want {
			t.Errorf("%q is %q, want %q", chosen, got, want)
		}
	}
}

// A code of the KMS that an importer reports has at most 64 letters.
func TestLongestCode(t *testing.T) {
	s := newTeam(t, nil)
	path := "/api/requests/" + s.request(t, nil) + "/report"
	for size, malformed := range map[int]bool{64: false, 65: true} { // no link was given out, so that neither is taken
		a := s.send(t, "ira", path, `{"State":"refused","Code":"`+strings.Repeat("A", size)+`","RequestId":""}`)
		if a.status < 400 || (a.failure(t).Code == "Console.Malformed") != malformed {
			t.Errorf("%d letters: %d %s", size, a.status, a.body)
		}
	}
}
