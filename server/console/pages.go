package console

import (
	"bytes"
	"fmt"
	"net/http"
	"net/url"
	"slices"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"keyferry/components"
	"keyferry/components/pages"
	"keyferry/components/text"
	"keyferry/web"
)

const (
	languageCookie = "keyferry_language"
	themeCookie    = "keyferry_theme"
)

// page is one page of the console.
type page struct {
	path  string
	name  string // of the page in the navigation; empty where the navigation does not have it
	quiet bool   // whether it sends nothing, so that its policy lets it connect nowhere
	title func(*text.Catalogue) string
	body  func(pages.Task) templ.Component
}

// consolePages are all pages, in the order of the navigation.
var consolePages = []page{
	{"/", "import", false, func(t *text.Catalogue) string { return t.Import.Title }, pages.ImportPage},
	{"/reimport", "reimport", false, func(t *text.Catalogue) string { return t.Reimport.Title }, pages.ReimportPage},
	{"/check", "check", true, func(t *text.Catalogue) string { return t.Check.Title }, pages.CheckPage},
	{"/renewal", "renewal", true, func(t *text.Catalogue) string { return t.Renewal.Title }, framed(pages.RenewalPage)},
	{"/desk", "desk", true, func(t *text.Catalogue) string { return t.Desk.Title }, pages.DeskPage},
	{"/proof", "proof", true, func(t *text.Catalogue) string { return t.Proof.Title }, framed(pages.ProofPage)},
}

// framed makes the body of a page that shows words alone.
func framed(body func(components.Frame) templ.Component) func(pages.Task) templ.Component {
	return func(task pages.Task) templ.Component { return body(task.Frame) }
}

// show is the handler of a page.
func (c *console) show(p page) echo.HandlerFunc {
	policy := pagePolicy
	if p.quiet {
		policy = quietPagePolicy
	}
	return func(e echo.Context) error {
		frame := c.frame(e, p.name)
		frame.Title = p.title(frame.Text)
		return c.render(e, http.StatusOK, policy, p.body(c.task(e, frame)))
	}
}

// task is what a page shows that starts workers.
func (c *console) task(e echo.Context, frame components.Frame) pages.Task {
	return pages.Task{
		Frame:     frame,
		Host:      e.Request().Host,
		KeyID:     keyIn(e.Request().URL),
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
	frame := c.frame(e, "")
	var err error
	if refused == errNotFound {
		frame.Title = frame.Text.Lost.Title
		err = c.render(e, refused.status, pagePolicy, pages.LostPage(frame))
	} else {
		frame.Title = frame.Text.Lost.Broken
		err = c.render(e, refused.status, pagePolicy, pages.BrokenPage(frame, frame.Text.Fault(refused.code), requestID(e)))
	}
	if err != nil {
		c.log.Error("rendering an error page", "id", requestID(e), "error", err)
		e.NoContent(refused.status)
	}
}

// frame is what the header and the footer of a page show.
func (c *console) frame(e echo.Context, page string) components.Frame {
	theme := ""
	if cookie, err := e.Cookie(themeCookie); err == nil && (cookie.Value == "light" || cookie.Value == "dark") {
		theme = cookie.Value
	}
	return components.Frame{
		Text:         language(e.Request()),
		Path:         here(e.Request().URL),
		Page:         page,
		Theme:        theme,
		Region:       c.Region,
		LocalKMSURL:  c.LocalKMSURL,
		Static:       c.prefix,
		ModuleSHA256: c.module,
		Version:      c.Version,
	}
}

// render renders into memory first, so that a fault in a page is a clean 500 and not half a page.
func (c *console) render(e echo.Context, status int, policy string, content templ.Component) error {
	var body bytes.Buffer
	if err := content.Render(e.Request().Context(), &body); err != nil {
		return fmt.Errorf("rendering %s: %v", e.Path(), err)
	}
	header := e.Response().Header()
	header.Set("Content-Security-Policy", policy)
	header.Set("Vary", "Accept-Language, Cookie")
	return e.HTMLBlob(status, body.Bytes())
}

// preferences keeps a choice of language or theme in a cookie and goes back to the page. The
// cookies hold the choice and nothing about the visit.
func (c *console) preferences(e echo.Context) error {
	e.Request().Body = http.MaxBytesReader(e.Response(), e.Request().Body, maxBody)
	if e.Request().ParseForm() != nil {
		return errMalformed
	}
	form := e.Request().PostForm
	if form.Has("lang") {
		c.remember(e, languageCookie, text.Match(form.Get("lang")).Tag)
	}
	if theme := form.Get("theme"); form.Has("theme") && slices.Contains([]string{"", "light", "dark"}, theme) {
		c.remember(e, themeCookie, theme)
	}
	return e.Redirect(http.StatusSeeOther, returnPath(form.Get("return")))
}

func (c *console) remember(e echo.Context, name, value string) {
	cookie := &http.Cookie{
		Name: name, Value: value, Path: "/", MaxAge: 365 * 24 * 3600,
		HttpOnly: true, SameSite: http.SameSiteStrictMode, Secure: e.Request().TLS != nil,
	}
	if value == "" {
		cookie.MaxAge = -1
	}
	e.SetCookie(cookie)
}

// returnPath allows the console's own pages only, so that the form cannot send a person elsewhere.
func returnPath(wanted string) string {
	address, err := url.Parse(wanted)
	if err != nil || address.Scheme != "" || address.Host != "" {
		return "/"
	}
	return here(address)
}
