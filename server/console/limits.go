package console

import (
	"net/http"
	"strconv"

	"github.com/labstack/echo/v4"

	"keyferry/server/limit"
	"keyferry/server/person"
)

// Limits keep one client from taking what is there for all. Each may be nil, which means no limit.
type Limits struct {
	// Addresses limits requests by the address that they come from. Behind a proxy that is the proxy's,
	// unless limit.Proxies put the client's in its place.
	Addresses *limit.Each
	// People limits requests of each person who has signed in.
	People *limit.Each
}

var errTooMany = &refusal{http.StatusTooManyRequests, "Console.TooMany"}

// limitAddress refuses what an address asks for too often, before anything else is done about it.
func (c *console) limitAddress(next echo.HandlerFunc) echo.HandlerFunc {
	return func(e echo.Context) error {
		if !c.Limits.Addresses.Allow(limit.Name(e.Request().RemoteAddr)) {
			return tooMany(e)
		}
		return next(e)
	}
}

// limitPerson refuses what a person asks for too often. Nobody in particular is limited by address
// alone.
func (c *console) limitPerson(next echo.HandlerFunc) echo.HandlerFunc {
	return func(e echo.Context) error {
		if p, known := person.From(e.Request().Context()); known && !c.Limits.People.Allow(p.ID) {
			return tooMany(e)
		}
		return next(e)
	}
}

func tooMany(e echo.Context) error {
	e.Response().Header().Set("Retry-After", strconv.Itoa(int(limit.Wait.Seconds())))
	return errTooMany
}
