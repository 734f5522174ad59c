package team

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/playwright-community/playwright-go"

	"keyferry/components/text"
	"keyferry/e2e/browser"
	"keyferry/e2e/program"
)

// One asks, another brings the key, a third agrees to exactly these bytes, and all three see that it
// is imported. None of them needs more than the page that they are on.
func TestRequestBetweenThree(t *testing.T) {
	p := start(t)
	key := program.Seeded[0]
	robin := signIn(t, p, browser.Look{}, "Robin")
	ines := signIn(t, p, browser.Look{Language: "zh-CN"}, "Ines")
	olga := signIn(t, p, browser.Look{}, "Olga")

	id := robin.request(key, "payments/eu")
	link := robin.Text("#import-link")
	if !strings.HasPrefix(link, p.Console+"/?request=") {
		t.Fatalf("the link for the importer is %q", link)
	}

	ines.wait("/requests", "[data-waiting-count]", "1")
	ines.count(".requests li", 1)
	ines.Do(ines.Page.Goto(link))
	ines.See("[data-part=order]", "payments/eu")
	ines.See("[data-step=cmk] [data-summary]", key)
	if open, _ := ines.Page.Locator("[data-change=cmk]").IsVisible(); open {
		t.Error("the CMK of a request can be changed")
	}
	if algorithms := ines.texts("[data-step=params] .choice code"); !slices.Equal(algorithms, []string{"RSAES_OAEP_SHA_256"}) {
		t.Errorf("the importer can choose %v", algorithms)
	}
	ines.Press(ines.Words.Params.Get)
	ines.GenerateForRecipient()
	ines.submit(key)
	ines.See("[data-part=order-result]", text.Fill(ines.Words.Team.Next.Of, "name", "crypto-officers"))
	kcv, digest := digits(ines.Text("[data-part=order-result] [data-fill=kcv]")), digits(ines.Text("[data-fill=order-digest]"))
	if receipt := ines.Download("[data-link=receipt]"); !strings.Contains(receipt, "receipt") {
		t.Errorf("the receipt is %s", receipt)
	}
	if state := p.State(t, key); state != "PendingImport" {
		t.Fatalf("the CMK is %s before anybody agreed", state)
	}

	olga.wait("/requests", ".requests li a", "payments/eu")
	olga.Do(olga.Page.Locator(".requests li a").Click())
	olga.See(".now h3", olga.Words.Team.One.Compare)
	if got := digits(olga.Text(".now [data-fill=kcv]")); got != kcv || len(got) != 10 {
		t.Errorf("the approver compares the check value %s, the importer %s", got, kcv)
	}
	if got := digits(olga.Text("[data-fill=short-digest]")); got != digest || len(got) != 16 {
		t.Errorf("the approver compares the digest %s, the importer %s", got, digest)
	}
	olga.Press(olga.Words.Team.One.Agree)
	olga.See(".now h2", olga.Words.Team.Status.Imported)
	for _, person := range []somebody{robin, ines, olga} {
		person.seesImported(id)
	}
	p.MustWork(t, key)

	olga.wait("/ledger", ".entries li", "import.outcome")
	olga.Do(olga.Page.Locator("#text").Fill(id))
	olga.See(".entries li:last-child", "request.created")
	robin.Expect("403")
	robin.wait("/ledger", ".notice.error", robin.Words.Fault("Console.NoLedger").What)
}

// seesImported waits until somebody sees that a request is imported, with the KMS's request id and
// evidence to download.
func (s somebody) seesImported(id string) {
	s.T.Helper()
	s.sees(id, s.Words.Team.Status.Imported)
	s.Do(s.Page.Locator("[data-part=submission] summary").Click())
	if got := s.Text("[data-fill=kms-request-id]"); !regexp.MustCompile(`^[0-9A-Za-z-]{20,}$`).MatchString(got) {
		s.T.Errorf("the KMS's request id is %q", got)
	}
	if evidence := s.Download("[data-link=evidence]"); !strings.HasSuffix(evidence, id+"-evidence.json") {
		s.T.Errorf("the evidence is %s", evidence)
	}
}

// digits are the hexadecimal digits of a digest that a page shows in groups.
func digits(shown string) string { return strings.Join(strings.Fields(shown), "") }

