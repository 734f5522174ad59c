package kms

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestRetries(t *testing.T) {
	for _, test := range []struct {
		name   string
		answer answer
		sent   int
		status int    // of the *Error; 0 means success
		code   string // of the *Error
	}{
		{"HTML 502, then success", inTurn(html(502), good), 2, 0, ""},
		{"HTML 503, HTML 504, then success", inTurn(html(503), html(504), good), 3, 0, ""},
		{"always HTML 502", html(502), 3, 502, ""},
		{"ServiceUnavailableTemporary, then success", inTurn(refuse(503, "ServiceUnavailableTemporary"), good), 2, 0, ""},
		{"always InternalFailure", refuse(500, "InternalFailure"), 3, 500, "InternalFailure"},
		{"Rejected.Throttling, then success", inTurn(refuse(429, "Rejected.Throttling"), good), 2, 0, ""},
		{"Throttling with 400, then success", inTurn(refuse(400, "Throttling"), good), 2, 0, ""},
		{"Throttling.User with 400, then success", inTurn(refuse(400, "Throttling.User"), good), 2, 0, ""},
		{"Throttling.Api twice, then success", inTurn(refuse(400, "Throttling.Api"), refuse(400, "Throttling.Api"), good), 3, 0, ""},
		{"always throttled", refuse(429, "Rejected.Throttling"), 3, 429, "Rejected.Throttling"},
		{"429 without a body, then success", inTurn(body(429, ""), good), 2, 0, ""},
		{"400", refuse(400, "InvalidKeyMaterial"), 1, 400, "InvalidKeyMaterial"},
		{"400 without a code", html(400), 1, 400, ""},
		{"403", refuse(403, "Forbidden.NoPermission"), 1, 403, "Forbidden.NoPermission"},
		{"404", refuse(404, "Forbidden.KeyNotFound"), 1, 404, "Forbidden.KeyNotFound"},
		{"409", refuse(409, "Rejected.StateModifiedFailed"), 1, 409, "Rejected.StateModifiedFailed"},
		{"502, then 400", inTurn(html(502), refuse(400, "ExpiredImportToken")), 2, 400, "ExpiredImportToken"},
	} {
		for action, call := range calls {
			t.Run(test.name+"/"+action, func(t *testing.T) {
				fake := newFakeKMS(t, test.answer)
				err := call(t, newTestClient(t, fake))
				if n := fake.count(); n != test.sent {
					t.Errorf("sent %d times, want %d", n, test.sent)
				}
				checkError(t, err, test.status, test.code)
				checkNonces(t, fake)
			})
		}
	}
}

func checkError(t *testing.T, err error, status int, code string) {
	t.Helper()
	if status == 0 {
		if err != nil {
			t.Error(err)
		}
		return
	}
	var refused *Error
	if !errors.As(err, &refused) {
		t.Fatalf("error is %v, want an *Error", err)
	}
	if refused.HTTPStatus != status || refused.Code != code {
		t.Errorf("error is %d %q, want %d %q", refused.HTTPStatus, refused.Code, status, code)
	}
	if code != "" && (refused.Message != "Said by "+code+"." || refused.RequestID == "") {
		t.Errorf("message is %q, RequestId %q", refused.Message, refused.RequestID)
	}
	if code == "" && refused.Message != "" {
		t.Errorf("a page that is not the KMS's became a message: %q", refused.Message)
	}
}

// checkNonces holds that every attempt was signed anew.
func checkNonces(t *testing.T, fake *fakeKMS) {
	t.Helper()
	nonces, signatures := map[string]bool{}, map[string]bool{}
	for _, query := range fake.queries() {
		nonces[query.Get("SignatureNonce")] = true
		signatures[query.Get("Signature")] = true
	}
	if n := fake.count(); len(nonces) != n || len(signatures) != n || nonces[""] || signatures[""] {
		t.Errorf("%d requests had %d nonces and %d signatures", n, len(nonces), len(signatures))
	}
}

func TestGatewayErrorsLeaveTheImportInDoubt(t *testing.T) {
	for _, test := range []struct {
		name   string
		answer answer
		doubt  bool
	}{
		{"always HTML 504", html(504), true},
		{"always HTML 500", html(500), true},
		{"always HTML 404", html(404), false},
		{"HTML 502, then a refusal", inTurn(html(502), refuse(400, "ExpiredImportToken")), true},
		{"HTML 502, then hung up", inTurn(html(502), hangUp), true},
		{"a refusal", refuse(400, "ExpiredImportToken"), false},
		{"always InternalFailure", refuse(500, "InternalFailure"), false},
		{"throttled", refuse(429, "Rejected.Throttling"), false},
	} {
		t.Run(test.name, func(t *testing.T) {
			client := newTestClient(t, newFakeKMS(t, test.answer))
			if err := calls[actionImport](t, client); errors.Is(err, ErrOutcomeUnknown) != test.doubt {
				t.Errorf("error is %v, want ErrOutcomeUnknown: %v", err, test.doubt)
			}
		})
	}
}

