package clients

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"keyferry/server/console"
	"keyferry/server/feeds"
	"keyferry/server/requests"
	"keyferry/web"
)

// ofKeys is a console for several people of which nothing but a calendar is read: the calendar's
// keys are fixed.
type ofKeys struct {
	console.Feeds
	keys []requests.Key
}

// unread are the parts that no calendar program asks for.
type (
	noRequests struct{ console.Requests }
	noLedger   struct{ console.Ledger }
)

// Handler serves no ledger.
func (noLedger) Handler() http.Handler { return http.NotFoundHandler() }

// Open returns the keys.
func (o ofKeys) Open(context.Context, string, string) (feeds.Calendar, error) {
	return feeds.Calendar{Name: "payments, \"east\"; 支付", Language: "zh-CN", Keys: o.keys}, nil
}

// feedFile has a console write the calendar of an address.
func feedFile(t *testing.T, keys []requests.Key) string {
	t.Helper()
	files := fstest.MapFS{}
	for _, name := range append([]string{web.Worker}, web.Modules...) {
		files[name] = &fstest.MapFile{Data: []byte(name)}
	}
	static, err := web.ReadTree(files)
	if err != nil {
		t.Fatal(err)
	}
	handler, err := console.New(console.Config{
		KMS: requests.Direct(idle{}), Static: static, Region: "cn-hangzhou",
		Team: &console.Team{Requests: noRequests{}, Ledger: noLedger{}, Feeds: ofKeys{keys: keys}, Leads: []time.Duration{7 * 24 * time.Hour, 30 * 24 * time.Hour}},
	})
	if err != nil {
		t.Fatal(err)
	}
	site := httptest.NewServer(handler)
	defer site.Close()
	response, err := http.Get(site.URL + "/calendar/" + strings.Repeat("A", 26) + ".ics")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("%d %s, %v", response.StatusCode, body, err)
	}
	file := filepath.Join(t.TempDir(), "feed.ics")
	if err := os.WriteFile(file, body, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// feedKeys are one key that expires in a year, one that lasts and has a drill due, and one that has
// expired.
func feedKeys(expires time.Time) []requests.Key {
	return []requests.Key{
		{Region: "cn-hangzhou", ID: "key-gone", Label: "payments/旧", Expires: time.Now().AddDate(0, 0, -3).UTC()},
		{Region: "cn-hangzhou", ID: calendarKey, Label: `a, "b"; c\n` + strings.Repeat("很长的标签", 20), Expires: expires.UTC()},
		{Region: "cn-hangzhou", ID: "key-lasting", DrillDue: expires.UTC()},
	}
}

// ical.js finds the events of a subscribed calendar, each with its own UID.
func TestFeedWithICALjs(t *testing.T) {
	if testing.Short() {
		t.Skip("starts other programs")
	}
	expires := time.Now().AddDate(1, 0, 0).Truncate(time.Second)
	found := readWithICALjs(t, feedFile(t, feedKeys(expires)))
	var starts []int64
	uids := map[string]bool{}
	for _, e := range found.Events {
		starts = append(starts, e.Start)
		uids[e.UID] = true
		if !strings.Contains(e.Description, "/keys?KeyId=key-") {
			t.Errorf("the description is %q", e.Description)
		}
	}
	for _, days := range []int{0, 7, 30} {
		if !slices.Contains(starts, expires.AddDate(0, 0, -days).Unix()) {
			t.Errorf("nothing starts %d days before: %v", days, starts)
		}
	}
	if len(found.Events) != 5 || len(uids) != 5 || !strings.Contains(found.Events[1].Summary, `a, "b"; c\n`) {
		t.Errorf("%d events with %d UIDs: %+v", len(found.Events), len(uids), found.Events)
	}
}

// calcurse takes every event of a subscribed calendar.
func TestFeedWithCalcurse(t *testing.T) {
	if testing.Short() {
		t.Skip("starts other programs")
	}
	folder := t.TempDir()
	expires := time.Date(time.Now().Year()+1, 6, 15, 12, 0, 0, 0, time.UTC)
	command := exec.CommandContext(t.Context(), installed(t, "calcurse"), "--directory", folder, "--import", feedFile(t, feedKeys(expires)))
	command.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + folder, "TZ=UTC", "LC_ALL=C.UTF-8", "TERM=dumb"}
	output, err := command.CombinedOutput()
	if said := string(output); err != nil || !strings.Contains(said, "5 events / 0 todos / 0 skipped") && !strings.Contains(said, "5 apps / 0 events / 0 todos / 0 skipped") {
		t.Errorf("calcurse: %v, %s", err, said)
	}
}
