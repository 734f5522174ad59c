package policy_test

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"keyferry/server/policy"
)

const good = "permit (principal, action == Action::\"import\", resource);\n"

// TestWrong wants the line of every mistake.
func TestWrong(t *testing.T) {
	scope := "permit (\n  principal,\n  action == Action::\"import\",\n  resource is Key\n)\n"
	for name, test := range map[string]struct{ content, line, word string }{
		"effect":              {"// x\n\npermitt (principal, action, resource);", "3", "permitt"},
		"effect, alone":       {"permitt\n\n\n(\nprincipal, action, resource);", "1", "permitt"},
		"principal":           {"permit (\n  princpal,\n  action, resource);", "2", "princpal"},
		"resource":            {"permit (\n  principal,\n  action,\n  resorce\n)\n;", "4", "resorce"},
		"operator":            {scope + "when {\n  resource.label lke \"x\"\n};", "7", "lke"},
		"variable":            {scope + "when {\n  resorce.label == \"x\"\n};", "7", ""},
		"semicolon":           {good + "permit (principal, action, resource)\n\n\n", "2", ""},
		"semicolon between":   {"permit (principal, action, resource)\n" + good, "2", "permit"},
		"string":              {scope + "when { resource.label == \"x };\n", "6", "terminated"},
		"character":           {good + good + "permit (principal, action, resource) # no\n;", "3", "#"},
		"entity type":         {"permit (\n  principal in Grup::\"x\",\n  action, resource);", "2", "Grup"},
		"entity type in when": {scope + "when {\n  true &&\n  principal in Grup::\"x\"\n};", "8", "Grup"},
		"is":                  {"permit (principal,\n action,\n resource is Cmk);", "3", "Cmk"},
		"action":              {"permit (principal,\n action ==\n Action::\"imprt\", resource);", "3", "imprt"},
		"action in list":      {"permit (principal,\n action in [Action::\"import\",\n Action::\"aprove\"], resource);", "3", "aprove"},
		"attribute":           {scope + "when {\n  resource.region == \"x\" &&\n  resource.lable like \"payments/*\"\n};", "8", "lable"},
		"attribute, escaped":  {scope + "when { resource[\"l\\u{61}ble\"] == \"x\" };", "4", "lable"},
		"attribute of person": {"permit (principal is Person, action == Action::\"import\", resource)\nwhen { principal.email == \"a@example.com\" };", "2", "email"},
		"attribute of guest":  {"permit (principal is Guest, action == Action::\"import\", resource)\nwhen { principal in Group::\"x\" || principal.name == \"x\" };", "2", "name"},
		"context":             {scope + "when {\n context.isRequestor };", "7", "isRequestor"},
		"has":                 {scope + "when { resource has label && resource.label == 5 };", "1", "type"},
		"not a condition":     {scope + "when { resource.label };", "1", "Bool"},
		"ledger is no key":    {good + "permit (principal, action in [Action::\"readRequests\", Action::\"readLedger\"], resource is Key);", "2", "action"},
		"ledger has no label": {"permit (principal, action,\n resource) when { resource.label == \"x\" };", "2", "label"},
		"group imports":       {"permit (principal is Group, action, resource);", "1", "action"},
		"template":            {"permit (principal == ?principal, action, resource);", "1", ""},
		"annotation":          {"@approvals(\"1\")\n@aprovers(\"Group::\\\"x\\\"\")\n" + good, "2", "@aprovers"},
		"annotation in case":  {"@Approvals(\"1\")\n" + good, "1", "@Approvals"},
		"annotation twice":    {"@approvals(\"1\")\n@approvals(\"0\")\n" + good, "2", "approvals"},
		"word":                {"\n@approvals(\"one\")\n" + good, "2", "@approvals"},
		"negative":            {"@approvals(\"-1\")\n" + good, "1", "@approvals"},
		"fraction":            {"@approvals(\"1.0\")\n" + good, "1", "@approvals"},
		"plus":                {"@approvals(\"+1\")\n" + good, "1", "@approvals"},
		"zero in front":       {"@approvals(\"01\")\n" + good, "1", "@approvals"},
		"blank":               {"@approvals(\" 1\")\n" + good, "1", "@approvals"},
		"no number":           {"@approvals\n" + good, "1", "@approvals"},
		"large":               {"@approvals(\"21\")\n" + good, "1", "@approvals"},
		"overflow":            {"@approvals(\"99999999999999999999\")\n" + good, "1", "@approvals"},
		"other digits":        {"@approvals(\"１\")\n" + good, "1", "@approvals"},
		"approvals, forbid":   {"@approvals(\"1\")\nforbid (principal, action, resource);", "1", "forbids"},
		"approvals, approve":  {"@approvals(\"1\")\npermit (principal, action == Action::\"approve\", resource);", "1", "neither"},
		"approvers alone":     {"@approvers(\"Group::\\\"x\\\"\")\n" + good, "1", "needs @approvals"},
		"approvers of zero":   {"@approvals(\"0\")\n@approvers(\"Group::\\\"x\\\"\")\n" + good, "2", "needs @approvals"},
		"approvers bare":      {"@approvals(\"1\")\n@approvers(\"crypto-officers\")\n" + good, "2", "list of groups"},
		"approvers empty":     {"@approvals(\"1\")\n@approvers(\"\")\n" + good, "2", "list of groups"},
		"approvers a person":  {"@approvals(\"1\")\n@approvers(\"Person::\\\"x\\\"\")\n" + good, "2", "list of groups"},
		"approvers no name":   {"@approvals(\"1\")\n@approvers(\"Group::\\\"\\\"\")\n" + good, "2", "list of groups"},
		"approvers twice":     {"@approvals(\"1\")\n@approvers(\"Group::\\\"x\\\", Group::\\\"x\\\"\")\n" + good, "2", "twice"},
		"approvers and more":  {"@approvals(\"1\")\n@approvers(\"Group::\\\"x\\\"], resource) when {true}; //\")\n" + good, "2", "list of groups"},
		"approvers closed":    {"@approvals(\"1\")\n@approvers(\"Group::\\\"x\\\"], resource) when { [1\")\n" + good, "2", "list of groups"},
		"each of one":         {"@approvals(\"1\")\n@approvers(\"Group::\\\"x\\\"\")\n@eachgroup\n" + good, "3", "two groups"},
		"each without":        {"@eachgroup\n" + good, "1", "two groups"},
		"each of too many":    {"@approvals(\"1\")\n@approvers(\"Group::\\\"x\\\", Group::\\\"y\\\"\")\n@eachgroup\n" + good, "3", "asks for 1"},
		"each with value":     {"@approvals(\"2\")\n@approvers(\"Group::\\\"x\\\", Group::\\\"y\\\"\")\n@eachgroup(\"no\")\n" + good, "3", "no value"},
		"two on a line":       {strings.TrimSpace(good) + " " + good, "1", "second policy"},
		"not text":            {"\xff\xfe" + good, "1", "UTF-8"},
		"json":                {`{"effect": "permit"}`, "1", ""},
	} {
		t.Run(name, func(t *testing.T) {
			dir := write(t, "good.cedar", good, "bad.cedar", test.content)
			_, err := policy.Load(dir)
			if err == nil {
				t.Fatal("loaded")
			}
			if !strings.Contains(err.Error(), "bad.cedar:"+test.line+": ") || !strings.Contains(err.Error(), test.word) {
				t.Errorf("got %q, want line %s and %q", err, test.line, test.word)
			}
			if strings.Contains(err.Error(), "good.cedar") {
				t.Errorf("names a file that is good: %v", err)
			}
		})
	}
}

