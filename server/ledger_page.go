package main

import (
	"context"
	"regexp"
	"strings"

	"keyferry/server/console"
	"keyferry/server/ledger"
)

// ledgerPage is the ledger as the console's page searches it.
type ledgerPage struct{ *ledger.Log }

// keyIDs tell the id of a CMK from those of requests and people.
var keyIDs = regexp.MustCompile(`^key-|^[0-9A-Fa-f]{8}-`)

// Find returns entries, the newest first. A text that is the id of neither a CMK nor a request is
// taken for that of a person.
func (l ledgerPage) Find(ctx context.Context, filter console.LedgerFilter) ([]console.LedgerRecord, error) {
	if filter.Before == 0 {
		return nil, nil
	}
	f := ledger.Filter{Kind: filter.Kind, Before: max(filter.Before, 0), Limit: filter.Limit}
	if f.Kind != "" && !strings.Contains(f.Kind, ".") {
		f.Kind += "."
	}
	var searches []ledger.Filter
	if byKey, byRequest, byPerson := f, f, f; filter.Text == "" {
		searches = append(searches, f)
	} else if byKey.KeyID = filter.Text; keyIDs.MatchString(filter.Text) {
		searches = append(searches, byKey)
	} else {
		byRequest.Request, byPerson.Person = filter.Text, filter.Text
		searches = append(searches, byRequest, byPerson)
	}
	for _, search := range searches {
		found, err := l.Entries(ctx, search)
		if err != nil || len(found) > 0 {
			return shownRecords(found), err
		}
	}
	return nil, nil
}

func shownRecords(found []ledger.Record) []console.LedgerRecord {
	shown := make([]console.LedgerRecord, len(found))
	for i, r := range found {
		shown[i] = console.LedgerRecord{
			Index: r.Index, At: r.At, Kind: r.Kind, Request: r.Request, Region: r.Region, KeyID: r.KeyID,
			Person: r.Person, Policies: r.Policies, Fields: r.Fields,
		}
		if r.Person == "" {
			shown[i].Person = r.Digest
		}
	}
	return shown
}
