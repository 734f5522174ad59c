package kms

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// hangUp takes the request and resets the connection.
func hangUp(w http.ResponseWriter, _ *http.Request, _ int) {
	connection, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(err)
	}
	if tcp, ok := connection.(*net.TCPConn); ok {
		tcp.SetLinger(0)
	}
	connection.Close()
}

// stall sends half an answer, and then nothing until the client is gone.
func stall(w http.ResponseWriter, r *http.Request, _ int) {
	io.WriteString(w, `{"RequestId":"4C46`)
	http.NewResponseController(w).Flush()
	<-r.Context().Done()
}

// silence takes the request and never answers.
func silence(_ http.ResponseWriter, r *http.Request, _ int) { <-r.Context().Done() }

func endless(w http.ResponseWriter, _ *http.Request, _ int) {
	io.WriteString(w, `{"RequestId":"`)
	for block := strings.Repeat("x", 1<<16); ; {
		if _, err := io.WriteString(w, block); err != nil {
			return
		}
	}
}

func TestAnswersThatMakeTheSDKPanic(t *testing.T) {
	const mark = "the-panic-text"
	for name, text := range map[string]string{
		"numeric Code":            `{"Code":403,"Message":"` + mark + `"}`,
		"Message as object":       `{"Code":"X","Message":{"text":"` + mark + `"}}`,
		"numeric RequestId":       `{"Code":"X","Message":"` + mark + `","RequestId":1}`,
		"AccessDeniedDetail text": `{"Code":"Forbidden.RAM","Message":"m","AccessDeniedDetail":"` + mark + `"}`,
	} {
		for action, call := range calls {
			t.Run(name+"/"+action, func(t *testing.T) {
				fake := newFakeKMS(t, body(http.StatusForbidden, text))
				err := call(t, newTestClient(t, fake))
				if !errors.Is(err, ErrBadAnswer) || errors.Is(err, ErrOutcomeUnknown) {
					t.Errorf("error is %v, want ErrBadAnswer", err)
				}
				if err != nil && strings.Contains(err.Error(), mark) {
					t.Errorf("the answer got into the error: %v", err)
				}
				if n := fake.count(); n != 1 {
					t.Errorf("sent %d times", n)
				}
			})
		}
	}
}

// What cannot be read is judged by its status: whether the KMS may have taken the request, and
// whether another try may help.
func TestUnreadableAnswersByStatus(t *testing.T) {
	for _, test := range []struct {
		status, sent int
		doubt        bool
	}{
		{200, 1, true}, {399, 1, true}, {400, 1, false}, {428, 1, false}, {429, 3, false}, {430, 1, false}, {499, 1, false},
		{500, 3, true}, {501, 3, true}, {599, 3, true},
	} {
		text := `{"Code":403}` // on which the SDK panics
		if test.status < 400 {
			text = "[]"
		}
		fake := newFakeKMS(t, body(test.status, text))
		err := calls[actionImport](t, newTestClient(t, fake))
		if n := fake.count(); !errors.Is(err, ErrBadAnswer) || errors.Is(err, ErrOutcomeUnknown) != test.doubt || n != test.sent {
			t.Errorf("HTTP %d: sent %d times, error %v; want %d, ErrBadAnswer, ErrOutcomeUnknown %v", test.status, n, err, test.sent, test.doubt)
		}
	}
}

func TestBodyIsBounded(t *testing.T) {
	tenMegabytes := func(w http.ResponseWriter, _ *http.Request, _ int) {
		fmt.Fprintf(w, `{"RequestId":"%s"}`, strings.Repeat("x", 10<<20))
	}
	deep := body(http.StatusOK, `{"RequestId":"id","KeyId":`+strings.Repeat("[", 1<<19))
	for name, answer := range map[string]answer{"10 MB": tenMegabytes, "endless": endless, "deep": deep} {
		for action, call := range calls {
			t.Run(name+"/"+action, func(t *testing.T) {
				if err := call(t, newTestClient(t, newFakeKMS(t, answer))); !errors.Is(err, ErrBadAnswer) {
					t.Errorf("error is %v, want ErrBadAnswer", err)
				}
			})
		}
	}
}

func TestContextEndsACall(t *testing.T) {
	for name, answer := range map[string]answer{"slow body": stall, "no answer": silence} {
		t.Run(name+", cancelled", func(t *testing.T) {
			gone := make(chan struct{})
			client := newTestClient(t, newFakeKMS(t, func(w http.ResponseWriter, r *http.Request, try int) {
				defer close(gone)
				answer(w, r, try)
			}))
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(100*time.Millisecond, cancel)
			began := time.Now()
			_, err := client.ImportKeyMaterial(ctx, testImport())
			if took := time.Since(began); took > 2*time.Second {
				t.Errorf("returned after %v", took)
			}
			if !errors.Is(err, context.Canceled) || !errors.Is(err, ErrOutcomeUnknown) {
				t.Errorf("error is %v, want context.Canceled and ErrOutcomeUnknown", err)
			}
			select { // the request itself has ended too
			case <-gone:
			case <-time.After(2 * time.Second):
				t.Error("the connection lives on")
			}
		})
		t.Run(name+", out of time", func(t *testing.T) {
			fake := newFakeKMS(t, answer)
			began := time.Now()
			err := calls[actionImport](t, newTestClient(t, fake, within(150*time.Millisecond)))
			if took := time.Since(began); took > 2*time.Second {
				t.Errorf("returned after %v", took)
			}
			if !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, ErrOutcomeUnknown) {
				t.Errorf("error is %v, want DeadlineExceeded and ErrOutcomeUnknown", err)
			}
			if n := fake.count(); n != 1 {
				t.Errorf("sent %d times", n)
			}
		})
	}
}

