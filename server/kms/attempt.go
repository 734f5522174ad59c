package kms

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/aliyun/alibaba-cloud-sdk-go/sdk"
	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/auth/credentials"
	alierrors "github.com/aliyun/alibaba-cloud-sdk-go/sdk/errors"
	alikms "github.com/aliyun/alibaba-cloud-sdk-go/services/kms"
)

// maxTries is how often one call is sent at most.
const maxTries = 3

// grace is how long an attempt may take to end after its context has. The pool
// ends at once; this bounds what the SDK does around it.
const grace = 200 * time.Millisecond

// plan says what one call is and how it may be repeated.
type plan struct {
	action  string
	resend  bool     // may be sent again after a connection error
	changes bool     // changes the KMS, so an unknown outcome matters
	secrets []string // what must not come back in an error's text
}

// outcome is what became of one attempt.
type outcome struct {
	err    error
	status int
	retry  bool // another try may do better
	cut    bool // failed on the connection, after which plan.resend decides
	doubt  bool // the KMS may have taken the request all the same
}

// call sends a request, again if that is safe and may help, until it is
// answered, tries are used up, or time is.
func call[T any](caller context.Context, c *Client, plan *plan, invoke func(*alikms.Client) (T, error)) (T, error) {
	ctx, cancel := context.WithTimeout(caller, c.timeout)
	defer cancel()
	var none T
	identity, err := c.credentials.find(ctx)
	if err != nil {
		if caller.Err() != nil {
			err = fmt.Errorf("%w: %w", ErrUnreachable, caller.Err())
		}
		return none, fmt.Errorf("calling %s: %w", plan.action, err)
	}
	doubt, resent := false, false
	for try := 1; ; try++ {
		began := time.Now()
		result, out := attempt(ctx, c, plan, identity, invoke)
		c.report(ctx, plan.action, try, out, time.Since(began))
		if out.err == nil {
			return result, nil
		}
		doubt = doubt || out.doubt
		again := out.retry || out.cut && plan.resend && !resent
		resent = resent || out.cut
		if again && try < maxTries && c.pause(ctx, try) {
			continue
		}
		var refused *Error
		if errors.As(out.err, &refused) && refused.credentialsRefused() {
			c.credentials.forget(identity)
		}
		return none, conclude(plan, out.err, doubt)
	}
}

// conclude words the last error. A doubt that an earlier attempt left outlives
// later ones: "nothing was taken" would be wrong then.
func conclude(plan *plan, err error, doubt bool) error {
	if plan.changes && doubt && !errors.Is(err, ErrOutcomeUnknown) {
		if errors.Is(err, ErrUnreachable) {
			return fmt.Errorf("calling %s: %w: a later try did not reach the KMS", plan.action, ErrOutcomeUnknown)
		}
		return fmt.Errorf("calling %s: %w: %w", plan.action, ErrOutcomeUnknown, err)
	}
	return fmt.Errorf("calling %s: %w", plan.action, err)
}

