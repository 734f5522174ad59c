// Package console is the web app: pages, static files and the two calls that it relays to the KMS.
//
// It is the only package that knows Echo. It never makes, wraps or unwraps key material, and it has
// no code that could.
package console

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"keyferry/components/text"
	"keyferry/server/requests"
	"keyferry/web"
)

// Config is what a console is made of.
type Config struct {
	KMS    requests.Relay // must be set
	Static *web.Tree      // must be set, with the module built in
	Region string         // of the KMS, as the pages show it; must be set

	LocalKMSURL   string // of the embedded local KMS's page; empty when calls go to Alibaba Cloud
	LocalKMSFlags string // what an aliyun command needs to reach it; empty when calls go to Alibaba Cloud
	LocalKMSLogin string // environment for an aliyun command, ending in a space; empty when calls go to Alibaba Cloud

	// Operator says who runs the console, where that is one person: nobody else gets through Require.
	// Nil lets everybody import who reaches the console. Team has its own.
	Operator interface {
		Handler() http.Handler // of everything below /signin/
		Require(http.Handler) http.Handler
	}

	Team *Team // what several people need; nil for a console that serves whoever runs it

	Hosts   []string                    // names at which it may be addressed besides loopback, as ParseHost takes them
	Clock   func() time.Time            // nil means time.Now
	Ready   func(context.Context) error // whether the console could do its work now; nil means always
	Version string                      // of the program; empty is shown as such
	Logger  *slog.Logger                // nil logs nothing

	Limits Limits // the zero Limits limit nothing

	// Observe is told of each request once it was answered; nil means nothing.
	Observe func(ctx context.Context, a Answered)
}

// Answered is a request that was answered. It holds nothing that the client chose.
type Answered struct {
	Method string // - for one that is not usual
	Route  string // the pattern, such as /api/requests/:id; - for none
	Status int
	Took   time.Duration
}

type console struct {
	Config
	kms    audited // the one way to the KMS for the import page
	prefix string  // of static files: /static/<digest>
	module string  // SHA-256 of the module that holds key material, in hexadecimal
	log    *slog.Logger
	now    func() time.Time
}

// New makes the web app. It fails if the binary has no module built in, because a console without
// it can do nothing.
func New(config Config) (http.Handler, error) {
	if config.KMS == nil || config.Static == nil || config.Region == "" {
		return nil, errors.New("making the console: KMS, Static and Region must be set")
	}
	c := &console{Config: config, prefix: "/static/" + config.Static.Digest(), log: config.Logger, now: config.Clock}
	if c.now == nil {
		c.now = time.Now
	}
	if c.log == nil {
		c.log = slog.New(slog.DiscardHandler)
	}
	c.Hosts = nil
	for _, typed := range config.Hosts {
		name, err := ParseHost(typed)
		if err != nil {
			return nil, fmt.Errorf("making the console: %w", err)
		}
		c.Hosts = append(c.Hosts, name)
	}
	for _, name := range append([]string{web.Worker}, web.Modules...) {
		if _, err := config.Static.SHA256(name); err != nil {
			return nil, fmt.Errorf("making the console: %w", err)
		}
	}
	c.module, _ = config.Static.SHA256(web.Module)
	c.kms = audited{next: config.KMS, log: c.log}
	documents, err := c.documents()
	if err != nil {
		return nil, fmt.Errorf("making the console: %w", err)
	}
	return c.routes(documents), nil
}

// routes registers every path of the console.
func (c *console) routes(documents map[string]document) *echo.Echo {
	e := echo.New()
	e.HTTPErrorHandler = c.fail
	e.Pre(c.observe, c.limitAddress)
	e.Use(c.guard)

	read := []string{http.MethodGet, http.MethodHead}
	for path, page := range documents {
		e.Match(read, path, page.show)
	}
	for _, path := range Addresses(c.Team != nil) {
		e.Match(read, path, choose(path))
	}
	for _, words := range text.Languages {
		e.Match(read, "/"+words.Tag, choose("/"))
		e.POST("/"+words.Tag+"/calendar", c.calendar)
		e.POST("/"+words.Tag+"/calendar/many", c.calendarOfSet)
	}
	e.Match(read, "/static/:digest/*", c.static)

	if c.Team != nil {
		c.teamRoutes(e)
	} else {
		c.operatorRoutes(e)
	}

	e.GET("/healthz", c.healthz)
	e.GET("/readyz", c.readyz)
	return e
}

// operatorRoutes registers what a console has that serves whoever runs it.
func (c *console) operatorRoutes(e *echo.Echo) {
	var require []echo.MiddlewareFunc
	if c.Operator != nil {
		require = append(require, echo.WrapMiddleware(c.Operator.Require))
		e.Any("/signin/*", echo.WrapHandler(c.Operator.Handler()))
		e.GET("/signin", func(echo.Context) error { return errAddress }) // where a wrong address leads
	}
	e.POST("/kms/GetParametersForImport", c.getParametersForImport, require...)
	e.POST("/kms/ImportKeyMaterial", c.importKeyMaterial, require...)
	e.POST("/kms/GetParametersForImport/many", c.parametersOfMany, require...)
	e.POST("/kms/ImportKeyMaterial/many", c.importMany, require...)
	e.POST("/kms/GetParametersForImportLink", c.parametersLink, require...)
	e.POST("/kms/ImportFile", c.importFile, require...)
	e.POST("/kms/ImportKeyMaterialLink", c.importLink, require...)
}

func (c *console) static(e echo.Context) error {
	if e.Param("digest") != c.Static.Digest() {
		return echo.ErrNotFound
	}
	name := e.Param("*")
	var w http.ResponseWriter = e.Response()
	if name == web.Worker {
		w = workerHeaders{w, e.Request().Host, c.prefix}
	}
	if !c.Static.Serve(w, e.Request(), name) {
		return echo.ErrNotFound
	}
	return nil
}

func (c *console) healthz(e echo.Context) error {
	return e.String(http.StatusOK, "ok\n")
}

// readyz reports whether the console can do its work now. If it cannot, only the log has the
// reason.
func (c *console) readyz(e echo.Context) error {
	if c.Ready == nil {
		return e.String(http.StatusOK, "ready\n")
	}
	if err := c.Ready(e.Request().Context()); err != nil {
		c.log.Warn("not ready", "id", requestID(e), "error", err)
		return e.String(http.StatusServiceUnavailable, "not ready\n")
	}
	return e.String(http.StatusOK, "ready\n")
}
