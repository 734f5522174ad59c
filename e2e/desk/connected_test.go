package desk

import (
	"bytes"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"keyferry/e2e/browser"
	"keyferry/e2e/program"
	"keyferry/e2e/proof"
	"keyferry/server/desk"
	"keyferry/server/localkms"
)

// connectedTo is a desk that may reach one origin.
func connectedTo(t *testing.T, origin string) desk.Config {
	t.Helper()
	config, err := desk.EmbeddedConnected(desk.Network{Regions: []string{"cn-hangzhou"}, Endpoint: origin}, "sabotaged")
	if err != nil {
		t.Fatal(err)
	}
	return config
}

// A connected desk that tries to reach anything but its KMS is stopped by its own policy. Its worker
// is stopped even on the way to the KMS: the page may go there, and the worker may not. Without the
// frame that confines it the same attempt arrives.
func TestConnectedDeskIsSealed(t *testing.T) {
	p := program.Start(t)
	for _, test := range []struct {
		name           string
		worker         bool
		toKMS, confine bool
		arrives        int64 // at least; 0 means that nothing may
		long           bool
	}{
		{"page, elsewhere", false, false, true, 0, false},
		{"page, to the KMS", false, true, true, 1, true},
		{"worker, elsewhere", true, false, true, 0, true},
		{"worker, to the KMS", true, true, true, 0, false},
		{"worker, to the KMS, not confined", true, true, false, 1, false},
	} {
		if test.long && !*proof.Full {
			continue
		}
		t.Run(test.name, func(t *testing.T) {
			l := listenEverywhere(t)
			other := httptest.NewServer(l.site.Config.Handler)
			defer other.Close()
			origin := other.URL
			if test.toKMS {
				origin = l.site.URL
			}
			config := connectedTo(t, origin)
			if !test.confine {
				config.Page = bytes.Replace(config.Page, []byte(`iframe[data-part="confined"]`), []byte(`iframe[data-part="none"]`), 1)
			}
			file := l.sabotage(t, config, test.worker, true)
			v := browser.OpenAt(p, t, browser.Look{}, browser.FileAddress(file))
			v.Expect(".") // the browser complains of everything that it stops
			ways := len(onPage)
			if test.worker {
				ways = len(inWorker)
				v.DeskCMK(program.Seeded[0])
				v.Do(v.Page.Locator("#brought-answer").Check())
				v.Do(v.Page.Locator("#answer").Fill(p.AnswerOf(t, program.Seeded[0], browser.Algorithms[0])))
				v.Press(v.Words.Desk.Read)
			}
			done := func() bool {
				if test.arrives > 0 {
					return l.reached.Load() >= test.arrives
				}
				return complaints(v) >= ways
			}
			news := &v.News
			if test.arrives > 0 {
				news = &l.news
			}
			if !news.Await(10*time.Second, nil, done) {
				t.Errorf("of %d attempts %d were refused and %d arrived: %q", ways, complaints(v), l.reached.Load(), v.Said)
			}
			if test.arrives == 0 {
				l.mustBeUnreached(v)
			}
		})
	}
}

// mustBeLong leaves a test to the long form.
func mustBeLong(t *testing.T) {
	t.Helper()
	if !*proof.Full {
		t.Skip("part of the long form, make prove")
	}
}

// Everything that can go wrong with a link besides lies has its own words, and the KMS's code and
// RequestId where it refused; other ways stay open, and the page does not take one by itself.
func TestDeskLinkFaults(t *testing.T) {
	p := program.Start(t)
	key, other, algorithm := program.Seeded[0], program.Seeded[1], browser.Algorithms[0]
	v := openConnected(p, t, browser.Look{}, program.WriteConnectedDesk(t, p.Local))
	v.Expect("status of 4|status of 5|CORS|net::ERR|failed request")
	v.DeskCMK(key)
	good := func() string { return program.ParametersLink(t, p.Local, key, algorithm) }
	v.GiveLink(" ", algorithm)
	v.Fault("link_missing")
	link := good()
	v.GiveLink(link, algorithm)
	v.See("[data-obtained=local]", "127.0.0.1")
	v.GiveLink(link, algorithm)
	v.Fault("link_used")
	v.See(".notice.error [data-fill=detail]", "SignatureNonceUsed")
	v.See(".notice.error [data-fill=request-id]", "-")
	if going, _ := v.Page.Locator("[data-act=continue]").IsVisible(); going {
		t.Error("the parameters of the first call are still offered")
	}
	v.Do(v.Page.Context().SetOffline(true))
	v.GiveLink(good(), algorithm)
	v.Fault("link_no_network")
	v.Do(v.Page.Context().SetOffline(false))
	p.Fault(t, localkms.Fault{Kind: localkms.FaultHTML})
	v.GiveLink(good(), algorithm)
	v.Fault("link_answer_withheld")
	p.ClearFaults(t)
	for _, test := range []struct{ name, link, code string }{
		{"for another CMK", program.ParametersLink(t, p.Local, other, algorithm), "link_other_cmk"},
		{"with another signature", strings.Replace(good(), "Signature=", "Signature=AAAA", 1), "link_refused"},
		{"cut off", strings.TrimSuffix(good(), "=RSA_2048"), "link_unreadable"},
	} {
		v.GiveLink(test.link, algorithm)
		v.See(".notice.error[data-code='"+test.code+"']", "")
	}
	v.File("link-file", program.Kept(t, "link.txt", []byte(good()+"\r\n")))
	v.Press(v.Words.Desk.Read)
	v.Fault("parameters_twice")
	v.Do(v.Page.Locator("#link").Fill(""))
	v.Press(v.Words.Desk.Read)
	v.HaveRead()
}

