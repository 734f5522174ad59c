package account

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"path"
	"strings"
	"time"

	"keyferry/components/text"
)

// panel compares what the page says that it sent with what the capture has of it: each request that
// carries something, none missing, with its fields, sizes and digests.
func (ac *account) panel() {
	ac.listedBefore()
	want := ac.captured()
	for i := range max(len(want), len(ac.Panel)) {
		switch {
		case i >= len(want):
			ac.leave("panel", "it lists one more: %v", ac.Panel[i])
			continue
		case i >= len(ac.Panel):
			ac.leave("panel", "it does not list %v", want[i])
			continue
		}
		ac.panelTime(want[i].Time, ac.Panel[i].Time)
		got := ac.Panel[i]
		got.Time = want[i].Time
		if fmt.Sprint(want[i]) != fmt.Sprint(got) {
			ac.leave("panel", "it lists %v, want %v", got, want[i])
		}
	}
}

// listedBefore checks that each call was on the panel before it was made. A page that makes many at
// once lists them a moment later, since it could draw nothing else otherwise.
func (ac *account) listedBefore() {
	made := map[float64]int{} // by page
	for _, r := range ac.Reports {
		var call struct {
			Path   string
			Listed int
		}
		if r.Kind != "fetched" || json.Unmarshal(r.Value, &call) != nil || strings.HasSuffix(call.Path, "/many") {
			continue
		}
		if made[r.Page]++; call.Listed != made[r.Page] {
			ac.leave("panel", "as %s was called, it listed %d, want %d", call.Path, call.Listed, made[r.Page])
		}
	}
}

// captured is what the panel has to list: every request with a body that is on the wire, in the
// order in which they came.
func (ac *account) captured() (all []entry) {
	words := text.Match(ac.Given.Language).Phrases
	bodies := ac.bodies()
	calls := 0
	for i, a := range ac.Arrivals {
		if a.Method != "POST" {
			continue
		}
		e := entry{Time: a.At.Local().Format(time.TimeOnly), Action: listedAs(a.Path), Outcome: words.Answered}
		if strings.HasPrefix(a.Path, "/kms/") && calls < len(ac.Given.Calls) {
			if _, code, failed := strings.Cut(ac.Given.Calls[calls], " "); failed {
				e.Outcome = text.Fill(words.Failed, "code", code)
			}
			calls++
		}
		for _, field := range fieldsIn(bodies[i]) {
			name, value := field[0], field[1]
			switch name {
			case "EncryptedKeyMaterial":
				wrapped, _ := base64.StdEncoding.DecodeString(value)
				value = inPanel(text.Fill(words.Bytes, "count", fmt.Sprint(len(wrapped))), wrapped)
			case "ImportToken":
				value = inPanel(text.Fill(words.Characters, "count", fmt.Sprint(len(value))), []byte(value))
			}
			e.Fields = append(e.Fields, [2]string{name, value})
		}
		all = append(all, e)
	}
	return all
}

// listedAs is the name that the panel gives to a request: the KMS's, or the page's own.
func listedAs(address string) string {
	if address == "/kms/ImportFile" {
		return address
	}
	return path.Base(strings.TrimSuffix(address, "/many"))
}

// bodies are those of the requests that arrived, by their numbers, as they were on the wire.
func (ac *account) bodies() map[int][]byte {
	bodies := map[int][]byte{}
	streams := map[string][]sent{}
	for from, content := range ac.Wire {
		streams[from] = split(content)
	}
	for i, a := range ac.Arrivals {
		if rest := streams[a.From]; len(rest) > 0 {
			bodies[i], streams[a.From] = rest[0].body, rest[1:]
		}
	}
	return bodies
}

// fieldsIn are the names and the values of a body, of JSON or of a form, in their order.
func fieldsIn(body []byte) (fields [][2]string) {
	if !json.Valid(body) {
		for pair := range strings.SplitSeq(string(body), "&") {
			name, value, _ := strings.Cut(pair, "=")
			value, _ = url.QueryUnescape(value)
			fields = append(fields, [2]string{name, value})
		}
		return fields
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	// Of several CMKs, a list of their names is as many fields, and a list of objects is their fields.
	name, listed := "", false
	for token, err := decoder.Token(); err == nil; token, err = decoder.Token() {
		switch bracket, is := token.(json.Delim); {
		case is:
			if listed = bracket == '[' && name == "KeyIds"; !listed {
				name = ""
			}
		case listed:
			fields = append(fields, [2]string{"KeyId", fmt.Sprint(token)})
		case name == "":
			name = fmt.Sprint(token)
		default:
			fields = append(fields, [2]string{name, fmt.Sprint(token)})
			name = ""
		}
	}
	return fields
}

// panelTime checks the time that the panel gives for a request: that at which it came, as the
// computer's clock or the console's has it.
func (ac *account) panelTime(came, listed string) {
	ac.bits["panel"] += ac.near("panel", time.TimeOnly, listed, came)
}

// near checks a time that is written in a form, which may be three seconds off, and returns how
// much that can tell, in bits.
func (ac *account) near(place, form, got, want string) float64 {
	at, err := time.Parse(form, got)
	expected, _ := time.Parse(form, want)
	if off := at.Sub(expected).Abs(); err != nil || off > 3*time.Second && off < 24*time.Hour-3*time.Second {
		ac.leave(place, "the time is %.40q, and it was %s", got, want)
	}
	return log2(7)
}

// inPanel is a size and a digest, which the panel writes in groups.
func inPanel(size string, content []byte) string {
	return size + fmt.Sprintf("%x", sha256.Sum256(content))
}
