package team

import (
	"slices"
	"testing"
	"time"

	"keyferry/e2e/browser"
	"keyferry/e2e/program"
	"keyferry/e2e/proof"
	"keyferry/server/localkms"
)

// scene is a page that one of the people looks at, something that it shows, and what to open on it
// before.
type scene struct{ name, person, path, shows, open string }

// again are the scenes that the short form leaves out: it has the same page for somebody else, or the
// same state elsewhere, or e2e/person has the page.
var again = []string{
	"open for Ines", "open, by link for Robin", "cancelled for Robin", "submitted for Robin", "submitted for Ines", "drill to do for Ines",
	"list of all", "nothing waits", "keys of the importer", "many keys", "check", "offline", "signed in",
}

// Every page and every state of a request is without findings of axe-core, and none is wider than
// the window.
func TestEveryStateIsAccessible(t *testing.T) {
	p := start(t)
	scenes := append(stage(t, p),
		scene{"list of the importer", "Ines", "/requests", ".requests li", ""},
		scene{"list of all", "Olga", "/requests?which=all", ".requests li", ""},
		scene{"nothing waits", "Robin", "/requests?which=waiting", "[data-fill=total]:not(:empty)", ""},
		scene{"new request", "Robin", "/requests/new", "[data-form=new]", ""},
		scene{"keys", "Olga", "/keys?which=all", ".keys li", ""},
		scene{"keys of the importer", "Ines", "/keys", "[data-part=feeds] h2", ""},
		scene{"many keys", "Ines", "/many", "[data-form=list]", ""},
		scene{"check", "Ines", "/check", "[data-form=check]", ""},
		scene{"offline", "Robin", "/desk", "[data-form=cmk]", ""},
		scene{"ledger", "Olga", "/ledger", ".entries li", ""},
		scene{"signed in", "Olga", "/signin", "[data-part=signed]", ""},
		scene{"sign-in failed", "Olga", "/signin#error=SignIn.ProviderDown", ".notice.error", ""},
		scene{"guest link", "Olga", "/signin#ABCDEFGHIJKLMNOPQRSTUVWXYZ", "[data-part=guest]", ""},
	)
	if !*proof.Full {
		scenes = slices.DeleteFunc(scenes, func(s scene) bool { return slices.Contains(again, s.name) })
	}
	browser.InLooks(t, "zh-CN", func(t *testing.T, how browser.Look) {
		people := map[string]somebody{}
		for _, s := range scenes {
			v, known := people[s.person]
			if !known {
				v = signIn(t, p, how, s.person)
				people[s.person] = v
			}
			v.Do(v.Page.Goto("about:blank")) // a fragment alone loads no page
			v.Do(v.Page.Goto(p.Console + s.path))
			if s.open != "" {
				v.Do(v.Page.Locator(s.open).Click())
			}
			v.Do(v.Page.Locator(s.shows).First().WaitFor())
			v.Shot(how.Name() + " " + s.name)
			v.MustHavePanel(s.name)
			v.MustLook(s.name)
		}
		stranger := browser.Open(p, t, how, "/requests")
		stranger.See("[data-part=stranger]", stranger.Words.Team.SignIn.Needed)
		stranger.MustHaveOnePrimary()
		stranger.MustLook("nobody is signed in")
		stranger.Do(stranger.Page.Goto(p.Console + "/signin"))
		stranger.Do(stranger.Page.Locator(".people button").First().WaitFor())
		stranger.MustLook("signing in")
		stranger.Expect("404")
		stranger.Do(stranger.Page.Goto(p.Console + "/nowhere"))
		stranger.MustHavePanel("no such page")
		stranger.MustLook("no such page")
	})
}

