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
