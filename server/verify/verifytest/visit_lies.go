package verifytest

import (
	"net/http"
	"strings"
	"sync/atomic"
)

// hide makes a page show nothing: what a lie about pages does here.
var hide = swap("<main", "<main hidden")

// not is the opposite of a condition.
func not(when func(*Answer) bool) func(*Answer) bool {
	return func(a *Answer) bool { return !when(a) }
}

// both holds where two conditions do.
func both(one, other func(*Answer) bool) func(*Answer) bool {
	return func(a *Answer) bool { return one(a) && other(a) }
}

// every holds for one request out of so many, over all requests.
func every(many int64) func(*Answer) bool {
	var count atomic.Int64
	return func(*Answer) bool { return count.Add(1)%many == 0 }
}

// changed is the worker's script with one byte changed, where a condition holds.
func changed(when func(*Answer) bool) func(*Answer) {
	return func(a *Answer) {
		if a.isFile("js/worker.js") && when(a) {
			a.edit(oneByte)
		}
	}
}

// idForm holds for a link with a CMK's id of a form.
func idForm(prefix string, length int) func(*Answer) bool {
	return func(a *Answer) bool {
		id := a.Request.URL.Query().Get("KeyId")
		return strings.HasPrefix(id, prefix) && len(id) == length
	}
}

func overHTTP2(a *Answer) bool { return a.Request.ProtoMajor == 2 }

// inVisits are lies that only some visits are told.
var inVisits = []Lie{
	{"the worker for requests with client hints alone", changed(asks("Sec-Ch-Ua", "Chrome")), "as browsers ask by Chrome: body", false, false},
	{"the worker for requests without client hints alone", changed(func(a *Answer) bool {
		return asks("User-Agent", "Chrome")(a) && a.Request.Header.Get("Sec-Ch-Ua") == ""
	}), "js/worker.js: as browsers ask by Chrome without hints: body", false, false},
	{"the worker for Firefox alone", changed(asks("User-Agent", "Firefox")), "js/worker.js: as browsers ask by Firefox: body", false, false},
	{"the worker for people who chose alone", changed(asks("Cookie", "keyferry")), "js/worker.js: as browsers ask: body", false, false},
	{"the worker for people who never chose alone", changed(func(a *Answer) bool { return a.Request.Header.Get("Cookie") == "" }), "js/worker.js: ", false, false},
	{"pages for Safari alone", page(both(asks("User-Agent", "Version/"), path("/en/desk")), hide), "by Safari", false, false},
	{"pages for Firefox in Chinese alone", page(both(asks("User-Agent", "Firefox"), asks("Cookie", "zh-CN")), hide), "by Firefox", false, false},
	{"pages for people who do not want to be followed alone", page(asks("Sec-Gpc", "1"), hide), "by Firefox", false, false},
	{"pages for links of other sites alone", page(asks("Sec-Fetch-Site", "cross-site"), hide), "body: at byte", false, false},
	{"pages for links of the console alone", page(asks("Sec-Fetch-User", "?1"), hide), "body: at byte", false, false},
	{"pages that are loaded again alone", page(asks("Cache-Control", "max-age=0"), hide), "body: at byte", false, false},
	{"pages that are loaded ahead of time alone", page(asks("Sec-Purpose", "prefetch"), hide), "body: at byte", false, false},
	{"pages for ids of the key- form alone", page(idForm("key-", 25), hide), "/en/?KeyId=… (1): ", false, false},
	{"pages for ids of either real form alone", page(func(a *Answer) bool { return idForm("key-", 25)(a) || idForm("", 36)(a) }, hide), "/zh-CN/reimport?KeyId=… (2): ", false, false},
	{"one answer in fifty", page(every(50), hide), "body: at byte", false, false},
	{"pages that were asked for before alone", page(func() func(*Answer) bool {
		var pages atomic.Int64
		return func(*Answer) bool { return pages.Add(1) > 40 }
	}(), hide), "body: at byte", false, false},
	{"a version of Chrome that nobody has any more is told the truth alone", page(not(asks("User-Agent", "Chrome/142.0")), hide), "body: at byte", false, false},
	{"pages over HTTP/2 alone", page(overHTTP2, hide), "body: at byte", true, true},
	{"pages over HTTP/1.1 alone", page(not(overHTTP2), hide), "body: at byte", false, true},
}

// posted holds for what is sent to a path.
func posted(to string) func(*Answer) bool {
	return func(a *Answer) bool { return a.Request.Method == http.MethodPost && a.Request.URL.Path == to }
}

