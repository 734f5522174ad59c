// Package reminders tells people and webhooks what must not be missed: imported key material that
// is about to expire, drills that come due, and approvals that are waited for. Messages wait in a
// table of the database that several consoles share; see README.md for what is promised.
package reminders

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"keyferry/components/text"
	"keyferry/server/requests"
	"keyferry/server/store"
)

// Config is what a Service is made of.
type Config struct {
	DB      *store.DB         // must be set
	Keys    *requests.Service // must be set
	BaseURL string            // of the console, for links; must be set

	Leads    []time.Duration   // whole days before something is due, the shortest first; none means DefaultLeads
	Mail     *Mailer           // nil sends no mail
	To       []string          // addresses that get every message about keys, besides the people concerned
	Webhooks []Webhook         // get every message
	Words    []*text.Catalogue // languages of a message, one after the other; none means all
	Zone     *time.Location    // in which times are shown besides UTC; nil means none

	Transport http.RoundTripper  // for webhooks; nil means the default
	Tick      time.Duration      // how often Run looks for what is due; zero means half a minute
	Lease     time.Duration      // how long one console has a message for itself; zero means two minutes
	Clock     func() time.Time   // nil means time.Now
	Log       *slog.Logger       // nil logs nothing
	Faults    func(point string) // called around each sending, for tests; nil means nothing
}

// Service plans messages and sends them.
type Service struct {
	config Config
	holder string // names this process to the others
	client *http.Client
	log    *slog.Logger
	swept  time.Time // when messages were last removed
}

// New returns a Service. It does nothing by itself until Run or Round is called.
func New(config Config) (*Service, error) {
	if config.DB == nil || config.Keys == nil || config.BaseURL == "" {
		return nil, errors.New("setting up reminders: DB, Keys and BaseURL must be set")
	}
	defaults(&config)
	return &Service{config: config, holder: newHolder(), client: newClient(config.Transport), log: config.Log}, nil
}

func defaults(config *Config) {
	if len(config.Leads) == 0 {
		config.Leads, _ = ParseLeads(DefaultLeads)
	}
	if len(config.Words) == 0 {
		config.Words = text.Languages
	}
	if config.Tick == 0 {
		config.Tick = 30 * time.Second
	}
	if config.Lease == 0 {
		config.Lease = 2 * time.Minute
	}
	if config.Clock == nil {
		config.Clock = time.Now
	}
	if config.Log == nil {
		config.Log = slog.New(slog.DiscardHandler)
	}
	if config.Faults == nil {
		config.Faults = func(string) {}
	}
}

// now returns the time as the database keeps it: in UTC, in microseconds.
func (s *Service) now() time.Time { return s.config.Clock().UTC().Truncate(time.Microsecond) }

// Run plans and sends what is due until ctx ends. The lead times may be others than at the last
// start, so it begins by looking at every key.
func (s *Service) Run(ctx context.Context) {
	tick := time.NewTicker(s.config.Tick)
	defer tick.Stop()
	for anew := true; ; {
		if anew {
			err := s.config.DB.Write(ctx, s.config.Keys.RemindAnew)
			if anew = err != nil; anew {
				s.complain(ctx, err)
			}
		}
		if err := s.Round(ctx); err != nil {
			s.complain(ctx, err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (s *Service) complain(ctx context.Context, err error) {
	if ctx.Err() == nil {
		s.log.Error("looking for reminders that are due", "error", err)
	}
}

// Round plans and sends once what is due now. Where nothing is, it only reads.
func (s *Service) Round(ctx context.Context) error {
	var toPlan, toSend bool
	err := s.config.DB.Read(ctx, func(tx *store.Tx) error {
		keys, err := s.config.Keys.ToRemind(tx, 1)
		toPlan = len(keys) > 0
		if err != nil {
			return err
		}
		return tx.QueryRow("SELECT EXISTS (SELECT 1 FROM outbox WHERE due > 0 AND due <= ?)", s.now().UnixMicro()).Scan(&toSend)
	})
	if err == nil && toPlan {
		err = s.plan(ctx)
	}
	if err == nil && (toPlan || toSend) {
		err = s.send(ctx)
	}
	if now := s.now(); err == nil && now.Sub(s.swept) > time.Hour {
		err = s.config.DB.Write(ctx, func(tx *store.Tx) error { return sweep(tx, now) })
		s.swept = now
	}
	return err
}
