package reminders_test

import (
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"

	"github.com/emersion/go-smtp"
	webhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"keyferry/server/reminders"
)

func temporary(string) error {
	return &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 3, 0}, Message: "try again, ira@example.com"}
}

// Each service gets the shape that it takes, signed as it demands.
func TestWebhookShapes(t *testing.T) {
	each(t, func(w *world) {
		w.clock.fixed = time.Now() // a reader compares the time of a signature with its own
		w.imports(nthKey(0), "tests/<a>&b", w.clock.now().Add(29*day))
		w.round()
		kinds := map[string]posted{}
		for _, p := range w.hooks.arrived() {
			kinds[p.kind] = p
		}
		text := func(kind string, path ...string) string {
			var at any = kinds[kind].body
			for _, name := range path {
				inner, _ := at.(map[string]any)
				at = inner[name]
			}
			said, _ := at.(string)
			if !strings.Contains(said, nthKey(0)) {
				w.t.Errorf("%s got %s", kind, kinds[kind].raw)
			}
			return said
		}
		if text("dingtalk", "text", "content"); kinds["dingtalk"].body["msgtype"] != "text" {
			w.t.Errorf("dingtalk got %s", kinds["dingtalk"].raw)
		}
		query, _ := url.ParseQuery(kinds["dingtalk"].query)
		if want := macOf(hookSecret, query.Get("timestamp")+"\n"+hookSecret); query.Get("sign") != want || len(query.Get("timestamp")) != 13 || query.Get("access_token") == "" {
			w.t.Errorf("dingtalk's address has %s", kinds["dingtalk"].query)
		}
		if text("feishu", "content", "text"); kinds["feishu"].body["msg_type"] != "text" {
			w.t.Errorf("feishu got %s", kinds["feishu"].raw)
		}
		stamp, _ := kinds["feishu"].body["timestamp"].(string)
		if want := macOf(stamp+"\n"+hookSecret, ""); kinds["feishu"].body["sign"] != want || len(stamp) != 10 {
			w.t.Errorf("feishu got %s", kinds["feishu"].raw)
		}
		if text("wecom", "text", "content"); kinds["wecom"].body["msgtype"] != "text" {
			w.t.Errorf("wecom got %s", kinds["wecom"].raw)
		}
		if said := text("slack", "text"); !strings.Contains(said, "tests/&lt;a&gt;&amp;b") {
			w.t.Errorf("slack got %s", said)
		}
		text("generic", "Text")
		reader, err := webhooks.NewWebhookRaw([]byte(hookSecret))
		if err != nil {
			w.t.Fatal(err)
		}
		generic := kinds["generic"]
		if err := reader.Verify([]byte(generic.raw), generic.header); err != nil {
			w.t.Errorf("the generic webhook: %v", err)
		}
		if err := reader.Verify([]byte(generic.raw+" "), generic.header); err == nil {
			w.t.Error("the generic webhook takes another body")
		}
		for name, want := range map[string]any{"Kind": "expiry", "KeyID": nthKey(0), "Lead": 30.0, "KCV": kcvOne} {
			if generic.body[name] != want {
				w.t.Errorf("the generic webhook has %s = %v, want %v", name, generic.body[name], want)
			}
		}
	})
}

func macOf(key, text string) string {
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(text))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// What was not taken is sent again after a while, longer each time. What a server will never take
// is given up. No address is in the log, nor anything that a server said.
func TestRetries(t *testing.T) {
	each(t, func(w *world) {
		w.imports(nthKey(0), "tests/a", w.clock.now().Add(29*day))
		w.mail.setRefusal(temporary)
		w.hooks.setAnswer(func(rw http.ResponseWriter, kind string) bool {
			switch kind {
			case "dingtalk": // refuses with status 200
				rw.Write([]byte(`{"errcode":310000,"errmsg":"sign not match"}`))
			case "feishu":
				rw.Write([]byte(`{"code":19021,"msg":"sign match fail"}`))
			case "wecom":
				rw.Write([]byte(`<html>`))
			case "slack":
				http.Redirect(rw, &http.Request{Method: "POST", URL: &url.URL{}}, w.hooks.url+"/elsewhere", http.StatusTemporaryRedirect)
			default:
				rw.WriteHeader(http.StatusServiceUnavailable)
			}
			return true
		})
		attempts := []time.Duration{}
		start := w.clock.now()
		for range 100 {
			w.round()
			if got := w.hooks.arrived(); len(got) == 5 {
				attempts = append(attempts, w.clock.now().Sub(start))
			} else if len(got) != 0 {
				w.t.Fatalf("%d webhooks were tried", len(got)) // elsewhere among them
			}
			w.clock.advance(time.Minute)
		}
		for i, want := range []time.Duration{0, 1, 3, 7, 15, 31, 63} {
			if len(attempts) <= i || attempts[i] != want*time.Minute {
				w.t.Fatalf("it was tried after %v", attempts)
			}
		}
		w.mail.setRefusal(nil)
		w.hooks.setAnswer(nil)
		w.clock.advance(2 * time.Hour)
		w.round()
		if m, h := len(w.mail.arrived()), len(w.hooks.arrived()); m != 1 || h != 5 {
			w.t.Errorf("in the end %d mails and %d webhooks arrived", m, h)
		}
		w.mail.setRefusal(func(string) error { return &smtp.SMTPError{Code: 550, Message: "no such user"} })
		w.clock.advance(22 * day)
		w.round()
		w.mail.setRefusal(nil)
		w.clock.advance(2 * time.Hour)
		w.round()
		if got := w.mail.arrived(); len(got) != 0 {
			w.t.Errorf("mail for nobody is sent again")
		}
		log := w.log.String()
		if !strings.Contains(log, "code 310000") || !strings.Contains(log, "code 451") {
			w.t.Errorf("the log does not say why:\n%s", log)
		}
		for _, secret := range []string{"hidden-token", hookSecret, mailPassword, "ira@example.com", w.hooks.url, "sign not match"} {
			if strings.Contains(log, secret) {
				w.t.Errorf("the log has %q", secret)
			}
		}
	})
}

