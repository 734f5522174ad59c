package person

import (
	"encoding/json"
	"strconv"
	"strings"
	"testing"
	"time"

	"keyferry/e2e/browser"
	"keyferry/e2e/program"
)

// A browser's clock that is wrong changes neither the token's life nor the expiry: the console's
// time counts, and the page says so.
func TestConsoleClock(t *testing.T) {
	p := program.Start(t)
	for i, offset := range []time.Duration{-200 * 24 * time.Hour, 48 * time.Hour} {
		t.Run(offset.String(), func(t *testing.T) {
			key := program.Seeded[i]
			v := browser.Open(p, t, browser.Look{}, "/")
			v.SetClock(offset)
			v.ToStep4(key)
			v.See("[data-step=params] [data-summary]", "valid for 23 h 5")
			sentence, _, _ := strings.Cut(v.Words.Send.ClockWrong, "{clock}")
			v.See("[data-form=send] [data-notice=clock]", sentence)
			v.Do(v.Page.Locator("#expiry-365").Check())
			shown, _, _ := strings.Cut(v.Text("[data-form=send] [data-fill=expiry]"), " ")
			v.Send(key)
			v.Imported(key)
			var sent struct{ KeyMaterialExpireUnix int64 }
			if err := json.Unmarshal(v.Posted("ImportKeyMaterial")[0], &sent); err != nil {
				t.Fatal(err)
			}
			if strconv.FormatInt(sent.KeyMaterialExpireUnix, 10) != shown {
				t.Errorf("sent %d, shown %s", sent.KeyMaterialExpireUnix, shown)
			}
			browser.MustBeIn(t, sent.KeyMaterialExpireUnix, 365)
		})
	}
}

// What is typed into the fields of step 4 is refused on the page: a year that the KMS does not
// know, and what is no list of days, which may be a key.
func TestTypedInStep4(t *testing.T) {
	p := program.Start(t)
	key := program.Seeded[0]
	v := browser.Open(p, t, browser.Look{}, "/")
	v.ToStep4(key)
	v.Do(v.Page.Locator("#expiry-at").Check())
	for _, test := range []struct{ time, code string }{
		{"", "expiry_missing"}, {"2020-01-01T00:00", "expiry_past"}, {"1970-01-01T00:00", "expiry_past"}, {"12026-01-01T00:00", "expiry_far"},
	} {
		v.Do(v.Page.Locator("#expiry-time").Fill(test.time))
		v.Send(key)
		v.Fault(test.code)
	}
	v.Do(v.Page.Locator("#expiry-365").Check())
	v.Send(key)
	v.Imported(key)
	for _, typed := range []string{"soon", "0", "366", strings.Repeat("0f", 32), "1 2 3 4 5 6 7 8 9 10 11"} {
		v.Do(v.Page.Locator("#remind").Fill(typed))
		v.Press(v.Words.Keep.Calendar)
		v.Fault("reminder_days")
	}
	for _, sent := range v.Sent {
		if strings.HasPrefix(string(sent), "POST ") && strings.Contains(string(sent), "/calendar") {
			t.Errorf("the page sent %q", sent)
		}
	}
}
