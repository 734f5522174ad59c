package policy

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/cedar-policy/cedar-go"
	"github.com/cedar-policy/cedar-go/x/exp/ast"
)

// maxApprovals is the most that a policy can ask for. More is a slip of the hand.
const maxApprovals = 20

// needs are the approvals that a policy asks for with its annotations.
type needs struct {
	approvals int
	groups    []string // sorted; empty means anybody whom a policy permits to approve
	eachGroup bool
}

// parseNeeds reads @approvals, @approvers and @eachgroup. Every other annotation is an error, since
// a misspelt one would take away an approval.
func parseNeeds(p *cedar.Policy) (needs, error) {
	var n needs
	notes := p.Annotations()
	for name := range notes {
		switch name {
		case "approvals", "approvers", "eachgroup":
		default:
			return n, fmt.Errorf("unknown annotation @%s; there are @approvals, @approvers and @eachgroup", name)
		}
		if p.Effect() == cedar.Forbid {
			return n, fmt.Errorf("@%s has no meaning on a policy that forbids", name)
		}
		if actions := scopeActions(p); !slices.Contains(actions, Import) && !slices.Contains(actions, Request) {
			return n, fmt.Errorf("@%s has no meaning on a policy that permits neither request nor import", name)
		}
	}
	var err error
	if count, ok := notes["approvals"]; ok {
		n.approvals, err = strconv.Atoi(string(count))
		if err != nil || n.approvals < 0 || n.approvals > maxApprovals || strconv.Itoa(n.approvals) != string(count) {
			return n, fmt.Errorf("@approvals must be a number from 0 to %d, such as @approvals(\"1\")", maxApprovals)
		}
	}
	if list, ok := notes["approvers"]; ok {
		if n.approvals == 0 {
			return n, errors.New("@approvers needs @approvals with the number of approvals, at least 1")
		}
		if n.groups, err = parseGroups(string(list)); err != nil {
			return n, err
		}
	}
	if value, ok := notes["eachgroup"]; ok {
		switch {
		case value != "":
			return n, errors.New("@eachgroup has no value")
		case len(n.groups) < 2:
			return n, errors.New("@eachgroup needs @approvers with at least two groups")
		case n.approvals < len(n.groups):
			return n, fmt.Errorf("@eachgroup needs an approval of each of %d groups, and @approvals asks for %d",
				len(n.groups), n.approvals)
		}
		n.eachGroup = true
	}
	return n, nil
}

// parseGroups reads a list such as Group::"a", Group::"b". Cedar's own parser reads it, so that
// strings are written as everywhere else.
func parseGroups(list string) ([]string, error) {
	wrong := errors.New(`@approvers must be a list of groups, such as @approvers("Group::\"crypto-officers\"")`)
	parsed, err := cedar.NewPolicyListFromBytes("", []byte("permit (principal, action in ["+list+"\n], resource);"))
	if err != nil || len(parsed) != 1 {
		return nil, wrong
	}
	policy := parsed[0].AST()
	set, isSet := policy.Action.(ast.ScopeTypeInSet)
	_, everything := policy.Resource.(ast.ScopeTypeAll)
	if !isSet || len(set.Entities) == 0 || !everything || len(policy.Conditions) > 0 {
		return nil, wrong
	}
	var groups []string
	for _, group := range set.Entities {
		switch {
		case group.Type != "Group" || group.ID == "":
			return nil, wrong
		case slices.Contains(groups, string(group.ID)):
			return nil, fmt.Errorf("@approvers names Group::%q twice", group.ID)
		}
		groups = append(groups, string(group.ID))
	}
	slices.Sort(groups)
	return groups, nil
}

// stricter combines what two policies ask for. The higher number counts. Approvers come from the
// groups that both name; if there are none in common, or if one asks for each of its groups, one
// approval of every named group is needed.
func (n needs) stricter(other needs) needs {
	all := needs{approvals: max(n.approvals, other.approvals), eachGroup: n.eachGroup || other.eachGroup}
	switch {
	case len(n.groups) == 0:
		all.groups = other.groups
	case len(other.groups) == 0:
		all.groups = n.groups
	default:
		for _, group := range n.groups {
			if slices.Contains(other.groups, group) {
				all.groups = append(all.groups, group)
			}
		}
		if all.eachGroup || len(all.groups) == 0 {
			all.groups = slices.Concat(n.groups, other.groups)
			slices.Sort(all.groups)
			all.groups = slices.Compact(all.groups)
			all.eachGroup = true
			all.approvals = max(all.approvals, len(all.groups))
		}
	}
	return all
}

// mentionedGroups returns the groups that a policy names anywhere. In Cedar's JSON form each is an
// object with type and id.
func mentionedGroups(p *cedar.Policy) []string {
	var groups []string
	var walk func(any)
	walk = func(value any) {
		switch value := value.(type) {
		case []any:
			for _, item := range value {
				walk(item)
			}
		case map[string]any:
			if id, ok := value["id"].(string); ok && value["type"] == "Group" {
				groups = append(groups, id)
			}
			for _, item := range value {
				walk(item)
			}
		}
	}
	var form any
	text, err := p.MarshalJSON()
	if err == nil {
		err = json.Unmarshal(text, &form)
	}
	if err != nil {
		panic("a policy that was parsed has no JSON form: " + err.Error()) // cannot happen
	}
	walk(form)
	return groups
}

// Stricter returns a decision that asks for the approvals of both. Allowed and Policies are d's.
func (d Decision) Stricter(other Decision) Decision {
	all := needs{d.Approvals, d.Approvers, d.EachGroup}.stricter(needs{other.Approvals, other.Approvers, other.EachGroup})
	d.Approvals, d.Approvers, d.EachGroup = all.approvals, all.groups, all.eachGroup
	return d
}
