package console

import (
	"context"
	"net/http"
	"regexp"
	"slices"

	"github.com/labstack/echo/v4"

	"keyferry/server/kms"
	"keyferry/server/person"
	"keyferry/server/requests"
)

// Keys is what the pages need of imported keys. Who asks is in the context.
type Keys interface {
	Keys(ctx context.Context, filter requests.KeyFilter) (requests.KeyPage, error)
	Renew(ctx context.Context, region, keyID string) (requests.View, error)
	Drill(ctx context.Context, region, keyID string) (requests.View, error)
	Prove(ctx context.Context, id string, proof requests.Proof) (requests.View, error)
}

// keyRoutes registers what there is about imported keys.
func (c *console) keyRoutes(e *echo.Echo, api *echo.Group) {
	api.GET("/keys", c.listKeys)
	api.POST("/keys/renew", c.aboutKey(c.Team.Requests.Renew))
	api.POST("/keys/drill", c.aboutKey(c.Team.Requests.Drill))
	api.POST("/requests/:id/prove", c.fresh(c.prove))
	if c.Team.Feeds != nil {
		api.GET("/feeds", c.listFeeds)
		api.POST("/feeds", c.makeFeed)
		api.POST("/feeds/revoke", c.revokeFeed)
		e.GET("/calendar/:feed", c.feed)
	}
}

// shownKey is an imported key as the pages get it.
type shownKey struct {
	Region, KeyId, Label, State string
	Request, Imported, Expires  string // Expires is empty where the material never does
	KeyCheckValue               string
	Holder                      string // who holds the backup; empty for a guest
	Guest                       bool
	Drilled, DrillDue           string
	Overdue                     bool // whether the drill is
	Drill, Renewal              string
	May                         []string
}

// listKeys answers with a part of the imported keys that the person may see.
func (c *console) listKeys(e echo.Context) error {
	if _, err := asker(e); err != nil {
		return err
	}
	query := e.Request().URL.Query()
	filter := requests.KeyFilter{
		Which: query.Get("which"), State: requests.KeyState(query.Get("state")), Text: query.Get("text"), After: query.Get("after"), Limit: 50,
	}
	if !slices.Contains([]string{"mine", "all"}, filter.Which) || len(filter.Text) > maxLine || len(filter.After) > maxLine ||
		!readLimit(query.Get("limit"), &filter.Limit) {
		return errMalformed
	}
	page, err := c.Team.Requests.Keys(c.context(e), filter)
	if err != nil {
		return err
	}
	shown := make([]shownKey, len(page.Items))
	for i, k := range page.Items {
		shown[i] = c.showKey(k)
	}
	return e.JSON(http.StatusOK, struct {
		Keys  []shownKey
		After string
	}{shown, page.After})
}

func (c *console) showKey(k requests.Key) shownKey {
	return shownKey{
		Region: k.Region, KeyId: k.ID, Label: k.Label, State: string(k.State), Request: k.Request,
		Imported: stamp(k.Imported), Expires: stamp(k.Expires), KeyCheckValue: k.KCV,
		Holder: k.Holder.Name, Guest: k.Holder.Kind == person.Guest,
		Drilled: stamp(k.Drilled), DrillDue: stamp(k.DrillDue), Overdue: !k.DrillDue.IsZero() && k.DrillDue.Before(c.now()),
		Drill: k.Drill, Renewal: k.Renewal, May: list0(k.May),
	}
}

// regionForm is how regions are named.
var regionForm = regexp.MustCompile(`^[a-z0-9-]{1,40}$`)

// aboutKey makes the handler of an act that makes a request about a key, and answers with that.
func (c *console) aboutKey(do func(ctx context.Context, region, keyID string) (requests.View, error)) echo.HandlerFunc {
	return func(e echo.Context) error {
		if _, err := asker(e); err != nil {
			return err
		}
		var region, keyID string
		if err := readObject(e, fields{"Region": &region, "KeyId": &keyID}); err != nil {
			return err
		}
		if !kms.KeyIDs.MatchString(keyID) {
			return errKeyID
		}
		if !regionForm.MatchString(region) {
			return errMalformed
		}
		made, err := do(c.context(e), region, keyID)
		if err != nil {
			return err
		}
		return e.JSON(http.StatusOK, c.showRequest(e, made))
	}
}

// prove records that an importer has opened a backup.
func (c *console) prove(e echo.Context) error {
	id, err := aboutRequest(e)
	if err != nil {
		return err
	}
	var p requests.Proof
	if err := readObject(e, fields{"Commitment": &p.Commitment, "KeyCheckValue": &p.KCV}); err != nil {
		return err
	}
	if !kms.Digests.MatchString(p.Commitment) || !kms.CheckValues.MatchString(p.KCV) {
		return errMalformed
	}
	view, err := c.Team.Requests.Prove(c.context(e), id, p)
	if err != nil {
		return err
	}
	return e.JSON(http.StatusOK, c.showRequest(e, view))
}
