package kms

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"
)

// Reached is what the address of the KMS answered to a request that nobody signed. It holds no
// secret.
type Reached struct {
	Status int
	// Date is the server's clock as the answer has it, to the second; zero if it has none.
	Date time.Time
	// Began and Ended are when the request was sent and its answer was read, by this computer.
	Began, Ended time.Time
	// Issuer is who issued the certificate; empty with plain HTTP.
	Issuer string
	// CertificateEnds is when the certificate expires; zero with plain HTTP.
	CertificateEnds time.Time
	// AllowOrigin and AllowMethods are the headers by which a browser decides whether a page may
	// read the answer.
	AllowOrigin, AllowMethods string
}

// Address returns the KMS's address as a person reads it, such as https://kms.cn-hangzhou.aliyuncs.com.
func (c *Client) Address() string { return c.scheme + "://" + c.endpoint }

// Proxy returns host and port of the proxy that requests go through, without user and password;
// empty means none. An error says that a variable holds no address of a proxy, and not which value.
func (c *Client) Proxy() (string, error) {
	request, err := http.NewRequest(http.MethodGet, c.Address()+"/", nil)
	if err != nil {
		return "", err
	}
	proxy, err := http.ProxyFromEnvironment(request)
	given := cmp.Or(os.Getenv("HTTPS_PROXY"), os.Getenv("https_proxy"))
	switch {
	// In an address with a stray character, what is taken for the host may be the user and password.
	case err != nil, proxy != nil && proxy.User == nil && strings.Contains(given, "@"):
		return "", errors.New("HTTPS_PROXY is not the address of a proxy, such as http://proxy.example:3128; in user and password, write / as %2F, @ as %40 and so on")
	case proxy == nil:
		return "", nil
	}
	return proxy.Host, nil
}

// Reach sends one request without a signature, as a page of the origin would, and tells what came.
// The KMS answers it with an error, which shows that it is there. Errors wrap ErrUnreachable,
// ErrOutcomeUnknown or ErrBadAnswer.
func (c *Client) Reach(ctx context.Context, origin string) (*Reached, error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	// With an action, because the local KMS has pages beside its API.
	const unsigned = "/?Action=" + actionParameters + "&Version=2016-01-20&Format=JSON"
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.Address()+unsigned, nil)
	if err != nil {
		return nil, fmt.Errorf("%w: it has no address", ErrUnreachable)
	}
	request.Header.Set("Origin", origin)
	request.Header.Set("User-Agent", "Keyferry/"+c.version)
	r := &Reached{Began: time.Now()}
	became := c.send(request)
	r.Ended = time.Now()
	if became.stage != answered {
		return nil, judgeUnanswered(ctx, became).err
	}
	header := became.response.Header
	r.Status = became.status
	r.Date, _ = http.ParseTime(header.Get("Date"))
	r.AllowOrigin = redact(header.Get("Access-Control-Allow-Origin"), nil, maxCode)
	r.AllowMethods = redact(header.Get("Access-Control-Allow-Methods"), nil, maxCode)
	if state := became.response.TLS; state != nil && len(state.PeerCertificates) > 0 {
		leaf := state.PeerCertificates[0]
		r.Issuer, r.CertificateEnds = redact(leaf.Issuer.String(), nil, maxMessage), leaf.NotAfter
	}
	return r, nil
}

// Place is one place where credentials were looked for.
type Place struct {
	Name string
	// Found says whether it gave credentials.
	Found bool
	// Why says why it gave none, or by what kind of provider it gave them. It holds no value of a
	// setting.
	Why string
}

// Places looks for credentials anew, and tells of each place in turn until one gives them.
func (c *Client) Places(ctx context.Context) ([]Place, error) {
	done := make(chan []Place, 1)
	go func() { // a provider takes no context; the SDK's own time-outs end it
		_, _, places := walk(c.credentials.chain())
		done <- places
	}()
	select {
	case places := <-done:
		return places, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("%w in time: ECS metadata, a token service or a process does not answer", ErrNoCredentials)
	}
}

// proxyRefused is a proxy's answer other than 200 to CONNECT.
type proxyRefused struct{ status int }

func (p proxyRefused) Error() string { return fmt.Sprintf("proxy answered HTTP %d", p.status) }

// checkProxy turns a proxy's refusal into an error of a kind; net/http's holds the proxy's text.
func checkProxy(_ context.Context, _ *url.URL, _ *http.Request, answer *http.Response) error {
	if answer.StatusCode != http.StatusOK {
		return proxyRefused{answer.StatusCode}
	}
	return nil
}

// reason says in words why a proxy let nothing through.
func (p proxyRefused) reason() string {
	if p.status == http.StatusProxyAuthRequired {
		return "the proxy wants a user name and a password, or others: they go into HTTPS_PROXY"
	}
	return fmt.Sprintf("the proxy refused to connect to it, HTTP %d", p.status)
}
