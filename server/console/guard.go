package console

import (
	"crypto/rand"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/labstack/echo/v4"
)

const requestIDHeader = "X-Request-Id"

// requestID is the id of a request in the log and in answers. The console makes it and takes none
// from the client. It is not read from the answer's header, which only one goroutine may touch: the
// calls about several CMKs ask for it at the same time.
func requestID(e echo.Context) string {
	id, _ := e.Get(requestIDHeader).(string)
	return id
}

// newRequestID returns 12 characters of base32, 60 random bits. They tell the requests of a log
// apart, and are too few to hide eight bytes of anything.
func newRequestID() string { return rand.Text()[:12] }

// observe gives the request an id, sets the security headers, turns errors and panics into answers,
// and writes the one line of log. It is the outermost middleware, so that no answer leaves without
// a policy.
func (c *console) observe(next echo.HandlerFunc) echo.HandlerFunc {
	return func(e echo.Context) error {
		began := time.Now()
		header := e.Response().Header()
		e.Set(requestIDHeader, newRequestID())
		header.Set(requestIDHeader, requestID(e))
		header.Set("Cache-Control", "no-store") // the handler of static files replaces it
		secure(header)
		if err := c.contain(e, next); err != nil {
			c.fail(err, e)
		}
		route := e.Path() // the pattern and not the address: a query can hold a key id
		if route == "" {
			route = "-"
		}
		done := Answered{knownMethod(e.Request().Method), route, e.Response().Status, time.Since(began)}
		level := slog.LevelInfo
		if done.Status == http.StatusTooManyRequests {
			level = slog.LevelDebug // a flood would flood the log
		}
		c.log.Log(e.Request().Context(), level, "request", "method", done.Method, "route", done.Route, "status", done.Status,
			"ms", done.Took.Milliseconds(), "id", requestID(e))
		if c.Observe != nil {
			c.Observe(e.Request().Context(), done)
		}
		return nil
	}
}

// knownMethod is a request's method as the log has it. A method can be any word, so that others are
// not repeated.
func knownMethod(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return method
	}
	return "-"
}

// contain turns a panic into an error. The stack names places in the code and holds no values; the
// panic's own value could hold one, so only its type reaches the log.
func (c *console) contain(e echo.Context, next echo.HandlerFunc) (err error) {
	defer func() {
		cause := recover()
		if cause == nil {
			return
		}
		if cause == http.ErrAbortHandler {
			panic(cause)
		}
		c.log.Error("panic", "id", requestID(e), "type", fmt.Sprintf("%T", cause), "stack", string(debug.Stack()))
		err = errInternal
	}()
	return next(e)
}

// guard refuses requests for other names than the console's, and requests that another site made a
// browser send.
func (c *console) guard(next echo.HandlerFunc) echo.HandlerFunc {
	origin := http.NewCrossOriginProtection()
	return func(e echo.Context) error {
		host, known := c.answersTo(e.Request().Host)
		if !known {
			return errHost
		}
		e.Request().Host = host // from here on in its one spelling: in policies and links
		if origin.Check(e.Request()) != nil {
			return errCrossOrigin
		}
		return next(e)
	}
}
