package doctor

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"keyferry/server/kms"
)

const (
	// window is how old a signature may be for the KMS.
	window = 15 * time.Minute
	// tolerable is by how much a clock may be wrong before the doctor speaks of it.
	tolerable = time.Minute
	// soon is how long before its end a certificate is mentioned.
	soon = 14 * 24 * time.Hour
)

// proxy says which proxy the requests go through.
func (e *examination) proxy(context.Context) Check {
	c := Check{Name: "proxy", Result: OK}
	host, err := e.client.Proxy()
	switch {
	case err != nil:
		c.Result, c.Said = Failed, []string{err.Error()}
		c.Do = "Correct HTTPS_PROXY, or remove it if there is no proxy."
	case host == "":
		c.Said = []string{"none: HTTPS_PROXY is not set, or NO_PROXY leaves this address out"}
	default:
		c.Said = []string{"requests go through " + host}
	}
	return c
}

// network sends a request that nobody signed.
func (e *examination) network(ctx context.Context) Check {
	c := Check{Name: "network", Result: OK}
	reached, err := e.client.Reach(ctx, browserOrigin)
	if err != nil {
		c.Result, c.Said, c.Do = Failed, []string{err.Error()}, adviceOnNetwork(err)
		return c
	}
	e.reached = reached
	c.Said = []string{fmt.Sprintf("it answered within %d ms, HTTP %d to a request without a signature",
		reached.Ended.Sub(reached.Began).Milliseconds(), reached.Status)}
	if reached.Status >= 500 {
		c.Result = Warning
		c.Do = "HTTP 5xx comes from a proxy or a gateway before the KMS. Try again later, and look at the proxy's log."
	}
	return c
}

func adviceOnNetwork(err error) string {
	said := err.Error()
	for _, advice := range []struct{ about, do string }{
		{"proxy wants a user", "Put them into HTTPS_PROXY in the environment of the program, as http://user:password@host:port, or into its environment file."},
		{"proxy refused", "Have the proxy allow CONNECT to this host, port 443."},
		{"proxy that HTTPS_PROXY names", "Correct HTTPS_PROXY, or start the proxy."},
		{"authority that is not trusted", "If a proxy of your company opens TLS, give its authority with --ca-file. Otherwise find out who answers in place of the KMS."},
		{"another name", "Check --endpoint. If a proxy opens TLS, its certificate must be for this name."},
		{"clock of this computer", "Set the clock of this computer."},
		{"does not resolve", "Check --region and --endpoint, and the name servers. The addresses of --network vpc resolve inside a VPC alone."},
		{"does not speak TLS", "Check the port in --endpoint."},
	} {
		if strings.Contains(said, advice.about) {
			return advice.do
		}
	}
	if errors.Is(err, kms.ErrBadAnswer) {
		return "What answers there is not the KMS. Check --endpoint, and the proxy."
	}
	return "Allow connections from this computer to this host, port 443, or set HTTPS_PROXY."
}

// certificate says who vouches for the KMS.
func (e *examination) certificate(context.Context) Check {
	c := Check{Name: "certificate", Result: OK}
	switch {
	case e.reached == nil:
		return c.skipped("the KMS was not reached")
	case e.reached.Issuer == "":
		c.Said = []string{"none: plain HTTP to a local KMS"}
		return c
	}
	ends := e.reached.CertificateEnds
	c.Said = []string{fmt.Sprintf("trusted, issued by %s, until %s", e.reached.Issuer, ends.UTC().Format(time.DateOnly))}
	if e.KMS.CAFile != "" {
		c.Said = append(c.Said, "only the authorities in the CA file are trusted")
	}
	if ends.Sub(e.Now()) < soon {
		c.Result, c.Do = Warning, "It ends soon. Whoever runs this address has to renew it."
	}
	return c
}

// clock compares this computer's clock with the server's, which has whole seconds.
func (e *examination) clock(context.Context) Check {
	c := Check{Name: "clock", Result: OK}
	if e.reached == nil {
		return c.skipped("the KMS was not reached")
	}
	if e.reached.Date.IsZero() {
		c.Result, c.Said = Warning, []string{"the answer has no Date header to compare with"}
		return c
	}
	took := e.reached.Ended.Sub(e.reached.Began)
	// Now may be another clock than the one that timed the request.
	here := e.Now().Add(-time.Since(e.reached.Ended) - took/2)
	off := here.Sub(e.reached.Date.Add(500 * time.Millisecond)).Round(time.Second)
	direction := "ahead of"
	if off < 0 {
		direction = "behind"
	}
	c.Said = []string{fmt.Sprintf("%v %s the KMS's, give or take %v", off.Abs(), direction, (took/2 + time.Second).Round(time.Second))}
	switch {
	case off.Abs() >= window-tolerable:
		c.Result, c.Do = Failed, "Set the clock, such as with NTP: the KMS refuses signatures that are 15 minutes off."
	case off.Abs() > tolerable:
		c.Result, c.Do = Warning, "Set the clock, such as with NTP: at 15 minutes the KMS refuses all signatures, and several consoles must agree within a few seconds."
	}
	return c
}

func (c Check) skipped(why string) Check {
	c.Result, c.Said = Skipped, []string{why}
	return c
}
