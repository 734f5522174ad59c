package team

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"keyferry/e2e/browser"
	"keyferry/e2e/program"
)

// A key that expires is on the page of keys. One click asks for the same key again, and leads to
// where it is imported; the drill opens the saved backup, and the console records it. A calendar's
// address works until it is revoked. No key leaves the browser.
func TestKeysDrillAndCalendar(t *testing.T) {
	p := start(t)
	key := program.Seeded[0]
	robin := signIn(t, p, browser.Look{}, "Robin")
	ines := signIn(t, p, browser.Look{Language: "zh-CN"}, "Ines")
	words := ines.Words.Keys
	first := robin.CreateRequest(key, "none/eu", time.Hour, `Expiry: "within", ExpiryDays: 100`)
	ines.wait("/?request="+first, "[data-step=params][data-state=open] h2", "")
	ines.Press(ines.Words.Params.Get)
	passphrase := ines.OfferedPassphrase()
	ines.Press(ines.Words.Material.Prepare)
	backup := ines.SaveBackup()
	ines.ProveBackup(backup, passphrase)
	ines.Do(ines.Page.Locator("#expiry-90").Check())
	ines.submit(key)
	receipt := ines.Download("[data-link=receipt]")

	ines.wait("/keys", ".keys li", "none/eu")
	ines.See(".keys .state", words.Current)
	ines.See(".keys [data-fill=holder]", "Ines")
	ines.See(".keys [data-fill=expires]", "UTC")
	if kcv := digits(ines.Text(".keys [data-fill=kcv]")); len(kcv) != 10 {
		t.Errorf("the check value is %q", kcv)
	}
	ines.Do(ines.Page.Locator("#text").Fill("nothing of that name"))
	ines.See("[data-fill=total]", words.NoneFit)
	ines.Do(ines.Page.Locator("#text").Fill(""))

	// The drill.
	ines.Do(ines.Page.Locator(".keys [data-act=drill]").Click())
	ines.See("[data-part=drill]", key)
	ines.MustLook("a drill")
	ines.Shot("drill")
	ines.Press(ines.Words.Drill.Button)
	ines.Fault("receipt_missing")
	ines.File("check-receipt", receipt)
	ines.File("check-age", backup)
	ines.Do(ines.Page.Locator("#check-secret").Fill("another passphrase"))
	ines.Press(ines.Words.Drill.Button)
	ines.Fault("backup_wrong_passphrase")
	ines.Do(ines.Page.Locator("#check-secret").Fill(passphrase))
	ines.Press(ines.Words.Drill.Button)
	ines.See("[data-part=result] h2", ines.Words.Drill.Done)
	ines.MustLook("a drill that is done")
	ines.MustNotHaveLeaked(key)
	ines.wait("/keys", ".keys [data-fill=due]", "")
	if drilled := ines.Text(".keys [data-fill=drilled]"); !strings.HasPrefix(drilled, "20") {
		t.Errorf("the last drill is %q", drilled)
	}

	// A reminder's link, and the one click.
	robin.wait("/keys?KeyId="+key, ".keys li", key)
	robin.MustHaveOnePrimary()
	ines.wait("/keys?KeyId="+key, ".keys li", key)
	ines.Do(ines.Page.Locator(".keys [data-act=renew]").Click())
	ines.See("[data-part=order-receipt]", "")
	robin.wait("/keys?which=all", ".keys [data-act=renew]", robin.Words.Keys.RenewOpen)
	ines.Press(ines.Words.Params.Get)
	ines.File("source-age", backup)
	ines.Do(ines.Page.Locator("#source-secret").Fill(passphrase))
	ines.File("receipt-file", receipt)
	ines.Elsewhere()
	ines.Brought()
	ines.ToImport()
	ines.Do(ines.Page.Locator("#expiry-90").Check())
	ines.submit(key)
	ines.See("[data-fill=result-title]", ines.Words.Team.Status.Imported)

	// The calendar.
	ines.wait("/keys", "[data-part=feeds] h2", words.FeedTitle)
	ines.See("[data-fill=feeds-none]", words.FeedNone)
	ines.Press(words.FeedMake)
	ines.Do(ines.Page.Locator("[data-part=feed-made]").WaitFor())
	address := ines.Text("#feed-address")
	if status, body := fetch(t, address); status != http.StatusOK || !strings.Contains(strings.ReplaceAll(body, "\r\n ", ""), key) {
		t.Errorf("the calendar is %d %s", status, body)
	}
	ines.MustLook("a calendar's address")
	ines.Shot("keys zh")
	ines.Press(words.FeedRevoke)
	ines.See("[data-fill=feeds-none]", words.FeedRevoked)
	if status, _ := fetch(t, address); status != http.StatusNotFound {
		t.Errorf("after it was revoked the address gets %d", status)
	}
}

func fetch(t *testing.T, address string) (int, string) {
	t.Helper()
	answer, err := http.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(body)
}
