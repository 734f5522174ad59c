package policy

import (
	"context"
	"log/slog"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
)

// Live is the set of policies in force. It can be reloaded while others ask.
type Live struct {
	dir string
	set atomic.Pointer[Set]
}

// Watch loads the policies of a folder, as Load does.
func Watch(dir string) (*Live, error) {
	l := &Live{dir: dir}
	if err := l.Reload(); err != nil {
		return nil, err
	}
	return l, nil
}

// Set returns the set in force.
func (l *Live) Set() *Set { return l.set.Load() }

// Decide answers a question with the set in force.
func (l *Live) Decide(q Question) Decision { return l.Set().Decide(q) }

// Reload loads the policies again. If one of them is not valid it returns why, and the set that was
// in force stays.
func (l *Live) Reload() error {
	set, err := Load(l.dir)
	if err != nil {
		return err
	}
	l.set.Store(set)
	return nil
}

// OnHangup reloads the policies whenever the process gets SIGHUP, until ctx ends. The log says
// whether the new set is in force. Before that, done is called with the set that is in force then and
// with the error of a reload that failed; nil calls nothing. OnHangup returns at once; signals count
// from then on.
func (l *Live) OnHangup(ctx context.Context, log *slog.Logger, done func(*Set, error)) {
	hangup := make(chan os.Signal, 1)
	signal.Notify(hangup, syscall.SIGHUP)
	go func() {
		defer signal.Stop(hangup)
		for {
			select {
			case <-ctx.Done():
				return
			case <-hangup:
			}
			err := l.Reload()
			set := l.Set()
			if done != nil {
				done(set, err)
			}
			if err != nil {
				log.Error("policies not reloaded, those loaded before stay in force", "error", err)
			} else {
				log.Info("policies reloaded", "policies", set.Len(), "files", len(set.Files), "digest", set.Digest)
			}
		}
	}()
}
