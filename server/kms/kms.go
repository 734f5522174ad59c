// Package kms is the one client of Alibaba Cloud KMS: the two calls that
// importing key material needs, through the vendor's SDK.
//
// The SDK has habits that a console for key material cannot live with, and
// this package is the wall around them. It forces https, makes one SDK client
// for each attempt over one shared pool of connections, binds the caller's
// context, bounds what it reads, recovers the SDK's panics, follows no
// redirects, and builds every error anew: the SDK's own error text holds the
// import token, the encrypted key material and the signature.
package kms

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"regexp"
	"sync"
	"time"

	alikms "github.com/aliyun/alibaba-cloud-sdk-go/services/kms"

	// Must be linked wherever the SDK is: it keeps DEBUG=sdk from printing requests.
	_ "keyferry/server/kms/internal/quiet"
)

// DefaultTimeout bounds a call, retries included, when Config.Timeout is zero.
const DefaultTimeout = 15 * time.Second

// Config says which KMS to talk to, and as whom.
type Config struct {
	// Region is the KMS's region, such as cn-hangzhou. It must not be empty.
	Region string
	// Endpoint is host or host:port without a scheme; empty means the region's
	// own, kms.<region>.aliyuncs.com.
	Endpoint string
	// Network is "vpc" for the region's address inside a VPC; empty means the
	// public one. It has no meaning beside Endpoint, so New refuses both.
	Network string
	// CAFile names a PEM file of the only certificate authorities to trust;
	// empty means the system's.
	CAFile string
	// PlainHTTP speaks http and not https. New accepts it for a loopback
	// Endpoint only.
	PlainHTTP bool
	// AccessKeyID and AccessKeySecret sign the requests. Both empty means the
	// SDK's default chain of credentials; one of them alone is an error.
	AccessKeyID, AccessKeySecret string
	// Timeout bounds one call, retries included; zero means DefaultTimeout.
	Timeout time.Duration
	// Version is Keyferry's own, for the User-Agent; empty means "dev".
	Version string
	// Logger takes a line for each attempt; nil means none.
	Logger *slog.Logger
}

// Client is the one client of the KMS. It may be used by several goroutines at once.
type Client struct {
	region, endpoint, network string
	scheme, version           string
	timeout                   time.Duration
	backoff                   time.Duration // the first pause between two attempts
	pool                      http.RoundTripper
	credentials               *credentialSource
	log                       *slog.Logger
}

// New checks the configuration, reads CAFile and returns a client. It does not
// reach for the network, nor look for credentials: see CheckCredentials.
func New(config Config) (*Client, error) {
	endpoint, err := checkAddress(config)
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
	roots, err := readAuthorities(config.CAFile)
	if err != nil {
		return nil, err
	}
	makeEndpointMap()

	c := &Client{
		region: config.Region, endpoint: endpoint, network: config.Network,
		scheme: "https", version: version,
		timeout: config.Timeout, backoff: 250 * time.Millisecond,
		pool:        newPool(roots),
		credentials: newCredentialSource(config.AccessKeyID, config.AccessKeySecret),
		log:         config.Logger,
	}
	if config.PlainHTTP {
		c.scheme = "http"
	}
	if c.timeout == 0 {
		c.timeout = DefaultTimeout
	}
	if c.log == nil {
		c.log = slog.New(slog.DiscardHandler)
	}
	return c, nil
}

var versionForm = regexp.MustCompile(`^[0-9A-Za-z.+_-]{1,64}$`)

// makeEndpointMap has the SDK make a map that it would otherwise make in the
// first call, without a lock.
var makeEndpointMap = sync.OnceFunc(func() { alikms.GetEndpointMap() })

func readAuthorities(file string) (*x509.CertPool, error) {
	if file == "" {
		return nil, nil
	}
	pem, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("reading the CA file: %w", err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("reading the CA file: %s holds no PEM certificate", file)
	}
	return roots, nil
}

// newPool returns the connections that all requests share.
func newPool(roots *x509.CertPool) *http.Transport {
	// HTTP/1 alone: the trace that tells "nothing was sent" from "it may have
	// been taken" is exact there.
	var protocols http.Protocols
	protocols.SetHTTP1(true)
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            (&net.Dialer{Timeout: 5 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots},
		TLSHandshakeTimeout:    5 * time.Second,
		Protocols:              &protocols,
		MaxIdleConns:           16,
		MaxIdleConnsPerHost:    16,
		IdleConnTimeout:        30 * time.Second,
		MaxResponseHeaderBytes: 64 << 10,
		DisableCompression:     true,
	}
}

// CheckCredentials looks for credentials and says whether there are any: nil,
// or an error that is ErrNoCredentials and names every place that was looked
// in. It does not show that the KMS accepts them. It takes five seconds at most.
func (c *Client) CheckCredentials(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, min(c.timeout, 5*time.Second))
	defer cancel()
	_, err := c.credentials.find(ctx)
	return err
}
