package policy_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"keyferry/server/person"
	"keyferry/server/policy"
)

// write makes a folder with files, given as name and content in turn.
func write(t testing.TB, files ...string) string {
	t.Helper()
	dir := t.TempDir()
	for i := 0; i < len(files); i += 2 {
		if err := os.WriteFile(filepath.Join(dir, files[i]), []byte(files[i+1]), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func load(t testing.TB, files ...string) *policy.Set {
	t.Helper()
	set, err := policy.Load(write(t, files...))
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// member is a person of the directory.
func member(id string, groups ...string) person.Person {
	return person.Person{ID: id, Kind: person.Directory, Groups: groups}
}

func importing(who person.Person, label string) policy.Question {
	return policy.Question{Person: who, Action: policy.Import,
		Key: policy.Key{Region: "cn-hangzhou", ID: "key-hzz65f1cc0a2d3", Label: label}}
}

// TestExample asks the policies that people start from.
func TestExample(t *testing.T) {
	set, err := policy.Load("example")
	if err != nil {
		t.Fatal(err)
	}
	guest := person.Person{ID: "guest:x", Kind: person.Guest, Groups: []string{"payments", "auditors"}}
	ask := func(who person.Person, action string, change ...func(*policy.Question)) policy.Question {
		q := importing(who, "payments/ledger")
		q.Action, q.Requester, q.Importer = action, "robin", "ines"
		for _, c := range change {
			c(&q)
		}
		return q
	}
	elsewhere := func(q *policy.Question) { q.Key.Region = "ap-southeast-1" }
	backup := func(q *policy.Question) { q.Key.Label = "backup/2026" }
	for name, test := range map[string]struct {
		question  policy.Question
		allowed   bool
		approvals int
		approvers []string
		each      bool
	}{
		"platform requests":           {question: ask(member("robin", "platform"), policy.Request), allowed: true},
		"platform requests abroad":    {question: ask(member("robin", "platform"), policy.Request, elsewhere)},
		"payments requests":           {question: ask(member("ines", "payments"), policy.Request)},
		"payments imports":            {question: ask(member("ines", "payments"), policy.Import), allowed: true, approvals: 1, approvers: []string{"crypto-officers"}},
		"payments imports a backup":   {question: ask(member("ines", "payments"), policy.Import, backup)},
		"payments imports abroad":     {question: ask(member("ines", "payments"), policy.Import, elsewhere)},
		"guest imports":               {question: ask(guest, policy.Import), allowed: true, approvals: 2, approvers: []string{"crypto-officers", "security"}, each: true},
		"guest imports a backup":      {question: ask(guest, policy.Import, backup)},
		"guest with groups reads log": {question: ask(guest, policy.ReadLedger)},
		"officer approves":            {question: ask(member("olga", "crypto-officers"), policy.Approve), allowed: true},
		"nobody approves":             {question: ask(member("nobody"), policy.Approve)},
		"requester cancels":           {question: ask(member("robin", "platform"), policy.Cancel), allowed: true},
		"another cancels":             {question: ask(member("rita", "platform"), policy.Cancel)},
		"importer reads":              {question: ask(member("ines"), policy.ReadRequests), allowed: true},
		"stranger reads":              {question: ask(member("sam"), policy.ReadRequests)},
		"auditor reads the ledger":    {question: ask(member("anna", "auditors"), policy.ReadLedger), allowed: true},
		"platform reads the ledger":   {question: ask(member("robin", "platform"), policy.ReadLedger)},
		"unknown action":              {question: ask(member("anna", "auditors"), "destroy")},
		"no action":                   {question: ask(member("anna", "auditors"), "")},
		"nobody at all":               {question: policy.Question{Action: policy.ReadRequests}},
	} {
		t.Run(name, func(t *testing.T) {
			d := set.Decide(test.question)
			want := policy.Decision{Allowed: test.allowed, Policies: d.Policies, Approvals: test.approvals,
				Approvers: test.approvers, EachGroup: test.each}
			if diff := cmp.Diff(want, d); diff != "" {
				t.Error(diff)
			}
			if d.Allowed && len(d.Policies) == 0 {
				t.Error("allowed by no policy")
			}
		})
	}
}

// TestDecided wants the policies that decided by file and line, in order.
func TestDecided(t *testing.T) {
	filler := strings.Repeat("\n", 7)
	set := load(t,
		"b.cedar", "// first\npermit (principal, action == Action::\"import\", resource);"+filler+
			"permit (principal in Group::\"payments\", action, resource is Key);\n"+
			"permit (principal, action == Action::\"import\", resource) when { resource.label == \"other\" };\n"+
			"permit (principal, action == Action::\"import\", resource) when { resource.label == \"x\" };\n",
		"a.cedar", "forbid (principal, action, resource is Key) when { resource.label == \"sealed\" };")
	if got, want := set.Decide(importing(member("p", "payments"), "x")).Policies, []string{"b.cedar:2", "b.cedar:9", "b.cedar:11"}; !slices.Equal(got, want) {
		t.Errorf("permitted by %q, want %q", got, want)
	}
	d := set.Decide(importing(member("p", "payments"), "sealed"))
	if d.Allowed || !slices.Equal(d.Policies, []string{"a.cedar:1"}) {
		t.Errorf("forbid does not win: %+v", d)
	}
	nothing := set.Decide(policy.Question{Person: member("p"), Action: policy.Cancel})
	if nothing.Allowed || len(nothing.Policies) > 0 {
		t.Errorf("without a policy: %+v", nothing)
	}
}

// TestNames compares names of regions, keys, labels and groups character by character.
func TestNames(t *testing.T) {
	set := load(t, "p.cedar", `permit (principal in Group::"支付", action == Action::"import", resource == Key::"key-1")
		when { resource.id == "key-1" && resource.region == "cn-hangzhou" && resource.label like "支付/*/a\*b" };`)
	right := policy.Question{Person: member("p", "支付"), Action: policy.Import,
		Key: policy.Key{Region: "cn-hangzhou", ID: "key-1", Label: "支付/2026/a*b"}}
	if !set.Decide(right).Allowed {
		t.Error("the names that the policy has are denied")
	}
	for what, change := range map[string]func(*policy.Question){
		"case of region": func(q *policy.Question) { q.Key.Region = "CN-hangzhou" },
		"longer region":  func(q *policy.Question) { q.Key.Region = "cn-hangzhou-2" },
		"another key":    func(q *policy.Question) { q.Key.ID = "key-10" },
		"no star":        func(q *policy.Question) { q.Key.Label = "支付/2026/axb" },
		"longer label":   func(q *policy.Question) { q.Key.Label += "x" },
		"no label":       func(q *policy.Question) { q.Key.Label = "" },
		"case of group":  func(q *policy.Question) { q.Person.Groups = []string{" 支付"} },
		"group as id":    func(q *policy.Question) { q.Person = member("支付") },
		"guest":          func(q *policy.Question) { q.Person.Kind = person.Guest },
		"operator":       func(q *policy.Question) { q.Person.Kind = person.Operator },
	} {
		q := right
		if change(&q); set.Decide(q).Allowed {
			t.Errorf("%s: allowed", what)
		}
	}
}

// TestStrictest wants the most approvals of all policies that apply.
func TestStrictest(t *testing.T) {
	permit := func(notes string) string {
		return notes + "\npermit (principal, action == Action::\"import\", resource);\n"
	}
	a, b := `@approvers("Group::\"a\"")`, `@approvers("Group::\"b\"")`
	ab, bc := `@approvers("Group::\"b\", Group::\"a\"")`, `@approvers("Group::\"b\",Group::\"c\",")`
	for name, test := range map[string]struct {
		policies  []string
		approvals int
		approvers []string
		each      bool
	}{
		"none":                      {policies: []string{permit("")}},
		"zero":                      {policies: []string{permit(`@approvals("0")`)}},
		"none and two":              {policies: []string{permit(""), permit(`@approvals("2")`)}, approvals: 2},
		"two and none":              {policies: []string{permit(`@approvals("2")`), permit("")}, approvals: 2},
		"one of a, two":             {policies: []string{permit(`@approvals("1")` + a), permit(`@approvals("2")`)}, approvals: 2, approvers: []string{"a"}},
		"ab and bc":                 {policies: []string{permit(`@approvals("1")` + ab), permit(`@approvals("1")` + bc)}, approvals: 1, approvers: []string{"b"}},
		"a and b":                   {policies: []string{permit(`@approvals("1")` + a), permit(`@approvals("1")` + b)}, approvals: 2, approvers: []string{"a", "b"}, each: true},
		"each of ab, and one of bc": {policies: []string{permit(`@approvals("2")@eachgroup` + ab), permit(`@approvals("1")` + bc)}, approvals: 3, approvers: []string{"a", "b", "c"}, each: true},
		"each of ab, and three":     {policies: []string{permit(`@eachgroup@approvals("2")` + ab), permit(`@approvals("3")`)}, approvals: 3, approvers: []string{"a", "b"}, each: true},
		"does not apply":            {policies: []string{permit(""), `@approvals("5") permit (principal in Group::"other", action == Action::"import", resource);`}},
	} {
		t.Run(name, func(t *testing.T) {
			var texts = slices.Clone(test.policies)
			for range 2 { // the order does not matter
				d := load(t, "p.cedar", strings.Join(texts, "\n")).Decide(importing(member("p"), ""))
				want := policy.Decision{Allowed: true, Policies: d.Policies, Approvals: test.approvals,
					Approvers: test.approvers, EachGroup: test.each}
				if diff := cmp.Diff(want, d); diff != "" {
					t.Error(diff)
				}
				slices.Reverse(texts)
			}
		})
	}
}

// TestOverflow makes a policy that forbids fail while it is evaluated. What it would have said is
// not known, so the answer is no.
func TestOverflow(t *testing.T) {
	set := load(t, "p.cedar", `permit (principal, action == Action::"import", resource);
forbid (principal, action == Action::"import", resource)
when { if resource.label == "x" then 9223372036854775807 + 1 > 0 else false };`)
	if d := set.Decide(importing(member("p"), "x")); d.Allowed || !slices.Equal(d.Policies, []string{"p.cedar:2"}) {
		t.Errorf("got %+v", d)
	}
	if d := set.Decide(importing(member("p"), "y")); !d.Allowed {
		t.Errorf("got %+v", d)
	}
}

// TestOnePerson permits a person by name: in Cedar each entity is also in itself.
func TestOnePerson(t *testing.T) {
	set := load(t, "p.cedar", `permit (principal in Person::"p", action == Action::"import", resource);`)
	for _, test := range []struct {
		who  person.Person
		want bool
	}{{member("p"), true}, {member("q"), false}, {member("q", "p"), false}, {person.Person{ID: "p", Kind: person.Guest}, false}} {
		if got := set.Decide(importing(test.who, "")).Allowed; got != test.want {
			t.Errorf("%+v: %v", test.who, got)
		}
	}
}

// TestContext knows the requester and the importer by their ids, and nobody by an empty one.
func TestContext(t *testing.T) {
	set := load(t, "p.cedar", `permit (principal, action == Action::"cancel", resource) when { context.isRequester };
permit (principal, action == Action::"approve", resource) when { context.isImporter };`)
	for _, test := range []struct {
		id, action, requester, importer string
		want                            bool
	}{
		{"a", policy.Cancel, "a", "", true},
		{"a", policy.Cancel, "b", "a", false},
		{"a", policy.Approve, "b", "a", true},
		{"", policy.Cancel, "", "", false},
		{"", policy.Approve, "", "", false},
	} {
		q := policy.Question{Person: member(test.id), Action: test.action, Requester: test.requester, Importer: test.importer}
		if got := set.Decide(q).Allowed; got != test.want {
			t.Errorf("%+v: %v", test, got)
		}
	}
}
