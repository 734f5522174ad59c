package requests_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"keyferry/server/kms"
	"keyferry/server/ledger"
	"keyferry/server/localkms"
	"keyferry/server/person"
	"keyferry/server/policy"
	"keyferry/server/requests"
	"keyferry/server/store"
	"keyferry/server/store/storetest"
)

// A child process is this test binary again, told by variables what to do and where to die.
const (
	childTask  = "KEYFERRY_TEST_TASK"
	childDies  = "KEYFERRY_TEST_DIES" // name of a point
	childURL   = "KEYFERRY_TEST_URL"
	childFiles = "KEYFERRY_TEST_FILES"
	childKMS   = "KEYFERRY_TEST_KMS"
)

// child returns a command that does a task on the world's database.
func (w *world) child(task string, environment ...string) *exec.Cmd {
	command := exec.CommandContext(w.t.Context(), os.Args[0], "-test.run=^TestChild$", "-test.count=1")
	command.Env = append(os.Environ(), childTask+"="+task, childURL+"="+w.url, childFiles+"="+w.folder, childKMS+"="+w.server.endpoint)
	command.Env = append(command.Env, environment...)
	return command
}

// TestChild does a task in a child process, and nothing in this one.
func TestChild(t *testing.T) {
	task := os.Getenv(childTask)
	if task == "" {
		return
	}
	w := openWorld(t)
	w.fault = func(point string) {
		if point == os.Getenv(childDies) {
			die()
		}
	}
	if task == "approve all" {
		w.approveAll(os.Getenv(childDies) == "anywhere")
		return
	}
	if task == "drill" {
		w.walkDrill(t.Context())
		return
	}
	w.walk(task)
}

// die ends the process as kill -9 does.
func die() {
	syscall.Kill(os.Getpid(), syscall.SIGKILL)
	select {}
}

// openWorld opens what the parent made.
func openWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, db: storetest.Open(t, os.Getenv(childURL)), clock: &clock{}, folder: os.Getenv(childFiles)}
	var err error
	if w.key, err = ledger.LoadKey(w.folder+"/ledger.key", false); err != nil {
		t.Fatal(err)
	}
	if w.log, err = ledger.Open(t.Context(), w.db, w.key); err != nil {
		t.Fatal(err)
	}
	if w.policy, err = policy.Watch(w.folder); err != nil {
		t.Fatal(err)
	}
	w.calls = &counted{Client: clientOf(t, os.Getenv(childKMS))}
	w.service = w.open(func(c *requests.Config) { c.Lease = crashLease })
	return w
}

const crashLease = 2 * time.Second

// walk goes a way, from wherever a process that was killed has left it.
func (w *world) walk(way string) {
	w.t.Helper()
	switch way {
	case "own":
		w.walkOwn()
		return
	case "link":
		w.walkLink()
		return
	}
	v, known := w.only(rita)
	if !known {
		v = w.create(w.terms(keyOne, labelOf(way)))
	}
	if known && len(v.Events) == 0 {
		v = w.get(rita, v.ID) // lists have no events
	}
	if n := len(v.Events); n > 0 && (v.Events[n-1].What == "again" || v.Events[n-1].What == "taken_back") {
		return
	}
	if v.State == requests.Open || v.State == requests.Issued {
		w.must(w.service.Submit(w.as(ira), v.ID, w.wrapped(ira, v.ID, material)))
	}
	v = w.get(olga, v.ID)
	switch {
	case v.State.Ended():
	case way != "again" && way != "takeback" && way != "approve":
	case slices.Contains(v.May, "approve"):
		v = w.must(w.service.Approve(w.as(olga), v.ID, v.Digest))
	}
	switch {
	case v.State.Ended():
	case way == "takeback" && slices.Contains(v.May, "takeback"):
		w.must(w.service.TakeBack(w.as(olga), v.ID))
	case way == "again" && v.State == requests.Failed:
		w.must(w.service.Again(w.as(ira), v.ID))
	case way == "refuse":
		w.must(w.service.Refuse(w.as(olga), v.ID, "no"))
	case way == "cancel":
		w.must(w.service.Cancel(w.as(rita), v.ID, ""))
	case way == "lapse":
		w.clock.advance(25 * time.Hour)
		if err := w.service.Recover(w.t.Context()); err != nil {
			w.t.Fatal(err)
		}
	}
}

