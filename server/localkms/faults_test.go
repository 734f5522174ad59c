package localkms_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"keyferry/server/localkms"
	"keyferry/server/localkms/localkmstest"
)

func inject(t testing.TB, kms *localkms.KMS, f localkms.Fault) {
	t.Helper()
	if err := kms.Inject(f); err != nil {
		t.Fatal(err)
	}
}

func TestFaultAnswers(t *testing.T) {
	for _, test := range []struct {
		fault  localkms.Fault
		status int
		code   string
	}{
		{localkms.Fault{Kind: localkms.FaultThrottle}, 429, "Rejected.Throttling"},
		{localkms.Fault{Kind: localkms.FaultError}, 500, "InternalFailure"},
		{localkms.Fault{Kind: localkms.FaultError, Status: 503}, 503, "ServiceUnavailableTemporary"},
		{localkms.Fault{Kind: localkms.FaultError, Status: 400, Code: "Throttling.User"}, 400, "Throttling.User"},
	} {
		kms, c := newClient(t, localkms.Config{})
		test.fault.Times = 2
		inject(t, kms, test.fault)
		for range 2 {
			if got := c.do(t, "CreateKey", nil); got.Status != test.status || got.code() != test.code {
				t.Errorf("%+v: %d %s", test.fault, got.Status, got.code())
			}
		}
		if got := c.must(t, "ListKeys", nil).Body["TotalCount"]; got != 4.0 {
			t.Errorf("%+v: a key was made", test.fault)
		}
		if left := kms.Faults(); len(left) != 0 {
			t.Errorf("faults left: %v", left)
		}
	}
}

func TestFaultHTML(t *testing.T) {
	kms, c := newClient(t, localkms.Config{})
	inject(t, kms, localkms.Fault{Kind: localkms.FaultHTML, Action: "ListKeys"})
	w := httptest.NewRecorder()
	kms.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "http://127.0.0.1/?"+c.signed(http.MethodPost, "ListKeys", nil).Encode(), nil))
	if w.Code != 502 || !strings.HasPrefix(w.Body.String(), "<html>") || w.Header().Get("Content-Type") != "text/html" {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	c.must(t, "DescribeRegions", nil)
	kms.ClearFaults()
	c.must(t, "ListKeys", nil)
}

// A connection that is cut has had its effect, or has not, as was asked.
func TestFaultCut(t *testing.T) {
	for kind, effect := range map[localkms.FaultKind]float64{localkms.FaultCutBefore: 0, localkms.FaultCutAfter: 1} {
		s := localkmstest.Start(t, localkms.Config{Seed: &localkms.Seed{}})
		c := &client{s.KMS, localkms.DefaultAccessKeyID, localkms.DefaultAccessKeySecret, time.Now}
		inject(t, s.KMS, localkms.Fault{Kind: kind, Times: 1})
		_, err := http.PostForm(s.URL, c.signed(http.MethodPost, "CreateKey", nil))
		var broken *url.Error
		if !errors.As(err, &broken) || !errors.Is(err, io.EOF) {
			t.Errorf("%s: error = %v", kind, err)
		}
		if got := c.must(t, "ListKeys", nil).Body["TotalCount"]; got != effect {
			t.Errorf("%s: %v keys were made, want %v", kind, got, effect)
		}
	}
}

func TestFaultDelay(t *testing.T) {
	kms, c := newClient(t, localkms.Config{})
	inject(t, kms, localkms.Fault{Kind: localkms.FaultDelay, Delay: localkms.Duration(30 * time.Millisecond), Times: 1})
	start := time.Now()
	c.must(t, "ListKeys", nil)
	if took := time.Since(start); took < 30*time.Millisecond {
		t.Errorf("it took %v", took)
	}
}

// Tokens and wrapping keys that are not what they should be.
func TestFaultParameters(t *testing.T) {
	for kind, code := range map[localkms.FaultKind]string{
		localkms.FaultExpiredToken: "ExpiredImportToken",
		localkms.FaultForeignToken: "InvalidImportToken",
		localkms.FaultSwappedKey:   "InvalidKeyMaterial",
	} {
		t.Run(string(kind), func(t *testing.T) {
			kms, c := newClient(t, localkms.Config{})
			id := c.external(t)
			inject(t, kms, localkms.Fault{Kind: kind, KeyID: id, Times: 1})
			c.want(t, code, "ImportKeyMaterial", c.importing(t, id, oaepSHA256, newMaterial(32)))
			if got := c.state(t, id); got != "PendingImport" {
				t.Errorf("the CMK is %s", got)
			}
			c.bring(t, id, newMaterial(32))
			if kind == localkms.FaultSwappedKey {
				return
			}
			in := c.importing(t, id, oaepSHA256, newMaterial(32))
			inject(t, kms, localkms.Fault{Kind: kind, Action: "ImportKeyMaterial", Times: 1})
			c.want(t, code, "ImportKeyMaterial", in)
		})
	}
}

func TestFaultRefused(t *testing.T) {
	kms := localkmstest.New(t, localkms.Config{WrappingKeys: localkmstest.WrappingKeys(t)[:1]})
	for _, f := range []localkms.Fault{
		{Kind: "gremlin"},
		{Kind: localkms.FaultDelay},
		{Kind: localkms.FaultError, Status: 200},
		{Kind: localkms.FaultError, Status: 404},
		{Kind: localkms.FaultThrottle, Action: "LaunchRocket"},
		{Kind: localkms.FaultThrottle, Times: -1},
		{Kind: localkms.FaultSwappedKey}, // there is no other key to swap it for
	} {
		if err := kms.Inject(f); err == nil {
			t.Errorf("%+v was taken", f)
		}
	}
}

func TestFaultJSON(t *testing.T) {
	var f localkms.Fault
	if err := json.Unmarshal([]byte(`{"kind":"delay","delay":"1m30s"}`), &f); err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(f)
	if err != nil || !bytes.Contains(text, []byte(`"delay":"1m30s"`)) {
		t.Errorf("%s, %v", text, err)
	}
}

// The published limits: ten CreateKey a second, 200 CMKs.
func TestQuotas(t *testing.T) {
	machine := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	seed := &localkms.Seed{Keys: make([]localkms.SeedKey, 185)}
	_, c := newClient(t, localkms.Config{Quotas: true, Seed: seed, Clock: localkms.NewClock(func() time.Time { return machine })})
	c.now = func() time.Time { return machine }
	for range 10 {
		c.must(t, "CreateKey", nil)
	}
	if got := c.want(t, "Rejected.Throttling", "CreateKey", nil); got.Status != 429 {
		t.Errorf("status = %d", got.Status)
	}
	c.must(t, "ListKeys", nil) // another class has a share of its own
	machine = machine.Add(time.Second)
	for range 5 {
		c.must(t, "CreateKey", nil)
	}
	c.want(t, "Rejected.LimitExceeded", "CreateKey", nil)
}