// Somebody in no directory opens a link once, with its code, and imports.
func TestGuestLink(t *testing.T) {
	p := start(t)
	key := program.Seeded[0]
	robin := signIn(t, p, browser.Look{}, "Robin")
	robin.wait("/requests/new", "[data-form=new]", "")
	robin.Do(robin.Page.Locator("#reference").Fill(key))
	robin.Do(robin.Page.Locator("#importer-link").Check())
	robin.Press(robin.Words.Team.New.Make)
	id := robin.made()
	robin.Press(robin.Words.Team.One.MakeGuestLink)
	robin.See("[data-part=guest-link] h3", robin.Words.Team.One.GuestTitle)
	link, code := robin.Text("#guest-address"), digits(robin.Text("[data-fill=guest-code]"))
	_, secret, _ := strings.Cut(link, "#")

	guest := somebody{browser.OpenAt(p, t, browser.Look{Width: 320}, link)}
	guest.See("[data-part=guest] h2", guest.Words.Team.SignIn.Guest)
	if strings.Contains(guest.Page.URL(), secret) {
		t.Error("the secret stays in the address")
	}
	guest.Do(guest.Page.Locator("#code").Fill("12"))
	guest.Press(guest.Words.Team.SignIn.Open)
	guest.Fault("guest_code_missing")
	guest.Expect("403")
	wrong := "000000"
	if code == wrong {
		wrong = "000001"
	}
	guest.Do(guest.Page.Locator("#code").Fill(wrong))
	guest.Press(guest.Words.Team.SignIn.Open)
	guest.Fault("SignIn.GuestCode")
	guest.Do(guest.Page.Locator("[data-part=sent-list] strong").Filter(playwright.LocatorFilterOptions{HasText: "/signin/guest"}).First().
		WaitFor(playwright.LocatorWaitForOptions{State: playwright.WaitForSelectorStateAttached}))
	listed, err := guest.Page.Locator("[data-part=sent-list]").TextContent()
	if guest.Do(err); !strings.Contains(listed, "/signin/guest") || strings.Contains(listed, secret) || strings.Contains(listed, wrong) {
		t.Errorf("the panel lists %q", listed)
	}
	guest.Do(guest.Page.Locator("#code").Fill(code))
	guest.Press(guest.Words.Team.SignIn.Open)
	guest.See("[data-part=order] h2", guest.Words.Team.Order.Title)
	guest.Press(guest.Words.Params.Get)
	guest.GenerateForRecipient()
	guest.submit(key)

	other := somebody{browser.OpenAt(p, t, browser.Look{}, link)}
	other.Expect("403")
	other.Do(other.Page.Locator("#code").Fill(code))
	other.Press(other.Words.Team.SignIn.Open)
	other.Fault("SignIn.GuestUsed")

	olga := signIn(t, p, browser.Look{}, "Olga")
	olga.sees(id, olga.Words.Team.Status.Submitted)
	olga.Press(olga.Words.Team.One.Agree)
	olga.See(".now h2", olga.Words.Team.Status.Imported)
	for _, person := range []somebody{robin, guest, olga} {
		person.seesImported(id)
	}
	p.MustWork(t, key)
	for _, v := range []somebody{robin, guest, other, olga} {
		for _, sent := range v.Sent {
			address, _, _ := strings.Cut(string(sent), "\n")
			if strings.Contains(address, secret) || strings.Contains(address, code) {
				t.Errorf("an address has the secret or the code: %s", address)
			}
		}
	}
}

// An approver refuses with a reason, takes an agreement back, and is not asked about what came to
// an end.
func TestRefusedTakenBackLapsed(t *testing.T) {
	p := start(t)
	robin := signIn(t, p, browser.Look{}, "Robin")
	ines := signIn(t, p, browser.Look{}, "Ines")
	olga := signIn(t, p, browser.Look{}, "Olga")
	words := olga.Words.Team

	two := robin.CreateRequest(program.Seeded[0], "two/refused", time.Hour, "")
	ines.prepare(two)
	ines.submit(program.Seeded[0])
	olga.sees(two, words.Status.Submitted)
	olga.Press(words.One.Agree)
	olga.See(".now .next", "1 of 2")
	olga.Press(words.One.TakeBack)
	olga.See(".now .next", "0 of 2")
	olga.See("[data-part=events]", words.Happened.TakenBack)
	olga.Do(olga.Page.Locator("[data-may=refuse] summary").Click())
	olga.Press(words.One.Refuse)
	olga.Fault("reason_missing")
	olga.Do(olga.Page.Locator("#refuse-reason").Fill("The KCV is another one"))
	olga.Press(words.One.Refuse)
	olga.See(".now h2", words.Status.Refused)
	robin.sees(two, words.Status.Refused)
	robin.See("[data-part=events]", "The KCV is another one")

	short := robin.CreateRequest(program.Seeded[1], "payments/short", 3*time.Second, "")
	ines.wait("/request?id="+short, ".now", "")
	ines.See(".now h2", words.Status.Lapsed) // the page looks again by itself
	ines.Expect("409")
	ines.wait("/?request="+short, ".notice.error", ines.Words.Fault("request_not_open").What)

	gone := robin.CreateRequest(program.Seeded[1], "payments/gone", time.Hour, "")
	robin.sees(gone, words.Status.Open)
	robin.Do(robin.Page.Locator("[data-may=cancel] summary").Click())
	robin.Press(words.One.Cancel)
	robin.See(".now h2", words.Status.Cancelled)
	ines.wait("/requests?which=waiting", "[data-fill=total]", words.List.NoneWaiting)
	if state := p.State(t, program.Seeded[0]); state != "PendingImport" {
		t.Errorf("a key was refused, and its CMK is %s", state)
	}
}

