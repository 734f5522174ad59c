package kms

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"sync"
)

// maxAnswer bounds what is read of an answer. The KMS's own are about 4 KiB.
const maxAnswer = 1 << 20

var (
	errRedirect    = errors.New("redirect not followed")
	errTooLarge    = errors.New("answer larger than 1 MiB")
	errMisdirected = errors.New("request not as configured")
)

// stage is how far a request got.
type stage int

const (
	notSent  stage = iota // no connection was had: nothing can have been taken
	maySent               // a connection was had: some or all may have been taken
	answered              // the whole answer was read
)

// exchange records what became of one request, so that nothing need be
// read out of the SDK's errors.
type exchange struct {
	mu        sync.Mutex
	started   bool
	stage     stage
	status    int
	body      string
	signature string
	err       error
}

func (e *exchange) start(signature string) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.started {
		return false
	}
	e.started, e.signature = true, signature
	return true
}

func (e *exchange) reach(s stage) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.stage = s
}

func (e *exchange) fail(err error) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.err = err
	return err
}

func (e *exchange) finish(status int, body []byte) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.stage, e.status, e.body = answered, status, string(body)
}

// exchanged is an exchange at one moment.
type exchanged struct {
	stage           stage
	status          int
	body, signature string
	err             error
}

func (e *exchange) now() exchanged {
	e.mu.Lock()
	defer e.mu.Unlock()
	return exchanged{e.stage, e.status, e.body, e.signature, e.err}
}

// boundTransport carries one request of the SDK's over the shared pool, under
// the caller's context. The SDK rewrites the time-outs, TLS and proxy settings
// of an *http.Transport at every call, and leaves any other type alone.
type boundTransport struct {
	ctx      context.Context // the SDK takes none; this type lives for one call
	pool     http.RoundTripper
	scheme   string
	exchange *exchange
}

// RoundTrip sends the request and reads the whole answer, so that the SDK is
// handed a complete answer or an error.
func (t *boundTransport) RoundTrip(request *http.Request) (*http.Response, error) {
	// Once only, and only as configured: whatever the SDK or its http.Client
	// tries beyond that is not ours.
	if !t.exchange.start(request.URL.Query().Get("Signature")) || request.URL.Scheme != t.scheme {
		return nil, t.exchange.fail(errMisdirected)
	}
	ctx := httptrace.WithClientTrace(t.ctx, &httptrace.ClientTrace{
		// The pool asks for a second connection only when nothing at all went
		// out over the first, so this starts anew.
		GetConn: func(string) { t.exchange.reach(notSent) },
		GotConn: func(httptrace.GotConnInfo) { t.exchange.reach(maySent) },
	})
	response, err := t.pool.RoundTrip(request.WithContext(ctx))
	if err != nil {
		return nil, t.exchange.fail(err)
	}
	defer response.Body.Close()
	// The SDK's http.Client would follow, with the whole URL as Referer.
	if response.StatusCode >= 300 && response.StatusCode < 400 {
		return nil, t.exchange.fail(errRedirect)
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer+1))
	if err != nil {
		return nil, t.exchange.fail(err)
	}
	if len(body) > maxAnswer {
		return nil, t.exchange.fail(errTooLarge)
	}
	t.exchange.finish(response.StatusCode, body)
	response.Body = io.NopCloser(bytes.NewReader(body))
	return response, nil
}
