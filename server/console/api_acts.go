package console

import (
	"net/http"
	"slices"
	"time"

	"github.com/labstack/echo/v4"

	"keyferry/server/kms"
	"keyferry/server/person"
	"keyferry/server/requests"
)

// acts are what people do with a request, by the last part of the address.
func (c *console) acts() map[string]echo.HandlerFunc {
	service := c.Team.Requests
	return map[string]echo.HandlerFunc{
		"parameters": c.requestParameters,
		"submit":     c.fresh(c.submit),
		"guest-link": c.guestLink,

		"parameters-link": c.requestParametersLink,
		"submit-file":     c.fresh(c.submitFile(false)),
		"submit-by-link":  c.fresh(c.submitFile(true)),
		"import-link":     c.fresh(c.requestImportLink),
		"report":          c.report,

		"takeback": c.act(nil, func(e echo.Context, id, _ string) (requests.View, error) { return service.TakeBack(c.context(e), id) }),
		"again":    c.act(nil, func(e echo.Context, id, _ string) (requests.View, error) { return service.Again(c.context(e), id) }),
		"approve": c.fresh(c.act(&sentence{"Digest", kms.Digests.MatchString}, func(e echo.Context, id, digest string) (requests.View, error) {
			return service.Approve(c.context(e), id, digest)
		})),
		"refuse": c.act(&sentence{"Reason", reason}, func(e echo.Context, id, why string) (requests.View, error) {
			return service.Refuse(c.context(e), id, why)
		}),
		"cancel": c.act(&sentence{"Reason", reason}, func(e echo.Context, id, why string) (requests.View, error) {
			return service.Cancel(c.context(e), id, why)
		}),
	}
}

// fresh lets only somebody act who signed in a short while ago, where that is wanted.
func (c *console) fresh(next echo.HandlerFunc) echo.HandlerFunc {
	return func(e echo.Context) error {
		p, err := asker(e)
		if err != nil {
			return err
		}
		if c.Team.Fresh != nil && !c.Team.Fresh(p) {
			return errStepUp
		}
		return next(e)
	}
}

func reason(text string) bool { return readable(text, maxLine) }

// sentence is the one field that an act has.
type sentence struct {
	name  string
	valid func(string) bool
}

// act makes the handler of an act that takes one text, or nothing, and answers with the request as
// it is then.
func (c *console) act(takes *sentence, do func(e echo.Context, id, text string) (requests.View, error)) echo.HandlerFunc {
	return func(e echo.Context) error {
		id, err := aboutRequest(e)
		if err != nil {
			return err
		}
		text, wanted := "", fields{}
		if takes != nil {
			wanted[takes.name] = &text
		}
		if err := readObject(e, wanted); err != nil {
			return err
		}
		if takes != nil && !takes.valid(text) {
			return errMalformed
		}
		view, err := do(e, id, text)
		if err != nil {
			return err
		}
		return e.JSON(http.StatusOK, c.showRequest(e, view))
	}
}

// requestParameters gets the parameters of an import for its importer.
func (c *console) requestParameters(e echo.Context) error {
	id, err := aboutRequest(e)
	if err != nil {
		return err
	}
	var algorithm string
	if err := readObject(e, fields{"WrappingAlgorithm": &algorithm}); err != nil {
		return err
	}
	if !slices.Contains(kms.WrappingAlgorithms, algorithm) {
		return errAlgorithm
	}
	out, err := c.Team.Requests.Parameters(c.context(e), id, algorithm)
	if err != nil {
		return err
	}
	return e.JSON(http.StatusOK, showParameters(out))
}

// submit takes the wrapped key material of a request. Like the import itself it refuses whatever
// cannot be a ciphertext.
func (c *console) submit(e echo.Context) error {
	id, err := aboutRequest(e)
	if err != nil {
		return err
	}
	var in requests.Submission
	var tokenExpires string
	err = readObject(e, fields{
		"WrappingAlgorithm": &in.Algorithm, "WrappingKeySHA256": &in.WrappingKeySHA256, "EncryptedKeyMaterial": &in.EncryptedKeyMaterial,
		"ImportToken": &in.ImportToken, "TokenExpireTime": &tokenExpires, "KeyMaterialExpireUnix": &in.ExpireUnix,
		"KeyCheckValue": &in.KCV, "Commitment": &in.Commitment,
	})
	if err != nil {
		return err
	}
	if err := checkSubmission(&in, tokenExpires); err != nil {
		return err
	}
	view, err := c.Team.Requests.Submit(c.context(e), id, in)
	if err != nil {
		return err
	}
	return e.JSON(http.StatusOK, c.showRequest(e, view))
}

// checkSubmission checks the form of what an importer hands in.
func checkSubmission(in *requests.Submission, tokenExpires string) (err error) {
	switch {
	case !ciphertextShaped(in.EncryptedKeyMaterial):
		return errNotCiphertext
	case !tokenShaped(in.ImportToken):
		return errImportToken
	case !kms.Digests.MatchString(in.WrappingKeySHA256), in.KCV != "" && !kms.CheckValues.MatchString(in.KCV),
		in.Commitment != "" && !kms.Digests.MatchString(in.Commitment):
		return errMalformed
	}
	if in.ExpireUnix != 0 {
		if err := checkExpiry(in.ExpireUnix); err != nil {
			return err
		}
	}
	if in.TokenExpires, err = time.Parse(time.RFC3339, tokenExpires); err != nil {
		return errMalformed
	}
	return nil
}

// guestLink makes the link for an importer who is in no directory. The secret and the code are
// shown this once, and are in no log.
func (c *console) guestLink(e echo.Context) error {
	id, err := aboutRequest(e)
	if err != nil {
		return err
	}
	if err := readObject(e, fields{}); err != nil {
		return err
	}
	view, err := c.Team.Requests.Get(c.context(e), id)
	if err != nil {
		return err
	}
	if !c.mayLink(e, view) {
		return errNoGuest
	}
	secret, code, err := c.Team.GuestLink(c.context(e), view)
	if err != nil {
		return err
	}
	return e.JSON(http.StatusOK, struct{ Secret, Code string }{secret, code})
}

// mayLink reports whether the person may make a guest link to a request: whoever made it may, while
// an importer can still begin.
func (c *console) mayLink(e echo.Context, v requests.View) bool {
	p, _ := person.From(e.Request().Context())
	begins := v.State == requests.Open || v.State == requests.Issued
	return c.Team.GuestLink != nil && v.Terms.Importer == requests.ByLink && v.Requester == p.ID && begins
}
