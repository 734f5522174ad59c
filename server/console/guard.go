package console

import (
	"crypto/rand"
	"fmt"
	"net"
	"net/http"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/labstack/echo/v4"
)

const requestIDHeader = "X-Request-Id"

// requestID is the name of a request in the log and in answers.
func requestID(e echo.Context) string {
	return e.Response().Header().Get(requestIDHeader)
}

// observe names the request, sets the headers of the house, turns errors and panics into answers, and writes the one
// line of log. It stands outside everything else, so that no answer leaves without its policy.
func (c *console) observe(next echo.HandlerFunc) echo.HandlerFunc {
	return func(e echo.Context) error {
		began := time.Now()
		header := e.Response().Header()
		header.Set(requestIDHeader, rand.Text())
		header.Set("Cache-Control", "no-store") // the handler of static files says otherwise
		secure(header)
		if err := c.contain(e, next); err != nil {
			c.fail(err, e)
		}
		route := e.Path() // the pattern and not the address: a query can hold a key id
		if route == "" {
			route = "-"
		}
		c.log.Info("request", "method", e.Request().Method, "route", route, "status", e.Response().Status,
			"ms", time.Since(began).Milliseconds(), "id", requestID(e))
		return nil
	}
}

// contain turns a panic into an error. The stack names places in the code and holds no values; the panic's own value
// could hold one, so only its type reaches the log.
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

// guard refuses names that are not the console's and requests that another site made a browser send.
func (c *console) guard(next echo.HandlerFunc) echo.HandlerFunc {
	origin := http.NewCrossOriginProtection()
	return func(e echo.Context) error {
		if !c.answersTo(e.Request().Host) {
			return errHost
		}
		if origin.Check(e.Request()) != nil {
			return errCrossOrigin
		}
		return next(e)
	}
}

// answersTo holds off DNS rebinding: a page of another site that made its own name point here still sends that name.
func (c *console) answersTo(host string) bool {
	name := host
	if h, _, err := net.SplitHostPort(host); err == nil {
		name = h
	}
	name = strings.ToLower(strings.Trim(name, "[]"))
	if name == "localhost" || name == "127.0.0.1" || name == "::1" {
		return true
	}
	return slices.ContainsFunc(c.Hosts, func(allowed string) bool { return strings.EqualFold(allowed, name) })
}
