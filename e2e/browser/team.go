package browser

import (
	"fmt"
	"testing"
	"time"

	"keyferry/components/text"
	"keyferry/e2e/program"
)

// SignIn opens a browser and signs in as one of the made-up people.
func SignIn(p *program.Program, t testing.TB, how Look, name string) *Visit {
	t.Helper()
	v := Open(p, t, how, "/signin")
	v.Press(text.Fill(v.Words.Team.SignIn.As, "name", name))
	v.See("h1", v.Words.Team.List.Title)
	v.See("[data-part=list] nav", v.Words.Team.List.Mine)
	return v
}

// CreateRequest makes a request as a program would, for the group payments and with a deadline of any
// length, and returns its id. changes are fields in JavaScript that replace those of the request.
func (v *Visit) CreateRequest(key, label string, deadline time.Duration, changes string) string {
	v.T.Helper()
	id, err := v.Page.Evaluate(fmt.Sprintf(`fetch("/api/requests", {
		method: "POST", headers: {"Content-Type": "application/json", "Keyferry-Request": "1"},
		body: JSON.stringify({Requests: [{KeyId: %q, Label: %q, Algorithms: ["RSAES_OAEP_SHA_256"], ImporterKind: "group",
			Importer: "payments", Expiry: "any", ExpiryDays: 0, Deadline: %q, Note: "", Commitment: "", %s}]}),
	}).then((answer) => answer.json()).then((made) => made.Requests[0].Id)`,
		key, label, time.Now().Add(deadline).UTC().Format(time.RFC3339), changes))
	v.Do(err)
	return id.(string)
}
