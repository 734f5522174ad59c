package console_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"keyferry/components/text"
	"keyferry/server/console"
	"keyferry/server/localkms/localkmstest"
	"keyferry/server/person"
)

// imported brings a key for a request, with an expiry, and agrees to it.
func (s *site) imported(t *testing.T, expires time.Time, changes map[string]any) (id string) {
	t.Helper()
	id = s.request(t, changes)
	body, _, _ := s.submission(t, id, scrambled(32))
	body = strings.Replace(body, `"KeyMaterialExpireUnix":0`, fmt.Sprintf(`"KeyMaterialExpireUnix":%d`, expires.Unix()), 1)
	submitted := read[shown](t, s.send(t, "ira", "/api/requests/"+id+"/submit", body), http.StatusOK)
	done := read[shown](t, s.send(t, "olga", "/api/requests/"+id+"/approve", `{"Digest":"`+submitted.Digest+`"}`), http.StatusOK)
	if done.State != "imported" {
		t.Fatalf("the request is %s", done.State)
	}
	return id
}

type shownKeys struct {
	Keys []struct {
		Region, KeyId, Label, State, Request, Expires, KeyCheckValue, Holder, Drilled, DrillDue, Drill, Renewal string
		May                                                                                                     []string
	}
	After string
}

func aboutKey() string { return fmt.Sprintf(`{"Region":"cn-hangzhou","KeyId":%q}`, keyID()) }

// What somebody imports without a request is on record with its check value. Only a console that keeps
// a record takes one.
func TestOwnImportShowsItsKey(t *testing.T) {
	const shows = `,"KeyCheckValue":"6984AFC841","Commitment":"`
	commitment := strings.Repeat("ab", 32)
	s := newTeam(t, nil)
	out := read[struct{ PublicKey, ImportToken string }](t, s.send(t, "ira", "/kms/GetParametersForImport",
		fmt.Sprintf(`{"KeyId":%q,"WrappingAlgorithm":"RSAES_OAEP_SHA_256","WrappingKeySpec":"RSA_2048"}`, keyID())), http.StatusOK)
	ciphertext, _ := localkmstest.Wrap(t, out.PublicKey, scrambled(32))
	body := fmt.Sprintf(`{"KeyId":%q,"EncryptedKeyMaterial":%q,"ImportToken":%q,"KeyMaterialExpireUnix":0`, keyID(), ciphertext, out.ImportToken)
	if got := s.send(t, "ira", "/kms/ImportKeyMaterial", body+shows+`no commitment"}`); got.status != http.StatusBadRequest {
		t.Errorf("a commitment of no form: %d %s", got.status, got.body)
	}
	s.send(t, "ira", "/kms/ImportKeyMaterial", body+shows+commitment+`"}`) // it waits for an approval
	waiting := read[struct{ Requests []shown }](t, s.get(t, "olga", "/api/requests?which=waiting"), http.StatusOK)
	if len(waiting.Requests) != 1 {
		t.Fatalf("%d requests wait", len(waiting.Requests))
	}
	read[shown](t, s.send(t, "olga", "/api/requests/"+waiting.Requests[0].Id+"/approve", `{"Digest":"`+waiting.Requests[0].Digest+`"}`), http.StatusOK)
	list := read[shownKeys](t, s.get(t, "ira", "/api/keys?which=mine"), http.StatusOK)
	if len(list.Keys) != 1 || list.Keys[0].KeyCheckValue != "6984AFC841" {
		t.Errorf("on record is %+v", list.Keys)
	}

	alone := newSite(t, nil)
	if got := alone.send(t, "", "/kms/ImportKeyMaterial", body+shows+commitment+`"}`); got.status != http.StatusBadRequest || !strings.Contains(got.body, "Console.Malformed") {
		t.Errorf("a console that keeps nothing answers %d %s", got.status, got.body)
	}
}