// TestAllMistakes wants every mistake of every file at once.
func TestAllMistakes(t *testing.T) {
	_, err := policy.Load(write(t, "a.cedar", "permit (principal, action, resource is Kye);\n@x\n"+good, "b.cedar", "permti"))
	for _, want := range []string{"a.cedar:1: ", "a.cedar:2: ", "b.cedar:1: "} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("no %q in %v", want, err)
		}
	}
}

// TestMistakeOnce wants a mistake said once where it is one for each action of the policy, and
// those that differ by action all.
func TestMistakeOnce(t *testing.T) {
	for scope, want := range map[string]int{
		`principal in Grup::"x", action in [Action::"import", Action::"readLedger"], resource`: 1,
		`principal, action in [Action::"import", Action::"readLedger"], resource`:              2,
	} {
		_, err := policy.Load(write(t, "a.cedar", "permit ("+scope+") when { resource.lable == \"x\" };"))
		if err == nil {
			t.Fatal("loaded")
		}
		if got := strings.Count(err.Error(), "a.cedar:"); got != want {
			t.Errorf("%s: %d mistakes, want %d: %v", scope, got, want, err)
		}
	}
}

// TestMostApprovals takes the largest number that @approvals may have.
func TestMostApprovals(t *testing.T) {
	d := load(t, "a.cedar", `@approvals("20")`+"\n"+good).Decide(importing(member("p"), ""))
	if !d.Allowed || d.Approvals != 20 {
		t.Errorf("got %+v", d)
	}
}

