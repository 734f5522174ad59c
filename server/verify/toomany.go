package verify

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// A console limits how many requests it takes from one address. That it does is no difference, so a
// request that it refused for coming too often is sent again, after as long as the console says.
const (
	mostPauses   = 5                // for one request
	longestPause = 10 * time.Second // whatever the console says
)

// ErrTooMany reports a console that refuses requests for coming too often, however long one waits.
var ErrTooMany = fmt.Errorf("the console refuses requests from this address as too many (429), and still does after %d pauses: "+
	"try again when nobody else asks it from here, or see that its limit is higher", mostPauses)

// patiently asks like ask, and again while the console refuses because it was asked too often. A
// refusal that is not as expected is returned like any answer.
func (c *client) patiently(ctx context.Context, t thing, header http.Header, limit int, expected func(*answer) bool) (*answer, error) {
	for pauses := 0; ; pauses++ {
		got, err := c.ask(ctx, t, header, limit)
		if err != nil || got.status != http.StatusTooManyRequests || !expected(got) {
			return got, err
		}
		if pauses == mostPauses {
			return nil, ErrTooMany
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(pause(got)):
		}
	}
}

// pause is how long an answer asks to wait: a second if it does not say.
func pause(refusal *answer) time.Duration {
	seconds, err := strconv.Atoi(refusal.header.Get("Retry-After"))
	if err != nil || seconds < 0 {
		return time.Second
	}
	return time.Duration(min(seconds, int(longestPause/time.Second))) * time.Second
}

// refuses holds for the refusal that this binary would give to a request which came too often.
func (w *twin) refuses(ctx context.Context, t thing, header http.Header, got *answer) bool {
	want, err := w.answer(ctx, w.limited, t, header)
	if err != nil {
		return false
	}
	original, _, err := want.decoded(maxOwn)
	return err == nil && len(compare(want, got, original, t.path, w.base).problems) == 0
}