func TestDoubtOutlivesALaterDialError(t *testing.T) {
	var fake *fakeKMS
	fake = newFakeKMS(t, func(w http.ResponseWriter, r *http.Request, try int) {
		fake.Listener.Close()
		w.Header().Set("Connection", "close")
		html(502)(w, r, try)
	})
	err := calls[actionImport](t, newTestClient(t, fake))
	if !errors.Is(err, ErrOutcomeUnknown) || errors.Is(err, ErrUnreachable) {
		t.Errorf("error is %v, want ErrOutcomeUnknown alone: the first try may have been taken", err)
	}
}

// TestPauses draws many pauses on a clock of its own: each is at least half of the longest and at
// most the longest, which doubles, and they are spread over all that lies between.
func TestPauses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := &Client{}
		for _, backoff := range []time.Duration{2 * time.Nanosecond, 40 * time.Millisecond} {
			client.backoff = backoff
			for try, longest := range map[int]time.Duration{1: backoff, 2: 2 * backoff, 3: 4 * backoff} {
				least, most := longest, time.Duration(0)
				for range 200 {
					began := time.Now()
					if !client.pause(t.Context(), try, 0) {
						t.Fatal("the pause was cut short")
					}
					took := time.Since(began)
					least, most = min(least, took), max(most, took)
				}
				if least < longest/2 || least > longest*6/10 || most > longest || most < longest*9/10 {
					t.Errorf("pauses before try %d last from %v to %v, want %v to %v", try+1, least, most, longest/2, longest)
				}
			}
		}
	})
}

// A pause that would outlast the call is not begun, and the end of the context ends one.
func TestPauseEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := &Client{backoff: time.Minute}
		began := time.Now()
		short, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if client.pause(short, 1, 0) || time.Since(began) != 0 {
			t.Errorf("paused for %v though the time left does not suffice", time.Since(began))
		}
		ended, stop := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, stop)
		if client.pause(ended, 1, 0) || time.Since(began) != time.Second {
			t.Errorf("paused for %v, though the context ended after a second", time.Since(began))
		}
	})
}

func TestLogHasALineForEachAttempt(t *testing.T) {
	var log bytes.Buffer
	fake := newFakeKMS(t, inTurn(html(502), refuse(429, "Rejected.Throttling"), good))
	if err := calls[actionImport](t, newTestClient(t, fake, logTo(&log))); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(log.String()), "\n")
	wants := [][]string{
		{"level=WARN", "action=ImportKeyMaterial", "attempt=1", "status=502", "code=no_code", "took="},
		{"level=WARN", "attempt=2", "status=429", "code=Rejected.Throttling"},
		{"level=DEBUG", "attempt=3", "status=200", "code=ok"},
	}
	if len(lines) != len(wants) {
		t.Fatalf("%d lines:\n%s", len(lines), log.String())
	}
	for i, want := range wants {
		for _, part := range want {
			if !strings.Contains(lines[i], part) {
				t.Errorf("line %d lacks %s: %s", i+1, part, lines[i])
			}
		}
	}
	if strings.Contains(log.String(), testKeyID) {
		t.Errorf("the log holds a value: %s", log.String())
	}
}

// A caller that keeps a queue of its own gets a throttled call back after one attempt.
func TestThrottledCallsAreReturned(t *testing.T) {
	for action, call := range calls {
		fake := newFakeKMS(t, inTurn(refuse(429, "Rejected.Throttling"), html(503), good))
		client := newTestClient(t, fake, func(c *Config) { c.ReturnThrottled = true })
		var refused *Error
		if err := call(t, client); !errors.As(err, &refused) || !refused.Throttled() || fake.count() != 1 {
			t.Errorf("%s: error is %v after %d attempts", action, err, fake.count())
		}
		if err := call(t, client); err != nil || fake.count() != 3 { // other errors are as before
			t.Errorf("%s: error is %v after %d attempts", action, err, fake.count())
		}
	}
}

// A slow KMS that throttles: no try is begun that the end of the time would cut off, since nobody
// would know its outcome.
func TestNoTryIsBegunTooLate(t *testing.T) {
	slowly := func(w http.ResponseWriter, r *http.Request, try int) {
		time.Sleep(450 * time.Millisecond)
		refuse(429, "Rejected.Throttling")(w, r, try)
	}
	client := newTestClient(t, newFakeKMS(t, slowly), func(c *Config) { c.Timeout = time.Second })
	checkError(t, calls[actionImport](t, client), 429, "Rejected.Throttling")
}

// A try that was not made, because the time was over, does not hide what the KMS answered before.
func TestATryThatWasNotMadeHidesNothing(t *testing.T) {
	client := newTestClient(t, newFakeKMS(t, refuse(429, "Rejected.Throttling")))
	ctx, stop := context.WithCancel(t.Context())
	client.pool = &stopping{client.pool, 0, stop}
	_, err := client.ImportKeyMaterial(ctx, &Import{KeyID: testKeyID})
	checkError(t, err, 429, "Rejected.Throttling")
}

// stopping ends the time right before the second try.
type stopping struct {
	http.RoundTripper
	tries int
	stop  func()
}

func (s *stopping) RoundTrip(r *http.Request) (*http.Response, error) {
	if s.tries++; s.tries == 2 {
		s.stop()
	}
	return s.RoundTripper.RoundTrip(r)
}
