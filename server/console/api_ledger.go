package console

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"keyferry/server/kms"
	"keyferry/server/ledger"
)

// Ledger is what the page for auditors needs. *ledger.Log is one.
type Ledger interface {
	Entries(ctx context.Context, filter ledger.Filter) ([]ledger.Record, error)
	Checkpoint(ctx context.Context) ([]byte, error)
	Handler() http.Handler
}

// shownRecord is an entry as the page gets it.
type shownRecord struct {
	Index                                    int64
	At, Kind, Request, Region, KeyId, Person string
	Policies                                 []string
	Fields                                   map[string]string
}

// readsLedger returns an error unless the person may search the ledger.
func (c *console) readsLedger(e echo.Context) error {
	p, err := asker(e)
	if err == nil && c.Team.ReadLedger != nil && !c.Team.ReadLedger(p) {
		return errNoLedger
	}
	return err
}

// protectEntries lets only those read the entries of the log who may search it. The checkpoint and
// the hashes are for everybody, so that others can witness them.
func (c *console) protectEntries(next echo.HandlerFunc) echo.HandlerFunc {
	return func(e echo.Context) error {
		if strings.HasPrefix(e.Request().URL.Path, "/ledger/log/tile/entries/") {
			if err := c.readsLedger(e); err != nil {
				return err
			}
		}
		return next(e)
	}
}

// ledgerEntries answers with a part of the ledger, its checkpoint and its public key.
func (c *console) ledgerEntries(e echo.Context) error {
	if err := c.readsLedger(e); err != nil {
		return err
	}
	filter, ok := ledgerFilter(e.Request().URL.Query())
	if !ok {
		return errMalformed
	}
	ctx := c.context(e)
	found, err := c.Team.Ledger.Entries(ctx, filter)
	if err != nil {
		return err
	}
	checkpoint, err := c.Team.Ledger.Checkpoint(ctx)
	if err != nil {
		return err
	}
	entries := make([]shownRecord, len(found))
	for i, r := range found {
		entries[i] = shownRecord{
			r.Index, r.At.UTC().Format("2006-01-02T15:04:05.000000Z"), r.Kind, r.Request, r.Region, r.KeyID, r.Person, list0(r.Policies), r.Fields,
		}
	}
	return e.JSON(http.StatusOK, struct {
		Entries         []shownRecord
		Checkpoint, Key string
	}{entries, string(checkpoint), c.Team.LedgerKey})
}

// ledgerFilter reads what is searched for. A text is the id of a request or of a CMK, or else a
// person: the id, or the digest that entries have.
func ledgerFilter(query url.Values) (filter ledger.Filter, ok bool) {
	filter = ledger.Filter{Kind: query.Get("kind"), Limit: mostListed}
	switch text := strings.TrimSpace(query.Get("text")); {
	case requestIDs.MatchString(text):
		filter.Request, filter.Person = text, ""
	case kms.KeyIDs.MatchString(text):
		filter.KeyID = text
	default:
		filter.Person = text
	}
	if before := query.Get("before"); before != "" {
		index, err := strconv.ParseInt(before, 10, 64)
		if err != nil || index < 0 {
			return filter, false
		}
		filter.Before = index
	}
	ok = len(filter.Kind) <= maxLine && len(filter.Person) <= maxLine && readLimit(query.Get("limit"), &filter.Limit)
	return filter, ok
}
