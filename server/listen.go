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

	"keyferry/server/address"
	"keyferry/server/console"
)

// grace is how long requests may take to finish after the program was told to stop.
const grace = 10 * time.Second

// open holds the flags on who can reach a listener.
type open struct {
	AllowUnauthenticated bool     `help:"Let whoever reaches the program use it, without sign-in, and listen on addresses that other computers can reach."`
	AllowedHost          []string `help:"A further host name that requests may be for, such as the public name of a reverse proxy. A port in it is ignored."`
}

// listen opens an address. Since there is no sign-in, it must be a loopback address unless the
// person allowed others.
func (o open) listen(what, at string) (net.Listener, error) {
	host, _, err := net.SplitHostPort(at)
	if err != nil {
		return nil, fmt.Errorf("%s: %q is not host:port", what, at)
	}
	if !address.Loopback(host) && !o.AllowUnauthenticated {
		return nil, fmt.Errorf("%s: %s can be reached from other computers, and there is no sign-in; "+
			"listen on 127.0.0.1, or add --allow-unauthenticated", what, at)
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

// serve runs all sites until ctx ends, then gives running requests time to finish.
func serve(ctx context.Context, log *slog.Logger, sites ...site) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var servers []*http.Server
	for _, s := range sites {
		server := &http.Server{
			Handler:           s.handler,
			TLSConfig:         s.tls,
			ReadHeaderTimeout: 5 * time.Second,
			ReadTimeout:       15 * time.Second,
			WriteTimeout:      60 * time.Second, // above the time-out of a call to the KMS
			IdleTimeout:       60 * time.Second,
			MaxHeaderBytes:    64 << 10, // clients of the KMS put token and ciphertext into the address
			ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
		}
		servers = append(servers, server)
		go func() {
			if err := s.accept(server); !errors.Is(err, http.ErrServerClosed) {
				stop(fmt.Errorf("serving %s: %v", s.listener.Addr(), err))
			}
		}()
	}
	<-ctx.Done()
	ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	var errs []error
	for _, server := range servers {
		errs = append(errs, server.Shutdown(ending))
	}
	if cause := context.Cause(ctx); !errors.Is(cause, context.Canceled) {
		errs = append(errs, cause)
	}
	return errors.Join(errs...)
}
