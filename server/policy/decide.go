package policy

import (
	"cmp"
	"iter"
	"slices"

	"github.com/cedar-policy/cedar-go"
	"github.com/cedar-policy/cedar-go/types"
	"github.com/cedar-policy/cedar-go/x/exp/ast"

	"keyferry/server/person"
)

// Key is the CMK that a question is about.
type Key struct {
	Region, ID string
	Label      string // what the request says it is for; may be empty
}

// Question asks whether a person may do something.
type Question struct {
	Person person.Person
	Action string // one of Actions
	Key    Key    // ignored for ReadLedger
	// Requester and Importer are the ids of who made the request and who imports for it; empty if
	// there is nobody yet.
	Requester, Importer string
}

// Decision is the answer.
type Decision struct {
	Allowed bool
	// Policies are the policies that decided, as file:line, sorted: those that permit, or those that
	// forbid. Empty means that no policy permits it.
	Policies []string
	// Approvals is how many people have to agree; 0 unless Allowed.
	Approvals int
	// Approvers are the groups that they must belong to, sorted; empty means anybody whom a policy
	// permits to approve.
	Approvers []string
	// EachGroup is whether one approval of each of Approvers is needed.
	EachGroup bool
}

// Decide answers a question. It denies what no policy permits and what any policy forbids. A policy
// that cannot be evaluated, such as one whose numbers overflow, denies as well: it could be one that
// forbids.
func (s *Set) Decide(q Question) Decision {
	who, principal := s.principal(q.Person)
	resource := cedar.NewEntityUID("Key", types.String(q.Key.ID))
	if q.Action == ReadLedger {
		resource = cedar.NewEntityUID("Ledger", "ledger")
	}
	entities := types.EntityMap{
		who: principal,
		resource: {UID: resource, Attributes: types.NewRecord(types.RecordMap{
			"id": types.String(q.Key.ID), "region": types.String(q.Key.Region), "label": types.String(q.Key.Label),
		})},
	}
	answer, why := cedar.Authorize(candidates{s, q.Action, principal}, entities, types.Request{
		Principal: who,
		Action:    cedar.NewEntityUID("Action", types.String(q.Action)),
		Resource:  resource,
		Context: types.NewRecord(types.RecordMap{
			"isRequester": types.Boolean(q.Person.ID != "" && q.Person.ID == q.Requester),
			"isImporter":  types.Boolean(q.Person.ID != "" && q.Person.ID == q.Importer),
		}),
	})
	var d Decision
	if len(why.Errors) > 0 {
		for _, failed := range why.Errors {
			d.Policies = append(d.Policies, string(failed.PolicyID))
		}
		slices.SortFunc(d.Policies, byPlace)
		return d
	}
	for _, reason := range why.Reasons {
		d.Policies = append(d.Policies, string(reason.PolicyID))
	}
	slices.SortFunc(d.Policies, byPlace)
	if d.Allowed = answer == cedar.Allow; !d.Allowed {
		return d
	}
	var all needs
	for _, r := range s.byAction[q.Action] {
		if _, decided := slices.BinarySearchFunc(d.Policies, r.id, byPlace); decided {
			all = all.stricter(r.needs)
		}
	}
	d.Approvals, d.Approvers, d.EachGroup = all.approvals, slices.Clone(all.groups), all.eachGroup
	return d
}

// byPlace sorts names of policies by file, then by line: the shorter number is the lower one.
func byPlace(a, b string) int {
	fileA, lineA := cutPlace(a)
	fileB, lineB := cutPlace(b)
	return cmp.Or(cmp.Compare(fileA, fileB), cmp.Compare(len(lineA), len(lineB)), cmp.Compare(lineA, lineB))
}

// principal makes Cedar's entity of a person. Groups that no policy names are left out: there can
// be thousands, and they cannot change a decision.
func (s *Set) principal(p person.Person) (types.EntityUID, types.Entity) {
	kind := types.EntityType("Person")
	var groups []types.EntityUID
	switch p.Kind {
	case person.Guest:
		kind = "Guest"
	case person.Operator:
		kind = "Operator"
	default:
		for _, name := range p.Groups {
			if group, named := s.groups[name]; named {
				groups = append(groups, group)
			}
		}
	}
	uid := cedar.NewEntityUID(kind, types.String(p.ID))
	return uid, types.Entity{UID: uid, Parents: types.NewEntityUIDSet(groups...)}
}

// candidates are the policies whose scope can fit a question. The others would say nothing.
type candidates struct {
	set       *Set
	action    string
	principal types.Entity
}

// All returns the policies with their names.
func (c candidates) All() iter.Seq2[cedar.PolicyID, *cedar.Policy] {
	return func(yield func(cedar.PolicyID, *cedar.Policy) bool) {
		for _, r := range c.set.byAction[c.action] {
			if c.fits(r) && !yield(cedar.PolicyID(r.id), r.Policy) {
				return
			}
		}
	}
}

// fits reports whether the principal in the scope of a policy can be who asks. To be in a group is
// looked up here because Cedar would search all groups of the person for each policy.
func (c candidates) fits(r *rule) bool {
	var group types.EntityUID
	switch scope := r.AST().Principal.(type) {
	case ast.ScopeTypeIn:
		group = scope.Entity
	case ast.ScopeTypeIsIn:
		group = scope.Entity
	default:
		return true
	}
	return group == c.principal.UID || c.principal.Parents.Contains(group)
}