func TestContextThatHasEndedSendsNothing(t *testing.T) {
	fake := newFakeKMS(t, good)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := newTestClient(t, fake).ImportKeyMaterial(ctx, testImport())
	if !errors.Is(err, ErrUnreachable) || !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v, want ErrUnreachable and context.Canceled", err)
	}
	if n := fake.count(); n != 0 {
		t.Errorf("sent %d times", n)
	}
}

// TestContextEndsACallWhileConnecting has a server that takes connections and never speaks TLS.
func TestContextEndsACallWhileConnecting(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	for name, test := range map[string]struct {
		edit func(*Config)
		want error
	}{
		"out of time": {within(100 * time.Millisecond), context.DeadlineExceeded},
		"cancelled":   {within(time.Minute), context.Canceled},
	} {
		t.Run(name, func(t *testing.T) {
			client := newTestClient(t, newFakeKMS(t, good), test.edit, func(c *Config) {
				c.PlainHTTP, c.Endpoint = false, listener.Addr().String()
			})
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			if test.want == context.Canceled {
				time.AfterFunc(100*time.Millisecond, cancel)
			}
			began := time.Now()
			if _, err := client.ImportKeyMaterial(ctx, testImport()); !errors.Is(err, test.want) || !errors.Is(err, ErrUnreachable) {
				t.Errorf("error is %v, want %v and ErrUnreachable", err, test.want)
			}
			if took := time.Since(began); took > 2*time.Second {
				t.Errorf("returned after %v", took)
			}
		})
	}
}

func TestResetAfterTheRequestWasTaken(t *testing.T) {
	t.Run(actionImport, func(t *testing.T) {
		fake := newFakeKMS(t, inTurn(hangUp, good))
		if err := calls[actionImport](t, newTestClient(t, fake)); !errors.Is(err, ErrOutcomeUnknown) {
			t.Errorf("error is %v, want ErrOutcomeUnknown", err)
		}
		if n := fake.count(); n != 1 {
			t.Errorf("sent %d times", n)
		}
	})
	t.Run(actionParameters, func(t *testing.T) {
		fake := newFakeKMS(t, inTurn(hangUp, good))
		if err := calls[actionParameters](t, newTestClient(t, fake)); err != nil {
			t.Error(err)
		}
	})
	t.Run(actionParameters+", always", func(t *testing.T) {
		fake := newFakeKMS(t, hangUp)
		if err := calls[actionParameters](t, newTestClient(t, fake)); !errors.Is(err, ErrOutcomeUnknown) {
			t.Errorf("error is %v, want ErrOutcomeUnknown", err)
		}
		if n := fake.count(); n != 2 {
			t.Errorf("sent %d times, want 2", n)
		}
	})
	t.Run("on a connection that was used before", func(t *testing.T) {
		fake := newFakeKMS(t, inTurn(good, hangUp, good))
		client := newTestClient(t, fake)
		if err := calls[actionImport](t, client); err != nil {
			t.Fatal(err)
		}
		if err := calls[actionImport](t, client); !errors.Is(err, ErrOutcomeUnknown) {
			t.Errorf("error is %v, want ErrOutcomeUnknown", err)
		}
		if n := fake.count(); n != 2 {
			t.Errorf("sent %d times, want 2", n)
		}
	})
}

func TestConnectionRefused(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	fake := newFakeKMS(t, good)
	client := newTestClient(t, fake, func(c *Config) { c.Endpoint = listener.Addr().String() })
	listener.Close()
	for action, call := range calls {
		err := call(t, client)
		if !errors.Is(err, ErrUnreachable) || !strings.Contains(err.Error(), "refused") {
			t.Errorf("%s: error is %v, want ErrUnreachable", action, err)
		}
	}
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	for _, status := range []int{300, 301, 302, 303, 307, 308, 399} {
		for action, call := range calls {
			t.Run(fmt.Sprint(status, action), func(t *testing.T) {
				elsewhere := newFakeKMS(t, good)
				fake := newFakeKMS(t, func(w http.ResponseWriter, r *http.Request, _ int) {
					http.Redirect(w, r, elsewhere.URL+r.URL.String(), status)
				})
				if err := call(t, newTestClient(t, fake)); !errors.Is(err, ErrBadAnswer) || !strings.Contains(err.Error(), errRedirect.Error()) {
					t.Errorf("error is %v, want ErrBadAnswer for a redirect", err)
				}
				if n := elsewhere.count(); n != 0 {
					t.Errorf("the redirect was followed %d times", n)
				}
			})
		}
	}
}

func TestManyAtOnce(t *testing.T) {
	fake := newFakeKMS(t, good)
	client := newTestClient(t, fake)
	var group sync.WaitGroup
	for i := range 64 {
		group.Go(func() {
			keyID := fmt.Sprintf("key-hzz%d", i)
			parameters, err := client.ImportParameters(t.Context(), keyID, WrappingSpec{"RSAES_OAEP_SHA_1", "RSA_2048"})
			if err != nil || parameters.KeyID != keyID {
				t.Errorf("%s: %v, %v", keyID, parameters, err)
			}
			if _, err := client.ImportKeyMaterial(t.Context(), testImport()); err != nil {
				t.Error(err)
			}
		})
	}
	// New runs beside calls too.
	group.Go(func() { newTestClient(t, fake) })
	group.Wait()
	if n := fake.count(); n != 128 {
		t.Errorf("sent %d times, want 128", n)
	}
	checkNonces(t, fake)
}
