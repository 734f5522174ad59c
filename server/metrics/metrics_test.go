package metrics

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// filled returns metrics that have every series.
func filled(t *testing.T) *Metrics {
	t.Helper()
	m := New("0")
	m.Answered("GET", "/en/", 200, time.Millisecond)
	m.Called("ImportKeyMaterial", "ok", time.Millisecond)
	m.Waited("ImportKeyMaterial", time.Millisecond)
	m.SignedIn("oidc", "")
	m.Collect(Source{
		Requests: func(context.Context) (map[string]int, error) { return map[string]int{"open": 2}, nil },
		Expiries: func(context.Context) ([]Expiry, error) {
			return []Expiry{{"cn-hangzhou", "key-x", time.Unix(7, 0)}}, nil
		},
		LedgerSize: func(context.Context) (int64, error) { return 9, nil },
		Outbox:     func(context.Context) (int, time.Time, error) { return 1, time.Now().Add(-time.Minute), nil },
		Paces:      func() []Pace { return []Pace{{"cn-hangzhou", "ImportKeyMaterial", 3, 5, 10}} },
		Log:        slog.New(slog.DiscardHandler),
	})
	return m
}

func text(t *testing.T, m *Metrics) string {
	t.Helper()
	answer := httptest.NewRecorder()
	m.Handler().ServeHTTP(answer, httptest.NewRequest("GET", "/metrics", nil))
	if answer.Code != 200 {
		t.Fatalf("HTTP %d: %s", answer.Code, answer.Body)
	}
	return answer.Body.String()
}

func TestWhatIsCollected(t *testing.T) {
	got := text(t, filled(t))
	for _, line := range []string{
		`keyferry_requests{state="open"} 2`, `keyferry_key_material_expires_timestamp_seconds{key_id="key-x",region="cn-hangzhou"} 7`,
		"keyferry_ledger_entries 9", "keyferry_outbox_messages 1", "keyferry_outbox_age_seconds 6", "keyferry_database_readable 1",
		`keyferry_kms_queue_calls{action="ImportKeyMaterial",region="cn-hangzhou"} 3`, `keyferry_kms_rate{action="ImportKeyMaterial",region="cn-hangzhou"} 5`,
	} {
		if !strings.Contains(got, "\n"+line) {
			t.Errorf("there is no %s in\n%s", line, got)
		}
	}
}

// A database that does not answer leaves the other numbers, and is a number itself.
func TestUnreadableDatabase(t *testing.T) {
	m := New("0")
	failing := errors.New("password=secret")
	m.Collect(Source{
		Requests: func(context.Context) (map[string]int, error) { return nil, failing },
		Paces:    func() []Pace { return []Pace{{"cn-hangzhou", "ImportKeyMaterial", 3, 5, 10}} },
		Log:      slog.New(slog.DiscardHandler),
	})
	got := text(t, m)
	if !strings.Contains(got, "keyferry_database_readable 0") || !strings.Contains(got, "keyferry_kms_rate{") || strings.Contains(got, "secret") {
		t.Error(got)
	}
}

// What is not a code of the KMS gets no series, and not every code gets one of its own.
func TestCodesAreBounded(t *testing.T) {
	m := New("0")
	for _, odd := range []string{"", "a b", `x"}`, "密钥", strings.Repeat("A", 49), "qL7+x/9k", "AKLTAI5tKey", "a.b.c.d.e", "1"} {
		m.Called("ImportKeyMaterial", odd, 0)
	}
	if got := text(t, m); !strings.Contains(got, `keyferry_kms_calls_total{action="ImportKeyMaterial",code="other"} 9`) {
		t.Error(got)
	}
	for i := range 1000 {
		m.Called("ImportKeyMaterial", "Code."+string(rune('A'+i%26))+string(rune('A'+i/26%26))+"x", 0)
	}
	if n := strings.Count(text(t, m), "\nkeyferry_kms_calls_total{"); n != maxCodes+1 {
		t.Errorf("there are %d series", n)
	}
}

