// Package policy decides who may do what, with policies in the Cedar language that the operator
// writes. It denies what no policy permits, and a policy that forbids wins over all that permit.
//
// The schema that policies are checked against is part of the program: schema.cedarschema.
package policy

import (
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/cedar-policy/cedar-go"
	"github.com/cedar-policy/cedar-go/types"
	"github.com/cedar-policy/cedar-go/x/exp/ast"
	"github.com/cedar-policy/cedar-go/x/exp/schema"
	"github.com/cedar-policy/cedar-go/x/exp/schema/validate"
)

// The actions that a policy can permit.
const (
	Request      = "request"      // open a request
	Import       = "import"       // get parameters and submit for a request
	Approve      = "approve"      // agree to a submission, or refuse it
	Cancel       = "cancel"       // end a request
	ReadRequests = "readRequests" // see a request
	ReadLedger   = "readLedger"   // search the ledger
)

// Actions lists all actions.
var Actions = []string{Request, Import, Approve, Cancel, ReadRequests, ReadLedger}

//go:embed schema.cedarschema
var schemaText []byte

// Set is a set of valid policies. It does not change.
type Set struct {
	// Digest is SHA-256 over names and contents of the files, in hexadecimal. It says which policies
	// were in force.
	Digest string
	// Files are the names of the files, sorted.
	Files []string

	rules []*rule
	// byAction leaves out the rules whose scope names other actions.
	byAction map[string][]*rule
	// groups are those that a policy names. Others cannot change a decision.
	groups map[string]types.EntityUID
}

// Len is the number of policies.
func (s *Set) Len() int { return len(s.rules) }

// rule is a policy with its place and what its annotations ask for.
type rule struct {
	*cedar.Policy
	id     string // file:line
	needs  needs
	groups []string // that the policy names
}

// Load reads every *.cedar file of a folder, but no subfolders and no hidden files. It fails unless
// there is at least one policy and all are valid. The error has a line "file:line: what" for
// everything that is wrong.
func Load(dir string) (*Set, error) {
	names, err := files(dir)
	if err != nil {
		return nil, err
	}
	v, err := newValidator()
	if err != nil {
		return nil, err
	}
	s := &Set{Files: names, byAction: map[string][]*rule{}, groups: map[string]types.EntityUID{}}
	digest := sha256.New()
	var errs []error
	for _, name := range names {
		content, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			return nil, fmt.Errorf("reading policies: %w", err)
		}
		fmt.Fprintf(digest, "%d %s %d ", len(name), name, len(content))
		digest.Write(content)
		rules, err := v.read(name, string(content))
		errs = append(errs, err)
		s.rules = append(s.rules, rules...)
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	if len(s.rules) == 0 {
		return nil, fmt.Errorf("reading policies: %s has no policy in a file that ends in .cedar", dir)
	}
	s.Digest = hex.EncodeToString(digest.Sum(nil))
	s.index()
	return s, nil
}

// files lists the files of a folder that hold policies.
func files(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("reading policies: %w", err)
	}
	var names []string
	for _, entry := range entries {
		if name := entry.Name(); strings.HasSuffix(name, ".cedar") && !strings.HasPrefix(name, ".") {
			names = append(names, name)
		}
	}
	return names, nil
}

func (s *Set) index() {
	for _, r := range s.rules {
		for _, action := range scopeActions(r.Policy) {
			s.byAction[action] = append(s.byAction[action], r)
		}
		for _, name := range r.groups {
			s.groups[name] = cedar.NewEntityUID("Group", types.String(name))
		}
	}
}

// scopeActions lists the actions that the scope of a policy names.
func scopeActions(p *cedar.Policy) []string {
	switch scope := p.AST().Action.(type) {
	case ast.ScopeTypeEq:
		return []string{string(scope.Entity.ID)}
	case ast.ScopeTypeIn:
		return []string{string(scope.Entity.ID)}
	case ast.ScopeTypeInSet:
		var actions []string
		for _, action := range scope.Entities {
			if !slices.Contains(actions, string(action.ID)) {
				actions = append(actions, string(action.ID))
			}
		}
		return actions
	}
	return Actions
}

// validator checks policies against the schema.
type validator struct{ schema *validate.Validator }

func newValidator() (*validator, error) {
	var s schema.Schema
	s.SetFilename("schema.cedarschema")
	if err := s.UnmarshalCedar(schemaText); err != nil {
		return nil, fmt.Errorf("reading the schema: %w", err)
	}
	resolved, err := s.Resolve()
	if err != nil {
		return nil, fmt.Errorf("reading the schema: %w", err)
	}
	return &validator{validate.New(resolved, validate.WithStrict())}, nil
}

// read parses and checks one file.
func (v *validator) read(name, content string) ([]*rule, error) {
	if !utf8.ValidString(content) {
		return nil, fmt.Errorf("%s:1: not text in UTF-8", name)
	}
	policies, err := cedar.NewPolicyListFromBytes(name, []byte(content))
	if err != nil {
		line, what := syntaxError(content, err)
		return nil, fmt.Errorf("%s:%d: %s", name, line, what)
	}
	var rules []*rule
	var errs []error
	for i, p := range policies {
		end := len(content)
		if i+1 < len(policies) {
			end = policies[i+1].Position().Offset
		}
		at := p.Position()
		part := source{first: at.Line, text: content[at.Offset:end]}
		r := &rule{Policy: p, id: fmt.Sprintf("%s:%d", name, at.Line), groups: mentionedGroups(p)}
		problems := v.check(p)
		if r.needs, err = parseNeeds(p); err != nil {
			problems = append(problems, err)
		}
		if i > 0 && policies[i-1].Position().Line == at.Line {
			problems = append(problems, errors.New("a second policy on this line; each is named by its line"))
		}
		for _, problem := range problems {
			errs = append(errs, fmt.Errorf("%s:%d: %v", name, part.line(problem), problem))
		}
		rules = append(rules, r)
	}
	return rules, errors.Join(errs...)
}

// check validates a policy for each action of its scope by itself. Cedar alone is content when one
// of them fits, and a policy for a Key would then silently say nothing about the ledger.
func (v *validator) check(p *cedar.Policy) []error {
	whole := (*ast.Policy)(p.AST())
	set, isSet := whole.Action.(ast.ScopeTypeInSet)
	if !isSet || len(set.Entities) == 0 {
		return causes(v.schema.Policy("", whole))
	}
	var problems []error
	for _, action := range set.Entities {
		one := *whole
		one.Action = ast.ScopeTypeEq{Entity: action}
		for _, problem := range causes(v.schema.Policy("", &one)) {
			if !slices.ContainsFunc(problems, func(known error) bool { return known.Error() == problem.Error() }) {
				problems = append(problems, problem)
			}
		}
	}
	return problems
}

// noAction is the validator's error for a scope that no action applies to.
const noAction = "unable to find an applicable action given the policy scope constraints"

// causes splits what the validator joined. That no action applies is left out where it follows from
// a name that does not exist.
func causes(err error) []error {
	if err == nil {
		return nil
	}
	problems := []error{err}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		problems = joined.Unwrap()
	}
	if len(problems) > 1 {
		problems = slices.DeleteFunc(problems, func(p error) bool { return p.Error() == noAction })
	}
	return problems
}
