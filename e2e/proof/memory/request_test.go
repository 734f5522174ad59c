package memory

import (
	"os"
	"path/filepath"
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

// startTeam runs a console for several people until the test ends.
func startTeam(t *testing.T) *program.Program {
	t.Helper()
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "team.cedar"), []byte(policies), 0o600); err != nil {
		t.Fatal(err)
	}
	return program.StartWith(t, "--localkms-listen=127.0.0.1:0", "--localkms-control-listen=127.0.0.1:0",
		"--database="+filepath.Join(folder, "keyferry.db"), "--policy="+folder, "--demo-people")
}

// signIn opens a browser and signs in as one of the made-up people.
func signIn(p *program.Program, t *testing.T, name string) *browser.Visit {
	t.Helper()
	v := browser.Open(p, t, browser.Look{}, "/signin")
	v.Press(text.Fill(v.Words.Team.SignIn.As, "name", name))
	v.See("[data-part=list] nav", v.Words.Team.List.Mine)
	return v
}

// request makes a request for a CMK, and returns its id.
func request(v *browser.Visit, algorithm string) string {
	v.T.Helper()
	id, err := v.Page.Evaluate(`([key, algorithm, deadline]) => fetch("/api/requests", {
		method: "POST", headers: {"Content-Type": "application/json", "Keyferry-Request": "1"},
		body: JSON.stringify({Requests: [{KeyId: key, Label: "payments/eu", Algorithms: [algorithm], ImporterKind: "group",
			Importer: "payments", Expiry: "any", ExpiryDays: 0, Deadline: deadline, Note: "", Commitment: ""}]}),
	}).then((answer) => answer.json()).then((made) => made.Requests[0].Id)`,
		[]any{program.Seeded[0], algorithm, time.Now().Add(48 * time.Hour).UTC().Format(time.RFC3339)})
	v.Do(err)
	return id.(string)
}

// prepareOrdered goes to step 3 of a request's import with a worker that the test can stop and a
// wrapping key that it can open.
func prepareOrdered(p *program.Program, t *testing.T, id string) *browser.Visit {
	t.Helper()
	v := signIn(p, t, "Ines")
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
	p := startTeam(t)
	robin := signIn(p, t, "Robin")
	for i, algorithm := range browser.Algorithms {
		if i > 0 && !*proof.Full {
			break
		}
		for _, source := range memorySources {
			if source.name == generated || *proof.Full {
				t.Run(source.name+"/"+algorithm, func(t *testing.T) {
					searchMemory(prepareOrdered(p, t, request(robin, algorithm)), mark, source, algorithm, forRequest)
				})
			}
		}
	}
}
