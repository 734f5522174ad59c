package linked

import (
	"testing"
	"time"

	"keyferry/components/text"
	"keyferry/e2e/browser"
	"keyferry/e2e/program"
)

const policies = `
permit (principal in Group::"platform", action in [Action::"request", Action::"cancel", Action::"readRequests"], resource is Key);
@approvals("1") @approvers("Group::\"crypto-officers\"")
permit (principal in Group::"payments", action == Action::"import", resource is Key);
permit (principal in Group::"crypto-officers", action in [Action::"approve", Action::"readRequests"], resource is Key);
permit (principal, action == Action::"readRequests", resource is Key) when { context.isRequester || context.isImporter };
`

// at opens a request's page and waits for its state.
func at(v *browser.Visit, id, state string) {
	v.T.Helper()
	v.Do(v.Page.Goto(v.Program.Console + "/request?id=" + id))
	v.See(".now h2", state)
}

// A request whose importer does not trust the console: the desk makes both calls, a colleague agrees
// between, and the console settles the outcome by the KMS's own answer.
func TestRequestWithTheDesk(t *testing.T) {
	p := program.StartTeam(t, policies)
	key, algorithm := program.Seeded[0], browser.Algorithms[0]
	id := browser.SignIn(p, t, browser.Look{}, "Robin").CreateRequest(key, "payments/eu", 48*time.Hour, "")
	ines := browser.SignIn(p, t, browser.Look{}, "Ines")
	words := ines.Words.Link
	at(ines, id, ines.Words.Team.Status.Open)
	ines.Do(ines.Page.Locator("[data-part=desk] > summary").Click())
	ines.Press(words.Make)
	first := made(ines, "desk-parameters")
	desk := openDesk(p, t, browser.Look{}, program.WriteConnectedDesk(t, p.Local))
	bring(ines, desk.ByLink(key, first, algorithm))
	ines.MustHaveOnePrimary()
	ines.Press(words.SubmitDesk)
	ines.See(".now h2", ines.Words.Team.Status.Submitted)

	olga := browser.SignIn(p, t, browser.Look{}, "Olga")
	at(olga, id, olga.Words.Team.Status.Submitted)
	olga.Press(olga.Words.Team.One.Agree)
	olga.See(".now .next", text.Fill(olga.Words.Team.Next.Link, "who", text.Fill(olga.Words.Team.Next.Of, "name", "payments")))
	if got := p.State(t, key); got != "PendingImport" {
		t.Errorf("agreed, and not sent: the CMK is %s", got)
	}

	at(ines, id, ines.Words.Team.Status.Submitted)
	ines.See(".now .next", ines.Words.Team.Next.LinkYou)
	ines.MustHaveOnePrimary()
	ines.Press(words.MakeImport)
	second := made(ines, "desk-import")
	ines.See(".now h2", ines.Words.Team.Status.Linked)
	ines.MustHaveOnePrimary()
	ines.MustLook("with the link out")
	ines.Shot("linked-request-link")
	desk.GiveSecond(key, second)
	desk.AcceptedByKMS(key)
	ines.Press(words.ReportButton)
	ines.See(".now h2", ines.Words.Team.Status.Imported)
	ines.See("[data-what=reported]", ines.Words.Team.Happened.Reported)
	ines.Do(ines.Page.Locator("[data-part=submission] > summary").Click())
	ines.See("[data-row=parameters-way]", words.ByLinkRecorded)
	ines.Shot("linked-request")
	p.MustWork(t, key)
	for _, v := range []*browser.Visit{ines, olga, desk} {
		v.MustNotHaveLeaked(key)
	}
}

// The places for the desk, in both languages and themes, wide and narrow.
func TestLooks(t *testing.T) {
	p := program.Start(t)
	browser.InLooks(t, "en", func(t *testing.T, how browser.Look) {
		c := browser.Open(p, t, how, "/")
		c.ChooseCMK(program.Seeded[0])
		c.MustHaveOnePrimary()
		c.Do(c.Page.Locator("[data-part=desk] > summary").Click())
		c.Press(c.Words.Link.Make)
		made(c, "desk-parameters")
		c.Do(c.Page.Locator("[data-part=desk-parameters-link] [data-part=qr] > summary").Click())
		c.MustHaveOnePrimary()
		c.MustLook("with a link")
		c.Shot("linked-" + how.Name())
	})
}
