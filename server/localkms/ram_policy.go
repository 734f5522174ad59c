package localkms

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
)

// RAMPolicy is a policy as Resource Access Management has it. Its JSON form is the vendor's: version
// "1", and statements with Effect, Action and Resource. Conditions are refused, so that no policy
// allows more here than it seems to.
type RAMPolicy struct {
	Version   string         `json:"Version"`
	Statement []RAMStatement `json:"Statement"`
}

// RAMStatement allows or denies actions on resources. A * in a pattern matches any text and a ? any
// character.
type RAMStatement struct {
	Effect   string `json:"Effect"`
	Action   Texts  `json:"Action"`   // such as kms:ImportKeyMaterial
	Resource Texts  `json:"Resource"` // such as acs:kms:cn-hangzhou:1234567890123456:key/key-hzz…
}

// Texts is a list that JSON may write as one string.
type Texts []string

// UnmarshalJSON implements [json.Unmarshaler].
func (t *Texts) UnmarshalJSON(text []byte) error {
	var one string
	if json.Unmarshal(text, &one) == nil {
		*t = Texts{one}
		return nil
	}
	var many []string
	if err := json.Unmarshal(text, &many); err != nil {
		return errors.New("an Action or Resource is a string or a list of strings")
	}
	*t = many
	return nil
}

// ParseRAMPolicy reads a policy. A field that it does not know, such as Condition, is an error.
func ParseRAMPolicy(text []byte) (*RAMPolicy, error) {
	policy := &RAMPolicy{}
	if err := parseStrictly(bytes.NewReader(text), policy); err != nil {
		return nil, fmt.Errorf("parsing RAM policy: %v", err)
	}
	return policy, policy.check()
}

func (p *RAMPolicy) check() error {
	if p.Version != "1" || len(p.Statement) == 0 {
		return errors.New("a RAM policy has the version 1 and a statement")
	}
	for _, s := range p.Statement {
		if s.Effect != "Allow" && s.Effect != "Deny" || len(s.Action) == 0 || len(s.Resource) == 0 {
			return errors.New("a statement of a RAM policy has the effect Allow or Deny, an action and a resource")
		}
	}
	return nil
}

// allows reports whether the policy allows an action on a resource. Deny wins.
func (p *RAMPolicy) allows(action, resource string) bool {
	allowed := false
	for _, s := range p.Statement {
		if !s.Action.match(action) || !s.Resource.match(resource) {
			continue
		}
		if s.Effect == "Deny" {
			return false
		}
		allowed = true
	}
	return allowed
}

func (t Texts) match(text string) bool {
	return slices.ContainsFunc(t, func(pattern string) bool { return matchPattern(pattern, text) })
}

// matchPattern reports whether a text matches a pattern with * and ?.
func matchPattern(pattern, text string) bool {
	star, from := -1, 0 // where the last * was, and the text that what follows it was tried at
	p, at := 0, 0
	for at < len(text) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, from = p, at
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == text[at]):
			p, at = p+1, at+1
		case star >= 0:
			from++
			p, at = star+1, from
		default:
			return false
		}
	}
	for p < len(pattern) && pattern[p] == '*' {
		p++
	}
	return p == len(pattern)
}

// withoutCMK are the actions whose resource is all CMKs and not one.
var withoutCMK = []string{"CreateKey", "ListKeys", "ListAliases", "DescribeRegions", "ListTagResources"}

// mayCall reports whether the AccessKey may make the call at all. For a call about a CMK, mayUse says
// the rest.
func (c *call) mayCall(region string) bool {
	if !c.accessKey.may(c.action) {
		return false
	}
	policy := c.accessKey.Policy
	if policy == nil || !slices.Contains(withoutCMK, c.action) {
		return true
	}
	return policy.allows("kms:"+c.action, "acs:kms:"+region+":"+c.account+":key")
}

// mayUse reports whether the AccessKey's policies cover a CMK, for the action of the call.
func (c *call) mayUse(region, keyID string) bool {
	policy := c.accessKey.Policy
	return c.accessKey.mayUse(keyID) &&
		(policy == nil || policy.allows("kms:"+c.action, "acs:kms:"+region+":"+c.account+":key/"+keyID))
}
