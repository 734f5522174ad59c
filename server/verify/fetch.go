package verify

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"net/url"
	"strings"
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
	body    []byte // as it stood on the wire
	trailer http.Header
	early   []string // what came before it: answers of the 100s, by number and with the names of their headers
}

// fetcher asks the running console.
type fetcher struct {
	base   *url.URL
	client *http.Client
	sent   int
}

func newFetcher(base *url.URL, caFile string) (*fetcher, error) {
	roots, err := textfile.Certificates(caFile)
	if err != nil {
		return nil, err
	}
	return &fetcher{base: base, client: &http.Client{
		Timeout: requestTimeout,
		Transport: &http.Transport{
			Proxy:                  http.ProxyFromEnvironment,
			TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots},
			ForceAttemptHTTP2:      true, // as browsers do
			TLSHandshakeTimeout:    10 * time.Second,
			ResponseHeaderTimeout:  20 * time.Second,
			MaxResponseHeaderBytes: 64 << 10,
			DisableCompression:     true, // the codings are part of what is compared
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

// newRequest is the request that goes to the running console and to the twin alike.
func newRequest(ctx context.Context, base *url.URL, path string, header http.Header) (*http.Request, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, base.String()+path, nil)
	if err != nil {
		return nil, fmt.Errorf("asking for %s: %v", quoted(path), err)
	}
	request.Header = header.Clone()
	return request, nil
}

// get asks for a path. Its body may have limit bytes on the wire.
func (f *fetcher) get(ctx context.Context, path string, header http.Header, limit int) (*answer, error) {
	got := &answer{}
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		Got1xxResponse: func(status int, header textproto.MIMEHeader) error {
			got.early = append(got.early, fmt.Sprintf("%d %s", status, quoted(strings.Join(sortedNames(http.Header(header)), ", "))))
			return nil
		},
	})
	request, err := newRequest(ctx, f.base, path, header)
	if err != nil {
		return nil, err
	}
	f.sent++
	response, err := f.client.Do(request)
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

// reason is an error without the address, which stands in the line already.
func reason(err error) error {
	var request *url.Error
	if errors.As(err, &request) {
		return request.Err
	}
	return err
}