// The terms hold in the browser: the expiry, and the only key that may be imported.
func TestTermsOfARequest(t *testing.T) {
	p := start(t)
	key := program.Seeded[0]
	robin := signIn(t, p, browser.Look{}, "Robin")
	ines := signIn(t, p, browser.Look{}, "Ines")

	first := robin.CreateRequest(key, "none/first", time.Hour, `Expiry: "within", ExpiryDays: 100`)
	backup := ines.prepare(first)
	if left := ines.texts("[name=expiry] + label"); !slices.Equal(left, []string{ines.Words.Send.Days90, ines.Words.Send.At}) {
		t.Errorf("the expiry can be %v", left)
	}
	ines.Do(ines.Page.Locator("#expiry-at").Check())
	ines.Do(ines.Page.Locator("#expiry-time").Fill("2099-01-01T00:00"))
	ines.Press(text.Fill(ines.Words.Team.Order.Submit, "cmk", key))
	ines.Fault("expiry_beyond_request")
	ines.Do(ines.Page.Locator("#expiry-90").Check())
	ines.submit(key)
	ines.See("[data-fill=enabled]", key)
	ines.See("[data-fill=result-title]", ines.Words.Team.Status.Imported)
	receipt := ines.Download("[data-link=receipt]")

	robin.wait("/requests/new", "[data-form=new]", "")
	robin.Do(robin.Page.Locator("#reference").Fill(key))
	robin.Do(robin.Page.Locator("#label").Fill("none/again"))
	robin.Do(robin.Page.Locator("#importer-group").Check())
	robin.Do(robin.Page.Locator("#group").Fill("payments"))
	robin.Do(robin.Page.Locator("[data-form=new] details summary").Click())
	robin.Do(robin.Page.Locator("#receipt-file").SetInputFiles(receipt))
	robin.Press(robin.Words.Team.New.Make)
	again := robin.made()
	robin.See("[data-row=commitment]", "")

	ines.sees(again, ines.Words.Team.Status.Open)
	ines.Do(ines.Page.Locator("[data-link=import]").Click())
	ines.See("[data-part=order-receipt]", "")
	ines.Press(ines.Words.Params.Get)
	ines.File("source-age", backup)
	ines.Do(ines.Page.Locator("#source-secret").Fill("another passphrase"))
	ines.Elsewhere()
	ines.Press(ines.Words.Material.PrepareBrought)
	ines.Fault("receipt_missing")
}

// Where many ask for import parameters, whoever waits sees the place in the queue.
func TestPlaceInTheQueue(t *testing.T) {
	p := start(t, "--kms-reads-per-second=0.2")
	robin, ines := signIn(t, p, browser.Look{}, "Robin"), signIn(t, p, browser.Look{}, "Ines")
	first := robin.CreateRequest(program.Seeded[0], "payments/first", time.Hour, "")
	second := robin.CreateRequest(program.Seeded[1], "payments/second", time.Hour, "")
	ines.act(first, "parameters", `{"WrappingAlgorithm":"RSAES_OAEP_SHA_256"}`)
	ines.wait("/?request="+second, "[data-step=params][data-state=open] h2", "")
	ines.Press(ines.Words.Params.Get)
	ines.See("[data-form=params] [data-waiting]", text.Fill(ines.Words.Team.Order.Place, "place", "1"))
	ines.See("[data-step=material][data-state=open] h2", "")
}
