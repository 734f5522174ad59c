package console

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"keyferry/components/text"
	"keyferry/server/kms"
	"keyferry/server/requests"
)

// refusal is an error that the console answers by itself. Package text has words for its code in
// both languages.
type refusal struct {
	status int
	code   string
}

func (r *refusal) Error() string { return r.code }

var (
	errMediaType     = &refusal{http.StatusUnsupportedMediaType, "Console.MediaType"}
	errTooLarge      = &refusal{http.StatusRequestEntityTooLarge, "Console.TooLarge"}
	errMalformed     = &refusal{http.StatusBadRequest, "Console.Malformed"}
	errKeyID         = &refusal{http.StatusBadRequest, "Console.KeyId"}
	errAlgorithm     = &refusal{http.StatusBadRequest, "Console.WrappingAlgorithm"}
	errKeySpec       = &refusal{http.StatusBadRequest, "Console.WrappingKeySpec"}
	errNotCiphertext = &refusal{http.StatusBadRequest, "Console.NotCiphertext"}
	errImportToken   = &refusal{http.StatusBadRequest, "Console.ImportToken"}
	errExpireUnix    = &refusal{http.StatusBadRequest, "Console.ExpireUnix"}
	errExpireFar     = &refusal{http.StatusBadRequest, "Console.ExpireFar"}
	errRemind        = &refusal{http.StatusBadRequest, "Console.Remind"}
	errImportFile    = &refusal{http.StatusBadRequest, "Console.ImportFile"}
	errFileRegion    = &refusal{http.StatusBadRequest, "Console.FileRegion"}
	errFileKey       = &refusal{http.StatusBadRequest, "Console.FileKey"}
	errCrossOrigin   = &refusal{http.StatusForbidden, "Console.CrossOrigin"}
	errHost          = &refusal{http.StatusMisdirectedRequest, "Console.Host"}
	errMethod        = &refusal{http.StatusMethodNotAllowed, "Console.Method"}
	errNotFound      = &refusal{http.StatusNotFound, "Console.NotFound"}
	errSignIn        = &refusal{http.StatusUnauthorized, "Console.SignIn"}
	errStepUp        = &refusal{http.StatusUnauthorized, "Console.StepUp"}
	errNoGuest       = &refusal{http.StatusConflict, "Console.NoGuest"}
	errNoLedger      = &refusal{http.StatusForbidden, "Console.NoLedger"}
	errDeadline      = &refusal{http.StatusBadRequest, "Console.Deadline"}
	errAddress       = &refusal{http.StatusForbidden, "SignIn.Address"}
	errInternal      = &refusal{http.StatusInternalServerError, "Console.Internal"}
	errNoCredentials = &refusal{http.StatusServiceUnavailable, "Console.NoCredentials"}
	errUnreachable   = &refusal{http.StatusBadGateway, "Console.KMSUnreachable"}
	errTimeout       = &refusal{http.StatusGatewayTimeout, "Console.KMSTimeout"}
	errUnknown       = &refusal{http.StatusBadGateway, "Console.KMSOutcomeUnknown"}
	errBadAnswer     = &refusal{http.StatusBadGateway, "Console.KMSBadAnswer"}
)

// Failure is the body of every answer of the two endpoints that is not a success.
type Failure struct {
	Code             string // of the KMS, or one of the console's own, which begin with Console.
	Message          string // what happened, in the language of the page
	Advice           string // what to do about it
	Detail           string `json:",omitempty"` // the KMS's own words
	RequestId        string `json:",omitempty"` // of the KMS
	ConsoleRequestId string // of this console, as its log has it
}

