// Package kms is the one client of Alibaba Cloud KMS: the two calls that importing key material
// needs. Besides, Reach and Places tell a person why they would fail.
//
// The vendor's SDK builds, signs and parses; net/http sends. The SDK's own sender has habits that a
// console for key material cannot have: it prints whole requests when DEBUG holds sdk, takes no
// context, follows redirects and reads without bound. None of its code runs here. What does run is
// the SDK's parser, which panics on some answers, and its errors, whose text holds the answer: this
// package recovers the panics and builds every error anew.
package kms

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"regexp"
	"time"

	"keyferry/server/textfile"
)

// DefaultTimeout bounds a call, retries included, when Config.Timeout is zero.
const DefaultTimeout = 15 * time.Second

// Config says which KMS to talk to, and as whom.
type Config struct {
	// Region is the KMS's region, such as cn-hangzhou. It must not be empty.
	Region string
	// Endpoint is host or host:port without a scheme; empty means the region's own,
	// kms.<region>.aliyuncs.com.
	Endpoint string
	// Network is "vpc" for the region's address inside a VPC; empty means the public one. New
	// refuses it beside an Endpoint, where it has no meaning.
	Network string
	// CAFile names a PEM file of the only certificate authorities to trust; empty means the
	// system's.
	CAFile string
	// PlainHTTP speaks http and not https. New accepts it for a loopback Endpoint only.
	PlainHTTP bool
	// AccessKeyID and AccessKeySecret sign the requests. Both empty means the vendor's default
	// chain of credentials; one of them alone is an error.
	AccessKeyID, AccessKeySecret string
	// Timeout bounds one call, retries included; zero means DefaultTimeout.
	Timeout time.Duration
	// ReturnThrottled returns a throttled call at once, for a caller that makes it again in its turn.
	// False sends it again after a pause.
	ReturnThrottled bool
	// Observe is told of each attempt, with the context of its call; nil means nothing.
	Observe func(ctx context.Context, a Attempt)
	// Version is Keyferry's own, for the User-Agent; empty means "dev".
	Version string
	// Logger takes a line for each attempt; nil means none.
	Logger *slog.Logger
}

// Client is the one client of the KMS. It may be used by several goroutines at once.
type Client struct {
	region, scheme, endpoint string
	version                  string
	timeout                  time.Duration
	returnThrottled          bool
	observe                  func(context.Context, Attempt)
	backoff                  time.Duration // the first pause between two attempts
	pool                     http.RoundTripper
	credentials              *credentialSource
	log                      *slog.Logger
}

// New checks the configuration, reads CAFile and returns a client. It does not use the network and
// does not look for credentials: see CheckCredentials.
func New(config Config) (*Client, error) {
	endpoint, err := checkEndpoint(config)
	if err != nil {
		return nil, err
	}
	if (config.AccessKeyID == "") != (config.AccessKeySecret == "") {
		return nil, errors.New("configuring the KMS client: AccessKey id and secret go together, one of them is missing")
	}
	if config.Timeout < 0 {
		return nil, errors.New("configuring the KMS client: the time-out is negative")
	}
	version := config.Version
	if version == "" {
		version = "dev"
	}
	if !versionForm.MatchString(version) {
		return nil, errors.New("configuring the KMS client: the version does not fit into a User-Agent")
	}
	roots, err := textfile.Certificates(config.CAFile)
	if err != nil {
		return nil, err
	}
	c := &Client{
		region: config.Region, scheme: "https", endpoint: endpoint, version: version,
		timeout: config.Timeout, returnThrottled: config.ReturnThrottled, backoff: 250 * time.Millisecond,
		pool:        newPool(roots),
		credentials: newCredentialSource(config.AccessKeyID, config.AccessKeySecret),
		log:         config.Logger, observe: config.Observe,
	}
	if config.PlainHTTP {
		c.scheme = "http"
	}
	if c.timeout == 0 {
		c.timeout = DefaultTimeout
	}
	if c.observe == nil {
		c.observe = func(context.Context, Attempt) {}
	}
	if c.log == nil {
		c.log = slog.New(slog.DiscardHandler)
	}
	return c, nil
}

var versionForm = regexp.MustCompile(`^[0-9A-Za-z.+_-]{1,64}$`)

// newPool returns the connections that all requests share. Used without an http.Client, it follows
// no redirects.
func newPool(roots *x509.CertPool) *http.Transport {
	// HTTP/1 alone: the trace that tells "nothing was sent" from "it may have been taken" is exact
	// there.
	var protocols http.Protocols
	protocols.SetHTTP1(true)
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		OnProxyConnectResponse: checkProxy,
		DialContext:            (&net.Dialer{Timeout: 5 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots},
		TLSHandshakeTimeout:    5 * time.Second,
		Protocols:              &protocols,
		MaxIdleConns:           64,
		MaxIdleConnsPerHost:    64, // as many calls as the page for many keys has under way
		IdleConnTimeout:        30 * time.Second,
		MaxResponseHeaderBytes: 64 << 10,
		DisableCompression:     true,
	}
}

// CheckCredentials looks for credentials and returns nil if there are any, or an error that is
// ErrNoCredentials and says of every place that was looked in why it gave none. It does not show
// that the KMS accepts them. It takes five seconds at most.
func (c *Client) CheckCredentials(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, min(c.timeout, 5*time.Second))
	defer cancel()
	_, err := c.credentials.find(ctx)
	return err
}
