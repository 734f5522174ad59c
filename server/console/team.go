package console

import (
	"context"
	"net/http"
	"regexp"
	"time"

	"github.com/labstack/echo/v4"

	"keyferry/server/kms"
	"keyferry/server/person"
	"keyferry/server/requests"
)

// Requests is what the pages need of import requests. Who asks is in the context.
type Requests interface {
	Create(ctx context.Context, terms []requests.Terms) ([]requests.View, error)
	Get(ctx context.Context, id string) (requests.View, error)
	List(ctx context.Context, filter requests.Filter) (requests.Page, error)
	Parameters(ctx context.Context, id, algorithm string) (*kms.Parameters, error)
	Submit(ctx context.Context, id string, in requests.Submission) (requests.View, error)
	Approve(ctx context.Context, id, digest string) (requests.View, error)
	TakeBack(ctx context.Context, id string) (requests.View, error)
	Refuse(ctx context.Context, id, reason string) (requests.View, error)
	Cancel(ctx context.Context, id, reason string) (requests.View, error)
	Again(ctx context.Context, id string) (requests.View, error)
	ParametersLink(ctx context.Context, id, algorithm string) (*kms.Link, error)
	ImportLink(ctx context.Context, id string) (*kms.Link, error)
	Report(ctx context.Context, id string, said requests.Report) (requests.View, error)
	Evidence(ctx context.Context, id string) (requests.Evidence, error)
	Waiting(ctx context.Context, id string) int
	Keys
	SetOf(ctx context.Context, ids []string) (requests.Set, error)
	ApproveSet(ctx context.Context, ids []string, digest string) (requests.Set, map[string]error, error)
}

// Team is what a console has that serves more people than the one who runs it.
type Team struct {
	Requests Requests     // must be set
	Ledger   Ledger       // must be set
	SignIn   http.Handler // of everything below /signin/; nil if nobody signs in
	// Who puts the person who asks into the context of a request; nil if the context has it already.
	Who func(http.Handler) http.Handler
	// Fresh reports whether the person may submit and approve without signing in again; nil means
	// that everybody may.
	Fresh func(person.Person) bool
	// ReadLedger reports whether the person may search the ledger; nil means that everybody may.
	ReadLedger func(person.Person) bool
	// GuestLink makes a link to a request, which replaces the earlier ones: a secret for the fragment
	// of its address, and six digits. Nil if there are no guests.
	GuestLink func(ctx context.Context, about requests.View) (secret, code string, err error)

	Feeds Feeds           // addresses of calendars; nil if there are none
	Leads []time.Duration // how long before an expiry a calendar reminds of it

	Provider  bool            // whether people sign in with an OpenID provider
	Demo      []person.Person // made-up people to sign in as, with the local KMS alone
	Regions   []string        // whose CMKs requests may be about; nil means Config.Region alone
	LedgerKey string          // the public key of the ledger, as a signed note has it
}

// requestIDs are the ids of import requests. They have no room for a key.
var requestIDs = regexp.MustCompile(`^[A-Za-z0-9]{26}$`)

