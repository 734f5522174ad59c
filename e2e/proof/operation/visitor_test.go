package operation

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptrace"
	"net/url"
	"slices"
	"sync"
	"testing"
	"time"
)

// visitor is the browser of somebody who is signed in.
type visitor struct {
	id, base string
	client   *http.Client
}

func newVisitor(t *testing.T, base, id string, cookies []*http.Cookie) *visitor {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	site, err := url.Parse(base)
	if err != nil {
		t.Fatal(err)
	}
	jar.SetCookies(site, cookies)
	v := &visitor{id: id, base: base}
	v.client = &http.Client{Jar: jar, Timeout: 90 * time.Second, Transport: &http.Transport{MaxConnsPerHost: 2}}
	t.Cleanup(v.client.CloseIdleConnections)
	return v
}

// errCut reports a connection that ended before the answer, or a proxy that saw one end: whoever
// sits at the browser sees it and tries again.
var errCut = errors.New("the connection was cut")

// call makes one request. As browsers do, it sends the request again if a connection that was open
// already turned out to be closed: HTTP/1.1 cannot tell that before.
func (v *visitor) call(ctx context.Context, method, path string, body, into any) error {
	reused, answered := false, false
	traced := httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn:              func(c httptrace.GotConnInfo) { reused = c.Reused || c.WasIdle },
		GotFirstResponseByte: func() { answered = true },
	})
	err := v.once(traced, method, path, body, into)
	if errors.Is(err, errCut) && reused && !answered {
		v.client.CloseIdleConnections()
		err = v.once(ctx, method, path, body, into)
	}
	return err
}

func (v *visitor) once(ctx context.Context, method, path string, body, into any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	if body == nil {
		text = nil
	}
	request, err := http.NewRequestWithContext(ctx, method, v.base+path, bytes.NewReader(text))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Keyferry-Request", "1")
	response, err := v.client.Do(request)
	if err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return fmt.Errorf("%w: %v", errCut, err)
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	switch {
	case err != nil, response.StatusCode >= 500 && response.Header.Get("X-Request-Id") == "": // the proxy's own
		return fmt.Errorf("%w: %s, %v", errCut, response.Status, err)
	case response.StatusCode >= 300:
		return answer{response.StatusCode, string(content)}
	case into != nil:
		return json.Unmarshal(content, into)
	}
	return nil
}

// answer is an answer of the console that is an error.
type answer struct {
	status int
	text   string
}

func (a answer) Error() string { return fmt.Sprintf("%d %s", a.status, a.text) }

// tally is what a run saw.
type tally struct {
	mu       sync.Mutex
	took     map[string][]time.Duration
	faults   map[string]int
	cut      map[string]int // calls whose connection was cut, by action and error
	imported map[string]int // by CMK
}

func newTally() *tally {
	return &tally{took: map[string][]time.Duration{}, faults: map[string]int{}, cut: map[string]int{}, imported: map[string]int{}}
}

// note notes how a call ended, and returns its error.
func (t *tally) note(action string, began time.Time, err error) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case err == nil:
		t.took[action] = append(t.took[action], time.Since(began))
	case errors.Is(err, errCut):
		t.cut[action+": "+err.Error()]++
	case errors.Is(err, context.Canceled): // the run is over
	default:
		t.faults[action+": "+err.Error()]++
	}
	return err
}

func (t *tally) arrived(key string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.imported[key]++
}

// at is the time that this share of the calls did not exceed.
func (t *tally) at(action string, share float64) time.Duration {
	times := slices.Sorted(slices.Values(t.took[action]))
	if len(times) == 0 {
		return 0
	}
	return times[min(len(times)-1, int(share*float64(len(times))))].Round(100 * time.Microsecond)
}