// labelOf returns a label for which the policy asks for one approval, or for two.
func labelOf(way string) string {
	if way == "takeback" {
		return "two/cards"
	}
	return "payments/cards"
}

// must fails the test for an error.
func (w *world) must(v requests.View, err error) requests.View {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
	return v
}

// only returns the one request that there can be. A page that never got its answer may have left
// another, which waits for the importer until it lapses.
func (w *world) only(by person.Person) (requests.View, bool) {
	w.t.Helper()
	page, err := w.service.List(w.as(by), requests.Filter{})
	if err != nil || len(page.Items) > 1 && !page.Items[1].Own {
		w.t.Fatalf("%d requests, error %v", len(page.Items), err)
	}
	if len(page.Items) == 0 {
		return requests.View{}, false
	}
	return page.Items[0], true
}

// walkOwn imports without a request: the page still has the bytes, in a file here.
func (w *world) walkOwn() {
	name := w.folder + "/page.json"
	in := &kms.Import{}
	if text, err := os.ReadFile(name); err == nil {
		if err := json.Unmarshal(text, in); err != nil {
			w.t.Fatal(err)
		}
	} else {
		in = w.ownImport(ira, keyOne, material)
		text, _ := json.Marshal(in)
		if err := os.WriteFile(name, text, 0o600); err != nil {
			w.t.Fatal(err)
		}
	}
	if _, err := w.service.Own().ImportKeyMaterial(w.as(ira), in, requests.Shown{}); err != nil && !errors.Is(err, kms.ErrOutcomeUnknown) {
		w.t.Fatal(err)
	}
}

// eachKind runs a test of a process that is killed at a point on both databases. The short form
// leaves out what is as before a transaction, where the one before it has ended, and has PostgreSQL
// for processes alone that are killed in the middle of one.
func eachKind(t *testing.T, name, point string, test func(t *testing.T, url string)) {
	for _, kind := range []string{store.SQLite, store.Postgres} {
		inside := strings.HasSuffix(point, ".within")
		between := strings.HasSuffix(point, ".before") && !strings.HasSuffix(point, ".call.before")
		if !*full && (between || kind == store.Postgres && !inside) {
			continue
		}
		t.Run(name+"/"+kind, func(t *testing.T) { test(t, storetest.URL(t, kind)) })
	}
}

// Killed at every point of the way, on both databases: whoever goes on finds state and ledger in
// agreement, and in the end there is exactly one outcome on record, and it is the KMS's.
func TestKilledAtEveryPoint(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a process for each point")
	}
	ways := map[string]struct {
		points []string // prefixes
		state  requests.State
	}{
		"approve":  {[]string{"create.", "parameters.", "submit.", "approve.", "intent.", "import.", "outcome."}, requests.Imported},
		"bound":    {[]string{"intent.", "import.", "outcome."}, requests.Failed}, // to other material
		"own":      {[]string{"own.", "submit.", "import.", "outcome."}, requests.Imported},
		"link":     {[]string{"create.", "parameters-link.", "submit.", "approve.", "import-link.", "report.", "intent.", "import.", "outcome."}, requests.Imported},
		"refuse":   {[]string{"refuse."}, requests.Refused},
		"cancel":   {[]string{"cancel."}, requests.Cancelled},
		"lapse":    {[]string{"lapse."}, requests.Lapsed},
		"takeback": {[]string{"takeback."}, requests.Submitted},
		"again":    {[]string{"again."}, requests.Open},
	}
	for way, test := range ways {
		for _, point := range requests.Points() {
			if !slices.ContainsFunc(test.points, func(prefix string) bool { return strings.HasPrefix(point, prefix) }) {
				continue
			}
			eachKind(t, way+"/"+point, point, func(t *testing.T, url string) { killedAt(t, url, way, point, test.state) })
		}
	}
}

