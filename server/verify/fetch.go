package verify

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"keyferry/server/textfile"
)

// Bounds of bodies, in bytes.
const (
	maxPage  = 4 << 20 // of the first page
	maxSlack = 1 << 20 // by which others may be longer than what this binary has
	maxOwn   = 1 << 30 // of what this binary has
)

// answer is a response, read to its end.
type answer struct {
	status  int
	header  http.Header
	body    []byte // as it was on the wire
	trailer http.Header
	early   []string // what came before it: answers of the 100s, by number and with the names of their headers
}

// fetcher makes the clients that ask the running console, and counts.
type fetcher struct {
	base  *url.URL
	roots *x509.CertPool
	sent  atomic.Int64
}

// client asks over one connection at a time.
type client struct {
	http.Client
	of *fetcher
}

func newFetcher(base *url.URL, caFile string) (*fetcher, error) {
	roots, err := textfile.Certificates(caFile)
	if err != nil {
		return nil, err
	}
	return &fetcher{base: base, roots: roots}, nil
}

// client makes a client that speaks HTTP/2 where the console does and it is wanted, else HTTP/1.1.
func (f *fetcher) client(two bool) *client {
	var protocols http.Protocols
	protocols.SetHTTP1(true)
	protocols.SetHTTP2(two)
	return &client{of: f, Client: http.Client{
		Timeout: requestTimeout,
		Transport: &http.Transport{
			Proxy:                  http.ProxyFromEnvironment,
			TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: f.roots},
			Protocols:              &protocols,
			MaxConnsPerHost:        1,
			TLSHandshakeTimeout:    10 * time.Second,
			ResponseHeaderTimeout:  20 * time.Second,
			MaxResponseHeaderBytes: 64 << 10,
			DisableCompression:     true, // the codings are part of what is compared
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// newRequest is the request that goes to the running console and to the twin alike.
func newRequest(ctx context.Context, base *url.URL, t thing, header http.Header) (*http.Request, error) {
	method := cmp.Or(t.method, http.MethodGet)
	request, err := http.NewRequestWithContext(ctx, method, base.String()+t.path, strings.NewReader(t.body))
	if err != nil {
		return nil, fmt.Errorf("asking for %s: %v", quoted(t.path), err)
	}
	request.Header = header.Clone()
	return request, nil
}

// ask sends a request. The answer's body may have limit bytes on the wire.
func (c *client) ask(ctx context.Context, t thing, header http.Header, limit int) (*answer, error) {
	got := &answer{}
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		Got1xxResponse: func(status int, header textproto.MIMEHeader) error {
			got.early = append(got.early, fmt.Sprintf("%d %s", status, quoted(strings.Join(sortedNames(http.Header(header)), ", "))))
			return nil
		},
	})
	request, err := newRequest(ctx, c.of.base, t, header)
	if err != nil {
		return nil, err
	}
	c.of.sent.Add(1)
	response, err := c.Do(request)
	if err != nil {
		return nil, reason(err)
	}
	defer response.Body.Close()
	got.status, got.header = response.StatusCode, response.Header
	got.body, err = io.ReadAll(io.LimitReader(response.Body, int64(limit)+1))
	if err != nil {
		return nil, fmt.Errorf("the body breaks off after %d bytes: %w", len(got.body), reason(err))
	}
	if len(got.body) > limit {
		return nil, fmt.Errorf("the body is longer than %d bytes", limit)
	}
	got.trailer = response.Trailer
	return got, nil
}

// reason is an error without the address, which the line has already.
func reason(err error) error {
	var request *url.Error
	if errors.As(err, &request) {
		return request.Err
	}
	return err
}
