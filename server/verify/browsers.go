package verify

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"path"
	"slices"
	"strings"

	"keyferry/components/text"
	"keyferry/server/console"
	"keyferry/web"
)

// browser is the headers that a browser sends with every request, and those that it sends with a
// navigation.
type browser struct {
	name   string
	always []string // pairs of name and value
	page   []string // in addition, where it opens a page
}

// browsers are Chrome with and without client hints, Firefox and Safari as they are current. Their
// versions are picked anew for each run, so that nobody can wait for one of them.
func browsers() []browser {
	chrome, firefox, safari := 153+rand.IntN(5), 154+rand.IntN(6), rand.IntN(4)
	system := []struct{ agent, platform string }{
		{"Windows NT 10.0; Win64; x64", "Windows"}, {"X11; Linux x86_64", "Linux"}, {"Macintosh; Intel Mac OS X 10_15_7", "macOS"},
	}[rand.IntN(3)]
	chromium := fmt.Sprintf("Mozilla/5.0 (%s) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/%d.0.0.0 Safari/537.36", system.agent, chrome)
	const chromePage = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8,application/signed-exchange;v=b3;q=0.7"
	const plainPage = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
	return []browser{
		{"Chrome", []string{
			"User-Agent", chromium, "Sec-Ch-Ua-Mobile", "?0", "Sec-Ch-Ua-Platform", `"` + system.platform + `"`,
			"Sec-Ch-Ua", fmt.Sprintf(`"Chromium";v="%d", "Google Chrome";v="%d", "Not.A/Brand";v="8"`, chrome, chrome),
		}, []string{"Accept", chromePage, "Upgrade-Insecure-Requests", "1"}},
		{"Chrome without hints", []string{"User-Agent", chromium}, []string{"Accept", chromePage, "Upgrade-Insecure-Requests", "1"}},
		{"Firefox", []string{
			"User-Agent", fmt.Sprintf("Mozilla/5.0 (%s; rv:%d.0) Gecko/20100101 Firefox/%d.0", system.agent, firefox, firefox),
			"Sec-Gpc", "1", "Dnt", "1",
		}, []string{"Accept", plainPage, "Upgrade-Insecure-Requests", "1", "Priority", "u=0, i"}},
		{"Safari", []string{
			"User-Agent", fmt.Sprintf("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.%d Safari/605.1.15", safari),
		}, []string{"Accept", plainPage, "Priority", "u=0, i"}},
	}
}

// visitor is one way to ask for a thing.
type visitor struct {
	look    string // the person's choices, or how the file may be packed
	browser string // empty where the headers are no browser's
	header  http.Header
}

// browserCodings is what browsers accept over https and from this computer.
const browserCodings = "gzip, deflate, br, zstd"

// as is the header of a request by a browser, with some pairs in addition. An empty value is left
// out.
func (b browser) as(pairs ...string) http.Header {
	header := http.Header{}
	all := slices.Concat([]string{"Accept", "*/*", "Accept-Encoding", browserCodings}, b.always, pairs)
	for i := 0; i+1 < len(all); i += 2 {
		if all[i+1] != "" {
			header.Set(all[i], all[i+1])
		}
	}
	return header
}

// look is a person's choices.
type look struct{ name, browser, language, theme string }

// looks are for each language a person who never chose, and one for each theme who chose the
// language too, against the browser's own.
func looks() []look {
	var all []look
	for i, language := range text.Languages {
		tag, other := language.Tag, text.Languages[(i+1)%len(text.Languages)].Tag
		all = append(all, look{tag + " as the browser asks", tag, "", ""}, look{tag + " light", other, tag, "light"},
			look{tag + " dark", other, tag, "dark"})
	}
	return all
}

