package console

import (
	"context"
	"net/http"
	"sync"

	"github.com/labstack/echo/v4"

	"keyferry/server/kms"
	"keyferry/server/limit"
	"keyferry/server/person"
	"keyferry/server/requests"
)

// The page for many keys sends one request for several CMKs. Each CMK is a call of its own to the
// KMS, with its own line in the log, and has an answer of its own.

// mostTogether is how many CMKs one request may be about.
const mostTogether = 16

// failedAnswer is the answer for one CMK whose call failed.
type failedAnswer struct {
	Status int // that the answer to a call for this CMK alone would have
	Failure
}

// parametersOfMany relays GetParametersForImport for several CMKs.
func (c *console) parametersOfMany(e echo.Context) error {
	var ids []string
	var spec kms.WrappingSpec
	err := readLong(e, mostTogether*maxBody, fields{
		"KeyIds":            &ids,
		"WrappingAlgorithm": &spec.Algorithm,
		"WrappingKeySpec":   &spec.KeySpec,
	})
	if err != nil {
		return err
	}
	return c.answerEach(e, len(ids), func(ctx context.Context, i int) (any, error) {
		if err := checkParameters(ids[i], spec); err != nil {
			return nil, err
		}
		out, err := c.kms.ImportParameters(ctx, ids[i], spec)
		if err != nil {
			return nil, err
		}
		return showParameters(out), nil
	})
}

// importMany relays ImportKeyMaterial for several CMKs.
func (c *console) importMany(e echo.Context) error {
	type each struct {
		kms.Import
		kcv, commitment optional
	}
	var imports []*each
	next := list(func() fields {
		if len(imports) == mostTogether {
			return nil
		}
		in := &each{}
		imports = append(imports, in)
		return c.importFields(&in.Import, &in.kcv, &in.commitment)
	})
	if err := readLong(e, mostTogether*maxBody, fields{"Imports": next}); err != nil {
		return err
	}
	return c.answerEach(e, len(imports), func(ctx context.Context, i int) (any, error) {
		in := imports[i]
		if err := checkImport(&in.Import); err != nil {
			return nil, err
		}
		id, err := c.kms.ImportKeyMaterial(ctx, &in.Import, requests.Shown{KCV: string(in.kcv), Commitment: string(in.commitment)})
		return struct{ RequestId string }{id}, err
	})
}

// answerEach makes all calls at once and answers when the last has ended: for each what it returned,
// or how it failed, in their order.
func (c *console) answerEach(e echo.Context, count int, call func(ctx context.Context, i int) (any, error)) error {
	if count == 0 || count > mostTogether {
		return errMalformed
	}
	if !c.allowMore(e, count-1) {
		return tooMany(e)
	}
	ctx := c.context(e)
	answers := make([]any, count)
	var calls sync.WaitGroup
	for i := range answers {
		calls.Go(func() {
			err := c.contain(e, func(echo.Context) (err error) {
				answers[i], err = call(ctx, i)
				return err
			})
			if err != nil {
				refused, failure := c.failure(e, err)
				answers[i] = failedAnswer{refused.status, failure}
			}
		})
	}
	calls.Wait()
	return e.JSON(http.StatusOK, struct{ Answers []any }{answers})
}

// allowMore reports whether the limits allow so many requests more, as which the calls of one request
// count.
func (c *console) allowMore(e echo.Context, count int) bool {
	p, known := person.From(e.Request().Context())
	return c.Limits.Addresses.AllowMore(limit.Name(e.Request().RemoteAddr), count) &&
		(!known || c.Limits.People.AllowMore(p.ID, count))
}