// TestFolder reads what ends in .cedar, through links too, and nothing else.
func TestFolder(t *testing.T) {
	for name, files := range map[string][]string{
		"empty":       {},
		"other names": {"a.txt", good, ".a.cedar", good, "a.cedar.bak", good, "a.cedar~", good},
		"no policy":   {"a.cedar", "// nothing yet\n"},
	} {
		if _, err := policy.Load(write(t, files...)); err == nil {
			t.Errorf("%s: loaded", name)
		}
	}
	if _, err := policy.Load(filepath.Join(t.TempDir(), "missing")); err == nil {
		t.Error("a folder that is missing: loaded")
	}
	dir := write(t, "a.cedar", good)
	if err := os.Symlink(filepath.Join(write(t, "x", good+good), "x"), filepath.Join(dir, "b.cedar")); err != nil {
		t.Fatal(err)
	}
	if set, err := policy.Load(dir); err != nil || set.Len() != 3 {
		t.Errorf("through a link: %v, %v", set, err)
	}
	if err := os.Symlink("/nowhere", filepath.Join(dir, "c.cedar")); err != nil {
		t.Fatal(err)
	}
	if _, err := policy.Load(dir); err == nil {
		t.Error("a file that cannot be read: loaded")
	}
}

// TestDigest tells sets apart by what they say and where.
func TestDigest(t *testing.T) {
	seen := map[string]bool{}
	for _, files := range [][]string{
		{"a.cedar", good}, {"b.cedar", good}, {"a.cedar", good + "\n"}, {"a.cedar", good, "b.cedar", good}, {"a.cedar", good + good},
	} {
		seen[load(t, files...).Digest] = true
	}
	if len(seen) != 5 || !seen[load(t, "a.cedar", good).Digest] {
		t.Errorf("%d digests of five sets, and of one of them again", len(seen))
	}
}

// lines hands on what is logged, one line at a time.
type lines chan string

func (l lines) Write(line []byte) (int, error) {
	l <- string(bytes.Clone(line))
	return len(line), nil
}

// TestHangup reloads on a real SIGHUP. A bad file changes nothing, and the log names it.
func TestHangup(t *testing.T) {
	dir := write(t, "a.cedar", good)
	live, err := policy.Watch(dir)
	if err != nil {
		t.Fatal(err)
	}
	log, loaded, kept := make(lines, 10), make(chan *policy.Set, 10), make(chan error, 10)
	live.OnHangup(t.Context(), slog.New(slog.NewTextHandler(log, nil)), func(s *policy.Set, err error) {
		if err != nil {
			kept <- err
		} else {
			loaded <- s
		}
	})
	change := func(content string) string {
		if err := os.WriteFile(filepath.Join(dir, "a.cedar"), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := syscall.Kill(os.Getpid(), syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
		select {
		case line := <-log:
			return line
		case <-time.After(time.Minute):
			t.Fatal("nothing logged")
			return ""
		}
	}
	q := importing(member("p"), "")
	if line := change("\n\npermit (principal, action, resorce);"); !strings.Contains(line, "a.cedar:3") || !strings.Contains(line, "level=ERROR") {
		t.Errorf("the log does not name file and line: %s", line)
	}
	if !live.Decide(q).Allowed {
		t.Error("a bad file replaced the policies in force")
	}
	if err := <-kept; !strings.Contains(err.Error(), "a.cedar:3") {
		t.Errorf("whoever keeps the record is told %v", err)
	}
	if line := change(strings.Replace(good, "permit", "forbid", 1)); !strings.Contains(line, "level=INFO") {
		t.Errorf("a good file is not reloaded: %s", line)
	}
	if set := <-loaded; set != live.Set() {
		t.Error("another set was announced than is in force")
	}
	if live.Decide(q).Allowed {
		t.Error("the policies in force did not change")
	}
	if _, err := policy.Watch(write(t, "a.cedar", "permitt")); err == nil {
		t.Error("a bad file at the start: loaded")
	}
}
