// Package team tests import requests between people: the built program with a database, a policy,
// the local KMS and its made-up people, each of them in a browser of their own.
package team

import (
	"testing"

	"github.com/playwright-community/playwright-go"

	"keyferry/components/text"
	"keyferry/e2e/browser"
	"keyferry/e2e/program"
)

func TestMain(m *testing.M) { browser.Main(m) }

// policies let Robin ask, Ines and guests import, and Olga agree. Labels that begin with two/ need two
// agreements, of which there is only one to be had; those that begin with none/ need none.
const policies = `
permit (principal in Group::"platform", action in [Action::"request", Action::"cancel", Action::"readRequests"], resource is Key);
@approvals("1") @approvers("Group::\"crypto-officers\"")
permit (principal in Group::"payments", action == Action::"import", resource is Key) when { resource.label like "payments/*" };
@approvals("2") @approvers("Group::\"crypto-officers\"")
permit (principal in Group::"payments", action == Action::"import", resource is Key) when { resource.label like "two/*" };
permit (principal in Group::"payments", action == Action::"import", resource is Key) when { resource.label like "none/*" };
@approvals("1") @approvers("Group::\"crypto-officers\"")
permit (principal is Guest, action == Action::"import", resource is Key);
permit (principal in Group::"crypto-officers", action in [Action::"approve", Action::"readRequests"], resource is Key);
permit (principal, action == Action::"readRequests", resource is Key) when { context.isRequester || context.isImporter };
permit (principal in Group::"auditors", action == Action::"readLedger", resource);
`

// start runs a console for several people until the test ends.
func start(t testing.TB, flags ...string) *program.Program {
	t.Helper()
	return program.StartTeam(t, policies, flags...)
}

// somebody is a person in a browser of their own.
type somebody struct{ *browser.Visit }

// signIn opens a browser and signs in as one of the made-up people.
func signIn(t testing.TB, p *program.Program, how browser.Look, name string) somebody {
	t.Helper()
	return somebody{browser.SignIn(p, t, how, name)}
}

// wait opens a page and waits until something on it is there.
func (s somebody) wait(path, selector, want string) {
	s.T.Helper()
	s.Do(s.Page.Goto(s.Program.Console + path))
	s.See(selector, want)
}

// request makes a request on the page, and returns its id.
func (s somebody) request(key, label string) string {
	s.T.Helper()
	s.wait("/requests/new", "[data-form=new]", "")
	s.Do(s.Page.Locator("#reference").Fill(key))
	s.Do(s.Page.Locator("#label").Fill(label))
	s.Do(s.Page.Locator("#importer-group").Check())
	s.Do(s.Page.Locator("#group").Fill("payments"))
	s.Press(s.Words.Team.New.Make)
	return s.made()
}

// made waits for the page of the request that was made, and returns its id.
func (s somebody) made() string {
	s.T.Helper()
	s.See(".now h2", s.Words.Team.Status.Open)
	id, err := s.Page.Evaluate(`new URLSearchParams(location.search).get("id")`)
	s.Do(err)
	return id.(string)
}

// prepare opens the import page for a request and goes on to its last step.
func (s somebody) prepare(id string) (backup string) {
	s.T.Helper()
	s.wait("/?request="+id, "[data-step=params][data-state=open] h2", "")
	s.Press(s.Words.Params.Get)
	backup, _ = s.GenerateForRecipient()
	return backup
}

// submit does the last step.
func (s somebody) submit(key string) {
	s.T.Helper()
	s.Press(text.Fill(s.Words.Team.Order.Submit, "cmk", key))
	s.Do(s.Page.Locator("[data-part=order-result]").WaitFor())
}

// sees waits until the page of a request shows a state.
func (s somebody) sees(id, state string) {
	s.T.Helper()
	s.wait("/request?id="+id, ".now h2", state)
}

// texts are the texts of all elements that match.
func (s somebody) texts(selector string) []string {
	s.T.Helper()
	all, err := s.Page.Locator(selector).AllInnerTexts()
	s.Do(err)
	return all
}

// count waits until so many elements match.
func (s somebody) count(selector string, want int) {
	s.T.Helper()
	s.Do(playwright.NewPlaywrightAssertions(10_000).Locator(s.Page.Locator(selector)).ToHaveCount(want))
}
