package policy_test

import (
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"

	"keyferry/server/person"
	"keyferry/server/policy"
)

// large is a set of 500 policies for 250 teams, and 10,000 people with 20 groups each. The last
// person is in 10,000 groups.
func large(t testing.TB) (*policy.Set, []person.Person) {
	var text strings.Builder
	for i := range 250 {
		fmt.Fprintf(&text, "@approvals(\"1\") @approvers(\"Group::\\\"officers-%d\\\"\")\n"+
			"permit (principal in Group::\"team-%d\", action == Action::\"import\", resource is Key)\n"+
			"when { resource.region == \"cn-hangzhou\" && resource.label like \"team-%d/*\" };\n", i, i, i)
		fmt.Fprintf(&text, "forbid (principal, action == Action::\"import\", resource is Key)\n"+
			"when { resource.label like \"team-%d/*\" && !(principal is Person && principal in Group::\"team-%d\") };\n", i, i)
	}
	set := load(t, "large.cedar", text.String())
	if set.Len() != 500 {
		t.Fatalf("%d policies", set.Len())
	}
	people := make([]person.Person, 10_000)
	for i := range people {
		groups := make([]string, 20)
		for j := range groups {
			groups[j] = fmt.Sprintf("team-%d", (i+13*j)%1000)
		}
		people[i] = member(fmt.Sprintf("person-%d", i), groups...)
	}
	last := &people[len(people)-1]
	for i := range 10_000 {
		last.Groups = append(last.Groups, fmt.Sprintf("team-%d", i))
	}
	return set, people
}

// TestFast decides for each of 10,000 people under 500 policies, each in under a millisecond of the
// processor's time on average. That time counts, and not the clock's, because the machine may be
// busy with other things.
func TestFast(t *testing.T) {
	set, people := large(t)
	if testing.Short() {
		people = people[9000:]
	}
	began, allowed := processorTime(t), 0
	for i, who := range people {
		if set.Decide(importing(who, fmt.Sprintf("team-%d/x", i%250))).Allowed {
			allowed++
		}
	}
	each := (processorTime(t) - began) / time.Duration(len(people))
	if allowed == 0 || allowed == len(people) {
		t.Errorf("%d of %d allowed", allowed, len(people))
	}
	if each > time.Millisecond {
		t.Errorf("a decision takes %v", each)
	}
	t.Logf("a decision takes %v", each)
}

// processorTime is how long the processor worked for this program.
func processorTime(t *testing.T) time.Duration {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		t.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

func BenchmarkDecide(b *testing.B) {
	set, people := large(b)
	for name, who := range map[string]person.Person{"20 groups": people[7], "10000 groups": people[len(people)-1]} {
		q := importing(who, "team-7/x")
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if !set.Decide(q).Allowed {
					b.Fatal("denied")
				}
			}
		})
	}
}
