// Package verify compares what a running console serves with what this binary would serve in its
// place.
//
// It asks for every page, in each language and theme, and for every file that a page loads, in each
// coding, and follows what they name. It sends what the pages' forms send, and what a console
// refuses. It asks as Chrome, Firefox and Safari do, with and without client hints and cookies, in
// random order, over several connections, by HTTP/1.1 and HTTP/2. The same request then goes to a
// console in this process, made like the running one, and the two answers must be the same: status,
// headers, every byte of the body. Nothing of it reaches the KMS or changes anything on the
// console.
//
// It cannot prove that the console answers everybody alike. A dishonest one can show this program
// the honest pages, and others to the person it is after: by the address that the request comes
// from, by the moment, by what its TLS looks like, or once in a thousand times. Nor can it see what
// is behind a sign-in, what a browser has kept from an earlier visit, what the console does with
// what it is sent, frames of HTTP/2 that lead a browser elsewhere, or what reaches the browser from
// other places, such as an extension. What it proves is about its own requests.
package verify

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"keyferry/server/signin"
	"keyferry/web"
)

// Limit of a whole run and of one request when Config.Timeout is zero.
const (
	DefaultTimeout = 5 * time.Minute
	requestTimeout = 30 * time.Second
)

// Config says which console to look at, and what it should be.
type Config struct {
	URL     string    // of the console, without a path
	Static  *web.Tree // what this binary was built with; must be set
	Version string    // of this binary

	Region string // that the console must have; empty means whatever it says
	KMS    string // "local" or "alibaba"; empty means whatever it says
	// Local is what the commands on the pages need in front of a local KMS at an address; must be
	// set.
	Local func(address string) (flags, login string)

	CAFile  string        // certificates to trust, in PEM; empty means the system's
	Timeout time.Duration // of the whole run; zero means DefaultTimeout
	Out     io.Writer     // for one line about each thing; must be set
}

// Verdict is how a comparison ended.
type Verdict struct {
	Checked   int // things: pages and files
	Differing int
	Requests  int
}

// ErrUnreachable reports a console that gave no answer to the first request.
var ErrUnreachable = errors.New("the console cannot be reached")

// Run compares. An error means that the comparison did not take place, or not to its end;
// differences are no error.
func Run(ctx context.Context, config Config) (Verdict, error) {
	if config.Timeout == 0 {
		config.Timeout = DefaultTimeout
	}
	ctx, cancel := context.WithTimeout(ctx, config.Timeout)
	defer cancel()
	base, err := parseAddress(config.URL)
	if err != nil {
		return Verdict{}, err
	}
	fetch, err := newFetcher(base, config.CAFile)
	if err != nil {
		return Verdict{}, err
	}
	r := &run{config: config, base: base, fetch: fetch, report: report{out: config.Out}}
	if err := r.begin(ctx); err != nil {
		return r.verdict(), err
	}
	err = r.compareAll(ctx)
	if err == nil {
		r.report.end(r.verdict())
	}
	return r.verdict(), err
}

// parseAddress takes what a person types after verify.
func parseAddress(typed string) (*url.URL, error) {
	base, err := url.Parse(typed)
	switch {
	case err != nil:
		return nil, errors.New("reading the address: it is not a URL")
	case base.Scheme != "http" && base.Scheme != "https", base.Hostname() == "":
		return nil, errors.New("reading the address: it must begin with http:// or https:// and a name")
	case base.User != nil || base.RawQuery != "" || base.Fragment != "" || strings.Trim(base.Path, "/") != "":
		return nil, errors.New("reading the address: give scheme, name and port alone; a console has no path in front")
	}
	host := strings.ToLower(base.Host)
	for scheme, port := range map[string]string{"http": ":80", "https": ":443"} {
		if base.Scheme == scheme {
			host = strings.TrimSuffix(host, port) // as browsers do, and the worker's policy names the host
		}
	}
	return &url.URL{Scheme: base.Scheme, Host: host}, nil
}

// run is one comparison.
type run struct {
	config Config
	base   *url.URL
	fetch  *fetcher
	here   *twin
	report report
	theirs string // the running console's prefix of static files, as its pages name it
}

func (r *run) verdict() Verdict {
	return Verdict{Checked: r.report.checked, Differing: r.report.differing, Requests: int(r.fetch.sent.Load())}
}

// begin asks the console what it is, and makes the one in this process alike.
func (r *run) begin(ctx context.Context) error {
	client := r.fetch.client(true)
	defer client.CloseIdleConnections()
	b := browsers()[0]
	first, err := client.patiently(ctx, thing{path: "/en/"}, b.as(append(b.page, "Accept-Language", "en")...), maxPage, anyRefusal)
	if err != nil {
		return unreachable(err)
	}
	said := readSelf(first)
	if said.signIn, err = r.asksToSignIn(ctx, client); err != nil {
		return unreachable(err)
	}
	r.report.say("This binary is Keyferry %s with static files %s.", r.config.Version, r.config.Static.Digest())
	r.report.say("%s says: version %s, static files %s, region %s, calls go to %s.",
		r.base, quoted(said.version), quoted(said.digest), quoted(said.region), said.destination())
	if said.signIn {
		r.report.say("It asks whoever runs it to sign in; what is behind that is not compared.")
	}
	if said.version != r.config.Version {
		r.report.differs("the version", "the console says %s, this binary is %s; what follows may come from that alone",
			quoted(said.version), r.config.Version)
	}
	for _, doubt := range said.check(r.config) {
		r.report.differs("what the console says of itself", "%s", doubt)
	}
	r.here, err = newTwin(r.config, said, r.base)
	r.theirs = r.here.prefix
	if said.digest != r.config.Static.Digest() && digestForm.MatchString(said.digest) {
		r.report.differs("the static files", "the console has the set %s, this binary %s; file by file below",
			said.digest, r.config.Static.Digest())
		r.theirs = "/static/" + said.digest
	}
	return err
}

// anyRefusal holds for all refusals: there is nothing yet to compare them with.
func anyRefusal(*answer) bool { return true }

// unreachable is the error of a console that did not answer the first requests.
func unreachable(err error) error {
	if errors.Is(err, ErrTooMany) {
		return err
	}
	return fmt.Errorf("%w: %v", ErrUnreachable, err)
}

// asksToSignIn finds out whether a console makes no call for somebody who has not signed in. The one
// that it is asked for is none.
func (r *run) asksToSignIn(ctx context.Context, c *client) (bool, error) {
	b := browsers()[0]
	call := thing{method: http.MethodPost, path: "/kms/GetParametersForImport", body: "{}"}
	got, err := c.patiently(ctx, call, b.as("Content-Type", "application/json", "Origin", r.base.String(), "Accept-Language", "en",
		"Sec-Fetch-Site", "same-origin", "Sec-Fetch-Dest", "empty", "Sec-Fetch-Mode", "cors"), maxPage, anyRefusal)
	return err == nil && got.status == signin.ErrNeeded.Status, err
}