// teamRoutes registers what only a console for several people has.
func (c *console) teamRoutes(e *echo.Echo) {
	e.POST("/kms/GetParametersForImport", c.signedIn(c.getParametersForImport), c.who()...)
	e.POST("/kms/ImportKeyMaterial", c.fresh(c.importKeyMaterial), c.who()...)
	e.POST("/kms/GetParametersForImport/many", c.signedIn(c.parametersOfMany), c.who()...)
	e.POST("/kms/ImportKeyMaterial/many", c.fresh(c.importMany), c.who()...)
	e.POST("/kms/GetParametersForImportLink", c.signedIn(c.parametersLink), c.who()...)
	e.POST("/kms/ImportFile", c.fresh(c.importFile), c.who()...)
	e.POST("/kms/ImportKeyMaterialLink", c.fresh(c.importLink), c.who()...)
	api := e.Group("/api", append(c.who(), demandHeader)...)
	api.GET("/me", c.me)
	api.GET("/requests", c.listRequests)
	api.POST("/requests", c.createRequests)
	api.GET("/requests/:id", c.getRequest)
	api.GET("/requests/:id/evidence", c.evidence)
	for name, act := range c.acts() {
		api.POST("/requests/:id/"+name, act)
	}
	c.keyRoutes(e, api)
	api.POST("/set", c.setOf)
	api.POST("/set/approve", c.fresh(c.approveSet))
	api.GET("/ledger", c.ledgerEntries)
	e.GET("/ledger/log/*", echo.WrapHandler(http.StripPrefix("/ledger/log", c.Team.Ledger.Handler())), append(c.who(), c.protectEntries)...)
	if c.Team.SignIn != nil {
		e.Any("/signin/*", echo.WrapHandler(c.Team.SignIn))
	}
}

// who is the middleware that says who asks; none where the context has that already.
func (c *console) who() []echo.MiddlewareFunc {
	if c.Team.Who == nil {
		return nil
	}
	return []echo.MiddlewareFunc{echo.WrapMiddleware(c.Team.Who), c.limitPerson}
}

// demandHeader refuses what changes something unless it has a header that a form of another site
// cannot send. It is made besides the check of the origin, which older browsers do not help with.
func demandHeader(next echo.HandlerFunc) echo.HandlerFunc {
	return func(e echo.Context) error {
		if e.Request().Method != http.MethodGet && e.Request().Header.Get("Keyferry-Request") != "1" {
			return errCrossOrigin
		}
		return next(e)
	}
}

// signedIn lets only somebody act who is known.
func (c *console) signedIn(next echo.HandlerFunc) echo.HandlerFunc {
	return func(e echo.Context) error {
		if _, err := asker(e); err != nil {
			return err
		}
		return next(e)
	}
}

// asker returns who asks; nobody is an error.
func asker(e echo.Context) (person.Person, error) {
	p, known := person.From(e.Request().Context())
	if !known {
		return p, errSignIn
	}
	return p, nil
}

// aboutRequest returns the id of the request that the address names, for somebody who signed in.
func aboutRequest(e echo.Context) (string, error) {
	if _, err := asker(e); err != nil {
		return "", err
	}
	id := e.Param("id")
	if !requestIDs.MatchString(id) {
		return "", errNotFound
	}
	return id, nil
}

// shownPerson is a person as the pages show one.
type shownPerson struct {
	Id, Name, Email, Kind string
	Groups                []string
	Request               string `json:",omitempty"`
}

func showPerson(p person.Person) shownPerson {
	return shownPerson{p.ID, p.Name, p.Email, string(p.Kind), append([]string{}, p.Groups...), p.Request}
}

// me says who asks, how many requests wait for that person, and how one can sign in. It is no error
// that nobody is signed in.
func (c *console) me(e echo.Context) error {
	answer := struct {
		Person   *shownPerson
		Waiting  int
		More     bool // whether even more wait
		Provider bool
		Demo     []shownPerson
		Regions  []string
	}{Provider: c.Team.Provider, Demo: []shownPerson{}, Regions: c.Team.Regions}
	if answer.Regions == nil {
		answer.Regions = []string{c.Region}
	}
	for _, p := range c.Team.Demo {
		answer.Demo = append(answer.Demo, showPerson(p))
	}
	if p, known := person.From(e.Request().Context()); known {
		shown := showPerson(p)
		answer.Person = &shown
		if p.Kind != person.Guest {
			waiting, err := c.Team.Requests.List(c.context(e), requests.Filter{Which: "waiting", Limit: mostListed})
			if err != nil {
				return err
			}
			answer.Waiting, answer.More = len(waiting.Items), waiting.After != ""
		}
	}
	return e.JSON(http.StatusOK, answer)
}
