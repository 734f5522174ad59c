package console

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"slices"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"keyferry/components"
	"keyferry/components/pages"
	"keyferry/components/text"
	"keyferry/web"
)

// page is one page of the console.
type page struct {
	path  string
	name  string // of the page in the navigation; empty where the navigation does not have it
	quiet bool   // whether it sends nothing, so that its policy lets it connect nowhere
	team  bool   // whether only a console for several people has it
	title func(*text.Catalogue) string
	body  func(pages.Task) templ.Component
}

// consolePages are all pages, in the order of the navigation.
var consolePages = []page{
	{"/", "import", false, false, func(t *text.Catalogue) string { return t.Import.Title }, pages.ImportPage},
	{"/requests", "requests", false, true, func(t *text.Catalogue) string { return t.Team.List.Title }, framed(pages.RequestsPage)},
	{"/requests/new", "", false, true, func(t *text.Catalogue) string { return t.Team.New.Title }, framed(pages.NewRequestPage)},
	{"/request", "", false, true, func(t *text.Catalogue) string { return t.Team.One.Title }, framed(pages.RequestPage)},
	{"/keys", "keys", false, true, func(t *text.Catalogue) string { return t.Keys.Title }, framed(pages.KeysPage)},
	{"/drill", "", false, true, func(t *text.Catalogue) string { return t.Drill.Title }, pages.DrillPage},
	{"/ledger", "ledger", false, true, func(t *text.Catalogue) string { return t.Team.Ledger.Title }, framed(pages.LedgerPage)},
	{"/signin", "", false, true, func(t *text.Catalogue) string { return t.Team.SignIn.Title }, framed(pages.SignInPage)},
	{"/reimport", "reimport", false, false, func(t *text.Catalogue) string { return t.Reimport.Title }, pages.ReimportPage},
	{"/many", "many", false, false, func(t *text.Catalogue) string { return t.Many.Title }, pages.ManyPage},
	{"/check", "check", true, false, func(t *text.Catalogue) string { return t.Check.Title }, pages.CheckPage},
	{"/renewal", "renewal", true, false, func(t *text.Catalogue) string { return t.Renewal.Title }, framed(pages.RenewalPage)},
	{"/desk", "desk", true, false, func(t *text.Catalogue) string { return t.Desk.Title }, pages.DeskPage},
	{"/proof", "proof", true, false, func(t *text.Catalogue) string { return t.Proof.Title }, framed(pages.ProofPage)},
}

// pagesOf are the pages of a console for one person, or for several.
func pagesOf(team bool) []page {
	return slices.DeleteFunc(slices.Clone(consolePages), func(p page) bool { return p.team && !team })
}

// framed makes the body of a page that shows words alone.
func framed(body func(components.Frame) templ.Component) func(pages.Task) templ.Component {
	return func(task pages.Task) templ.Component { return body(task.Frame) }
}

// document is a page in one language. Everybody gets the same bytes.
type document struct {
	policy string
	body   []byte
}

// documents renders every page in every language, by path.
func (c *console) documents() (map[string]document, error) {
	all := map[string]document{}
	for _, words := range text.Languages {
		for _, p := range pagesOf(c.Team != nil) {
			frame := c.frame(words)
			frame.Path, frame.Page, frame.Title, frame.Quiet = p.path, p.name, p.title(words), p.quiet
			body, err := rendered(p.body(c.task(frame)))
			if err != nil {
				return nil, fmt.Errorf("rendering %s in %s: %v", p.path, words.Name, err)
			}
			policy := pagePolicy
			if p.quiet {
				policy = quietPagePolicy
			}
			all[frame.Link(p.path)] = document{policy, body}
		}
	}
	return all, nil
}

// show answers with a page.
func (d document) show(e echo.Context) error {
	e.Response().Header().Set("Content-Security-Policy", d.policy)
	return e.HTMLBlob(http.StatusOK, d.body)
}

// task is what a page shows that starts workers.
func (c *console) task(frame components.Frame) pages.Task {
	return pages.Task{
		Frame:     frame,
		WorkerURL: c.prefix + "/" + web.Worker,
		Module:    c.moduleFile(web.Module),
		Strength:  c.moduleFile(web.Strength),
		CLIPrefix: c.LocalKMSLogin,
		CLISuffix: c.LocalKMSFlags,
	}
}

// moduleFile is the address of a module and the digest that its bytes must have; New has checked
// that it exists.
func (c *console) moduleFile(name string) pages.Module {
	integrity, _ := c.Static.Integrity(name)
	return pages.Module{URL: c.prefix + "/" + name, Integrity: integrity}
}

// failPage answers with a page that says what is wrong.
func (c *console) failPage(refused *refusal, e echo.Context) {
	frame := c.frame(language(e.Request()))
	frame.Path = "/"
	var page templ.Component
	if refused == errNotFound {
		frame.Title = frame.Text.Lost.Title
		page = pages.LostPage(frame)
	} else {
		frame.Title = frame.Text.Lost.Broken
		page = pages.BrokenPage(frame, frame.Text.Fault(refused.code), requestID(e))
	}
	body, err := rendered(page)
	if err != nil {
		c.log.Error("rendering an error page", "id", requestID(e), "error", err)
		e.NoContent(refused.status)
		return
	}
	header := e.Response().Header()
	header.Set("Content-Security-Policy", pagePolicy)
	header.Set("Vary", choiceHeaders)
	e.HTMLBlob(refused.status, body)
}

// frame is what the header and the footer of every page show in a language.
func (c *console) frame(words *text.Catalogue) components.Frame {
	return components.Frame{
		Text:         words,
		Region:       c.Region,
		Team:         c.Team != nil,
		LocalKMSURL:  c.LocalKMSURL,
		Static:       c.prefix,
		ModuleSHA256: c.module,
		Version:      c.Version,
	}
}

// rendered is a page in memory, so that a fault in it is a clean error and not half a page.
func rendered(page templ.Component) ([]byte, error) {
	var body bytes.Buffer
	err := page.Render(context.Background(), &body)
	return body.Bytes(), err
}
