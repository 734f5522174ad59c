package kms

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"unicode"
)

// ErrNoCredentials reports that nobody is configured to sign the requests. The
// error that wraps it names every place that was looked in.
var ErrNoCredentials = errors.New("no credentials found")

// ErrUnreachable reports that the request was not sent: the KMS has taken nothing.
var ErrUnreachable = errors.New("KMS not reached, it has taken nothing")

// ErrOutcomeUnknown reports that the request went out and that no answer of
// the KMS came back, so it may have been taken. See ImportKeyMaterial on why the
// same bytes may be sent again.
var ErrOutcomeUnknown = errors.New("request sent, outcome unknown")

// ErrBadAnswer reports an answer that is not one of the KMS's: not JSON, too
// large, a redirect, a field missing, or about another key.
var ErrBadAnswer = errors.New("answer is not one of the KMS")

// Error is an error that the KMS, or a gateway before it, answered with. Every
// field is safe to show: it is bounded, printable, and holds none of what was sent.
type Error struct {
	// Code is the KMS's own, such as Forbidden.KeyNotFound; empty when the
	// answer was not the KMS's, such as a gateway's HTML page.
	Code string
	// Message is the KMS's text, shortened; often empty.
	Message string
	// RequestID is the KMS's; often empty.
	RequestID string
	// HTTPStatus is the answer's status.
	HTTPStatus int
}

// Error names the status, the code and what the KMS said.
func (e *Error) Error() string {
	text := fmt.Sprintf("KMS answered HTTP %d", e.HTTPStatus)
	if e.Code == "" {
		return text + " without an error code"
	}
	text += ", " + e.Code
	if e.Message != "" {
		text += ": " + e.Message
	}
	if e.RequestID != "" {
		text += " (RequestId " + e.RequestID + ")"
	}
	return text
}

// Throttled reports whether the KMS refused for too many requests.
func (e *Error) Throttled() bool {
	return e.HTTPStatus == http.StatusTooManyRequests || e.Code == "Rejected.Throttling" ||
		e.Code == "Throttling" || strings.HasPrefix(e.Code, "Throttling.")
}

// temporary reports whether the same request may succeed a moment later.
func (e *Error) temporary() bool {
	return e.Throttled() || e.HTTPStatus >= http.StatusInternalServerError
}

// credentialsRefused reports whether the KMS did not accept who signed.
func (e *Error) credentialsRefused() bool {
	return strings.HasPrefix(e.Code, "InvalidSecurityToken") || strings.HasPrefix(e.Code, "InvalidAccessKeyId") ||
		e.Code == "Forbidden.AccessKey"
}

const (
	maxCode    = 128
	maxMessage = 500
)

// requestIDForm fits the KMS's ids, and no signature: that one ends in "=".
var requestIDForm = regexp.MustCompile(`^[0-9A-Za-z._:-]{1,64}$`)

// cleanRequestID returns the id, or nothing when it cannot be one.
func cleanRequestID(id string, secrets []string) string {
	if !requestIDForm.MatchString(id) || redact(id, secrets, len(id)) != id {
		return ""
	}
	return id
}

// signedTextMark is what the KMS puts before the text that it signed, which
// holds every parameter of the request.
var signedTextMark = regexp.MustCompile(`(?i)server string to sign is:`)

// run is text that may be a piece of a secret.
var run = regexp.MustCompile(`[A-Za-z0-9+/=%_-]{16,}`)

// minSecret keeps a one-letter secret of somebody's test set-up from blotting
// out every such letter. Real ones have 28 characters and more.
const minSecret = 8

// longRun is base64 that may be a piece of what was sent. A RequestId, a key
// id and an ARN have hyphens and colons and do not match.
var longRun = regexp.MustCompile(`[A-Za-z0-9+/=%]{40,}`)

const redacted = "[redacted]"

// redact returns the KMS's text without any of the secrets, the text that was
// signed, control characters and excess length.
func redact(text string, secrets []string, limit int) string {
	// Cut and cleaned before anything else, so that an inserted character
	// cannot hide a secret, and a secret cut in two cannot hide its half.
	text = strings.ToValidUTF8(text, "")
	text = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case !unicode.IsPrint(r):
			return -1
		}
		return r
	}, text)
	if at := signedTextMark.FindStringIndex(text); at != nil {
		text = strings.TrimRight(text[:at[0]], " ,;")
	}
	for _, secret := range secrets {
		if len(secret) < minSecret {
			continue
		}
		once := url.QueryEscape(secret)
		twice := url.QueryEscape(once)
		for _, form := range []string{twice, once, secret} {
			text = strings.ReplaceAll(text, form, redacted)
		}
		text = run.ReplaceAllStringFunc(text, func(piece string) string {
			if strings.Contains(secret, piece) || strings.Contains(once, piece) || strings.Contains(twice, piece) {
				return redacted
			}
			return piece
		})
	}
	text = longRun.ReplaceAllString(text, redacted)
	text = strings.TrimSpace(text)
	if runes := []rune(text); len(runes) > limit {
		text = string(runes[:limit-1]) + "…"
	}
	return text
}
