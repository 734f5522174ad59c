package localkms

import (
	"net/http"
	"slices"

	"keyferry/server/localkms/wire"
)

// The gateway in front of the service lets the pages of every site read its answers. What protects
// the service is the signature: a page can make no call but the one that somebody signed for it.
// Here the AccessKey is public, so only the two calls of an import are let through, and of those
// only what a browser can send with a link alone: a signature in the parameters, not in a header.

// linked are the actions that pages of other sites may call.
var linked = []string{"GetParametersForImport", "ImportKeyMaterial"}

// byLink reports whether a request that was decoded is one that a page of another site may make.
// Decode refuses a parameter that occurs twice, so the action that is read here is the one that
// runs.
func byLink(req *wire.Request) bool {
	action, _ := req.Target()
	return !req.HeaderSigned() && slices.Contains(linked, action)
}

// asksFirst reports whether a request is a browser's question before one of the two calls. The
// question has the address of the call and not its form, so the action must be in the query.
func asksFirst(r *http.Request, req *wire.Request) bool {
	method := r.Header.Get("Access-Control-Request-Method")
	return r.Method == http.MethodOptions && byLink(req) && (method == http.MethodGet || method == http.MethodPost)
}

// letRead sets the headers of the vendor's gateway that let every page read an answer, a success or
// an error.
func letRead(header http.Header) {
	header.Set("Access-Control-Allow-Origin", "*")
	header.Set("Access-Control-Allow-Methods", "POST, GET, OPTIONS, PUT, DELETE")
	header.Set("Access-Control-Allow-Headers",
		"X-Requested-With, X-Sequence, _aop_secret, _aop_signature, x-acs-action, x-acs-version, x-acs-date, Content-Type")
	header.Set("Access-Control-Max-Age", "172800")
}
