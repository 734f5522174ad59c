package console

import (
	"errors"

	"github.com/labstack/echo/v4"

	"keyferry/server/body"
)

// maxBody is the limit of a request's body in bytes: twice what the longest import needs.
const maxBody = 16 << 10

type (
	fields   = body.Fields
	list     = body.List
	optional = body.Optional
)

// readObject reads the one JSON object of a request into fields.
func readObject(e echo.Context, into fields) error { return readLong(e, maxBody, into) }

// readLong reads an object as readObject does, from a body of at most so many bytes.
func readLong(e echo.Context, limit int64, into fields) error {
	return refusalOf(body.Read(e.Response(), e.Request(), limit, into))
}

// refusalOf is the console's refusal of a body that could not be read.
func refusalOf(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, body.ErrMediaType):
		return errMediaType
	case errors.Is(err, body.ErrTooLarge):
		return errTooLarge
	}
	return errMalformed
}
