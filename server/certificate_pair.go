package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
	"time"

	"keyferry/server/textfile"
)

// lookEvery is how often the files of a certificate are looked at.
const lookEvery = 10 * time.Second

// tlsFlags name the certificate of a listener.
type tlsFlags struct {
	TLSCert string `name:"tls-cert" type:"existingfile" help:"Certificate chain in PEM, the server's own first. With --tls-key. Both files are read again when they change, and on SIGHUP."`
	TLSKey  string `name:"tls-key" type:"existingfile" help:"Private key in PEM, without a passphrase. With --tls-cert."`
}

// open reads the certificate; nil means that none is named, and so no TLS.
func (f tlsFlags) open() (*certificatePair, error) {
	if (f.TLSCert == "") != (f.TLSKey == "") {
		return nil, errors.New("--tls-cert and --tls-key go together")
	}
	if f.TLSCert == "" {
		return nil, nil
	}
	c := &certificatePair{chain: f.TLSCert, key: f.TLSKey, every: lookEvery}
	c.seen = c.stamp()
	certificate, err := c.read()
	if err != nil {
		return nil, err
	}
	c.current.Store(certificate)
	return c, nil
}

// certificatePair is a certificate and its private key in two files, which may be replaced while
// the program runs.
type certificatePair struct {
	chain, key string
	every      time.Duration // between two looks at the files
	seen       [2]stamp      // of the files that were read last, whether they were good or not
	current    atomic.Pointer[tls.Certificate]
}

// stamp changes when a file is written or replaced.
type stamp struct {
	modified time.Time
	size     int64
}

func (c *certificatePair) stamp() (both [2]stamp) {
	for i, name := range []string{c.chain, c.key} {
		if info, err := os.Stat(name); err == nil { // of what a link leads to, as in a mounted secret
			both[i] = stamp{info.ModTime(), info.Size()}
		}
	}
	return both
}

// config returns the configuration of TLS with whatever certificate is in force at a handshake.
func (c *certificatePair) config() *tls.Config {
	return &tls.Config{
		MinVersion:     tls.VersionTLS12,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return c.current.Load(), nil },
	}
}

// read reads both files.
func (c *certificatePair) read() (*tls.Certificate, error) {
	chain, err := textfile.Read(c.chain)
	if err != nil {
		return nil, fmt.Errorf("reading the certificate %s: %v", c.chain, err)
	}
	key, err := textfile.Read(c.key)
	if err != nil {
		return nil, fmt.Errorf("reading the private key %s: %v", c.key, err)
	}
	defer clear(key)
	certificate, err := tls.X509KeyPair(chain, key)
	if err != nil {
		return nil, fmt.Errorf("reading the certificate %s with the private key %s: %v", c.chain, c.key, err)
	}
	return &certificate, nil
}

// reload takes the files as they are now. If they are no good, or no longer valid, the certificate
// before stays in force.
func (c *certificatePair) reload(now time.Time) error {
	c.seen = c.stamp() // before reading: a file that changes meanwhile is read again
	certificate, err := c.read()
	if err != nil {
		return err
	}
	if now.After(certificate.Leaf.NotAfter) {
		return fmt.Errorf("the certificate %s expired at %s", c.chain, certificate.Leaf.NotAfter.Format(time.RFC3339))
	}
	c.current.Store(certificate)
	return nil
}

// watch reloads the files on SIGHUP and whenever they changed, until ctx ends. The log says whether
// the new certificate is in force. Watch returns at once; signals count from then on.
func (c *certificatePair) watch(ctx context.Context, log *slog.Logger) {
	c.tell(log)
	hangup := make(chan os.Signal, 1)
	signal.Notify(hangup, syscall.SIGHUP)
	look := time.NewTicker(c.every)
	go func() {
		defer signal.Stop(hangup)
		defer look.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-hangup:
			case <-look.C:
				if c.stamp() == c.seen {
					continue
				}
			}
			if err := c.reload(time.Now()); err != nil {
				log.Error("certificate not reloaded, the one before stays in force", "error", err)
				continue
			}
			c.tell(log)
		}
	}()
}

// tell logs which certificate is in force.
func (c *certificatePair) tell(log *slog.Logger) {
	leaf := c.current.Load().Leaf
	level := slog.LevelInfo
	if now := time.Now(); now.After(leaf.NotAfter) || now.Before(leaf.NotBefore) {
		level = slog.LevelWarn
	}
	log.Log(context.Background(), level, "certificate in force", "names", leaf.DNSNames, "addresses", leaf.IPAddresses,
		"valid_from", leaf.NotBefore.UTC(), "expires", leaf.NotAfter.UTC())
}
