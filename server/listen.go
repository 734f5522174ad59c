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
)

// grace is how long requests under way may take to finish once the program was told to stop.
const grace = 10 * time.Second

// open is the choice to let others than this computer reach what has no sign-in.
type open struct {
	AllowUnauthenticated bool `help:"Listen on other than loopback addresses, although anyone who reaches them may then use them: there is no sign-in."`
}

// listen opens an address. Without a sign-in only this computer may reach it, unless the person said otherwise.
func (o open) listen(what, address string) (net.Listener, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("%s: %q is not host:port", what, address)
	}
	if !loopback(host) && !o.AllowUnauthenticated {
		return nil, fmt.Errorf("%s: %s can be reached from other computers, and there is no sign-in; "+
			"listen on 127.0.0.1, or say --allow-unauthenticated", what, address)
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("%s: %v", what, err)
	}
	return listener, nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// site is a handler and where it listens.
type site struct {
	listener net.Listener
	handler  http.Handler
	tls      *tls.Config // nil means none
}

// url is the address for a person; a wildcard address is shown as this computer's.
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

// serve runs all sites until ctx ends, then lets requests under way finish.
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
