package ledger

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"keyferry/server/store"
	"keyferry/server/store/storetest"
)

// The form of an entry is fixed: readers of old entries depend on it.
func TestForm(t *testing.T) {
	e := Entry{
		At:   time.Date(2026, 11, 26, 12, 7, 8, 120_000_999, time.FixedZone("", 8*3600)),
		Kind: "request.created", Request: "r1", Region: "cn-hangzhou", KeyID: "key-1", Person: "ada",
		Others: map[string]string{"importer": "bob"}, Policies: []string{"b", "a"},
		Fields: map[string]string{"label": "cafe\u0301 <支付>\u2028\"\\\t", "expiry": "never", "expiryDays": ""},
	}
	w := e.write(func(id string) string { return "digest-of-" + id })
	got, err := w.bytes()
	if err != nil {
		t.Fatal(err)
	}
	want := `{"v":1,"at":"2026-11-26T04:07:08.120000Z","kind":"request.created","request":"r1","region":"cn-hangzhou",` +
		`"keyId":"key-1","person":"digest-of-ada","others":{"importer":"digest-of-bob"},"policies":["b","a"],` +
		`"fields":{"expiry":"never","label":"café <支付>\u2028\"\\\t"}}`
	if string(got) != want {
		t.Errorf("the entry is\n%s\nand not\n%s", got, want)
	}
	for _, other := range []string{
		"", "{}", "null", want + " ", " " + want, want + want, strings.Replace(want, `"v":1`, `"v":2`, 1),
		strings.Replace(want, `"v":1`, `"v": 1`, 1), strings.Replace(want, `"kind"`, `"Kind"`, 1),
		strings.Replace(want, "08.120000Z", "08.12Z", 1), strings.Replace(want, "08.120000Z", "08.120000+00:00", 1),
		strings.Replace(want, "<", `\u003c`, 1), strings.Replace(want, `"request":"r1",`, `"request":"r0","request":"r1",`, 1),
	} {
		if _, err := parse([]byte(other)); err == nil {
			t.Errorf("this was read as an entry: %s", other)
		}
	}
}

// An entry comes back from each database byte for byte, with its time and its text.
func FuzzBytes(f *testing.F) {
	dbs := map[string]*store.DB{}
	logs := map[string]*Log{}
	for _, kind := range []string{store.SQLite, store.Postgres} {
		if kind == store.SQLite || !testing.Short() {
			dbs[kind] = storetest.Open(f, storetest.URL(f, kind))
			logs[kind] = openLog(f, dbs[kind], testKey(f))
		}
	}
	for _, text := range []string{
		"", "payments", "支付/密钥", "cafe\u0301", "\u212b", "🔑\u200d🇨🇳", "<&>\u2028\u2029", "\"\\/\b\f\n\r\t\x01\x7f", "\ufffd", "\U0010ffff", "؈ײַ", "$1 ? '' --",
	} {
		f.Add(text, int64(1_764_130_000_123_456))
	}
	f.Add("first", int64(0))
	f.Add("last", int64(253_402_300_799_999_999))
	f.Add("seven digits", int64(1_764_130_000_000_001))
	f.Fuzz(func(t *testing.T, text string, at int64) {
		e := Entry{At: time.UnixMicro(at).UTC(), Kind: "request.created", Fields: map[string]string{"label": text},
			Policies: []string{text}, Person: "someone " + text}
		for kind, log := range logs {
			index, err := appendOne(t, dbs[kind], log, e)
			if !line(text) || at < 0 || e.At.Year() > 9999 {
				if err == nil {
					t.Errorf("%s: %q at %v was written", kind, text, e.At)
				}
				continue
			}
			if err != nil {
				t.Fatal(err)
			}
			found, err := log.Entries(t.Context(), Filter{Person: e.Person, Before: index + 1, Limit: 1})
			if err != nil || len(found) != 1 || found[0].Index != index {
				t.Fatalf("%s: the search finds %+v (%v)", kind, found, err)
			}
			evidence, err := log.Proof(t.Context(), index)
			if err != nil {
				t.Fatal(err)
			}
			if err := evidence.Check(log.key.Verifier()); err != nil || evidence.Entry != string(found[0].Bytes) {
				t.Errorf("%s: the entry is %q, its evidence %q (%v)", kind, found[0].Bytes, evidence.Entry, err)
			}
			r, want := found[0], norm.NFC.String(text)
			if !r.At.Equal(e.At) || r.Fields["label"] != want || r.Policies[0] != want || r.Person != norm.NFC.String(e.Person) {
				t.Errorf("%s: %q at %v came back as %+v", kind, text, e.At, r.Entry)
			}
		}
	})
}

// Any bytes are read as an entry only if they are the ones that are written for it.
func FuzzParse(f *testing.F) {
	f.Add(entryBytes(f, 1))
	f.Add([]byte(`{"v":1,"at":"2026-11-26T04:07:08.120000Z","kind":"a"}`))
	f.Add([]byte(`{"v":1,"at":"2026-11-26T04:07:08.120000Z","kind":"\ud800"}`))
	f.Fuzz(func(t *testing.T, entry []byte) {
		w, err := parse(entry)
		if err != nil {
			return
		}
		if !utf8.Valid(entry) || !json.Valid(entry) {
			t.Fatalf("%q was read as an entry", entry)
		}
		if again, err := w.bytes(); err != nil || string(again) != string(entry) {
			t.Errorf("%q was read as %q (%v)", entry, again, err)
		}
	})
}