// In a connected desk parameters can still be brought as files or text. Then the page, the import
// file and the receipt say that they were.
func TestConnectedDeskByFile(t *testing.T) {
	mustBeLong(t)
	p := program.Start(t)
	key, algorithm := program.Seeded[0], browser.Algorithms[0]
	v := openConnected(p, t, browser.Look{Language: "zh-CN"}, program.WriteConnectedDesk(t, p.Local))
	v.DeskCMK(key)
	v.Do(v.Page.Locator("#brought-answer").Check())
	v.Paste(p.AnswerOf(t, key, algorithm), algorithm)
	v.See("[data-obtained=file]", v.Words.DeskLink.FromFile)
	v.HaveRead()
	v.Generate()
	made := program.ReadImportFile(t, v.MakeImportFile())
	if made.ParametersObtained != "file" {
		t.Errorf("the import file says %q", made.ParametersObtained)
	}
	v.GiveSecond(key, program.ImportLink(t, p.Local, made))
	v.AcceptedByKMS(key)
	mustSay(t, v.Download("[data-link=receipt]"), map[string]string{"ParametersObtained": "file", "ImportedBy": "link"})
}

// The page that checks backups says how the parameters of a receipt came and who made the import,
// and what that proves; of an older receipt it says that nobody knows.
func TestCheckSaysHow(t *testing.T) {
	mustBeLong(t)
	p := program.Start(t)
	key, algorithm := program.Seeded[0], browser.Algorithms[0]
	v := openConnected(p, t, browser.Look{}, program.WriteConnectedDesk(t, p.Local))
	v.DeskCMK(key)
	v.GiveLink(program.ParametersLink(t, p.Local, key, algorithm), algorithm)
	v.HaveRead()
	passphrase := v.OfferedPassphrase()
	v.Press(v.Words.Material.Prepare)
	backup := v.SaveBackup()
	v.ProveBackup(backup, passphrase)
	made := program.ReadImportFile(t, v.MakeImportFile())
	v.GiveSecond(key, program.ImportLink(t, p.Local, made))
	v.AcceptedByKMS(key)
	receipt := program.ReadFile(t, v.Download("[data-link=receipt]"))
	c := browser.Open(p, t, browser.Look{}, "/check")
	words := c.Words.ReceiptWays
	for _, test := range []struct {
		receipt, parameters, by string
	}{
		{string(receipt), words.ParametersLink, words.ImportLink},
		{strings.NewReplacer(`"ParametersObtained": "link"`, `"ParametersObtained": "relay"`, `"ImportedBy": "link"`, `"ImportedBy": "relay"`).Replace(string(receipt)), words.ParametersRelay, words.ImportRelay},
		{strings.NewReplacer("  \"ParametersObtained\": \"link\",\n", "", "  \"ImportedBy\": \"link\",\n", "").Replace(string(receipt)), words.NotTold, words.NotTold},
	} {
		c.File("check-receipt", program.Kept(t, "receipt.json", []byte(test.receipt)))
		c.File("check-age", backup)
		c.Do(c.Page.Locator("#check-secret").Fill(passphrase))
		c.Press(c.Words.Check.Button)
		c.See("[data-fill=parameters-obtained]", test.parameters)
		c.See("[data-fill=imported-by]", test.by)
	}
}

// TestConnectedLook goes through a connected desk in every look, the import by keyboard: no state has
// findings of axe-core, none is wider than the window, and each has one primary button.
func TestConnectedLook(t *testing.T) {
	p := program.Start(t)
	file := program.WriteConnectedDesk(t, p.Local)
	browser.InLooks(t, "zh-CN", func(t *testing.T, how browser.Look) {
		p.Ask(t, "POST", "/reset", nil, nil)
		key, algorithm := program.Seeded[0], browser.Algorithms[0]
		v := openConnected(p, t, how, file)
		v.Expect("status of 400")
		look := func(state string) {
			t.Helper()
			v.MustLook(state)
			v.Shot("connected-" + how.Name() + "-" + state)
		}
		v.DeskCMK(key)
		v.MustHaveOnePrimary()
		look("2-link")
		v.GiveLink("https://kms.cn-hangzhou.aliyuncs.com.keys.example/?Action=GetParametersForImport", algorithm)
		v.Fault("link_other_host")
		look("2-refused")
		used := program.ParametersLink(t, p.Local, key, algorithm)
		v.GiveLink(used, algorithm)
		v.See("[data-step=params] h3", v.Words.Desk.HaveRead)
		v.MustHaveOnePrimary()
		look("2-obtained")
		v.HaveRead()
		v.Generate()
		v.Press(v.Words.Desk.MakeFiles)
		v.See("[data-part=result]", v.Words.DeskLink.NotConfirmed)
		v.MustHaveOnePrimary()
		look("4-import-file")
		made := program.ReadImportFile(t, v.Download("[data-link=import-file]"))
		v.MustHaveOnePrimary()
		v.GiveSecond(key, used)
		v.Fault("link_other_action")
		look("4-refused")
		v.Reach("#second")
		v.Do(v.Page.Locator("#second").Fill(program.ImportLink(t, p.Local, made)))
		v.Reach("[data-act=confirm-import]")
		v.Do(v.Page.Keyboard().Press("Enter"))
		v.AcceptedByKMS(key)
		v.MustHaveOnePrimary()
		look("5-accepted")
		if asked, err := v.Page.Locator("[data-by-hand]:not([hidden])").Count(); err != nil || asked > 0 {
			t.Errorf("the record asks for a time that it has (%v)", err)
		}
	})
}