// The rules and the dashboard name only metrics that there are, and every metric is in one of them.
func TestRulesAndDashboardNameMetrics(t *testing.T) {
	families, err := filled(t).registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	exist := map[string]bool{} // and whether something uses it
	for _, f := range families {
		exist[f.GetName()] = false
	}
	rules, err := os.ReadFile("alerts.yml")
	if err != nil {
		t.Fatal(err)
	}
	named := regexp.MustCompile(`\b(?:keyferry|process|go)_[a-z_]+\b`)
	used := named.FindAllString(string(rules), -1)
	for _, expr := range expressions(t) {
		found := named.FindAllString(expr, -1)
		if len(found) == 0 {
			t.Errorf("a panel shows none of the metrics: %s", expr)
		}
		used = append(used, found...)
	}
	for _, name := range used {
		family := regexp.MustCompile(`_(bucket|sum|count)$`).ReplaceAllString(name, "")
		if _, ok := exist[family]; !ok {
			t.Errorf("there is no metric %s", name)
		}
		exist[family] = true
	}
	for name, is := range exist {
		if strings.HasPrefix(name, "keyferry_") && !is {
			t.Errorf("%s is in no rule and on no panel", name)
		}
	}
}

// expressions are those of the dashboard's panels.
func expressions(t *testing.T) (all []string) {
	t.Helper()
	content, err := os.ReadFile("dashboard.json")
	if err != nil {
		t.Fatal(err)
	}
	var board struct {
		Title, UID string
		Panels     []struct {
			ID      int
			Title   string
			Targets []struct{ Expr string }
		}
	}
	if err := json.Unmarshal(content, &board); err != nil {
		t.Fatal(err)
	}
	var ids []int
	for _, p := range board.Panels {
		if slices.Contains(ids, p.ID) || p.Title == "" || len(p.Targets) == 0 {
			t.Errorf("panel %d (%s) has an id twice, no title or no expression", p.ID, p.Title)
		}
		ids = append(ids, p.ID)
		for _, target := range p.Targets {
			all = append(all, target.Expr)
		}
	}
	if board.UID != "keyferry" || len(all) < 10 {
		t.Errorf("the dashboard %q has %d expressions", board.UID, len(all))
	}
	return all
}

// Prometheus itself takes the rules, the expressions of the dashboard and the metrics, and the rules
// fire when they should.
func TestPrometheusTakesThem(t *testing.T) {
	if _, err := exec.LookPath("promtool"); err != nil {
		if testing.Short() {
			t.Skip("promtool is missing: make tools installs it")
		}
		t.Fatal("promtool is missing: make tools installs it")
	}
	promtool := func(input string, arguments ...string) {
		t.Helper()
		command := exec.CommandContext(t.Context(), "promtool", arguments...)
		command.Stdin = strings.NewReader(input)
		if output, err := command.CombinedOutput(); err != nil {
			t.Errorf("promtool %v: %v\n%s", arguments, err, output)
		}
	}
	promtool("", "check", "rules", "alerts.yml")
	promtool("", "test", "rules", "alerts_test.yml")
	var ours strings.Builder // the lines of the Go collector are its own
	for line := range strings.Lines(text(t, filled(t))) {
		if strings.Contains(line, "keyferry_") {
			ours.WriteString(line)
		}
	}
	promtool(ours.String(), "check", "metrics")
	var rules strings.Builder
	rules.WriteString("groups:\n  - name: panels\n    rules:\n")
	for i, expr := range expressions(t) {
		fmt.Fprintf(&rules, "      - {record: 'panel:%c%c', expr: %q}\n", 'a'+i/26, 'a'+i%26, strings.ReplaceAll(expr, "$__rate_interval", "5m"))
	}
	file := t.TempDir() + "/panels.yml"
	if err := os.WriteFile(file, []byte(rules.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	promtool("", "check", "rules", file)
}
