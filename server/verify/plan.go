package verify

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"keyferry/server/console"
)

// thing is one page, file or endpoint: what is asked for, how the report calls it, and the ways to
// ask for it.
type thing struct {
	method string // GET where it is empty
	path   string
	body   string
	name   string // in the report; the path where it is empty
	as     []visitor
}

func (t thing) title() string {
	if t.name == "" {
		return t.path
	}
	return t.name
}

// planner makes the list of things.
type planner struct {
	browsers []browser
	arrival  int // counts visits, so that the arrivals take turns
	origin   string
	prefix   string // of this binary's static files
	team     bool   // whether the console serves several people
}

// id is a CMK's id in one of the two forms that the service has, and is new each time, so that
// nobody can wait for it.
func id(old bool) string {
	if old {
		return fmt.Sprintf("%08x-%04x-4%03x-a%03x-%012x", rand.Uint32(), rand.IntN(1<<16), rand.IntN(1<<12), rand.IntN(1<<12), rand.Int64N(1<<48))
	}
	region := []string{"hzz", "shh", "bjj", "szz", "sgp", "php"}[rand.IntN(6)]
	made := time.Now().Add(-time.Duration(rand.IntN(3*365*24)) * time.Hour)
	return fmt.Sprintf("key-%s%08x%s", region, made.Unix(), word(10))
}

// word is some lower-case letters and digits.
func word(length int) string {
	letters := make([]byte, length)
	for i := range letters {
		letters[i] = "abcdefghijklmnopqrstuvwxyz0123456789"[rand.IntN(36)]
	}
	return string(letters)
}

// pages are all pages in all languages, two of them also as links with a CMK's id of either form
// open them, the addresses without a language, which lead to them, and addresses where nothing is.
func (p *planner) pages() []thing {
	var all []thing
	for _, page := range console.Pages(p.team) {
		all = append(all, thing{path: page, as: p.visitors()})
	}
	for _, address := range append(console.Addresses(p.team), "/en", "/zh-CN") {
		all = append(all, thing{path: address, as: p.fewVisitors()})
	}
	for _, page := range []string{"/", "/reimport", "/en/", "/zh-CN/reimport"} {
		for i := range 2 {
			all = append(all, thing{path: page + "?KeyId=" + id(i == 1), name: fmt.Sprintf("%s?KeyId=… (%d)", page, i+1), as: p.fewVisitors()})
		}
	}
	return append(all, thing{path: "/" + word(12), name: "a page that is not there", as: p.visitors()},
		thing{path: "/zh-CN/" + word(12), name: "a Chinese page that is not there", as: p.fewVisitors()})
}

// endpoints are what forms and scripts send to, and requests that a console refuses. None of them
// reaches the KMS or changes anything on the console.
func (p *planner) endpoints() []thing {
	const form, object, asPage = "application/x-www-form-urlencoded", "application/json", "text/html,*/*;q=0.8"
	soon := fmt.Sprint(time.Now().Add(time.Duration(100+rand.IntN(300)) * 24 * time.Hour).Unix())
	key := id(rand.IntN(2) == 0)
	post := func(name, path, body, media, accept string) thing {
		return thing{method: http.MethodPost, path: path, body: body, name: name, as: p.senders(media, accept)}
	}
	values := func(pairs ...string) string {
		all := url.Values{}
		for i := 0; i+1 < len(pairs); i += 2 {
			all.Set(pairs[i], pairs[i+1])
		}
		return all.Encode()
	}
	all := []thing{
		post("a calendar", "/en/calendar", values("KeyId", key, "KeyMaterialExpireUnix", soon, "Remind", "30, 7, 1"), form, asPage),
		post("a Chinese calendar", "/zh-CN/calendar", values("KeyId", key, "KeyMaterialExpireUnix", soon, "Remind", "7"), form, asPage),
		post("a calendar that is refused", "/en/calendar", values("KeyId", key, "KeyMaterialExpireUnix", "1", "Remind", "7"), form, asPage),
		post("a calendar for many keys", "/en/calendar/many", values("Keys", key+" "+soon, "Remind", "30, 7"), form, asPage),
		post("a Chinese calendar for many keys", "/zh-CN/calendar/many", values("Keys", key+" "+soon, "Remind", "7"), form, asPage),
		post("a link for no CMK", "/kms/GetParametersForImportLink", `{"KeyId":"","WrappingAlgorithm":"RSAES_OAEP_SHA_256"}`, object, "*/*"),
		post("an import file of nothing", "/kms/ImportFile", `{}`, object, "*/*"),
		post("parameters of no CMK", "/kms/GetParametersForImport", `{"KeyId":"","WrappingAlgorithm":"RSAES_OAEP_SHA_256","WrappingKeySpec":"RSA_2048"}`, object, "*/*"),
		post("parameters by another algorithm", "/kms/GetParametersForImport", `{"KeyId":"`+key+`","WrappingAlgorithm":"RSA","WrappingKeySpec":"RSA_2048"}`, object, "*/*"),
		post("an import of nothing", "/kms/ImportKeyMaterial", `{"KeyId":"`+key+`","EncryptedKeyMaterial":"","ImportToken":""}`, object, "*/*"),
		post("parameters of several, none a CMK", "/kms/GetParametersForImport/many", `{"KeyIds":["",""],"WrappingAlgorithm":"RSAES_OAEP_SHA_256","WrappingKeySpec":"RSA_2048"}`, object, "*/*"),
		post("several imports of nothing", "/kms/ImportKeyMaterial/many", `{"Imports":[{"KeyId":"`+key+`","EncryptedKeyMaterial":"","ImportToken":""}]}`, object, "*/*"),
		post("an import by a form", "/kms/ImportKeyMaterial", values("KeyId", key), form, asPage),
		post("another call of the KMS", "/kms/DeleteKeyMaterial", `{"KeyId":"`+key+`"}`, object, "*/*"),
		post("a form sent to a page", "/en/", values("KeyId", key), form, asPage),
	}
	if p.team {
		all = append(all,
			post("a request by nobody", "/api/requests", `{"Requests":[]}`, object, "*/*"),
			post("a guest link by nobody", "/api/requests/"+strings.ToUpper(word(26))+"/guest-link", `{}`, object, "*/*"),
			thing{path: "/api/requests?which=all", name: "the requests, for nobody", as: p.fewVisitors()},
			thing{path: "/api/ledger", name: "the ledger, for nobody", as: p.fewVisitors()})
	}
	for name, path := range map[string]string{
		"a call of the KMS by GET": "/kms/ImportKeyMaterial", "a calendar by GET": "/en/calendar", "the health": "/healthz",
		"the icon by its old name": "/favicon.ico", "a script that is not there": p.prefix + "/js/" + word(8) + ".js",
		"a service worker": "/sw.js", "static files of another set": "/static/" + word(32) + "/js/worker.js", "the robots": "/robots.txt",
	} {
		all = append(all, thing{path: path, name: name, as: append(p.fewVisitors(), p.loaders(path)...)})
	}
	return all
}