// stage brings requests into every state, and returns who looks at each.
func stage(t *testing.T, p *program.Program) []scene {
	t.Helper()
	robin := signIn(t, p, browser.Look{}, "Robin")
	ines := signIn(t, p, browser.Look{}, "Ines")
	olga := signIn(t, p, browser.Look{}, "Olga")
	key, other := program.Seeded[0], program.Seeded[1]
	at := func(name, person, id, state string) scene {
		return scene{name + " for " + person, person, "/request?id=" + id, ".now h2[data-state=" + state + "]", ""}
	}
	open := robin.CreateRequest(key, "payments/open", time.Hour, `Note: "Ask Robin if anything is unclear."`)
	link := robin.CreateRequest(key, "payments/link", time.Hour, `ImporterKind: "link", Importer: ""`)
	scenes := []scene{
		at("open", "Robin", open, "open"), at("open", "Ines", open, "open"), at("open, by link", "Robin", link, "open"),
		{"link for a guest", "Robin", "/request?id=" + link, "[data-part=guest-link]", "[data-form=guest-link] button:not([type])"},
		{"menu", "Robin", "/request?id=" + open, ".menu-body", ".menu summary"},
		{"import for a request", "Ines", "/?request=" + open, "[data-step=params][data-state=open]", ""},
	}
	cancelled := robin.CreateRequest(key, "payments/cancelled", time.Hour, "")
	robin.act(cancelled, "cancel", `{"Reason":"No longer needed"}`)
	scenes = append(scenes, at("cancelled", "Robin", cancelled, "cancelled"))
	lapsed := robin.CreateRequest(key, "payments/lapsed", 2*time.Second, "")
	scenes = append(scenes, at("lapsed", "Ines", lapsed, "lapsed"))

	submitted := robin.CreateRequest(key, "two/submitted", time.Hour, "")
	ines.prepare(submitted)
	scenes = append(scenes, at("in preparation", "Ines", robin.issued(ines, key), "issued"))
	ines.submit(key)
	refused := robin.CreateRequest(key, "two/refused", time.Hour, "")
	ines.prepare(refused)
	ines.submit(key)
	olga.act(refused, "refuse", `{"Reason":"The KCV is another one"}`)
	scenes = append(scenes, at("submitted", "Robin", submitted, "submitted"), at("submitted", "Ines", submitted, "submitted"),
		at("submitted", "Olga", submitted, "submitted"),
		scene{"refusing", "Olga", "/request?id=" + submitted, "#refuse-reason", "[data-may=refuse] summary"},
		scene{"details", "Ines", "/request?id=" + submitted, "[data-fill=wrapping-key]:not(:empty)", "[data-part=submission] summary"}, at("refused", "Ines", refused, "refused"))

	agreed := robin.CreateRequest(key, "two/agreed", time.Hour, "")
	ines.prepare(agreed)
	ines.submit(key)
	olga.sees(agreed, olga.Words.Team.Status.Submitted)
	olga.Press(olga.Words.Team.One.Agree)
	olga.See(".now .next", "1 of 2")
	scenes = append(scenes, at("agreed by one", "Olga", agreed, "submitted"))

	p.Fault(t, localkms.Fault{Kind: localkms.FaultError, Action: "ImportKeyMaterial", Status: 400, Code: "InvalidKeyMaterial", Times: 1})
	failed := robin.CreateRequest(key, "none/failed", time.Hour, "")
	ines.prepare(failed)
	ines.submit(key)
	scenes = append(scenes, at("refused by the KMS", "Ines", failed, "failed"))
	imported := robin.CreateRequest(other, "none/imported", time.Hour, "")
	ines.prepare(imported)
	ines.submit(other)
	scenes = append(scenes, at("imported", "Robin", imported, "imported"))
	drill := ines.drill(other)
	scenes = append(scenes, at("drill to do", "Ines", drill, "open"),
		scene{"drill", "Ines", "/drill?request=" + drill, "[data-form=drill]", ""})

	p.Fault(t, localkms.Fault{Kind: localkms.FaultCutBefore, Action: "ImportKeyMaterial", KeyID: key})
	unknown := robin.CreateRequest(key, "none/unknown", time.Hour, "")
	ines.prepare(unknown)
	ines.Page.SetDefaultTimeout(60_000) // the client of the KMS tries several times
	ines.submit(key)
	return append(scenes, scene{"no answer for Robin", "Robin", "/request?id=" + unknown, ".now h2:not(:empty)", ""})
}

// act does something with a request as a program would.
func (s somebody) act(id, what, body string) {
	s.T.Helper()
	status, err := s.Page.Evaluate(`([path, body]) => fetch(path, {
		method: "POST", headers: {"Content-Type": "application/json", "Keyferry-Request": "1"}, body,
	}).then((answer) => answer.status)`, []any{"/api/requests/" + id + "/" + what, body})
	s.Do(err)
	if status != 200 {
		s.T.Fatalf("%s: status %v", what, status)
	}
}

// drill asks for a drill with the backup of a key, and returns the request's id.
func (s somebody) drill(key string) string {
	s.T.Helper()
	id, err := s.Page.Evaluate(`(KeyId) => fetch("/api/keys/drill", {
		method: "POST", headers: {"Content-Type": "application/json", "Keyferry-Request": "1"},
		body: JSON.stringify({Region: "cn-hangzhou", KeyId}),
	}).then((answer) => answer.json()).then((made) => made.Id)`, key)
	s.Do(err)
	return id.(string)
}

// issued makes a request whose importer has only begun.
func (s somebody) issued(importer somebody, key string) string {
	s.T.Helper()
	id := s.CreateRequest(key, "payments/issued", time.Hour, "")
	importer.act(id, "parameters", `{"WrappingAlgorithm":"RSAES_OAEP_SHA_256"}`)
	return id
}