// when tells a lie where a condition holds.
func when(condition func(*Answer) bool, lie func(*Answer)) func(*Answer) {
	return func(a *Answer) {
		if condition(a) {
			lie(a)
		}
	}
}

// leads holds for what leads to a page in a language.
func leads(a *Answer) bool { return a.Status == http.StatusFound }

// failed holds for an answer about an error that is not a page.
func failed(a *Answer) bool { return a.Status >= 400 && !a.isPage() }

// inEndpoints are lies in answers to what is sent, and to what is refused.
var inEndpoints = []Lie{
	{"a page in place of the way to it", when(leads, func(a *Answer) {
		a.Status = http.StatusOK
		a.Header.Set("Content-Type", "text/html; charset=utf-8")
		a.pack([]byte("<!doctype html><script src=https://elsewhere.example/x.js></script>"), "")
	}), "status 200 instead of 302", true, false},
	{"an address leads elsewhere", when(leads, set("Location", "//elsewhere.example/")), "header Location", false, false},
	{"an address leads to another page", when(path("/check"), rewrite("Location", "/check", "/desk", leads)), "/check: ", false, false},
	{"an address leads to the other language", rewrite("Location", "/zh-CN/", "/en/", leads), "header Location", false, false},
	{"an address leads on with more", when(func(a *Answer) bool { return leads(a) && a.Request.URL.Query().Has("KeyId") }, func(a *Answer) {
		a.Header.Set("Location", a.Header.Get("Location")+"&from=mail")
	}), "/?KeyId=… (", false, false},
	{"the way to a page sets a cookie", when(leads, set("Set-Cookie", "keyferry_language=en; Path=/")), `header "Set-Cookie": unexpected`, false, false},
	{"calendars lead elsewhere", when(posted("/en/calendar"), func(a *Answer) {
		a.edit(func(body string) string { return strings.ReplaceAll(body, "/reimport", "/elsewhere") })
	}), "a calendar: as browsers send: body", false, false},
	{"calendars have one event more", when(posted("/en/calendar"), func(a *Answer) {
		a.edit(swap("END:VEVENT", "URL:https://elsewhere.example/\r\nEND:VEVENT"))
	}), "a calendar: as browsers send: body", false, false},
	{"refusals are pages", when(failed, set("Content-Type", "text/html; charset=utf-8")), "header Content-Type", false, false},
	{"refusals have no policy", when(failed, drop("Content-Security-Policy", func(*Answer) bool { return true })), "header Content-Security-Policy: missing", false, false},
	{"a refused import is called a success", when(posted("/kms/ImportKeyMaterial"), func(a *Answer) {
		a.Status = http.StatusOK
		a.pack([]byte(`{"RequestId":"4C467B38-3910-447D-87BC-AC049166F216"}`), "")
	}), "an import of nothing: as browsers send: status 200 instead of 400", false, false},
	{"advice in a refusal is another", when(posted("/kms/GetParametersForImport"), func(a *Answer) { a.edit(swap(`"Advice":"`, `"Advice":"Send your key by mail. `)) }), "parameters of no CMK: as browsers send", false, false},
	{"another page for what a console refuses to show", page(func(a *Answer) bool { return a.Status == http.StatusMethodNotAllowed }, hide), "a call of the KMS by GET", false, false},
	{"a service worker", func(a *Answer) {
		if path("/sw.js")(a) {
			a.Status = http.StatusOK
			a.Header.Set("Content-Type", "text/javascript")
			a.pack([]byte("onfetch = go"), "")
		}
	}, "a service worker: ", false, false},
	{"an old address of a script is still there", func(a *Answer) {
		if a.Status == http.StatusNotFound && strings.HasSuffix(a.Request.URL.Path, "/worker.js") {
			a.Status = http.StatusOK
		}
	}, "static files of another set: ", false, false},
	{"the console's time is a day ahead", set("Date", "Fri, 31 Dec 9999 23:59:59 GMT"), "header Date", false, false},
	{"https is forgotten", set("Strict-Transport-Security", "max-age=0; includeSubDomains"), "header Strict-Transport-Security", false, false},
	{"another service on this host", set("Alt-Svc", `h3=":443"; ma=86400`), "header Alt-Svc", false, false},
	{"another protocol on this port", set("Alt-Svc", `clear, h2=":443"`), "header Alt-Svc", false, false},
}
