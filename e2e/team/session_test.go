package team

import (
	"testing"
	"time"

	"keyferry/components/text"
	"keyferry/e2e/browser"
	"keyferry/e2e/program"
)

// A session that is over before the key is submitted costs nothing: the page says so, signs the
// person in beside itself, and then submits what was made before.
func TestSessionOverInTheMiddle(t *testing.T) {
	p := start(t)
	key := program.Seeded[0]
	robin := signIn(t, p, browser.Look{}, "Robin")
	browser.InLooks(t, "zh-CN", func(t *testing.T, how browser.Look) {
		id := robin.CreateRequest(key, "payments/slow", time.Hour, "")
		ines := signIn(t, p, how, "Ines")
		ines.prepare(id)
		digest, err := ines.Page.Locator("[data-part=result] [data-fill=ciphertext-digest]").TextContent() // hidden as yet
		ines.Do(err)
		ines.Expect("401")
		ines.Do(ines.Page.Context().ClearCookies())
		ines.Press(text.Fill(ines.Words.Team.Order.Submit, "cmk", key))
		ines.Fault("Console.SignIn")
		ines.MustHaveOnePrimary()
		ines.MustLook("the session is over")

		beside, err := ines.Page.ExpectPopup(func() error {
			return ines.Page.Locator(".notice [data-help=signin]").Click()
		})
		ines.Do(err)
		ines.Do(beside.GetByText(text.Fill(ines.Words.Team.SignIn.As, "name", "Ines")).Click())
		ines.Do(beside.Locator("[data-part=order]").WaitFor())
		ines.Do(beside.Close())
		ines.Do(ines.Page.Locator(".notice [data-help=again]").Click())
		ines.Do(ines.Page.Locator("[data-part=order-result]").WaitFor())
		robin.sees(id, robin.Words.Team.Status.Submitted)
		got, err := robin.Page.Locator("[data-part=submission] [data-fill=ciphertext]").TextContent()
		if robin.Do(err); len(got) != 64 || got != digest {
			t.Errorf("submitted is %q, and before the session was over it was %q", got, digest)
		}
	})
}
