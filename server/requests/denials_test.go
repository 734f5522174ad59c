package requests_test

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"

	"keyferry/server/ledger"
	"keyferry/server/requests"
)

// Whoever is denied something again and again does not fill the ledger, and does not keep the denials
// of others out of it. It says how many it has not got.
func TestDenialsAreBounded(t *testing.T) {
	each(t, func(w *world) {
		deny := func(times int) {
			for range times {
				_, err := w.service.Own().ImportParameters(w.as(rita), keyOne, oaep)
				w.wantFault(err, requests.ErrDenied)
			}
		}
		recorded := func() []ledger.Record {
			found, err := w.log.Entries(w.t.Context(), ledger.Filter{Kind: "policy.denied"})
			if err != nil {
				w.t.Fatal(err)
			}
			return found
		}
		deny(50)
		if n := len(recorded()); n < 20 || n > 22 {
			w.t.Errorf("of 50 denials %d are recorded", n)
		}
		if first := recorded()[len(recorded())-1]; first.Fields["omitted"] != "" {
			w.t.Errorf("the first says that %s were left out", first.Fields["omitted"])
		}
		_, err := w.service.Own().ImportParameters(w.as(other), keyOne, oaep)
		w.wantFault(err, requests.ErrDenied)
		before := recorded()
		if before[0].Person != other.ID {
			w.t.Error("the denial of somebody else is not recorded")
		}
		w.clock.advance(time.Minute)
		deny(1)
		after := recorded()
		if last := after[0]; len(after) != len(before)+1 || last.Fields["omitted"] == "" || last.Fields["omitted"] == "0" {
			w.t.Errorf("after a minute the ledger has %d more, the last with %v", len(after)-len(before), last.Fields)
		}
	})
}

// A denial that the ledger does not take is in the log, and is a denial all the same.
func TestDenialIsNotRecorded(t *testing.T) {
	each(t, func(w *world) {
		var log bytes.Buffer
		w.service = w.open(func(c *requests.Config) { c.Log = slog.New(slog.NewTextHandler(&log, nil)) })
		for _, refused := range []bool{false, true} {
			if refused {
				w.refuseEntries("policy.denied")
			}
			_, err := w.service.Own().ImportParameters(w.as(rita), keyOne, oaep)
			w.wantFault(err, requests.ErrDenied)
			if logged := strings.Contains(log.String(), "a denial was not recorded"); logged != refused {
				w.t.Errorf("refused %v, logged %v", refused, logged)
			}
		}
	})
}
