package requests

import "slices"

// agreements returns the decisions that agree to the bytes that are there now.
func (r *Request) agreements() []Decision {
	var found []Decision
	for _, d := range r.Decisions {
		if d.Agreed && r.Digest != "" && d.Digest == r.Digest {
			found = append(found, d)
		}
	}
	return found
}

// agreedBy reports whether a person has agreed to the bytes that are there now.
func (r *Request) agreedBy(id string) bool {
	return slices.ContainsFunc(r.agreements(), func(d Decision) bool { return d.PersonID == id })
}

// enough reports whether as many people have agreed as have to, from the groups that they have to
// come from. Each counts once.
func (r *Request) enough() bool {
	given := slices.DeleteFunc(r.agreements(), func(d Decision) bool { return !r.fromGroups(d.Groups) })
	if len(given) < r.Approvals {
		return false
	}
	return !r.EachGroup || r.Approvals == 0 || coverEach(r.Approvers, given)
}

// fromGroups reports whether somebody of these groups can be one of the approvers.
func (r *Request) fromGroups(groups []string) bool {
	return len(r.Approvers) == 0 || slices.ContainsFunc(groups, func(g string) bool { return slices.Contains(r.Approvers, g) })
}

// standsFor returns those of somebody's groups that approvers come from.
func (r *Request) standsFor(groups []string) []string {
	return slices.DeleteFunc(slices.Clone(groups), func(g string) bool { return !slices.Contains(r.Approvers, g) })
}

// coverEach reports whether each group can be given a decision of its own: a person of two groups
// stands for one of them. It is the search for a matching in a bipartite graph, and lists are short.
func coverEach(groups []string, given []Decision) bool {
	takenBy := make([]int, len(given)) // index of the group, -1 for none
	for i := range takenBy {
		takenBy[i] = -1
	}
	var place func(group int, tried []bool) bool
	place = func(group int, tried []bool) bool {
		for i, d := range given {
			if tried[i] || !slices.Contains(d.Groups, groups[group]) {
				continue
			}
			tried[i] = true
			if takenBy[i] < 0 || place(takenBy[i], tried) {
				takenBy[i] = group
				return true
			}
		}
		return false
	}
	for group := range groups {
		if !place(group, make([]bool, len(given))) {
			return false
		}
	}
	return true
}

// missing returns the groups that an approval is waited for from; empty means anybody whom the
// policy permits.
func (r *Request) missing() []string {
	if !r.EachGroup {
		return r.Approvers
	}
	var groups []string
	given := r.agreements()
	for _, g := range r.Approvers {
		if !slices.ContainsFunc(given, func(d Decision) bool { return slices.Contains(d.Groups, g) }) {
			groups = append(groups, g)
		}
	}
	if len(groups) == 0 {
		return r.Approvers
	}
	return groups
}