func killedAt(t *testing.T, url, way, point string, want requests.State) {
	t.Parallel()
	w := newWorld(t, url, localkms.Config{})
	in := material
	if way == "bound" || way == "again" {
		in = w.bind()
	}
	if way == "bound" {
		way = "approve"
	}
	output, err := w.child(way, childDies+"="+point).CombinedOutput()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
		t.Fatalf("the child was not killed: %v\n%s", err, output)
	}
	w.checkAgreement()
	w.clock.advance(crashLease) // as if the lease had ended
	if err := w.service.Recover(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.walk(way)
	v, known := w.only(ira)
	if !known || v.State != want {
		t.Fatalf("the request is %s, want %s; next is %+v, outcome %+v", v.State, want, v.Next, v.Outcome)
	}
	w.checkAgreement()
	switch want {
	case requests.Submitted: // the approval was taken back, and the ciphertext waits
	case requests.Open: // again, after the KMS refused
		if got := w.outcomes(v.ID); !slices.Equal(got, []string{"failed"}) {
			t.Errorf("the outcomes on record are %v", got)
		}
	default:
		w.checkOutcome(v, in)
		if n := w.count("SELECT count(*) FROM request_sealed"); n != 0 {
			t.Errorf("%d ciphertexts are kept", n)
		}
	}
}

// bind binds the CMK to other material than the test's, and returns it.
func (w *world) bind() []byte {
	w.t.Helper()
	other := bytes.Repeat([]byte{7, 0x81}, 16)
	p, err := w.calls.ImportParameters(w.t.Context(), keyOne, oaep)
	if err != nil {
		w.t.Fatal(err)
	}
	in := wrap(w.t, p, other)
	if _, err := w.calls.Client.ImportKeyMaterial(w.t.Context(), &kms.Import{
		KeyID: keyOne, EncryptedKeyMaterial: in.EncryptedKeyMaterial, ImportToken: in.ImportToken,
	}); err != nil {
		w.t.Fatal(err)
	}
	return other
}

// checkOutcome compares what is on record with what the KMS answered and has.
func (w *world) checkOutcome(v requests.View, material []byte) {
	w.t.Helper()
	got := w.outcomes(v.ID)
	if v.State != requests.Imported && v.State != requests.Failed {
		if len(got) != 0 || w.server.Material(v.KeyID) != nil {
			w.t.Errorf("it ended as %s, the outcomes on record are %v", v.State, got)
		}
		return
	}
	if !slices.Equal(got, []string{string(v.State)}) {
		w.t.Errorf("the outcomes on record are %v, want one: %s", got, v.State)
	}
	if !w.server.gave(v.KeyID, v.Outcome.RequestID, v.Outcome.Code) {
		w.t.Errorf("the KMS never answered %+v", v.Outcome)
	}
	if !bytes.Equal(w.server.Material(v.KeyID), material) {
		w.t.Error("the KMS has other material")
	}
}

// checkAgreement checks that ledger, timelines and states tell the same.
func (w *world) checkAgreement() {
	w.t.Helper()
	ctx := w.t.Context()
	if _, err := ledger.Verify(ctx, ledger.FromDatabase(w.db), ledger.Check{Key: w.key.Verifier()}); err != nil {
		w.t.Errorf("verifying the ledger: %v", err)
	}
	entries := w.count("SELECT count(*) FROM ledger_entries WHERE request <> ''")
	events := w.count("SELECT count(*) FROM request_events")
	joined := w.count("SELECT count(*) FROM ledger_entries l JOIN request_events e ON e.entry = l.place AND e.request = l.request")
	if entries != events || joined != entries {
		w.t.Errorf("the ledger has %d entries, the timelines %d, and %d of them belong together", entries, events, joined)
	}
	for state, last := range map[requests.State]string{
		requests.Issued: "issued", requests.Sending: "sending", requests.Imported: "imported",
		requests.Failed: "failed", requests.Refused: "refused", requests.Cancelled: "cancelled", requests.Lapsed: "lapsed",
	} {
		if n := w.count(`SELECT count(*) FROM requests r JOIN request_events e ON e.request = r.id
			WHERE e.number = (SELECT max(number) FROM request_events WHERE request = r.id)
			AND (r.state = '` + string(state) + `') <> (e.what = '` + last + `')`); n != 0 {
			w.t.Errorf("%d requests are %s without its event, or have the event without being so", n, state)
		}
	}
}
