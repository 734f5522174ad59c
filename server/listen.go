package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/coreos/go-systemd/v22/activation"
	"github.com/coreos/go-systemd/v22/daemon"

	"keyferry/server/address"
	"keyferry/server/console"
)

// grace is how long requests may take to finish after the program was told to stop: longer than a
// person's call waits for the outcome of an import.
const grace = 30 * time.Second

// open holds the flags on who can reach a listener.
type open struct {
	AllowUnauthenticated bool     `help:"Let whoever reaches the program use it, without sign-in, and listen on addresses that other computers can reach."`
	AllowedHost          []string `help:"A further host name that requests may be for, such as the public name of a reverse proxy. A port in it is ignored."`
}

// sockets returns the sockets that systemd has opened for the program, which stay open while the
// program restarts. Where there are none it opens the address. A socket of systemd's must be as an
// address that listen opens; one in the file system is guarded by its mode.
func (o open) sockets(what, at string) ([]net.Listener, error) {
	given, err := activation.Listeners()
	if err != nil {
		return nil, fmt.Errorf("%s: taking the sockets of systemd: %v", what, err)
	}
	for _, listener := range given {
		if listener == nil {
			return nil, fmt.Errorf("%s: systemd passed a socket that takes no connections; its unit needs ListenStream=", what)
		}
		if _, tcp := listener.Addr().(*net.TCPAddr); !tcp {
			continue
		}
		if err := o.permit(what, listener.Addr().String()); err != nil {
			return nil, err
		}
	}
	if len(given) > 0 {
		return given, nil
	}
	listener, err := o.listen(what, at)
	if err != nil {
		return nil, err
	}
	return []net.Listener{listener}, nil
}

// permit refuses an address that other computers can reach while there is no sign-in, unless the
// person allowed it.
func (o open) permit(what, at string) error {
	host, _, err := net.SplitHostPort(at)
	if err != nil {
		return fmt.Errorf("%s: %q is not host:port", what, at)
	}
	if !address.Loopback(host) && !o.AllowUnauthenticated {
		return fmt.Errorf("%s: %s can be reached from other computers, and there is no sign-in; "+
			"listen on 127.0.0.1, or add --allow-unauthenticated", what, at)
	}
	return nil
}

// listen opens an address. Since there is no sign-in, it must be a loopback address unless the
// person allowed others.
func (o open) listen(what, at string) (net.Listener, error) {
	if err := o.permit(what, at); err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", at)
	if err != nil {
		return nil, fmt.Errorf("%s: %v", what, err)
	}
	return listener, nil
}

// hosts returns the names of --allowed-host as the Host header has them, without a port.
func (o open) hosts() ([]string, error) {
	var names []string
	for _, given := range o.AllowedHost {
		name, err := console.ParseHost(given)
		if err != nil {
			return nil, fmt.Errorf("--allowed-host: %w", err)
		}
		names = append(names, name)
	}
	return names, nil
}

// site is a handler and where it listens.
type site struct {
	listener net.Listener
	handler  http.Handler
	tls      *tls.Config // nil means none
}

// url returns the address for a person. A wildcard address is shown as 127.0.0.1.
func (s site) url() string {
	scheme := "http://"
	if s.tls != nil {
		scheme = "https://"
	}
	host, port, err := net.SplitHostPort(s.listener.Addr().String())
	if err != nil {
		return scheme + s.listener.Addr().String()
	}
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return scheme + net.JoinHostPort(host, port)
}

// accept serves until the server is closed.
func (s site) accept(server *http.Server) error {
	if s.tls != nil {
		return server.ServeTLS(s.listener, "", "")
	}
	return server.Serve(s.listener)
}

// serve runs all sites until ctx ends. For the time drain it then goes on as before, but asks each
// client to open a new connection for its next request. After that it takes no more connections and
// gives running requests time to finish. Systemd is told when the sites are served, and when that
// ends.
func serve(ctx context.Context, log *slog.Logger, drain time.Duration, sites ...site) error {
	running, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var servers []*draining
	for _, s := range sites {
		servers = append(servers, serveSite(newServer(running, log, s), s, stop))
	}
	notify(log, daemon.SdNotifyReady)
	<-running.Done()
	notify(log, daemon.SdNotifyStopping)
	var errs []error
	if cause := context.Cause(running); errors.Is(cause, context.Canceled) {
		time.Sleep(drain)
	} else {
		errs = append(errs, cause)
	}
	ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	for _, server := range servers {
		if err := server.stop(ending); err != nil {
			errs = append(errs, fmt.Errorf("requests were still running %v after the program was told to stop: %v", grace, err))
		}
	}
	return errors.Join(errs...)
}

// newServer returns a server that bounds how long a client can hold a connection. Once ctx has
// ended it asks clients to close theirs.
func newServer(ctx context.Context, log *slog.Logger, s site) *http.Server {
	return &http.Server{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if ctx.Err() != nil {
				w.Header().Set("Connection", "close") // HTTP/2 turns it into GOAWAY
			}
			s.handler.ServeHTTP(w, r)
		}),
		TLSConfig:         s.tls,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       15 * time.Second,
		WriteTimeout:      60 * time.Second, // above the time-out of a call to the KMS
		IdleTimeout:       60 * time.Second,
		MaxHeaderBytes:    64 << 10, // clients of the KMS put token and ciphertext into the address
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
}

// notify tells systemd how far the program is, where it runs under systemd.
func notify(log *slog.Logger, state string) {
	if _, err := daemon.SdNotify(false, state); err != nil {
		log.Warn("systemd was not told", "state", state, "error", err)
	}
}
