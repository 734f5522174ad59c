package clients

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"keyferry/server/console"
	"keyferry/server/requests"
	"keyferry/web"
)

// idle is the KMS of a console that nobody imports with.
type idle struct{ requests.KMS }

const calendarKey = "key-hzz62f1cb66fa42qo0000"

// calendar has a console write the calendar file for an expiry, with reminders 30 and 7 days
// before.
func calendar(t *testing.T, expires time.Time, language string) string {
	t.Helper()
	files := fstest.MapFS{}
	for _, name := range append([]string{web.Worker}, web.Modules...) {
		files[name] = &fstest.MapFile{Data: []byte(name)}
	}
	static, err := web.ReadTree(files)
	if err != nil {
		t.Fatal(err)
	}
	handler, err := console.New(console.Config{KMS: requests.Direct(idle{}), Static: static, Region: "cn-hangzhou"})
	if err != nil {
		t.Fatal(err)
	}
	site := httptest.NewServer(handler)
	defer site.Close()
	form := url.Values{"KeyId": {calendarKey}, "KeyMaterialExpireUnix": {fmt.Sprint(expires.Unix())}, "Remind": {"30, 7"}}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, site.URL+"/"+language+"/calendar", strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("%d %s, %v", response.StatusCode, body, err)
	}
	file := filepath.Join(t.TempDir(), "keyferry.ics")
	if err := os.WriteFile(file, body, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// read is what ical.js found in a calendar file.
type read struct {
	Version, Method string
	Events          []struct {
		UID                  string
		Sequence, Start, End int64
		Summary, Description string
		Alarms               []int64
	}
}

func readWithICALjs(t *testing.T, file string) read {
	t.Helper()
	if _, err := os.Stat(filepath.Join("..", "node_modules", "ical.js", "package.json")); err != nil {
		t.Fatal("npm's ical.js is missing: run make tools")
	}
	readScripts(t)
	output, err := exec.CommandContext(t.Context(), installed(t, "node"), filepath.Join("testdata", "calendar.mjs"), file).CombinedOutput()
	var found read
	if err == nil {
		err = json.Unmarshal(output, &found)
	}
	if err != nil {
		t.Fatalf("ical.js: %v\n%s", err, output)
	}
	return found
}

// ical.js finds the events, with an alarm at the start of each.
func TestCalendarWithICALjs(t *testing.T) {
	if testing.Short() {
		t.Skip("starts other programs")
	}
	for language, words := range map[string]string{"en": "Key material of " + calendarKey, "zh-CN": "密钥材料"} {
		expires := time.Now().AddDate(1, 0, 0).Truncate(time.Second)
		found := readWithICALjs(t, calendar(t, expires, language))
		if found.Version != "2.0" || found.Method != "PUBLISH" || len(found.Events) != 3 {
			t.Fatalf("%s: %+v", language, found)
		}
		uids := map[string]bool{}
		for i, days := range []int{0, 7, 30} {
			event, start := found.Events[i], expires.AddDate(0, 0, -days).Unix()
			if event.Start != start || event.End <= start || !slices.Equal(event.Alarms, []int64{start}) {
				t.Errorf("%s, %d days before: %+v, want the start %d", language, days, event, start)
			}
			if !strings.Contains(event.Summary, words) || !strings.Contains(event.Description, "/reimport?KeyId="+calendarKey) {
				t.Errorf("%s, %d days before: %+v", language, days, event)
			}
			uids[event.UID] = true
		}
		if len(uids) != 3 {
			t.Errorf("%s: the UIDs are %v", language, uids)
		}
	}
}

// calcurse takes every event, on its day.
func TestCalendarWithCalcurse(t *testing.T) {
	if testing.Short() {
		t.Skip("starts other programs")
	}
	calcurse := installed(t, "calcurse")
	for _, language := range []string{"en", "zh-CN"} {
		expires := time.Date(time.Now().Year()+1, 6, 15, 12, 0, 0, 0, time.UTC)
		folder := t.TempDir()
		run := func(arguments ...string) string {
			t.Helper()
			command := exec.CommandContext(t.Context(), calcurse, append([]string{"--directory", folder}, arguments...)...)
			command.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + folder, "TZ=UTC", "LC_ALL=C.UTF-8", "TERM=dumb"}
			output, err := command.CombinedOutput()
			if err != nil {
				t.Fatalf("calcurse %v: %v\n%s", arguments, err, output)
			}
			return string(output)
		}
		if said := run("--import", calendar(t, expires, language)); !strings.Contains(said, "3 events / 0 todos / 0 skipped") && !strings.Contains(said, "3 apps / 0 events / 0 todos / 0 skipped") {
			t.Errorf("%s: calcurse said %s", language, said)
		}
		for _, days := range []int{0, 7, 30} {
			day := expires.AddDate(0, 0, -days)
			listed := run("--query", "--from", day.Format("01/02/2006"), "--days", "1")
			if !strings.Contains(listed, "12:00 -> 12:15") || !strings.Contains(listed, calendarKey) {
				t.Errorf("%s, %d days before: calcurse has %q", language, days, listed)
			}
		}
	}
}