// outcome is the one table from an error to a status and a code; an unknown error is 500 and its
// text stays in the log.
//
// An unknown outcome of the import comes first: whatever else is known, the person must learn that
// the KMS may have taken the material.
func outcome(action string, err error) (*refusal, *kms.Error) {
	var refused *refusal
	if errors.As(err, &refused) {
		return refused, nil
	}
	var fault *requests.Fault
	if errors.As(err, &fault) {
		return &refusal{statusOf(fault.Code), fault.Code}, nil
	}
	var answer *kms.Error
	errors.As(err, &answer)
	switch {
	case errors.Is(err, kms.ErrOutcomeUnknown) && action == importAction:
		return errUnknown, answer
	case answer != nil && answer.Code != "":
		return &refusal{answer.HTTPStatus, answer.Code}, answer
	case errors.Is(err, kms.ErrNoCredentials):
		return errNoCredentials, nil
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, kms.ErrOutcomeUnknown):
		return errTimeout, nil
	case errors.Is(err, kms.ErrUnreachable):
		return errUnreachable, nil
	case errors.Is(err, kms.ErrBadAnswer), answer != nil:
		return errBadAnswer, nil
	}
	var routing *echo.HTTPError
	if errors.As(err, &routing) {
		switch routing.Code {
		case http.StatusNotFound:
			return errNotFound, nil
		case http.StatusMethodNotAllowed:
			return errMethod, nil
		}
	}
	return errInternal, nil
}

// statusOf is the status of a fault of a request, by its code. A request that is not as the act needs
// it is a conflict.
func statusOf(code string) int {
	switch code {
	case "Requests.SignIn":
		return http.StatusUnauthorized
	case "Requests.NotFound":
		return http.StatusNotFound
	case "Requests.Denied", "Requests.NotImporter", "Requests.Own", "Requests.NotApprover":
		return http.StatusForbidden
	case "Requests.Busy":
		return http.StatusTooManyRequests
	case "Requests.HeldAltered", "Requests.HeldApproval", "Requests.HeldImport", "Requests.State", "Requests.Lapsed", "Requests.TokenExpired", "Requests.Changed", "Requests.Twice",
		"Requests.NoApproval", "Requests.Waiting":
		return http.StatusConflict
	}
	return http.StatusBadRequest
}

// fail answers with an error: a page where one was asked for, JSON otherwise.
func (c *console) fail(err error, e echo.Context) {
	if e.Response().Committed {
		return
	}
	refused, failure := c.failure(e, err)
	if wantsPage(e.Request()) {
		c.failPage(refused, e)
		return
	}
	if err := e.JSON(refused.status, failure); err != nil {
		c.log.Debug("answering", "id", requestID(e), "error", err)
	}
}

// failure is the answer about an error, in the language of the request.
func (c *console) failure(e echo.Context, err error) (*refusal, Failure) {
	refused, answer := outcome(actionOf(e), err)
	if refused == errInternal {
		c.log.Error("failed", "id", requestID(e), "error", err)
	}
	failure := failureOf(language(e.Request()), refused.code, detailOf(err))
	failure.ConsoleRequestId = requestID(e)
	if answer != nil {
		failure.Detail, failure.RequestId = answer.Message, answer.RequestID
	}
	return refused, failure
}

// failureOf is the answer about a code, in a language. The details fill the words.
func failureOf(words *text.Catalogue, code string, details map[string]string) Failure {
	var pairs []string
	for name, value := range details {
		pairs = append(pairs, name, value)
	}
	fault := words.Fault(code)
	return Failure{Code: code, Message: text.Fill(fault.What, pairs...), Advice: text.Fill(fault.Do, pairs...)}
}

// detailOf is what an error about a request says besides its code.
func detailOf(err error) map[string]string {
	var fault *requests.Fault
	if errors.As(err, &fault) {
		return fault.Detail
	}
	return nil
}

// FailSignIn answers a script about a sign-in that failed, in the words for its code.
func FailSignIn(w http.ResponseWriter, r *http.Request, status int, code string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(failureOf(language(r), code, nil)) // whoever asked may have gone
}

// wantsPage reports whether the answer should be a page: a browser that navigates asks for one.
func wantsPage(r *http.Request) bool {
	return (r.Method == http.MethodGet || r.Method == http.MethodHead) && strings.Contains(r.Header.Get("Accept"), "text/html")
}
