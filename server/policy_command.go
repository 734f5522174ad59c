package main

import (
	"errors"
	"fmt"
	"strings"

	"keyferry/server/person"
	"keyferry/server/policy"
)

// policyCommand checks policies, and says what they decide.
type policyCommand struct {
	Check policyCheck `cmd:"" help:"Check the policies in a folder."`
	Ask   policyAsk   `cmd:"" help:"Say what the policies in a folder decide, and which of them decided."`
}

type policyCheck struct {
	Dir string `arg:"" type:"existingdir" help:"Folder with *.cedar files."`
}

// Run checks.
func (c *policyCheck) Run(t terminal) error {
	set, err := policy.Load(c.Dir)
	if err != nil {
		return failed{err, 1}
	}
	t.say("%d policies in %s are valid.", set.Len(), strings.Join(set.Files, ", "))
	t.say("SHA-256 of the set: %s", set.Digest)
	return nil
}

type policyAsk struct {
	Dir       string   `arg:"" type:"existingdir" help:"Folder with *.cedar files."`
	Person    string   `help:"Id of who asks." default:"somebody"`
	Kind      string   `enum:"directory,guest,operator" default:"directory" help:"How they were recognised (${enum})."`
	Group     []string `sep:"none" help:"A group that they belong to. Can be repeated."`
	Action    string   `required:"" enum:"request,import,approve,cancel,readRequests,readLedger" help:"What they ask to do (${enum})."`
	Key       string   `help:"Id of the CMK."`
	Region    string   `default:"cn-hangzhou" help:"Region of the CMK."`
	Label     string   `help:"What the CMK is for."`
	Requester string   `help:"Id of who made the request."`
	Importer  string   `help:"Id of who imports for it."`
}

// Help is the long form of the help.
func (*policyAsk) Help() string {
	return "Exit status: 0 if the policies allow it, 1 if they do not, 2 if they could not be read."
}

// Run asks.
func (a *policyAsk) Run(t terminal) error {
	set, err := policy.Load(a.Dir)
	if err != nil {
		return failed{err, 2}
	}
	d := set.Decide(policy.Question{
		Person:    person.Person{ID: a.Person, Kind: person.Kind(a.Kind), Groups: a.Group},
		Action:    a.Action,
		Key:       policy.Key{ID: a.Key, Region: a.Region, Label: a.Label},
		Requester: a.Requester, Importer: a.Importer,
	})
	if !d.Allowed {
		t.say("denied")
		if len(d.Policies) == 0 {
			t.say("No policy permits it.")
		}
	} else {
		t.say("allowed")
		t.say("approvals: %s", approvals(d))
	}
	for _, id := range d.Policies {
		t.say("decided by %s", id)
	}
	if !d.Allowed {
		return failed{errors.New("the policies do not allow it"), 1}
	}
	return nil
}

// approvals says how many people have to agree, and who.
func approvals(d policy.Decision) string {
	if d.Approvals == 0 {
		return "none"
	}
	from := "whoever may approve"
	if len(d.Approvers) > 0 {
		from = strings.Join(d.Approvers, ", ")
	}
	if d.EachGroup {
		from += ", one of each group at least"
	}
	return fmt.Sprintf("%d, from %s", d.Approvals, from)
}
