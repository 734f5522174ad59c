package account

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"

	"keyferry/web"
)

// requests checks what the browser sent: each request once, with the headers that this browser
// sends by itself and the body that is predicted. From the moment at which there is a secret, the
// order is predicted as well.
func (ac *account) requests() {
	streams := map[string][]sent{}
	for from, content := range ac.Wire {
		streams[from] = split(content)
	}
	// With which request each cookie came first.
	ac.bits["requests"] = float64(len(ac.Given.Cookies)) * math.Log2(float64(len(ac.Arrivals)+1))
	secret := ac.firstSecret()
	expected := ac.expected()
	seen := map[string]int{}
	for i, a := range ac.Arrivals {
		if len(streams[a.From]) == 0 {
			ac.leave("requests", "%s %s is not on the wire", a.Method, a.Path)
			continue
		}
		s := streams[a.From][0]
		streams[a.From] = streams[a.From][1:]
		line := a.Method + " " + a.Path
		if s.line() != line {
			ac.leave("requests", "on the wire %.120s where %s came", s.line(), line)
		}
		kind := s.kind(ac.Address)
		usual := ac.Usual[kind]
		if ofAPI := strings.Contains(kind, "Keyferry-Request"); ofAPI != (a.Path == "/kms/ImportFile") {
			ac.leave("request headers", "%s has those of another call", line)
		}
		if head := ac.withoutChoices(s, i >= secret); !slices.Contains(usual, head) {
			ac.leave("request headers", "%s: %s", line, unlike(head, usual))
		}
		ac.bits["requests"] += math.Log2(float64(max(1, len(usual))))
		seen[line]++
		if a.Method == "POST" {
			want := ac.body(a.Path)
			if string(s.body) != want {
				ac.leave("request bodies", "%s has %.200q, want %.200q", line, s.body, want)
			}
		} else if len(s.body) > 0 {
			ac.leave("request bodies", "%s has %.80q", line, s.body)
		}
		if seen[line] > 1 && a.Method == "GET" {
			ac.leave("requests", "%s came %d times", line, seen[line])
		}
		if i < secret {
			if !ac.loads(line) {
				ac.leave("requests", "%s is none of the page's", line)
			}
			continue
		}
		if len(expected) == 0 || expected[0] != line {
			ac.leave("requests", "%s came where %.80v was to come", line, expected)
			continue
		}
		expected = expected[1:]
	}
	for from, rest := range streams {
		for _, s := range rest {
			ac.leave("requests", "from %s came more: %.120q", from, s.head)
		}
	}
	if len(expected) > 0 {
		ac.leave("requests", "%v did not come", expected)
	}
}

// withoutChoices are the headers without those in which the person's choices show: the language of
// the page, which its calls name, and the cookies. Where there is a secret the cookies are all of
// them; before, they come one after the other, and none goes.
func (ac *account) withoutChoices(s sent, all bool) string {
	head := s.plainHead(ac.Address)
	if strings.HasPrefix(s.line(), "POST ") {
		head = strings.Replace(head, "\r\nAccept-Language: "+ac.Given.Language+"\r\n", "\r\nAccept-Language: en\r\n", 1)
	}
	for n := len(ac.Given.Cookies); n > 0 && n >= ac.cookies; n-- {
		if short, had := strings.CutSuffix(head, "\r\nCookie: "+strings.Join(ac.Given.Cookies[:n], "; ")); had {
			ac.cookies = n
			return short
		}
		if all {
			break
		}
	}
	return head
}

// unlike names the first header that is not as usual.
func unlike(got string, usual []string) string {
	if len(usual) == 0 {
		return "no request of this kind is usual"
	}
	known := strings.Split(strings.Join(usual, "\r\n"), "\r\n")
	for _, header := range strings.Split(got, "\r\n") {
		if !slices.Contains(known, header) {
			return fmt.Sprintf("%.150q", header)
		}
	}
	return "its headers are in another order, or one is missing"
}

