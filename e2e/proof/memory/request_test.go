package memory

import (
	"fmt"
	"testing"
	"time"

	"keyferry/components/text"
	"keyferry/e2e/browser"
	"keyferry/e2e/program"
	"keyferry/e2e/proof"
)

// Robin asks, Ines imports, and Olga would have to agree.
const policies = `
permit (principal in Group::"platform", action == Action::"request", resource is Key);
@approvals("1") @approvers("Group::\"crypto-officers\"")
permit (principal in Group::"payments", action == Action::"import", resource is Key);
permit (principal, action == Action::"readRequests", resource is Key) when { context.isRequester || context.isImporter };
`

// prepareOrdered goes to step 3 of a request's import with a worker that the test can stop and a
// wrapping key that it can open.
func prepareOrdered(p *program.Program, t *testing.T, id string) *browser.Visit {
	t.Helper()
	v := browser.SignIn(p, t, browser.Look{}, "Ines")
	v.Expect("the server responded with a status of 4")
	v.Do(v.Page.Goto(p.Console + "/?request=" + id))
	holdWorker(v)
	ownWrappingKey(v, "**/api/requests/*/parameters")
	v.See("[data-step=params][data-state=open] h2", "")
	v.Press(v.Words.Params.Get)
	v.OfferedPassphrase()
	return v
}

var forRequest = way{name: ", for a request", send: submitForRequest}

// submitForRequest submits. The console refuses what is not wrapped for the key that it handed out.
func submitForRequest(v *browser.Visit) {
	v.T.Helper()
	v.Press(text.Fill(v.Words.Team.Order.Submit, "cmk", program.Seeded[0]))
	v.Fault("Requests.Parameters")
}

// The same for somebody who imports for a request: no memory of the browser has the key once its
// worker is done, nor after the page submitted it.
func TestProofMemoryOfARequest(t *testing.T) {
	mark := browser.OwnBrowser(t)
	p := program.StartTeam(t, policies)
	robin := browser.SignIn(p, t, browser.Look{}, "Robin")
	for n, source := range memorySources {
		if n > 0 && !*proof.Full {
			break
		}
		// Wrapping is the same whatever the source, as the page's own rows show.
		algorithm := browser.Algorithms[n%len(browser.Algorithms)]
		t.Run(source.name+"/"+algorithm, func(t *testing.T) {
			id := robin.CreateRequest(program.Seeded[0], "payments/eu", 48*time.Hour, fmt.Sprintf("Algorithms: [%q]", algorithm))
			searchMemory(prepareOrdered(p, t, id), mark, source, algorithm, forRequest)
		})
	}
}
