package console

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"
)

// Ledger is what the page for auditors needs. Who asks is in the context.
type Ledger interface {
	Find(ctx context.Context, filter LedgerFilter) ([]LedgerRecord, error)
	Checkpoint(ctx context.Context) ([]byte, error)
	Handler() http.Handler // the files of the log, as tlog-tiles has them
}

// LedgerFilter picks entries, the newest first.
type LedgerFilter struct {
	Kind   string // or the part of it before the dot; empty for all
	Text   string // the id of a CMK or of a request, or a person; empty for all
	Before int64  // only entries with a lower index; -1 for all
	Limit  int
}

// LedgerRecord is one entry.
type LedgerRecord struct {
	Index                                int64
	At                                   time.Time
	Kind, Request, Region, KeyID, Person string
	Policies                             []string
	Fields                               map[string]string
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
	query := e.Request().URL.Query()
	filter := LedgerFilter{Kind: query.Get("kind"), Text: query.Get("text"), Before: -1, Limit: mostListed}
	if !readLimit(query.Get("limit"), &filter.Limit) {
		return errMalformed
	}
	if before := query.Get("before"); before != "" {
		index, err := strconv.ParseInt(before, 10, 64)
		if err != nil || index < 0 {
			return errMalformed
		}
		filter.Before = index
	}
	if len(filter.Kind) > maxLine || len(filter.Text) > maxLine {
		return errMalformed
	}
	ctx := c.context(e)
	found, err := c.Team.Ledger.Find(ctx, filter)
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
