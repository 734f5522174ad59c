package desk

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"keyferry/components/text"
	"keyferry/e2e/browser"
	"keyferry/e2e/program"
)

// Offline, the token tells that the clock is behind, and the expiry follows it. Where the clock is
// ahead, nothing can tell, and the page names both causes.
func TestDeskClock(t *testing.T) {
	p := program.Start(t)
	key, algorithm := program.Seeded[0], "RSAES_OAEP_SHA_256"
	v := openFile(p, t, browser.Look{}, program.WriteDesk(t))
	v.SetClock(48 * time.Hour)
	v.DeskCMK(key)
	v.Paste(p.AnswerOf(t, key, algorithm), algorithm)
	v.Fault("token_expired")
	sentence := text.Fill(v.Words.Desk.ExpiredOrClock, "clock", "", "time", "", "do", "")
	_, sentence, _ = strings.Cut(sentence, ". ")
	v.See(".notice.error [data-fill=do]", strings.TrimSuffix(sentence, " "))

	v = openFile(p, t, browser.Look{}, program.WriteDesk(t))
	v.SetClock(time.Until(time.Date(2020, 1, 2, 0, 0, 0, 0, time.UTC)))
	v.DeskCMK(key)
	v.Paste(p.AnswerOf(t, key, algorithm), algorithm)
	sentence, _, _ = strings.Cut(v.Words.Desk.ClockBehind, "{clock}")
	v.See("[data-part=parameters] [data-notice=clock]", sentence)
	v.HaveRead()
	v.GenerateForRecipient()
	v.Do(v.Page.Locator("#expiry-90").Check())
	v.Press(v.Words.Desk.MakeFiles)
	shown, _, _ := strings.Cut(v.Text("[data-part=result] [data-fill=expiry]"), " ")
	unix, err := strconv.ParseInt(shown, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	browser.MustBeIn(t, unix, 90)
}
