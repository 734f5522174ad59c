package kms

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"

	"github.com/aliyun/alibaba-cloud-sdk-go/sdk"
	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/auth/credentials"
	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/requests"
)

// maxAnswer bounds what is read of an answer. The KMS's own are about 4 KiB.
const maxAnswer = 1 << 20

var (
	errRedirect = errors.New("redirect not followed")
	errTooLarge = errors.New("answer larger than 1 MiB")
	errUnsigned = errors.New("request not signed")
)

// sign has the SDK sign a request and returns it as net/http sends it. Every parameter, the
// signature included, is in the URL: who logs it logs the import token and the ciphertext.
func (c *Client) sign(ctx context.Context, request requests.AcsRequest, identity *credentials.Credentials) (*http.Request, error) {
	request.SetScheme(c.scheme)
	request.SetDomain(c.endpoint)
	// A client of the SDK is cheap and belongs to one identity.
	signer, err := sdk.NewClientWithOptions(c.region, sdk.NewConfig(), fixedCredentials{identity})
	if err != nil {
		return nil, errUnsigned
	}
	if err := signer.BuildRequestWithSigner(request, nil); err != nil {
		return nil, errUnsigned
	}
	signed, err := http.NewRequestWithContext(ctx, request.GetMethod(), request.BuildUrl(), nil)
	if err != nil {
		return nil, errUnsigned
	}
	for name, value := range request.GetHeaders() {
		signed.Header.Set(name, value)
	}
	signed.Header.Set("User-Agent", sdk.DefaultUserAgent+" Keyferry/"+c.version)
	return signed, nil
}

// stage is how far a request got.
type stage int

const (
	notSent  stage = iota // no connection was had: nothing can have been taken
	maySent               // a connection was had: some or all may have been taken
	answered              // the whole answer was read
)

// exchange is what became of one request.
type exchange struct {
	stage    stage
	status   int            // of the answer
	body     string         // of the answer
	response *http.Response // the answer, its body read and ready to be read again
	err      error          // why there is no answer
}

// send sends a request and reads the whole answer. It ends with the request's context.
func (c *Client) send(request *http.Request) exchange {
	var connected atomic.Bool
	ctx := httptrace.WithClientTrace(request.Context(), &httptrace.ClientTrace{
		// The pool asks for a second connection only when nothing at all went out over the first.
		GetConn: func(string) { connected.Store(false) },
		GotConn: func(httptrace.GotConnInfo) { connected.Store(true) },
	})
	response, err := c.pool.RoundTrip(request.WithContext(ctx))
	if err != nil {
		if connected.Load() {
			return exchange{stage: maySent, err: err}
		}
		return exchange{stage: notSent, err: err}
	}
	defer response.Body.Close()
	if response.StatusCode >= 300 && response.StatusCode < 400 {
		return exchange{stage: maySent, err: errRedirect}
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer+1))
	if err != nil {
		return exchange{stage: maySent, err: err}
	}
	if len(body) > maxAnswer {
		return exchange{stage: maySent, err: errTooLarge}
	}
	response.Body = io.NopCloser(bytes.NewReader(body))
	return exchange{stage: answered, status: response.StatusCode, body: string(body), response: response}
}