// arrivals are the ways in which a person comes to a page: by a typed address, by a link of the
// console or of another site, by loading it again, and ahead of time because the browser guesses
// that it will be wanted.
var arrivals = [][]string{
	{"Sec-Fetch-Site", "none", "Sec-Fetch-User", "?1"},
	{"Sec-Fetch-Site", "same-origin", "Sec-Fetch-User", "?1"},
	{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-User", "?1"},
	{"Sec-Fetch-Site", "same-origin", "Cache-Control", "max-age=0"},
	{"Sec-Fetch-Site", "none", "Sec-Purpose", "prefetch;prerender", "Purpose", "prefetch"},
}

// visitors are the people who look at a page: every look in every browser, each by some arrival.
func (p *planner) visitors() []visitor {
	var all []visitor
	for _, look := range looks() {
		for _, b := range p.browsers {
			all = append(all, p.visitor(look, b))
		}
	}
	return all
}

// fewVisitors are one for each look, in turn by every browser.
func (p *planner) fewVisitors() []visitor {
	var all []visitor
	first := rand.IntN(len(p.browsers))
	for i, look := range looks() {
		all = append(all, p.visitor(look, p.browsers[(first+i)%len(p.browsers)]))
	}
	return all
}

func (p *planner) visitor(l look, b browser) visitor {
	p.arrival++
	pairs := slices.Concat(b.page, arrivals[p.arrival%len(arrivals)], []string{
		"Accept-Language", l.browser + ",*;q=0.5", "Cookie", console.Choices(l.language, l.theme),
		"Sec-Fetch-Dest", "document", "Sec-Fetch-Mode", "navigate",
	})
	return visitor{l.name, b.name, b.as(pairs...)}
}

// destinations are what browsers say about a file by its kind: Sec-Fetch-Dest and Sec-Fetch-Mode.
var destinations = map[string][2]string{
	".js": {"script", "cors"}, ".css": {"style", "no-cors"}, ".svg": {"image", "no-cors"}, ".wasm": {"empty", "cors"},
}

// loaders are the ways to ask for a file: in each coding, and as each browser does, with and
// without cookies.
func (p *planner) loaders(name string) []visitor {
	to := destinations[path.Ext(name)]
	often := strings.HasSuffix(name, web.Worker) || strings.HasSuffix(name, web.Runtime)
	if strings.HasSuffix(name, web.Worker) {
		to = [2]string{"worker", "same-origin"}
	}
	fetch := []string{"Accept-Language", "en", "Sec-Fetch-Dest", to[0], "Sec-Fetch-Mode", to[1], "Sec-Fetch-Site", "same-origin"}
	var all []visitor
	for _, way := range [][2]string{{"plain", "identity"}, {"br", "br"}, {"gzip", "gzip"}} {
		all = append(all, visitor{way[0], "", p.browsers[0].as(append(fetch, "Accept-Encoding", way[1])...)})
	}
	chosen := []string{"Cookie", console.Choices("zh-CN", "dark")}
	first := rand.IntN(2)
	for i, b := range p.browsers {
		if often || (first+i)%2 == 0 {
			all = append(all, visitor{"as browsers ask", b.name, b.as(fetch...)})
		}
		if often || (first+i)%2 == 1 {
			all = append(all, visitor{"as browsers ask", b.name, b.as(append(fetch, chosen...)...)})
		}
	}
	return all
}

// ways sums up in which of its visits a thing differed.
func ways(all, hit []visitor) string {
	browsers := func(of []visitor) (names []string, by map[string]map[string]bool) {
		by = map[string]map[string]bool{}
		for _, v := range of {
			if by[v.look] == nil {
				by[v.look] = map[string]bool{}
				names = append(names, v.look)
			}
			by[v.look][v.browser] = true
		}
		return names, by
	}
	_, every := browsers(all)
	names, by := browsers(hit)
	var said []string
	for _, name := range names {
		if len(by[name]) < len(every[name]) {
			name += " by " + strings.Join(slices.Sorted(maps.Keys(by[name])), " and ")
		}
		said = append(said, name)
	}
	const most = 4
	if len(said) > most {
		said = append(said[:most], fmt.Sprintf("and %d more", len(said)-most))
	}
	return strings.Join(said, ", ")
}
