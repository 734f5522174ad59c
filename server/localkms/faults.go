package localkms

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"keyferry/server/localkms/wire"
)

// FaultKind is a way in which the KMS can fail on demand.
type FaultKind string

// The kinds of faults.
const (
	FaultThrottle     FaultKind = "throttle"             // Rejected.Throttling, nothing done
	FaultError        FaultKind = "error"                // Status and Code, nothing done
	FaultHTML         FaultKind = "html"                 // 502 with a page of HTML, as a proxy answers
	FaultDelay        FaultKind = "delay"                // waits before it does anything
	FaultCutBefore    FaultKind = "cut-before"           // closes the connection, nothing done
	FaultCutAfter     FaultKind = "cut-after"            // does it, then closes the connection
	FaultExpiredToken FaultKind = "expired-token"        // a token that has expired, whatever its answer says
	FaultForeignToken FaultKind = "foreign-token"        // a token of another CMK
	FaultSwappedKey   FaultKind = "swapped-wrapping-key" // a public key that does not belong to the token
)

// Fault is something that shall go wrong. Empty conditions match every call.
type Fault struct {
	Kind    FaultKind `json:"kind"`
	Action  string    `json:"action,omitempty"`
	Account string    `json:"account,omitempty"`
	KeyID   string    `json:"keyId,omitempty"` // as the call's KeyId parameter has it
	// Times is how many calls meet the fault; 0 means all, until it is cleared.
	Times int `json:"times,omitempty"`
	// Delay is for delay.
	Delay Duration `json:"delay,omitempty"`
	// Status and Code are for error; empty means 500 and InternalFailure, or, with 503,
	// ServiceUnavailableTemporary.
	Status int    `json:"status,omitempty"`
	Code   string `json:"code,omitempty"`
}

// Duration is a time.Duration that JSON writes as "1m30s".
type Duration time.Duration

// MarshalText implements [encoding.TextMarshaler].
func (d Duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// UnmarshalText implements [encoding.TextUnmarshaler].
func (d *Duration) UnmarshalText(text []byte) error {
	parsed, err := time.ParseDuration(string(text))
	*d = Duration(parsed)
	return err
}

func (f Fault) check() error {
	switch f.Kind {
	case FaultThrottle, FaultHTML, FaultCutBefore, FaultCutAfter, FaultExpiredToken, FaultForeignToken, FaultSwappedKey:
	case FaultDelay:
		if f.Delay <= 0 {
			return errors.New("a delay needs a duration")
		}
	case FaultError:
		if f.Status != 0 && (f.Status < 400 || f.Status > 599) {
			return errors.New("an error's status must be 400 to 599")
		}
		if f.Code == "" && f.Status != 0 && f.Status < 500 {
			return errors.New("an error with a status below 500 needs a code")
		}
	default:
		return fmt.Errorf("%q is not a kind of fault", f.Kind)
	}
	if f.Times < 0 {
		return errors.New("times must not be negative")
	}
	return nil
}

func (f Fault) matches(action, account, keyID string) bool {
	return (f.Action == "" || f.Action == action) &&
		(f.Account == "" || f.Account == account) &&
		(f.KeyID == "" || f.KeyID == keyID)
}

// faultList holds the faults that wait for calls to meet.
type faultList struct {
	mu     sync.Mutex
	faults []Fault
}

func (l *faultList) add(f Fault) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.faults = append(l.faults, f)
}

func (l *faultList) clear() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.faults = nil
}

func (l *faultList) list() []Fault {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.faults)
}

// take returns what goes wrong with a call, and counts it.
func (l *faultList) take(action, account, keyID string) *activeFaults {
	active := &activeFaults{}
	l.mu.Lock()
	defer l.mu.Unlock()
	left := l.faults[:0]
	for _, f := range l.faults {
		if !f.matches(action, account, keyID) {
			left = append(left, f)
			continue
		}
		active.add(f)
		if f.Times != 1 {
			f.Times = max(f.Times-1, 0)
			left = append(left, f)
		}
	}
	l.faults = left
	return active
}

// activeFaults is what goes wrong with one call.
type activeFaults struct {
	delay        time.Duration
	refuse       *wire.Error
	cutBefore    bool
	cutAfter     bool
	expiredToken bool
	foreignToken bool
	swappedKey   bool
}

func (a *activeFaults) add(f Fault) {
	switch f.Kind {
	case FaultDelay:
		a.delay += time.Duration(f.Delay)
	case FaultThrottle:
		a.refuse = wire.ErrThrottled
	case FaultHTML:
		a.refuse = wire.ErrBadGateway
	case FaultError:
		a.refuse = f.answer()
	case FaultCutBefore:
		a.cutBefore = true
	case FaultCutAfter:
		a.cutAfter = true
	case FaultExpiredToken:
		a.expiredToken = true
	case FaultForeignToken:
		a.foreignToken = true
	case FaultSwappedKey:
		a.swappedKey = true
	}
}

func (f Fault) answer() *wire.Error {
	switch {
	case f.Code == "" && f.Status == http.StatusServiceUnavailable:
		return wire.ErrUnavailable
	case f.Code == "":
		return &wire.Error{Status: max(f.Status, wire.ErrInternal.Status), Code: wire.ErrInternal.Code, Message: wire.ErrInternal.Message}
	}
	status := f.Status
	if status == 0 {
		status = http.StatusInternalServerError
	}
	return &wire.Error{Status: status, Code: f.Code, Message: "This error was asked for."}
}

// before does what goes wrong before the action. It panics to cut the connection.
func (a *activeFaults) before(ctx context.Context) error {
	if a.delay > 0 {
		select {
		case <-time.After(a.delay):
		case <-ctx.Done():
			panic(http.ErrAbortHandler) // the client has gone
		}
	}
	if a.cutBefore {
		panic(http.ErrAbortHandler) // net/http closes the connection and says nothing
	}
	if a.refuse != nil {
		return a.refuse
	}
	return nil
}

// after does what goes wrong after the action has had its effect.
func (a *activeFaults) after() {
	if a.cutAfter {
		panic(http.ErrAbortHandler)
	}
}

// refuseToken is how an import answers when its token shall be invalid.
func (a *activeFaults) refuseToken() error {
	switch {
	case a.expiredToken:
		return wire.ErrTokenExpired
	case a.foreignToken:
		return wire.ErrToken
	}
	return nil
}
