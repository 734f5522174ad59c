package main

import (
	"context"
	"log/slog"
	"time"

	"keyferry/server/console"
	"keyferry/server/kms"
	"keyferry/server/metrics"
	"keyferry/server/trace"
)

// watchFlags are the flags of what watches a console.
type watchFlags struct {
	MetricsListen string `help:"Address of the metrics for Prometheus, at /metrics. Whoever reaches it can read numbers and the ids of CMKs. Off when empty."`
}

// watch counts and traces what a console does.
type watch struct {
	metrics *metrics.Metrics
	tracer  *trace.Tracer // nil without a collector
}

func (w watchFlags) start(ctx context.Context, t terminal) (*watch, error) {
	tracer, err := trace.Start(ctx, version, t.log)
	if err != nil {
		return nil, err
	}
	return &watch{metrics.New(version), tracer}, nil
}

// site opens the address of the metrics; none means that there is none.
func (w watchFlags) site(t terminal, m *metrics.Metrics) ([]site, error) {
	if w.MetricsListen == "" {
		return nil, nil
	}
	listener, err := open{AllowUnauthenticated: true}.listen("--metrics-listen", w.MetricsListen)
	if err != nil {
		return nil, err
	}
	s := site{listener: listener, handler: m.Handler()}
	t.say("Metrics on %s/metrics", s.url())
	return []site{s}, nil
}

// answered is told of each request to the console.
func (w *watch) answered(ctx context.Context, a console.Answered) {
	w.metrics.Answered(a.Method, a.Route, a.Status, a.Took)
	w.tracer.Answered(ctx, a.Method, a.Route, a.Status)
}

// called is told of each attempt of a call to the KMS.
func (w *watch) called(ctx context.Context, a kms.Attempt) {
	w.metrics.Called(a.Action, a.Code, a.Took)
	w.tracer.Called(ctx, a.Action, a.Code, a.Try, a.Status, a.Took)
}

// collect looks up the numbers of a team's console.
func (w *watch) collect(r *team, log *slog.Logger) {
	w.metrics.Collect(metrics.Source{
		LedgerSize: r.log.Size, Log: log,
		Requests: func(ctx context.Context) (map[string]int, error) {
			found, err := r.requests.States(ctx)
			states := map[string]int{}
			for state, n := range found {
				states[string(state)] = n
			}
			return states, err
		},
		Expiries: func(ctx context.Context) (all []metrics.Expiry, err error) {
			found, err := r.requests.Expiries(ctx)
			for _, e := range found {
				all = append(all, metrics.Expiry(e))
			}
			return all, err
		},
		Outbox: func(ctx context.Context) (int, time.Time, error) {
			waiting, age, err := r.reminders.Waiting(ctx)
			if waiting == 0 {
				return 0, time.Time{}, err
			}
			return waiting, time.Now().Add(-age), err
		},
		Paces: func() (all []metrics.Pace) {
			for _, p := range r.requests.Paces() {
				all = append(all, metrics.Pace(p))
			}
			return all
		},
	})
}
