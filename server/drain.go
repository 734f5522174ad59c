package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"
)

// draining is a server that can stop without leaving anybody without an answer. Its own Shutdown
// drops a request that it reads once it was called, such as the first one of a connection that was
// just accepted; so no connection may be waiting for its answer by then.
type draining struct {
	*http.Server
	site    site
	stopped chan struct{} // closed when no more connections are accepted

	mu   sync.Mutex
	busy map[net.Conn]http.ConnState // that are new, or whose request is being answered
	quit chan struct{}               // closed when none is busy; nil while nobody waits for that
}

// serveSite serves a site. Failed is called if it ends by itself.
func serveSite(server *http.Server, s site, failed func(error)) *draining {
	d := &draining{Server: server, site: s, stopped: make(chan struct{}), busy: map[net.Conn]http.ConnState{}}
	server.ConnState = d.note
	go func() {
		defer close(d.stopped)
		if err := s.accept(server); !errors.Is(err, http.ErrServerClosed) {
			failed(fmt.Errorf("serving %s: %v", s.listener.Addr(), err))
		}
	}()
	return d
}

func (d *draining) note(conn net.Conn, state http.ConnState) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if state == http.StateNew || state == http.StateActive {
		d.busy[conn] = state
		return
	}
	delete(d.busy, conn)
	if len(d.busy) == 0 && d.quit != nil {
		close(d.quit)
		d.quit = nil
	}
}

// firstRequest is how long a connection may stay open after the stop without having asked anything.
// Browsers open some that they may never use.
const firstRequest = time.Second

// quiet returns a channel that is closed when no connection is busy.
func (d *draining) quiet() <-chan struct{} {
	d.mu.Lock()
	defer d.mu.Unlock()
	quit := make(chan struct{})
	for conn, state := range d.busy {
		if state == http.StateNew {
			conn.SetReadDeadline(time.Now().Add(firstRequest)) // the server sets its own once it has read the header
		}
	}
	if len(d.busy) == 0 {
		close(quit)
	} else {
		d.quit = quit
	}
	return quit
}

// stop takes no more connections, waits until those that are open have their answers, and closes
// them.
func (d *draining) stop(ctx context.Context) error {
	d.site.listener.Close()
	<-d.stopped
	select {
	case <-d.quiet():
	case <-ctx.Done():
	}
	return d.Shutdown(ctx)
}