// The page's data: who may see which key follows the policy, and each act makes a request.
func TestKeysOverHTTP(t *testing.T) {
	s := newTeam(t, nil)
	expires := time.Now().Add(20 * 24 * time.Hour)
	id := s.imported(t, expires, nil)
	list := read[shownKeys](t, s.get(t, "ira", "/api/keys?which=mine"), http.StatusOK)
	if len(list.Keys) != 1 || list.After != "" {
		t.Fatalf("the keys are %+v", list)
	}
	k := list.Keys[0]
	if k.KeyId != keyID() || k.Request != id || k.State != "soon" || k.Expires != expires.UTC().Format(time.RFC3339) || k.KeyCheckValue != "6984AFC841" ||
		k.Holder != "Ira" || k.DrillDue == "" || !slices.Equal(k.May, []string{"drill", "renew"}) {
		t.Errorf("the key is %+v", k)
	}
	if got := read[shownKeys](t, s.get(t, "olga", "/api/keys?which=all"), http.StatusOK); len(got.Keys) != 1 || len(got.Keys[0].May) != 0 {
		t.Errorf("who may only look sees %+v", got)
	}
	if got := s.get(t, "nobody", "/api/keys?which=all"); got.status != http.StatusUnauthorized {
		t.Errorf("nobody gets %d", got.status)
	}
	for _, query := range []string{"", "which=waiting", "which=all&limit=0", "which=all&limit=x", "which=all&state=gone", "which=all&after=x"} {
		if got := s.get(t, "ira", "/api/keys?"+query); got.status != http.StatusBadRequest {
			t.Errorf("%q gets %d", query, got.status)
		}
	}
	again := read[shown](t, s.send(t, "ira", "/api/keys/renew", aboutKey()), http.StatusOK)
	if again.State != "open" || !slices.Contains(again.May, "issue") {
		t.Errorf("the renewal is %+v", again)
	}
	if got := s.send(t, "olga", "/api/keys/renew", aboutKey()); got.status != http.StatusForbidden {
		t.Errorf("who may only look gets %d", got.status)
	}
	if got := s.send(t, "ira", "/api/keys/renew", `{"Region":"cn-hangzhou","KeyId":"key-unknown"}`); got.status != http.StatusNotFound {
		t.Errorf("a key that was never imported gets %d", got.status)
	}
	for _, body := range []string{`{}`, `{"Region":"cn-hangzhou"}`, `{"Region":"a b","KeyId":"` + keyID() + `"}`, `{"Region":"cn-hangzhou","KeyId":"../x"}`} {
		if got := s.send(t, "ira", "/api/keys/drill", body); got.status != http.StatusBadRequest {
			t.Errorf("%s gets %d", body, got.status)
		}
	}
	drill := read[shown](t, s.send(t, "rita", "/api/keys/drill", aboutKey()), http.StatusOK)
	good := `{"Commitment":"` + strings.Repeat("ab", 32) + `","KeyCheckValue":"6984AFC841"}`
	for body, want := range map[string]int{
		`{"Commitment":"","KeyCheckValue":"6984AFC841"}`:                                          http.StatusBadRequest,
		`{"Commitment":"` + strings.Repeat("cd", 32) + `","KeyCheckValue":"6984AFC841"}`:          http.StatusBadRequest,
		`{"Commitment":"` + strings.Repeat("ab", 32) + `","KeyCheckValue":"6984AFC841","Key":""}`: http.StatusBadRequest,
	} {
		if got := s.send(t, "ira", "/api/requests/"+drill.Id+"/prove", body); got.status != want {
			t.Errorf("%s gets %d", body, got.status)
		}
	}
	if got := s.send(t, "rita", "/api/requests/"+drill.Id+"/prove", good); got.status != http.StatusForbidden {
		t.Errorf("who asked for the drill gets %d", got.status)
	}
	if done := read[shown](t, s.send(t, "ira", "/api/requests/"+drill.Id+"/prove", good), http.StatusOK); done.State != "proved" {
		t.Errorf("the drill is %+v", done)
	}
	if got := read[shownKeys](t, s.get(t, "ira", "/api/keys?which=mine"), http.StatusOK).Keys[0]; got.Drilled == "" || got.Renewal != again.Id {
		t.Errorf("afterwards the key is %+v", got)
	}
}

// A drill needs a fresh sign-in, as an import does.
func TestDrillStepUp(t *testing.T) {
	s := newTeam(t, func(team *console.Team) { team.Fresh = func(person.Person) bool { return false } })
	if got := s.send(t, "ira", "/api/requests/"+strings.Repeat("A", 26)+"/prove", `{}`); got.failure(t).Code != "Console.StepUp" {
		t.Errorf("an old sign-in gets %d", got.status)
	}
}