// firstSecret is the number of requests before there is any secret: up to the answer of
// GetParametersForImport and the worker that reads it.
func (ac *account) firstSecret() int {
	last := ac.Given.Before
	for i, a := range ac.Arrivals {
		if a.Path == "/kms/GetParametersForImport" || a.Path == ac.static(web.Worker) || a.Path == ac.static(web.Runtime) || a.Path == ac.static(web.Module) {
			last = i + 1
		}
	}
	return last
}

// loads holds for what a page loads before there is a secret.
func (ac *account) loads(line string) bool {
	if line == "GET /" || slices.Contains(ac.Given.Pages, strings.TrimPrefix(line, "GET ")) || line == "POST /kms/GetParametersForImport" {
		return true
	}
	name := staticName(line)
	if line != "GET "+ac.static(name) {
		return false
	}
	needed := []string{"app.css", "icon.svg", "js/preferences.js", web.Worker, web.Runtime, web.Module}
	for _, page := range ac.Given.Pages {
		needed = append(needed, loadedBy(page)...)
	}
	return slices.Contains(needed, name)
}

// loadedBy are the files that a page alone loads. A new page needs a line here.
func loadedBy(page string) []string {
	address, _, _ := strings.Cut(page, "?")
	_, name, _ := strings.Cut(strings.TrimPrefix(address, "/"), "/")
	return map[string][]string{
		"": {"pages/import.js"}, "check": {"pages/check.js"}, "reimport": {"pages/import.js"}, "many": {"pages/many.js", "many.css"}, "desk": {"pages/desk.js"},
	}[name]
}

// expected is what follows.
func (ac *account) expected() []string {
	var lines []string
	if ac.Given.Typed != "" {
		lines = append(lines, "GET "+ac.static(web.Strength))
	}
	for i, call := range ac.Given.Calls {
		action, _, _ := strings.Cut(call, " ")
		switch {
		case ac.Given.CMKs != nil:
			lines = append(lines, "POST /kms/"+action+"/many")
		case i > 0 || ac.Given.ImportFile != "": // the first comes before there is a secret
			lines = append(lines, "POST /kms/"+action)
		}
	}
	if ac.Given.Calendar != "" {
		lines = append(lines, "POST /en/calendar")
	}
	return lines
}

// body is what a call sends.
func (ac *account) body(path string) string {
	if path == "/en/calendar" {
		return ac.calendarForm()
	}
	if path == "/kms/ImportFile" {
		return ac.Given.ImportFile
	}
	type material struct {
		KeyId                 string `json:",omitempty"`
		EncryptedKeyMaterial  string `json:",omitempty"`
		ImportToken           string `json:",omitempty"`
		KeyMaterialExpireUnix *int64 `json:",omitempty"`
	}
	var fields struct {
		material
		KeyIds            []string   `json:",omitempty"`
		WrappingAlgorithm string     `json:",omitempty"`
		WrappingKeySpec   string     `json:",omitempty"`
		Imports           []material `json:",omitempty"`
	}
	action, several := strings.CutSuffix(path, "/many")
	if several {
		fields.KeyIds = ac.Given.CMKs
	} else {
		fields.KeyId = ac.Given.CMK
	}
	if action == "/kms/GetParametersForImport" {
		fields.WrappingAlgorithm, fields.WrappingKeySpec = ac.Given.Algorithm, "RSA_2048"
	} else {
		for _, id := range fields.KeyIds {
			p, made := ac.about(id)
			fields.Imports = append(fields.Imports, material{id, made.EncryptedKeyMaterial, p.ImportToken, &ac.Given.Expires})
		}
		if fields.KeyIds = nil; ac.prepared != nil {
			fields.material = material{ac.Given.CMK, ac.prepared.EncryptedKeyMaterial, ac.parameters.ImportToken, &ac.Given.Expires}
		}
	}
	body, err := json.Marshal(fields)
	if err != nil {
		ac.t.Fatal(err)
	}
	return string(body)
}