// pause waits before the next try, longer each time and never in step with
// others. It reports false when the time left does not suffice.
func (c *Client) pause(ctx context.Context, try int) bool {
	longest := c.backoff << (try - 1)
	wait := longest/2 + rand.N(longest/2+1)
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) <= wait {
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

func (c *Client) report(ctx context.Context, action string, try int, out outcome, took time.Duration) {
	level, code := slog.LevelDebug, "ok"
	if out.err != nil {
		level, code = slog.LevelWarn, out.name()
	}
	c.log.LogAttrs(ctx, level, "kms attempt",
		slog.String("action", action), slog.Int("attempt", try), slog.Int("status", out.status),
		slog.String("code", code), slog.Duration("took", took))
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

// returned is what the SDK gave back.
type returned[T any] struct {
	result   T
	err      error
	panicked bool
}

// attempt sends the request once, signed anew, and returns when it is answered
// or the context ends.
func attempt[T any](ctx context.Context, c *Client, plan *plan, identity *credentials.Credentials, invoke func(*alikms.Client) (T, error)) (T, outcome) {
	exchange := &exchange{}
	done := make(chan returned[T], 1)
	go func() {
		var back returned[T]
		defer func() {
			// The SDK asserts types that an answer need not have. What it panics
			// with may hold the answer, so it goes no further.
			if recover() != nil {
				back = returned[T]{panicked: true}
			}
			done <- back
		}()
		var client *alikms.Client
		if client, back.err = c.newSDKClient(ctx, exchange, identity); back.err == nil {
			back.result, back.err = invoke(client)
		}
	}()
	var back returned[T]
	select {
	case back = <-done:
	case <-ctx.Done():
		// What was sent is certain once the attempt has ended, and it ends now.
		select {
		case back = <-done:
		case <-time.After(grace):
			back.err = ctx.Err()
		}
	}
	became := exchange.now()
	if back.err == nil && !back.panicked {
		return back.result, outcome{status: became.status}
	}
	secrets := append([]string{identity.AccessKeySecret, identity.SecurityToken, became.signature}, plan.secrets...)
	var none T
	return none, judge(ctx, became, back.err, back.panicked, secrets)
}

// newSDKClient makes the SDK's client for one request. A shared one has data
// races, and cannot tell one caller's context from another's.
func (c *Client) newSDKClient(ctx context.Context, exchange *exchange, identity *credentials.Credentials) (*alikms.Client, error) {
	config := sdk.NewConfig()
	config.Scheme = c.scheme
	config.AutoRetry = false
	config.MaxRetryTime = 0
	config.Transport = &boundTransport{ctx: ctx, pool: c.pool, scheme: c.scheme, exchange: exchange}
	client, err := alikms.NewClientWithOptions(c.region, config, fixedCredentials{identity})
	if err != nil {
		return nil, err
	}
	client.Network = c.network
	client.AppendUserAgent("Keyferry", c.version)
	client.SetCloseTrace(true) // a span would be named by the whole URL
	// Proxies are the pool's business. The SDK would still parse the proxy
	// variables at every call, and fail where it cannot.
	client.SetHttpProxy("http://unused.invalid")
	client.SetHttpsProxy("http://unused.invalid")
	client.SetNoProxy("^$")
	return client, nil
}

// judge turns what became of a failed attempt into an error of ours. The SDK's
// error is looked at for the KMS's own fields only, and never wrapped.
func judge(ctx context.Context, became exchanged, err error, panicked bool, secrets []string) outcome {
	out := outcome{status: became.status}
	switch {
	case errors.Is(became.err, errRedirect) || errors.Is(became.err, errTooLarge):
		out.err = fmt.Errorf("%w: %s", ErrBadAnswer, became.err)
		out.doubt = true
		return out
	case became.stage != answered:
		return judgeUnanswered(ctx, became)
	}
	var refused *alierrors.ServerError
	var senseless malformedError
	switch {
	case !panicked && errors.As(err, &refused):
		answer := readError(refused, became, secrets)
		out.err, out.retry = answer, answer.temporary()
		out.doubt = answer.Code == "" && answer.HTTPStatus >= http.StatusInternalServerError
		return out
	case !panicked && errors.As(err, &senseless):
		out.err = fmt.Errorf("%w: %s", ErrBadAnswer, senseless)
	default:
		out.err = fmt.Errorf("%w: HTTP %d with a body that cannot be read", ErrBadAnswer, became.status)
	}
	refusedByStatus := became.status >= 400 && became.status < 500
	out.doubt = !refusedByStatus
	out.retry = became.status >= http.StatusInternalServerError || became.status == http.StatusTooManyRequests
	return out
}

func judgeUnanswered(ctx context.Context, became exchanged) outcome {
	kind := ErrUnreachable
	if became.stage == maySent {
		kind = ErrOutcomeUnknown
	}
	out := outcome{doubt: became.stage == maySent}
	if ctx.Err() != nil {
		out.err = fmt.Errorf("%w: %w", kind, ctx.Err())
		return out
	}
	why, hopeless := explain(became.err)
	out.err = fmt.Errorf("%w: %s", kind, why)
	out.cut = !hopeless
	return out
}

func readError(refused *alierrors.ServerError, became exchanged, secrets []string) *Error {
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
