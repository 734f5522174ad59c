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

var pagePaths = []string{"/", "/reimport", "/check", "/renewal", "/desk", "/proof"}

// quietPages never send anything: their policy lets them connect nowhere.
var quietPages = []string{"/check", "/renewal", "/desk", "/proof"}

func (c *console) importPage(e echo.Context) error {
	frame := c.frame(e, "import")
	frame.Title = frame.Text.Import.Title
	return c.page(e, http.StatusOK, pages.ImportPage(c.importView(e, frame)))
}

func (c *console) reimportPage(e echo.Context) error {
	frame := c.frame(e, "reimport")
	frame.Title = frame.Text.Reimport.Title
	view := c.importView(e, frame)
	view.Again = true
	return c.page(e, http.StatusOK, pages.ImportPage(view))
}

func (c *console) checkPage(e echo.Context) error {
	frame := c.frame(e, "check")
	frame.Title = frame.Text.Check.Title
	return c.page(e, http.StatusOK, pages.CheckPage(c.importView(e, frame)))
}

func (c *console) renewalPage(e echo.Context) error {
	frame := c.frame(e, "renewal")
	frame.Title = frame.Text.Renewal.Title
	return c.page(e, http.StatusOK, pages.RenewalPage(frame))
}

func (c *console) deskPage(e echo.Context) error {
	frame := c.frame(e, "desk")
	frame.Title = frame.Text.Desk.Title
	return c.page(e, http.StatusOK, pages.DeskPage(c.importView(e, frame)))
}

// importView is what every page that starts workers shows.
func (c *console) importView(e echo.Context, frame components.Frame) pages.Import {
	return pages.Import{
		Frame:     frame,
		Host:      e.Request().Host,
		KeyID:     keyIn(e.Request().URL),
		WorkerURL: c.prefix + "/" + web.Worker,
		Module:    c.module(web.Module),
		Custody:   c.module(web.Custody),
		Strength:  c.module(web.Strength),
		CLIPrefix: c.LocalKMSLogin,
		CLISuffix: c.LocalKMSFlags,
	}
}

// module is the address of a module and what its bytes must be; New has made sure that it is there.
func (c *console) module(name string) pages.Module {
	integrity, _ := c.Static.Integrity(name)
	return pages.Module{URL: c.prefix + "/" + name, Integrity: integrity}
}

func (c *console) proofPage(e echo.Context) error {
	frame := c.frame(e, "proof")
	frame.Title = frame.Text.Proof.Title
	return c.page(e, http.StatusOK, pages.ProofPage(frame))
}

func (c *console) failPage(refused *refusal, e echo.Context) {
	frame := c.frame(e, "")
	var err error
	if refused == errNotFound {
		frame.Title = frame.Text.Lost.Title
		err = c.page(e, refused.status, pages.LostPage(frame))
	} else {
		frame.Title = frame.Text.Lost.Broken
		err = c.page(e, refused.status, pages.BrokenPage(frame, frame.Text.Fault(refused.code), requestID(e)))
	}
	if err != nil {
		c.log.Error("rendering an error page", "id", requestID(e), "error", err)
		e.NoContent(refused.status)
	}
}

// frame is the view of what stands round a page.
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
		ModuleSHA256: c.custody,
		Version:      c.Version,
	}
}

// page renders into memory first, so that a fault in a page is a clean 500 and not half a page.
func (c *console) page(e echo.Context, status int, content templ.Component) error {
	var body bytes.Buffer
	if err := content.Render(e.Request().Context(), &body); err != nil {
		return fmt.Errorf("rendering %s: %v", e.Path(), err)
	}
	header := e.Response().Header()
	policy := pagePolicy
	if slices.Contains(quietPages, e.Path()) {
		policy = quietPagePolicy
	}
	header.Set("Content-Security-Policy", policy)
	header.Set("Vary", "Accept-Language, Cookie")
	return e.HTMLBlob(status, body.Bytes())
}

// preferences keeps a choice of language or theme in a cookie and goes back to the page. The cookies hold the choice
// and nothing about the visit.
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
