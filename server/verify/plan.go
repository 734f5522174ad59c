package verify

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"path"
	"slices"
	"strings"

	"keyferry/components/text"
	"keyferry/server/console"
	"keyferry/web"
)

// thing is one page or file: what is asked for, how it is called in the report, and as whom it is asked for.
type thing struct {
	path string
	name string // of the report; the path where it is empty
	as   []visitor
}

func (t thing) title() string {
	if t.name == "" {
		return t.path
	}
	return t.name
}

// visitor is one way to ask for a thing.
type visitor struct {
	name   string
	header http.Header
}

// common are the headers of every request. They are those of a widespread browser, so that whoever wants to tell this
// program from a person has to look further than at one header.
var common = map[string]string{
	"User-Agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
}

func asking(pairs ...string) http.Header {
	header := http.Header{}
	for name, value := range common {
		header.Set(name, value)
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			header.Set(pairs[i], pairs[i+1])
		}
	}
	return header
}

// browserCodings is what browsers send over https and to this computer.
const browserCodings = "gzip, deflate, br, zstd"

// visitors are the people who look at a page: for each language one who never chose, one who chose the language against
// the browser's own, and one for each theme.
var visitors = func() []visitor {
	var all []visitor
	for i, language := range text.Languages {
		other := text.Languages[(i+1)%len(text.Languages)]
		for _, choice := range []struct{ name, browser, language, theme string }{
			{"as the browser asks", language.Tag, "", ""},
			{"as chosen", other.Tag, language.Tag, ""},
			{"light", language.Tag, language.Tag, "light"},
			{"dark", other.Tag, language.Tag, "dark"},
		} {
			all = append(all, visitor{language.Tag + " " + choice.name, asking(
				"Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8",
				"Accept-Encoding", browserCodings,
				"Accept-Language", choice.browser+",*;q=0.5",
				"Cookie", console.Choices(choice.language, choice.theme),
				"Sec-Fetch-Dest", "document", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Site", "none", "Sec-Fetch-User", "?1",
				"Upgrade-Insecure-Requests", "1",
			)})
		}
	}
	return all
}()

// loaders are the ways to ask for a file: in each coding, and as browsers do.
func loaders(name string) []visitor {
	destination := map[string]string{".js": "script", ".css": "style", ".svg": "image"}[path.Ext(name)]
	switch {
	case strings.HasSuffix(name, web.Worker):
		destination = "worker"
	case destination == "":
		destination = "empty"
	}
	var all []visitor
	for _, way := range []struct{ name, codings string }{
		{"plain", "identity"}, {"br", "br"}, {"gzip", "gzip"}, {"as browsers ask", browserCodings},
	} {
		all = append(all, visitor{way.name, asking("Accept", "*/*", "Accept-Encoding", way.codings, "Accept-Language", "en",
			"Sec-Fetch-Dest", destination, "Sec-Fetch-Mode", "cors", "Sec-Fetch-Site", "same-origin")})
	}
	return all
}

// pages are all pages, two of them also as links from the KMS's own page open them, and the answer for an address where
// nothing is. Key id and that address are new each time, so that nobody can lie in wait for them.
func pages() []thing {
	var all []thing
	for _, page := range console.Pages() {
		all = append(all, thing{page, "", visitors})
	}
	key := strings.ToLower(rand.Text())
	for _, page := range []string{"/", "/reimport"} {
		all = append(all, thing{page + "?KeyId=" + key, page + "?KeyId=…", visitors})
	}
	return append(all, thing{"/" + strings.ToLower(rand.Text()), "a page that is not there", visitors})
}

// compareAll goes through pages, files, and what they name until nothing new comes up.
func (r *run) compareAll(ctx context.Context) error {
	plan := pages()
	for _, name := range r.config.Static.Names() {
		plan = append(plan, thing{r.here.prefix + "/" + name, "", loaders(name)})
	}
	for i := 0; i < len(plan); i++ {
		names, err := r.look(ctx, plan[i])
		if err != nil {
			return err
		}
		for _, n := range names {
			known := slices.ContainsFunc(plan, func(t thing) bool { return t.path == n.address })
			if known || !n.onConsole() {
				continue // what leads elsewhere is compared with the page that names it
			}
			more, found, err := r.follow(ctx, n)
			if err != nil {
				return err
			}
			if !found {
				r.report.differs(plan[i].title(), "this binary's own page names %s in %s and does not have it", quoted(n.address), n.where)
			} else if more != nil {
				plan = append(plan, *more)
			}
		}
	}
	return nil
}

// follow finds out what a name on this binary's own page leads to. An address that forms are sent to is nothing to get.
func (r *run) follow(ctx context.Context, n named) (more *thing, found bool, err error) {
	answered, err := r.here.get(ctx, n.address, visitors[0].header)
	if err != nil {
		return nil, false, err
	}
	switch answered.status {
	case http.StatusOK:
	case http.StatusMethodNotAllowed:
		return nil, true, nil
	default:
		return nil, false, nil
	}
	if mediaType(answered) == "text/html" {
		return &thing{n.address, "", visitors}, true, nil
	}
	return &thing{n.address, "", loaders(n.address)}, true, nil
}

// look compares one thing in each way to ask for it, and lists what it names by this binary's own account.
func (r *run) look(ctx context.Context, t thing) ([]named, error) {
	var names []named
	var problems []string
	hit := map[string][]string{} // by problem: the ways in which it showed
	for _, v := range t.as {
		want, err := r.here.get(ctx, t.path, v.header)
		if err != nil {
			return nil, err
		}
		body, _, err := want.decoded(maxOwn)
		if err != nil {
			return nil, fmt.Errorf("reading this binary's own %s: %v", t.path, err)
		}
		for _, n := range namesIn(mediaType(want), t.path, body) {
			if !slices.Contains(names, n) {
				names = append(names, n)
			}
		}
		found := r.ask(ctx, t, v, want, len(body)+maxSlack)
		if ctx.Err() != nil {
			return nil, fmt.Errorf("comparing %s: %w", t.title(), ctx.Err())
		}
		for _, problem := range found.problems {
			if hit[problem] == nil {
				problems = append(problems, problem)
			}
			hit[problem] = append(hit[problem], v.name)
		}
		r.report.note(found)
	}
	for _, problem := range problems {
		r.report.differs(t.title(), "%s: %s", strings.Join(hit[problem], ", "), problem)
	}
	if len(problems) == 0 {
		r.report.same(t.title(), len(t.as))
	}
	return names, nil
}

// ask gets one answer of the running console and compares it. No answer is a difference like any other.
func (r *run) ask(ctx context.Context, t thing, v visitor, want *answer, limit int) outcome {
	got, err := r.fetch.get(ctx, r.there(t.path), v.header, limit)
	if err != nil {
		return outcome{problems: []string{err.Error()}}
	}
	return compare(want, got, t.path)
}

// there is the path on the running console of something that stands at a path here.
func (r *run) there(path string) string {
	if rest, found := strings.CutPrefix(path, r.here.prefix+"/"); found {
		return r.theirs + "/" + rest
	}
	return path
}
