package console

import (
	"net/http"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/labstack/echo/v4"

	"keyferry/server/address"
	"keyferry/server/kms"
	"keyferry/server/requests"
)

const (
	maxAtOnce   = 200       // requests in one call
	maxCreation = 512 << 10 // bytes of such a call
	maxLine     = 1000      // characters of a label, a name or a reason; requests have lower limits
	maxNote     = 2000
	mostListed  = 100 // requests in one answer
)

// listRequests answers with a part of the requests that the person may see.
func (c *console) listRequests(e echo.Context) error {
	if _, err := asker(e); err != nil {
		return err
	}
	query := e.Request().URL.Query()
	filter := requests.Filter{
		Which: query.Get("which"), State: requests.State(query.Get("state")), Text: query.Get("text"), After: query.Get("after"), Limit: 50,
	}
	if !slices.Contains([]string{"mine", "waiting", "all"}, filter.Which) || len(filter.Text) > maxLine || len(filter.After) > maxLine {
		return errMalformed
	}
	if !readLimit(query.Get("limit"), &filter.Limit) {
		return errMalformed
	}
	page, err := c.Team.Requests.List(c.context(e), filter)
	if err != nil {
		return err
	}
	return e.JSON(http.StatusOK, struct {
		Requests []shownRequest
		After    string
	}{c.showRequests(e, page.Items), page.After})
}

// readLimit reads how many things of a list are wanted, if that is said.
func readLimit(asked string, limit *int) bool {
	if asked == "" {
		return true
	}
	number, err := strconv.Atoi(asked)
	*limit = number
	return err == nil && number >= 1 && number <= mostListed
}

// createRequests opens requests: all that the body has, or none.
func (c *console) createRequests(e echo.Context) error {
	if _, err := asker(e); err != nil {
		return err
	}
	var drafts []*draft
	err := readLong(e, maxCreation, fields{"Requests": list(func() fields {
		if len(drafts) == maxAtOnce {
			return nil
		}
		drafts = append(drafts, &draft{})
		return drafts[len(drafts)-1].fields()
	})})
	if err != nil {
		return err
	}
	if len(drafts) == 0 {
		return errMalformed
	}
	terms := make([]requests.Terms, len(drafts))
	for i, d := range drafts {
		if terms[i], err = d.terms(c.Region); err != nil {
			return err
		}
	}
	made, err := c.Team.Requests.Create(c.context(e), terms)
	if err != nil {
		return err
	}
	return e.JSON(http.StatusCreated, struct{ Requests []shownRequest }{c.showRequests(e, made)})
}

// draft is a request as the page sends it.
type draft struct {
	keyID, label, importerKind, importer, expiry, deadline, note, commitment string
	algorithms                                                               []string
	expiryDays                                                               int64
	region                                                                   optional
}

func (d *draft) fields() fields {
	return fields{
		"KeyId": &d.keyID, "Label": &d.label, "Algorithms": &d.algorithms, "ImporterKind": &d.importerKind, "Importer": &d.importer,
		"Expiry": &d.expiry, "ExpiryDays": &d.expiryDays, "Deadline": &d.deadline, "Note": &d.note, "Commitment": &d.commitment,
		"Region": &d.region,
	}
}

// terms checks the form of each field; whether the person may ask for that is the service's to
// decide.
func (d *draft) terms(region string) (requests.Terms, error) {
	if d.region != "" {
		region = string(d.region)
	}
	terms := requests.Terms{
		Region: region, KeyID: d.keyID, Label: d.label, Algorithms: d.algorithms,
		Importer: requests.ImporterKind(d.importerKind), ImporterID: d.importer,
		Expiry: requests.ExpiryKind(d.expiry), ExpiryDays: int(d.expiryDays), Note: d.note, Commitment: d.commitment,
	}
	if !address.Region(region) {
		return terms, errMalformed
	}
	if !kms.KeyIDs.MatchString(d.keyID) {
		return terms, errKeyID
	}
	unknown := func(name string) bool { return !slices.Contains(kms.WrappingAlgorithms, name) }
	if len(d.algorithms) == 0 || slices.ContainsFunc(d.algorithms, unknown) {
		return terms, errAlgorithm
	}
	var err error
	if terms.Deadline, err = time.Parse(time.RFC3339, d.deadline); err != nil {
		return terms, errDeadline
	}
	if !readable(d.label, maxLine) || !readable(d.importer, maxLine) || !readable(d.note, maxNote) ||
		d.expiryDays < 0 || d.expiryDays > 36500 ||
		d.commitment != "" && !kms.Digests.MatchString(d.commitment) {
		return terms, errMalformed
	}
	return terms, nil
}

// readable reports whether a text that people write is not too long, in characters.
func readable(text string, most int) bool {
	return utf8.ValidString(text) && utf8.RuneCountInString(text) <= most
}

// getRequest answers with one request and all that has happened to it.
func (c *console) getRequest(e echo.Context) error {
	id, err := aboutRequest(e)
	if err != nil {
		return err
	}
	view, err := c.Team.Requests.Get(c.context(e), id)
	if err != nil {
		return err
	}
	shown := c.showRequest(e, view)
	shown.Waiting = c.Team.Requests.Waiting(c.context(e), id)
	return e.JSON(http.StatusOK, shown)
}

// evidence answers with what proves, without the console, how a request went.
func (c *console) evidence(e echo.Context) error {
	id, err := aboutRequest(e)
	if err != nil {
		return err
	}
	evidence, err := c.Team.Requests.Evidence(c.context(e), id)
	if err != nil {
		return err
	}
	e.Response().Header().Set("Content-Disposition", `attachment; filename="keyferry-request-`+id+`-evidence.json"`)
	return e.JSONPretty(http.StatusOK, evidence, "  ")
}
