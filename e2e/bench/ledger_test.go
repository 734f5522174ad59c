package bench

import (
	"flag"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"keyferry/server/ledger"
	"keyferry/server/store"
	"keyferry/server/store/storetest"
)

var entries = flag.Int("entries", 1_000_000, "how many entries the ledger of the benchmark has")

// slowestLedger is the goal for opening a ledger.
const slowestLedger = time.Second

// BenchmarkLedger shows how fast entries are appended, each durable on its own, before and behind a
// million others, what a proof takes there, and how long a console takes to open that ledger.
func BenchmarkLedger(b *testing.B) {
	for _, kind := range []string{store.SQLite, store.Postgres} {
		b.Run(kind, func(b *testing.B) {
			if kind == store.Postgres {
				storetest.Sync(b)
			}
			key, err := ledger.NewKey("")
			if err != nil {
				b.Fatal(err)
			}
			l := &measuredLedger{url: storetest.URL(b, kind), key: key}
			l.db = storetest.Open(b, l.url)
			if l.log, err = ledger.Open(b.Context(), l.db, key); err != nil {
				b.Fatal(err)
			}
			empty := l.appends(b)
			for range *entries / 10_000 {
				l.append(b, 10_000)
			}
			full := l.appends(b)
			about := fmt.Sprintf("Ledger on %s, %d entries", kind, *entries)
			measured.add(figure{
				what: fmt.Sprintf("%s, appends of %d writers", about, importers), value: fmt.Sprintf("%.0f/s", full),
				against: fmt.Sprintf("when empty: %.0f/s", empty), ratio: inTimes(full / empty),
			})
			var proofs, starts times
			for b.Loop() {
				proofs = append(proofs, l.prove(b, int64(len(proofs))*7919%int64(*entries)))
				starts = append(starts, l.start(b))
			}
			b.ReportMetric(float64(proofs.at(0.5)), "proof-ns")
			measured.add(figure{what: about + ", proof, median", value: short(proofs.at(0.5)), against: "p99: " + short(proofs.at(0.99))})
			measured.add(figure{what: about + ", opened, median", value: short(starts.at(0.5)), against: "p99: " + short(starts.at(0.99))}.
				atMost("1 s", float64(starts.at(0.5)), float64(slowestLedger)))
		})
	}
}

// measuredLedger is a ledger in a database of its own.
type measuredLedger struct {
	url string
	key ledger.Key
	db  *store.DB
	log *ledger.Log
	n   atomic.Int64
}

// append adds entries in one transaction.
func (l *measuredLedger) append(b *testing.B, count int) {
	err := l.db.Write(b.Context(), func(tx *store.Tx) error {
		for range count {
			n := l.n.Add(1)
			_, err := l.log.Append(tx, ledger.Entry{
				At: time.Unix(1_800_000_000+n, n*1000), Kind: "request.created", Request: fmt.Sprintf("request%d", n),
				Region: "cn-hangzhou", KeyID: fmt.Sprintf("key%d", n%100), Person: fmt.Sprintf("person%d", n%1000),
				Fields: map[string]string{"label": fmt.Sprintf("payments/%d", n)},
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		b.Error(err)
	}
}

// appends is how many entries many writers append in a second, each in a transaction of its own.
func (l *measuredLedger) appends(b *testing.B) float64 {
	const count = 2000
	began := time.Now()
	each(count, func(int) { l.append(b, 1) })
	return count / time.Since(began).Seconds()
}

// prove returns what the evidence for one entry takes.
func (l *measuredLedger) prove(b *testing.B, index int64) time.Duration {
	began := time.Now()
	if _, err := l.log.Proof(b.Context(), index); err != nil {
		b.Fatal(err)
	}
	return time.Since(began)
}

// start returns how long it takes to open database and ledger, as a console does when it starts.
func (l *measuredLedger) start(b *testing.B) time.Duration {
	began := time.Now()
	db, err := store.Open(b.Context(), l.url)
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	if _, err := ledger.Open(b.Context(), db, l.key); err != nil {
		b.Fatal(err)
	}
	return time.Since(began)
}
