package verify

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sync"

	"keyferry/server/console"
	"keyferry/server/kms"
	"keyferry/server/limit"
	"keyferry/server/requests"
	"keyferry/server/signin"
)

// twin is a console in this process, made like the running one. It gives the answers that the
// running one should give.
type twin struct {
	handler http.Handler
	limited http.Handler // the same, which refuses everything for coming too often
	base    *url.URL
	prefix  string // of static files
	team    bool

	mu      sync.Mutex
	decoded map[[2]string][]byte // by path and coding: bodies of files that are stored in a coding
}

// newTwin makes a console from what the running one says of itself, where that is possible, and
// from what the person says in its place.
func newTwin(config Config, said self, base *url.URL) (*twin, error) {
	like := console.Config{
		KMS: requests.Direct(absent{}), Static: config.Static, Version: config.Version,
		Region: said.region, Hosts: []string{base.Hostname()},
	}
	if !said.regionWellFormed() {
		like.Region = "cn-hangzhou" // New needs one; the report has said already that the console has none
	}
	if config.Region != "" {
		like.Region = config.Region
	}
	if local := said.localKMS; config.KMS != "alibaba" && onLoopback(local) {
		address, _ := url.Parse(local)
		like.LocalKMSURL = local
		like.LocalKMSFlags, like.LocalKMSLogin = config.Local(address.Host)
	}
	if said.team {
		like.Team = &console.Team{Requests: noRequests{}, Ledger: noLedger{}}
	}
	if said.signIn && !said.team {
		like.Operator = nobody{}
	}
	handler, err := console.New(like)
	if err != nil {
		return nil, err
	}
	like.Limits.Addresses = limit.NewEach(1e-9, 0)
	limited, err := console.New(like)
	return &twin{
		handler: handler, limited: limited, base: base, prefix: "/static/" + config.Static.Digest(), team: said.team,
		decoded: map[[2]string][]byte{},
	}, err
}

// ask answers as the running console should.
func (w *twin) ask(ctx context.Context, t thing, header http.Header) (*answer, error) {
	return w.answer(ctx, w.handler, t, header)
}

func (w *twin) answer(ctx context.Context, from http.Handler, t thing, header http.Header) (*answer, error) {
	request, err := newRequest(ctx, w.base, t, header)
	if err != nil {
		return nil, err
	}
	request.RequestURI = request.URL.RequestURI() // as a server has it
	written := recorder{answer: answer{header: http.Header{}}}
	from.ServeHTTP(&written, request)
	written.answer.body = written.body.Bytes()
	return &written.answer, nil
}

// original is the body of an answer of its own without its coding. It decodes each file once: the
// modules have megabytes.
func (w *twin) original(path string, own *answer) ([]byte, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	key := [2]string{path, own.header.Get("Content-Encoding")}
	if body, known := w.decoded[key]; known {
		return body, nil
	}
	body, coding, err := own.decoded(maxOwn)
	if err != nil {
		return nil, fmt.Errorf("reading this binary's own %s: %v", path, err)
	}
	if coding != "" {
		w.decoded[key] = body
	}
	return body, nil
}

// recorder keeps an answer.
type recorder struct {
	answer answer
	body   bytes.Buffer
}

// Header is the header to fill.
func (r *recorder) Header() http.Header { return r.answer.header }

// WriteHeader sets the status once.
func (r *recorder) WriteHeader(status int) {
	if r.answer.status == 0 {
		r.answer.status = status
	}
}

// Write adds to the body.
func (r *recorder) Write(p []byte) (int, error) {
	r.WriteHeader(http.StatusOK)
	return r.body.Write(p)
}

// absent is the KMS of the console in this process. No request of a comparison reaches it.
type absent struct{}

// noRequests and noLedger are behind a console that serves several people. Nobody is signed in there,
// so that no request of a comparison reaches them.
type (
	noRequests struct{ console.Requests }
	noLedger   struct{ console.Ledger }
)

// Handler answers that nothing is there.
func (noLedger) Handler() http.Handler { return http.NotFoundHandler() }

// nobody is whoever runs the console of a comparison: none of its requests has signed in.
type nobody struct{}

// Handler answers that nothing is there. No request of a comparison tries to sign in.
func (nobody) Handler() http.Handler { return http.NotFoundHandler() }

// Require refuses every request.
func (nobody) Require(http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		console.FailSignIn(w, r, signin.ErrNeeded.Status, signin.ErrNeeded.Code)
	})
}

var errAbsent = errors.New("there is no KMS behind a comparison")

func (absent) ImportParameters(context.Context, string, kms.WrappingSpec) (*kms.Parameters, error) {
	return nil, errAbsent
}

func (absent) ImportKeyMaterial(context.Context, *kms.Import) (string, error) { return "", errAbsent }