// senders are the ways in which the console's own pages send, by each browser.
func (p *planner) senders(media, accept string) []visitor {
	to := [2]string{"empty", "cors"}
	if accept != "*/*" {
		to = [2]string{"document", "navigate"}
	}
	var all []visitor
	for i, b := range p.browsers {
		look := looks()[(p.arrival+i)%len(looks())]
		all = append(all, visitor{"as browsers send", b.name, b.as(
			"Accept", accept, "Content-Type", media, "Origin", p.origin, "Accept-Language", look.browser,
			"Cookie", console.Choices(look.language, look.theme),
			"Sec-Fetch-Site", "same-origin", "Sec-Fetch-Dest", to[0], "Sec-Fetch-Mode", to[1],
		)})
	}
	p.arrival++
	return all
}

// plan lists pages, endpoints and files, and adds what this binary's own pages and files name,
// until nothing new comes up.
func (r *run) plan(ctx context.Context) ([]thing, error) {
	p := &planner{browsers: browsers(), origin: r.base.String(), prefix: r.here.prefix, team: r.here.team}
	all := append(p.pages(), p.endpoints()...)
	for _, name := range r.config.Static.Names() {
		all = append(all, thing{path: r.here.prefix + "/" + name, as: p.loaders(name)})
	}
	for i := 0; i < len(all); i++ {
		if all[i].method != "" {
			continue
		}
		names, err := r.names(ctx, all[i])
		if err != nil {
			return nil, err
		}
		for _, n := range names {
			known := slices.ContainsFunc(all, func(t thing) bool { return t.path == n.address })
			if known || !n.onConsole() {
				continue // what leads elsewhere is compared with the page that names it
			}
			more, err := r.follow(ctx, p, n)
			if err != nil {
				return nil, err
			}
			all = append(all, *more)
		}
	}
	return all, nil
}

// names lists what this binary's own answers about a thing name: they may depend on the language.
func (r *run) names(ctx context.Context, t thing) ([]named, error) {
	var names []named
	looked := map[string]bool{}
	for _, v := range t.as {
		language := v.header.Get("Accept-Language")
		if looked[language] {
			continue
		}
		looked[language] = true
		own, err := r.here.ask(ctx, t, v.header)
		if err != nil {
			return nil, err
		}
		body, err := r.here.original(t.path, own)
		if err != nil {
			return nil, err
		}
		for _, n := range namesIn(mediaType(own), t.path, body) {
			if !slices.Contains(names, n) {
				names = append(names, n)
			}
		}
	}
	return names, nil
}

// follow makes a thing of what this binary's own page names.
func (r *run) follow(ctx context.Context, p *planner, n named) (*thing, error) {
	more := &thing{path: n.address, as: p.fewVisitors()}
	own, err := r.here.ask(ctx, *more, more.as[0].header)
	if err != nil {
		return nil, err
	}
	if own.status == http.StatusNotFound {
		return nil, fmt.Errorf("this binary's own page names %s in %s and does not have it", quoted(n.address), n.where)
	}
	if mediaType(own) != "text/html" {
		more.as = p.loaders(n.address)
	}
	return more, nil
}

// there is the path on the running console of something that is at a path here.
func (r *run) there(path string) string {
	if rest, found := strings.CutPrefix(path, r.here.prefix+"/"); found {
		return r.theirs + "/" + rest
	}
	return path
}
