package account

import (
	"bytes"
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// control is a change of what was caught, and the place of the account in which it must leave
// something: a check that never finds anything proves nothing.
type control struct {
	name, place string
	change      func(*record)
}

// onTheWire changes what the browser sent with an import.
func onTheWire(before, after string) func(*record) {
	return func(r *record) {
		for from, content := range r.Wire {
			head, rest, found := bytes.Cut(content, []byte("POST /kms/ImportKeyMaterial"))
			if found {
				rest = bytes.Replace(rest, []byte(before), []byte(after), 1)
				r.Wire[from] = slices.Concat(head, []byte("POST /kms/ImportKeyMaterial"), rest)
			}
		}
	}
}

// told changes the last report of a kind.
func told(kind, before, after string) func(*record) {
	return func(r *record) {
		for i := range slices.Backward(r.Reports) {
			if text := string(r.Reports[i].Value); r.Reports[i].Kind == kind && strings.Contains(text, before) {
				r.Reports[i].Value = json.RawMessage(strings.Replace(text, before, after, 1))
				return
			}
		}
	}
}

var controls = []control{
	{"a request that is on no wire", "requests", func(r *record) {
		r.Arrivals = append(r.Arrivals, arrival{From: "127.0.0.1:1", Method: "GET", Path: "/"})
	}},
	{"a request that did not arrive", "requests", func(r *record) { r.Arrivals = r.Arrivals[:len(r.Arrivals)-1] }},
	{"a file that is asked for twice", "requests", func(r *record) {
		again := r.Arrivals[1]
		r.Arrivals = append(r.Arrivals, again)
		r.Wire[again.From] = append(r.Wire[again.From], "GET "+again.Path+" HTTP/1.1\r\nHost: x\r\n\r\n"...)
	}},
	{"one header more", "request headers", onTheWire("\r\n\r\n", "\r\nX-A: b\r\n\r\n")},
	{"another value of a header", "request headers", onTheWire("Accept-Language: en", "Accept-Language: de")},
	{"another order of headers", "request headers", onTheWire("Sec-Fetch-Site: same-origin\r\nSec-Fetch-Mode: cors", "Sec-Fetch-Mode: cors\r\nSec-Fetch-Site: same-origin")},
	{"another body", "request bodies", onTheWire(`"KeyMaterialExpireUnix":0}`, `"KeyMaterialExpireUnix":1}`)},
	{"another order of fields", "request bodies", onTheWire(`{"KeyId"`, `{ "KeyId"`)},
	{"one field more in a message", "worker messages", told("from", `"type":"done"`, `"type":"done","x":1`)},
	{"one field more in an answer", "worker messages", told("from", `"result":{`, `"result":{"x":1,`)},
	{"one field more to a worker", "worker messages", told("to", `"job":`, `"x":1,"job":`)},
	{"another size of an examination", "worker messages", told("from", `"total":`, `"total":1`)},
	{"a way out of a worker", "worker messages", func(r *record) {
		r.Reports = append(r.Reports, report{Kind: "extra", Value: json.RawMessage(`"a WebSocket was made"`)})
	}},
	{"a draw that is missing", "random bytes", func(r *record) {
		at := slices.IndexFunc(r.Reports, func(one report) bool { return one.Kind == "drawn" })
		r.Reports = slices.Delete(r.Reports, at, at+1)
	}},
	{"a draw of more bytes", "random bytes", told("drawn", `":"`, `":"AAAA`)},
	{"a message for developers", "console messages", func(r *record) { r.Said = append(r.Said, "debug: took 7 ms") }},
	{"something stored", "storage", func(r *record) {
		last := &r.Moments[len(r.Moments)-1]
		last.Storage = strings.Replace(last.Storage, `"local":{}`, `"local":{"theme":"7"}`, 1)
	}},
	{"a name of the window", "storage", func(r *record) {
		last := &r.Moments[len(r.Moments)-1]
		last.Storage = strings.Replace(last.Storage, `"name":""`, `"name":"7"`, 1)
	}},
	{"a cookie", "storage", func(r *record) { r.Cookies = append(r.Cookies, "a=b") }},
	{"another title", "title", func(r *record) { r.Moments[len(r.Moments)-1].Title += " 7" }},
	{"another address", "history", func(r *record) { r.History = append(r.History, "http://"+r.Address+"/#7") }},
	{"a word that nobody predicted", "document", func(r *record) { r.Moments[len(r.Moments)-1].Page += `<p data-x="0123456789abcdef">` }},
	{"a secret that stays on the page", "document", func(r *record) { r.Moments[len(r.Moments)-1].Rest += r.Given.Components[0] }},
	{"a known word once more", "document", func(r *record) { r.Moments[len(r.Moments)-1].Page += r.Given.CMK }},
	{"an address that the browser did not draw", "document", func(r *record) {
		last := &r.Moments[len(r.Moments)-1]
		last.Page = regexp.MustCompile(`(blob:[^"]*)[0-9a-f]"`).ReplaceAllString(last.Page, `${1}g"`)
	}},
	{"another content of a field", "page's state", func(r *record) {
		last := &r.Moments[len(r.Moments)-1]
		last.Rest = strings.Replace(last.Rest, `"key-reference"`, `"key-reference7"`, 1)
	}},
	{"a file that is offered and not saved", "downloads", func(r *record) {
		r.Reports = append(r.Reports, report{Kind: "content", Value: json.RawMessage(`{"address":"blob:x","bytes":{"$bytes":"AAAA"}}`)})
	}},
	{"another program in the process list", "process list", func(r *record) { r.Processes = append(r.Processes, "sleep 7") }},
	{"another argument of the console", "process list", func(r *record) { r.Processes[0] += " 7" }},
	{"a file that the console wrote", "server's files", func(r *record) { r.Written = []string{"x"} }},
	{"another title in the browser's history", "profile", func(r *record) { r.Profile = append(r.Profile, "Import · 7") }},
	{"another type of a file", "downloads", told("offered", `"application/json"`, `"application/json7"`)},
	{"a title for a moment", "title", func(r *record) { r.Reports = append(r.Reports, report{Kind: "title", Value: json.RawMessage(`"7"`)}) }},
	{"a cookie for a moment", "storage", func(r *record) {
		r.Reports = append(r.Reports, report{Kind: "cookie", Value: json.RawMessage(`"a=b"`)})
	}},
	{"a page in the cache", "cache", func(r *record) { r.Caches = append(r.Caches, "http://"+r.Address+"/en/") }},
	{"another address in the profile", "profile", func(r *record) { r.Profile = append(r.Profile, "http://"+r.Address+"/7") }},
	{"another time in the panel", "panel", func(r *record) { r.Panel[0].Time = "00:00:00" }},
	{"a panel without the import", "panel", func(r *record) { r.Panel = r.Panel[:len(r.Panel)-1] }},
	{"a panel with another digest", "panel", func(r *record) { r.Panel[len(r.Panel)-1].Fields[1][1] += "0" }},
	{"a panel with one more", "panel", func(r *record) { r.Panel = append(r.Panel, r.Panel[0]) }},
	{"another file name", "downloads", func(r *record) { r.Downloads[0].Name = "7" + r.Downloads[0].Name }},
	{"another byte in a file", "downloads", func(r *record) { r.Downloads[0].Content[40] ^= 1 }},
	{"one file more", "downloads", func(r *record) { r.Downloads = append(r.Downloads, r.Downloads[0]) }},
	{"one line more in the log", "server's log", func(r *record) { r.Log += "7\n" }},
	{"one line less in the log", "server's log", func(r *record) {
		r.Log = r.Log[:strings.LastIndexByte(strings.TrimSuffix(r.Log, "\n"), '\n')+1]
	}},
	{"another key id in the log", "server's log", func(r *record) { r.Log = strings.Replace(r.Log, "key_id=key-", "key_id=yek-", 1) }},
	{"another parameter of a call", "calls to the KMS", func(r *record) {
		r.Calls[0].Request = bytes.Replace(r.Calls[0].Request, []byte("Format=JSON"), []byte("Format=JSON&X=7"), 1)
	}},
	{"another header of a call", "calls to the KMS", func(r *record) {
		r.Calls[0].Request = bytes.Replace(r.Calls[0].Request, []byte("\r\n\r\n"), []byte("\r\nX-A: b\r\n\r\n"), 1)
	}},
	{"one call more", "calls to the KMS", func(r *record) { r.Calls = append(r.Calls, r.Calls[0]) }},
	{"an answer that is not the KMS's", "the console's answers", func(r *record) {
		for i, a := range r.Arrivals {
			r.Arrivals[i].Answer = bytes.Replace(a.Answer, []byte(`"RequestId":"`), []byte(`"RequestId":"7`), 1)
		}
	}},
	{"one field more in an answer of the KMS", "the KMS's answers", func(r *record) {
		r.Calls[0].Answer = bytes.Replace(r.Calls[0].Answer, []byte(`{"`), []byte(`{"X":7,"`), 1)
	}},
	{"another key at the KMS", "the KMS", func(r *record) { r.Material[0] ^= 1 }},
	{"a connection to elsewhere", "network and disk", func(r *record) { r.Strangers = append(r.Strangers, "a connection") }},
	{"something else in the cache", "cache", func(r *record) { r.Caches = append(r.Caches, "http://"+r.Address+"/x") }},
}

// mustSee changes an honest record in every way that the controls name, one after the other.
func mustSee(t *testing.T, honest *record, like *account) {
	t.Helper()
	text, err := json.Marshal(honest)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range controls {
		var changed record
		if err := json.Unmarshal(text, &changed); err != nil {
			t.Fatal(err)
		}
		c.change(&changed)
		ac := accountFor(t, &changed)
		ac.document(like)
		if len(ac.left[c.place]) == 0 {
			t.Errorf("%s left nothing in %s, but:\n%s", c.name, c.place, ac)
		}
	}
	t.Logf("%d changes of an honest record were seen", len(controls))
}
