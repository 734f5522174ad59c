package console

import (
	"net/http"
	"slices"

	"github.com/labstack/echo/v4"

	"keyferry/server/kms"
	"keyferry/server/requests"
)

// maxSetRequest is the limit of a body that names a set, in bytes: twice what the largest needs.
const maxSetRequest = 64 << 10

// shownSet is how far several requests are, as the pages show it.
type shownSet struct {
	Count    int
	States   map[requests.State]int
	Digest   string
	Awaiting []string
	Refused  map[string]string // codes, by request
}

func showSet(set requests.Set, refused map[string]error) shownSet {
	shown := shownSet{set.Count, set.States, set.Digest, set.Awaiting, map[string]string{}}
	for id, err := range refused {
		why, _ := outcome("", err)
		shown.Refused[id] = why.code
	}
	return shown
}

// setOf says how far several requests are, and what an approval of all that wait is bound to.
func (c *console) setOf(e echo.Context) error {
	ids, err := readSet(e, fields{})
	if err != nil {
		return err
	}
	set, err := c.Team.Requests.SetOf(c.context(e), ids)
	if err != nil {
		return err
	}
	return e.JSON(http.StatusOK, showSet(set, nil))
}

// approveSet agrees to all requests of a set that wait for the person, if their bytes are still those
// of the digest.
func (c *console) approveSet(e echo.Context) error {
	digest := ""
	ids, err := readSet(e, fields{"Digest": &digest})
	if err != nil {
		return err
	}
	if !kms.Digests.MatchString(digest) {
		return errMalformed
	}
	set, refused, err := c.Team.Requests.ApproveSet(c.context(e), ids, digest)
	if err != nil {
		return err
	}
	return e.JSON(http.StatusOK, showSet(set, refused))
}

// readSet reads the ids of a set, and the other fields that there are.
func readSet(e echo.Context, others fields) ([]string, error) {
	if _, err := asker(e); err != nil {
		return nil, err
	}
	var ids []string
	others["Requests"] = &ids
	if err := readLong(e, maxSetRequest, others); err != nil {
		return nil, err
	}
	if len(ids) > requests.MaxSet || slices.ContainsFunc(ids, func(id string) bool { return !requestIDs.MatchString(id) }) {
		return nil, errNotFound
	}
	return ids, nil
}
