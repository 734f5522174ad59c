package metrics

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Source is what is looked up whenever somebody reads the metrics. Functions that are nil are left
// out.
type Source struct {
	// Requests returns how many requests are in each state, the states without any included.
	Requests func(context.Context) (map[string]int, error)
	// Expiries returns the CMKs whose key material expires.
	Expiries func(context.Context) ([]Expiry, error)
	// LedgerSize returns how many entries the ledger has.
	LedgerSize func(context.Context) (int64, error)
	// Outbox returns how many messages have to be sent, and when the oldest of them was made; the zero
	// time if there is none.
	Outbox func(context.Context) (waiting int, oldest time.Time, err error)
	// Paces returns how the calls to the KMS go.
	Paces func() []Pace
	Log   *slog.Logger // must be set
}

// Expiry is when the key material of a CMK expires.
type Expiry struct {
	Region, KeyID string
	At            time.Time
}

// Pace is how the calls of one action go.
type Pace struct {
	Region, Action   string
	Waiting          int
	PerSecond, Limit float64
}

// Collect has the source looked up. It is called once at most.
func (m *Metrics) Collect(s Source) { m.registry.MustRegister(&collector{source: s}) }

// collector looks up a source. Expiries change rarely and may be many, so they are kept for a while.
type collector struct {
	source   Source
	mu       sync.Mutex
	expiries []Expiry
	asked    time.Time
}

const (
	lookupTime = 10 * time.Second
	expiryTime = time.Minute // how long expiries are kept
)

var (
	requestsDesc = prometheus.NewDesc("keyferry_requests", "Import requests, by state.", []string{"state"}, nil)
	expiresDesc  = prometheus.NewDesc("keyferry_key_material_expires_timestamp_seconds",
		"When the imported key material of a CMK expires. Material that does not expire has none.", []string{"region", "key_id"}, nil)
	ledgerDesc   = prometheus.NewDesc("keyferry_ledger_entries", "Entries of the ledger.", nil, nil)
	outboxDesc   = prometheus.NewDesc("keyferry_outbox_messages", "Messages that have to be sent.", nil, nil)
	oldestDesc   = prometheus.NewDesc("keyferry_outbox_age_seconds", "Age of the oldest message that has to be sent; 0 if there is none.", nil, nil)
	waitingDesc  = prometheus.NewDesc("keyferry_kms_queue_calls", "Calls that wait for their turn in this process.", []string{"region", "action"}, nil)
	rateDesc     = prometheus.NewDesc("keyferry_kms_rate", "Calls that may be made in a second now; throttling lowers it.", []string{"region", "action"}, nil)
	limitDesc    = prometheus.NewDesc("keyferry_kms_rate_limit", "Calls that the operator lets this process make in a second.", []string{"region", "action"}, nil)
	readableDesc = prometheus.NewDesc("keyferry_database_readable", "Whether the numbers from the database could be looked up.", nil, nil)
)

// Describe implements [prometheus.Collector].
func (c *collector) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{requestsDesc, expiresDesc, ledgerDesc, outboxDesc, oldestDesc, waitingDesc, rateDesc, limitDesc, readableDesc} {
		to <- d
	}
}

// Collect implements [prometheus.Collector]. What cannot be looked up is left out.
func (c *collector) Collect(to chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), lookupTime)
	defer cancel()
	set := func(d *prometheus.Desc, value float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
	}
	readable := 1.0
	for _, look := range []func(context.Context, gauge) error{c.requests, c.expiry, c.ledger, c.outbox} {
		if err := look(ctx, set); err != nil {
			c.source.Log.Warn("metrics are incomplete", "error", err)
			readable = 0
		}
	}
	set(readableDesc, readable)
	if c.source.Paces != nil {
		for _, p := range c.source.Paces() {
			set(waitingDesc, float64(p.Waiting), p.Region, p.Action)
			set(rateDesc, p.PerSecond, p.Region, p.Action)
			set(limitDesc, p.Limit, p.Region, p.Action)
		}
	}
}

type gauge = func(*prometheus.Desc, float64, ...string)

func (c *collector) requests(ctx context.Context, set gauge) error {
	if c.source.Requests == nil {
		return nil
	}
	states, err := c.source.Requests(ctx)
	for state, n := range states {
		set(requestsDesc, float64(n), state)
	}
	return err
}

func (c *collector) expiry(ctx context.Context, set gauge) error {
	if c.source.Expiries == nil {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if time.Since(c.asked) > expiryTime {
		found, err := c.source.Expiries(ctx)
		if err != nil {
			return err
		}
		c.expiries, c.asked = found, time.Now()
	}
	for _, e := range c.expiries {
		set(expiresDesc, float64(e.At.Unix()), e.Region, e.KeyID)
	}
	return nil
}

func (c *collector) ledger(ctx context.Context, set gauge) error {
	if c.source.LedgerSize == nil {
		return nil
	}
	size, err := c.source.LedgerSize(ctx)
	if err == nil {
		set(ledgerDesc, float64(size))
	}
	return err
}

func (c *collector) outbox(ctx context.Context, set gauge) error {
	if c.source.Outbox == nil {
		return nil
	}
	waiting, oldest, err := c.source.Outbox(ctx)
	if err != nil {
		return err
	}
	age := 0.0
	if waiting > 0 {
		age = time.Since(oldest).Seconds()
	}
	set(outboxDesc, float64(waiting))
	set(oldestDesc, age)
	return nil
}