// A calendar has an address that nobody can guess, which is shown once, is in no log, and ends when
// its owner revokes it.
func TestCalendarAddresses(t *testing.T) {
	s := newTeam(t, nil)
	expires := time.Now().Add(60 * 24 * time.Hour).Truncate(time.Second)
	s.imported(t, expires, nil)
	make := func(who, group string) string {
		t.Helper()
		made := read[struct{ Path string }](t, s.send(t, who, "/api/feeds", `{"Group":"`+group+`"}`), http.StatusCreated)
		return made.Path
	}
	mine, group, others := make("ira", ""), make("ira", "payments"), make("olga", "")
	if got := s.send(t, "ira", "/api/feeds", `{"Group":"officers"}`); got.status != http.StatusNotFound {
		t.Errorf("an address for another group gets %d", got.status)
	}
	for path, has := range map[string]bool{mine: true, group: true, others: false} {
		file := s.do(t, http.MethodGet, path, "")
		if file.status != http.StatusOK || file.header.Get("Cache-Control") != "no-store" || !strings.HasPrefix(file.header.Get("Content-Type"), "text/calendar") {
			t.Fatalf("%d %v", file.status, file.header)
		}
		if strings.Contains(file.body, keyID()) != has {
			t.Errorf("%s: %s", path, file.body)
		}
	}
	file := strings.ReplaceAll(s.do(t, http.MethodGet, mine, "").body, "\r\n ", "")
	for _, want := range []string{
		"DTSTART:" + expires.UTC().Format("20060102T150405Z"), "DTSTART:" + expires.UTC().AddDate(0, 0, -7).Format("20060102T150405Z"),
		"DTSTART:" + expires.UTC().AddDate(0, 0, -30).Format("20060102T150405Z"), "/keys?KeyId=" + keyID(), "payments/eu", "X-WR-CALNAME:Keyferry: keys of Ira",
	} {
		if !strings.Contains(file, want) {
			t.Errorf("the calendar lacks %s:\n%s", want, file)
		}
	}
	type feedList struct {
		Feeds []struct{ Id, Group, Read string }
	}
	list := read[feedList](t, s.get(t, "ira", "/api/feeds"), http.StatusOK)
	if len(list.Feeds) != 2 || list.Feeds[1].Group != "payments" || list.Feeds[0].Read == "" {
		t.Fatalf("the addresses are %+v", list)
	}
	if got := s.send(t, "olga", "/api/feeds/revoke", `{"Id":"`+list.Feeds[0].Id+`"}`); got.status != http.StatusNotFound {
		t.Errorf("somebody else revokes it: %d", got.status)
	}
	if got := s.send(t, "ira", "/api/feeds/revoke", `{"Id":"`+list.Feeds[0].Id+`"}`); got.status != http.StatusNoContent {
		t.Errorf("revoking: %d", got.status)
	}
	never := "/calendar/" + strings.Repeat("A", 26) + ".ics"
	for _, path := range []string{mine, never, "/calendar/x", strings.TrimSuffix(group, ".ics")} {
		if got := s.do(t, http.MethodGet, path, ""); got.status != http.StatusNotFound {
			t.Errorf("%s gets %d", path, got.status)
		}
	}
	for _, path := range []string{mine, group, others} {
		secret := strings.TrimSuffix(strings.TrimPrefix(path, "/calendar/"), ".ics")
		if len(secret) != 26 || strings.Contains(s.log.String(), secret) {
			t.Errorf("the log has an address, or it is short: %s", secret)
		}
	}
	busy := 0
	for range 120 {
		if got := s.do(t, http.MethodGet, never, ""); got.status == http.StatusTooManyRequests {
			busy++
		}
	}
	if busy == 0 {
		t.Error("addresses can be guessed without end")
	}
	for _, line := range s.log.lines("request") {
		if strings.Contains(line, "status=429") != strings.Contains(line, "level=DEBUG") {
			t.Errorf("a flood fills the log, or something else is hidden: %s", line)
		}
	}
}

// An owner can have so many addresses and no more.
func TestTooManyCalendars(t *testing.T) {
	s := newTeam(t, nil)
	for i := range 21 {
		got := s.send(t, "ira", "/api/feeds", `{"Group":""}`)
		if want := map[bool]int{true: http.StatusCreated, false: http.StatusBadRequest}[i < 20]; got.status != want {
			t.Fatalf("address %d: %d", i+1, got.status)
		}
	}
	if words := text.Languages[0].Fault("Requests.TooManyFeeds"); s.send(t, "ira", "/api/feeds", `{"Group":""}`).failure(t).Message != words.What {
		t.Error("the refusal has other words")
	}
}
