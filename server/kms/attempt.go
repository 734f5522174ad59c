package kms

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/auth/credentials"
	alierrors "github.com/aliyun/alibaba-cloud-sdk-go/sdk/errors"
)

// maxTries is how often one call is sent at most.
const maxTries = 3

// outcome is what became of one attempt.
type outcome struct {
	err    error
	status int
	retry  bool // another try may do better
	cut    bool // failed on the connection, after which call.resend decides
	doubt  bool // the KMS may have taken the request all the same
}

// do sends a call, again if that is safe and may help, until it is answered, the tries are used up,
// or the time is over.
func (c *Client) do(caller context.Context, call *call) error {
	ctx, cancel := context.WithTimeout(caller, c.timeout)
	defer cancel()
	identity, err := c.credentials.find(ctx)
	if err != nil {
		if caller.Err() != nil {
			err = fmt.Errorf("%w: %w", ErrUnreachable, caller.Err())
		}
		return fmt.Errorf("calling %s: %w", call.action, err)
	}
	doubt, resent := false, false
	var answered error // the last
	for try := 1; ; try++ {
		began := time.Now()
		out := c.attempt(ctx, call, identity)
		took := time.Since(began)
		c.report(ctx, call.action, try, out, took)
		if out.err == nil {
			return nil
		}
		doubt = doubt || out.doubt
		if answered != nil && !out.doubt && ctx.Err() != nil {
			out.err = answered // this try was not made for want of time
		}
		answered = out.err
		var refused *Error
		errors.As(out.err, &refused)
		again := out.retry || out.cut && call.resend && !resent
		if c.returnThrottled && refused != nil && refused.Throttled() {
			again = false
		}
		resent = resent || out.cut
		if again && try < maxTries && c.pause(ctx, try, took) {
			continue
		}
		if refused != nil && refused.credentialsRefused() {
			c.credentials.forget(identity)
		}
		return conclude(call, out.err, doubt)
	}
}

// conclude words the last error. A doubt that an earlier attempt left outlives later ones: "nothing
// was taken" would be wrong then.
func conclude(call *call, err error, doubt bool) error {
	if call.changes && doubt && !errors.Is(err, ErrOutcomeUnknown) {
		if errors.Is(err, ErrUnreachable) {
			return fmt.Errorf("calling %s: %w: a later try did not reach the KMS", call.action, ErrOutcomeUnknown)
		}
		return fmt.Errorf("calling %s: %w: %w", call.action, ErrOutcomeUnknown, err)
	}
	return fmt.Errorf("calling %s: %w", call.action, err)
}

// pause waits before the next try, longer each time and never in step with others. It reports false
// when the time left does not suffice for the try as well, which would be cut off in the middle: by
// how long the last one took, and a quarter of the time for all of them at least.
func (c *Client) pause(ctx context.Context, try int, took time.Duration) bool {
	longest := c.backoff << (try - 1)
	wait := longest/2 + rand.N(longest/2+1)
	enough := wait + max(2*took, c.timeout/4)
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) <= enough {
		return false
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// Attempt is one request to the KMS that has ended. It holds nothing of what was sent or answered but
// the code.
type Attempt struct {
	Action string
	Try    int    // from 1
	Status int    // of the answer; 0 if there was none
	Code   string // ok, the KMS's own, or one of unreachable, outcome_unknown, bad_answer, no_code
	Took   time.Duration
}

func (c *Client) report(ctx context.Context, action string, try int, out outcome, took time.Duration) {
	level, code := slog.LevelDebug, "ok"
	if out.err != nil {
		level, code = slog.LevelWarn, out.name()
	}
	c.log.LogAttrs(ctx, level, "kms attempt",
		slog.String("action", action), slog.Int("attempt", try), slog.Int("status", out.status),
		slog.String("code", code), slog.Duration("took", took))
	c.observe(ctx, Attempt{action, try, out.status, code, took})
}

// name is a word for the log.
func (o outcome) name() string {
	var refused *Error
	switch {
	case errors.As(o.err, &refused) && refused.Code != "":
		return refused.Code
	case errors.As(o.err, &refused):
		return "no_code"
	case errors.Is(o.err, ErrUnreachable):
		return "unreachable"
	case errors.Is(o.err, ErrOutcomeUnknown):
		return "outcome_unknown"
	default:
		return "bad_answer"
	}
}

// attempt signs a call anew, sends it once and reads the answer.
func (c *Client) attempt(ctx context.Context, call *call, identity *credentials.Credentials) outcome {
	request, err := c.sign(ctx, call.request(), identity)
	if err != nil {
		return judgeUnanswered(ctx, exchange{err: err})
	}
	became := c.send(request)
	if became.stage != answered {
		return judgeUnanswered(ctx, became)
	}
	if err = read(call, became.response); err == nil {
		return outcome{status: became.status}
	}
	signature := request.URL.Query().Get("Signature")
	secrets := append([]string{identity.AccessKeySecret, identity.SecurityToken, signature}, call.secrets...)
	return judge(became, err, secrets)
}

var errPanicked = errors.New("the SDK panicked")

// read has the SDK parse an answer. The SDK asserts types that an answer need not have. What it
// panics with may hold the answer, so it is dropped.
func read(call *call, answer *http.Response) (err error) {
	defer func() {
		if recover() != nil {
			err = errPanicked
		}
	}()
	return call.take(answer)
}

// judge turns a bad answer into an error of ours. Of the SDK's error it reads the KMS's own fields
// only, and never wraps it.
func judge(became exchange, err error, secrets []string) outcome {
	out := outcome{status: became.status}
	var refused *alierrors.ServerError
	var senseless malformedError
	switch {
	case errors.As(err, &refused):
		answer := readError(refused, became, secrets)
		out.err, out.retry = answer, answer.temporary()
		out.doubt = answer.Code == "" && answer.HTTPStatus >= http.StatusInternalServerError
		return out
	case errors.As(err, &senseless):
		out.err = fmt.Errorf("%w: %s", ErrBadAnswer, senseless)
	default:
		out.err = fmt.Errorf("%w: HTTP %d with a body that cannot be read", ErrBadAnswer, became.status)
	}
	refusedByStatus := became.status >= 400 && became.status < 500
	out.doubt = !refusedByStatus
	out.retry = became.status >= http.StatusInternalServerError || became.status == http.StatusTooManyRequests
	return out
}

func judgeUnanswered(ctx context.Context, became exchange) outcome {
	kind := ErrUnreachable
	if became.stage == maySent {
		kind = ErrOutcomeUnknown
	}
	out := outcome{doubt: became.stage == maySent}
	switch {
	case errors.Is(became.err, errRedirect), errors.Is(became.err, errTooLarge):
		out.err = fmt.Errorf("%w: %s", ErrBadAnswer, became.err)
	case ctx.Err() != nil:
		out.err = fmt.Errorf("%w: %w", kind, ctx.Err())
	default:
		why, hopeless := explain(became.err)
		out.err = fmt.Errorf("%w: %s", kind, why)
		out.cut = !hopeless
	}
	return out
}

func readError(refused *alierrors.ServerError, became exchange, secrets []string) *Error {
	answer := &Error{
		Code:       redact(refused.ErrorCode(), secrets, maxCode),
		RequestID:  cleanRequestID(refused.RequestId(), secrets),
		HTTPStatus: became.status,
	}
	// Without a Message of its own the SDK gives the whole body.
	if message := refused.Message(); answer.Code != "" && message != became.body {
		answer.Message = redact(message, secrets, maxMessage)
	}
	return answer
}
