package team

import (
	"testing"

	"keyferry/components/text"
	"keyferry/e2e/browser"
	"keyferry/e2e/program"
)

// Several requests come from a CSV file as spreadsheets write it: with a byte order mark, CRLF, quotes
// and columns in another order. Lines that cannot be are named before anything is sent, and left out.
func TestRequestsFromCSV(t *testing.T) {
	p := start(t)
	robin := signIn(t, p, browser.Look{}, "Robin")
	words := robin.Words.Team
	robin.wait("/requests/new", "[data-form=new]", "")
	robin.Do(robin.Page.Locator("#how-several").Check())
	robin.Do(robin.Page.Locator("#importer-group").Check())
	robin.Do(robin.Page.Locator("#group").Fill("payments"))
	robin.File("csv", program.Kept(t, "keys.csv", []byte("\ufeffLabel,KeyId\r\n"+
		"\"payments/eu, \"\"west\"\"\","+program.Seeded[0]+"\r\n"+
		"payments/支付,"+program.Seeded[1]+"\r\n"+
		"payments/wrong,alias/orders\r\n")))
	robin.count("[data-part=lines] li", 3)
	robin.count("[data-part=lines] li[data-state=faulty]", 1)
	robin.See("[data-part=lines] li[data-state=faulty]", robin.Words.Fault("key_reference_alias").What)
	robin.MustLook("preview of a CSV")
	robin.Press(text.Fill(words.New.MakeSeveral, "count", "2"))
	robin.See("[data-fill=made]", text.Fill(words.New.Made, "count", "2"))
	robin.count("[data-part=lines] li[data-state=made]", 2)
	robin.wait("/requests?which=mine", ".requests li", "payments/eu, \"west\"")
	robin.See(".requests li", "payments/支付")
	robin.count(".requests li", 2)
}