// A server that is not there, or that takes a message and does not answer.
func TestWithoutAnAnswer(t *testing.T) {
	each(t, func(w *world) {
		gone := []reminders.Webhook{{Name: "gone", Kind: "slack", URL: "http://127.0.0.1:1/hidden-token"}}
		cut := []reminders.Webhook{{Name: "cut", Kind: "slack", URL: w.hooks.url + "/slack"}}
		w.hooks.setAnswer(func(rw http.ResponseWriter, _ string) bool { panic(http.ErrAbortHandler) })
		w.service = w.reminders(func(c *reminders.Config) { c.Webhooks, c.Mail = append(gone, cut...), nil })
		w.imports(nthKey(0), "tests/a", w.clock.now().Add(29*day))
		w.round()
		if got := w.hooks.arrived(); len(got) != 1 {
			w.t.Fatalf("%d calls", len(got))
		}
		w.hooks.setAnswer(nil)
		w.clock.advance(3 * time.Hour)
		w.round()
		if got := w.hooks.arrived(); len(got) != 0 {
			w.t.Error("what may have arrived is sent twice on a day")
		}
		w.clock.advance(day)
		w.round()
		if got := w.hooks.arrived(); len(got) != 1 {
			w.t.Errorf("on the next day it is sent %d times", len(got))
		}
		if log := w.log.String(); strings.Contains(log, "hidden-token") || !strings.Contains(log, "no connection") {
			w.t.Errorf("the log is\n%s", log)
		}
	})
}

func TestLoadWebhooks(t *testing.T) {
	good := `[{"Name": "ops", "Kind": "slack", "URL": "https://hooks.example.com/services/hidden"}]`
	for text, want := range map[string]string{
		good: "", `[]`: "", good + "\n": "",
		good + good: "something follows",
		`{}`:        "JSON list",
		`[{"Name": "ops", "Kind": "slack", "URL": "https://h.example.com/hidden", "Secrt": "x"}]`:                                         "JSON list",
		`[{"Name": "", "Kind": "slack", "URL": "https://h.example.com/hidden"}]`:                                                          "Name must",
		`[{"Name": "a", "Kind": "teams", "URL": "https://h.example.com/hidden"}]`:                                                         "Kind must",
		`[{"Name": "a", "Kind": "slack", "URL": "http://h.example.com/hidden"}]`:                                                          "https",
		`[{"Name": "a", "Kind": "slack", "URL": "file:///hidden"}]`:                                                                       "https",
		`[{"Name": "a", "Kind": "slack", "URL": "https://user:hidden@h.example.com/"}]`:                                                   "https",
		`[{"Name": "a", "Kind": "slack", "URL": "https://h.example.com/", "Secret": "hidden"}]`:                                           "signs nothing",
		`[{"Name": "a", "Kind": "generic", "URL": "https://h.example.com/"}]`:                                                             "Secret",
		`[{"Name": "a", "Kind": "generic", "URL": "https://h.example.com/", "Secret": "whsec_!hidden!!!!!!"}]`:                            "base64",
		`[{"Name": "mail", "Kind": "slack", "URL": "https://h.example.com/hidden"}]`:                                                      "has the name",
		`[{"Name": "a", "Kind": "slack", "URL": "https://h.example.com/hidden"}, {"Name": "a", "Kind": "slack", "URL": "https://h.b/c"}]`: "webhook 2",
	} {
		file := filepath.Join(t.TempDir(), "hooks.json")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := reminders.LoadWebhooks(file)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
		if err != nil && strings.Contains(err.Error(), "hidden") {
			t.Errorf("the error repeats a secret: %v", err)
		}
	}
	file := filepath.Join(t.TempDir(), "hooks.json")
	if err := os.WriteFile(file, []byte(good), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := reminders.LoadWebhooks(file); err == nil || !strings.Contains(err.Error(), "chmod 600") {
		t.Errorf("a file that others can read: %v", err)
	}
}

func TestNewMailer(t *testing.T) {
	for server, good := range map[string]bool{
		"smtp://mail.example.com": true, "smtps://mail.example.com:4650": true, "smtp://127.0.0.1:25": true,
		"mail.example.com": false, "http://mail.example.com": false, "smtp://user:pass@mail.example.com": false, "smtp://": false, "smtp://h:x": false,
	} {
		_, err := reminders.NewMailer(reminders.MailConfig{Server: server, From: "k@example.com"})
		if (err == nil) != good {
			t.Errorf("%s: %v", server, err)
		}
	}
	if _, err := reminders.NewMailer(reminders.MailConfig{Server: "smtp://h", From: "nobody"}); err == nil {
		t.Error("a sender without a host is taken")
	}
}
