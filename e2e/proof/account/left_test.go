package account

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"path"
	"regexp"
	"slices"
	"strings"

	"keyferry/components/text"
	"keyferry/web"
)

// requests strikes off what the browser sent: each request once, with the headers that this browser
// sends by itself and the body that is predicted. From the moment at which there is a secret, the
// order is predicted as well.
func (l *ledger) requests() {
	streams := map[string][]sent{}
	for from, content := range l.Wire {
		streams[from] = split(content)
	}
	secret := l.firstSecret()
	expected := l.expected()
	seen := map[string]int{}
	for i, a := range l.Arrivals {
		if len(streams[a.From]) == 0 {
			l.leave("requests", "%s %s is not on the wire", a.Method, a.Path)
			continue
		}
		s := streams[a.From][0]
		streams[a.From] = streams[a.From][1:]
		line := a.Method + " " + a.Path
		if s.line() != line {
			l.leave("requests", "on the wire %.120s where %s came", s.line(), line)
		}
		usual := l.Usual[s.kind(l.Address)]
		if head := l.withoutChoices(s, i >= secret); !slices.Contains(usual, head) {
			l.leave("request headers", "%s: %s", line, unlike(head, usual))
		}
		l.bits["requests"] += math.Log2(float64(max(1, len(usual))))
		seen[line]++
		if a.Method == "POST" {
			want := l.body(a.Path)
			if string(s.body) != want {
				l.leave("request bodies", "%s has %.200q, want %.200q", line, s.body, want)
			}
		} else if len(s.body) > 0 {
			l.leave("request bodies", "%s has %.80q", line, s.body)
		}
		if seen[line] > 1 && a.Method == "GET" {
			l.leave("requests", "%s came %d times", line, seen[line])
		}
		if i < secret {
			if !l.loads(line) {
				l.leave("requests", "%s is none of the page's", line)
			}
			continue
		}
		if len(expected) == 0 || expected[0] != line {
			l.leave("requests", "%s came where %.80v was to come", line, expected)
			continue
		}
		expected = expected[1:]
	}
	for from, rest := range streams {
		for _, s := range rest {
			l.leave("requests", "from %s came more: %.120q", from, s.head)
		}
	}
	if len(expected) > 0 {
		l.leave("requests", "%v did not come", expected)
	}
}

// withoutChoices are the headers without those in which the person's choices show: the language of
// the page, which its calls name, and the cookies. Where there is a secret the cookies are all of
// them; before, they come one after the other.
func (l *ledger) withoutChoices(s sent, all bool) string {
	head := s.plainHead(l.Address)
	l.bits["requests"] += math.Log2(float64(len(l.Given.Cookies) + 1))
	if strings.HasPrefix(s.line(), "POST ") {
		head = strings.Replace(head, "\r\nAccept-Language: "+l.Given.Language+"\r\n", "\r\nAccept-Language: en\r\n", 1)
	}
	for n := len(l.Given.Cookies); n > 0; n-- {
		if short, had := strings.CutSuffix(head, "\r\nCookie: "+strings.Join(l.Given.Cookies[:n], "; ")); had {
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
func (l *ledger) firstSecret() int {
	last := 0
	for i, a := range l.Arrivals {
		if a.Path == "/kms/GetParametersForImport" || a.Path == l.static(web.Worker) || a.Path == l.static(web.Runtime) || a.Path == l.static(web.Module) {
			last = i + 1
		}
	}
	return last
}

// loads holds for what a page loads before there is a secret.
func (l *ledger) loads(line string) bool {
	if line == "GET /" || slices.Contains(l.Given.Pages, strings.TrimPrefix(line, "GET ")) || line == "POST /kms/GetParametersForImport" {
		return true
	}
	name := staticName(line)
	if line != "GET "+l.static(name) {
		return false
	}
	return slices.Contains(tree(l.t).Names(), name) && (path.Ext(name) != ".wasm" || name == web.Module)
}

// expected is what follows.
func (l *ledger) expected() []string {
	var lines []string
	if l.Given.Typed != "" {
		lines = append(lines, "GET "+l.static(web.Strength))
	}
	for _, call := range l.Given.Calls[min(1, len(l.Given.Calls)):] {
		action, _, _ := strings.Cut(call, " ")
		lines = append(lines, "POST /kms/"+action)
	}
	if l.Given.Calendar != "" {
		lines = append(lines, "POST /en/calendar")
	}
	return lines
}

// body is what a call sends.
func (l *ledger) body(path string) string {
	if path == "/en/calendar" {
		return l.calendarForm()
	}
	fields := struct {
		KeyId                 string
		EncryptedKeyMaterial  string `json:",omitempty"`
		ImportToken           string `json:",omitempty"`
		KeyMaterialExpireUnix *int64 `json:",omitempty"`
		WrappingAlgorithm     string `json:",omitempty"`
		WrappingKeySpec       string `json:",omitempty"`
	}{KeyId: l.Given.CMK}
	if path == "/kms/GetParametersForImport" {
		fields.WrappingAlgorithm, fields.WrappingKeySpec = l.Given.Algorithm, "RSA_2048"
	} else if l.prepared != nil {
		fields.EncryptedKeyMaterial, fields.ImportToken, fields.KeyMaterialExpireUnix = l.prepared.EncryptedKeyMaterial, l.parameters.ImportToken, &l.Given.Expires
	}
	body, err := json.Marshal(fields)
	if err != nil {
		l.t.Fatal(err)
	}
	return string(body)
}

// panel compares what the page says that it sent with what was sent.
func (l *ledger) panel() {
	words := text.Match(l.Given.Language).Phrases
	var wrapped []byte
	if l.prepared != nil {
		wrapped, _ = base64.StdEncoding.DecodeString(l.prepared.EncryptedKeyMaterial)
	}
	var want []entry
	calls := 0
	for _, a := range l.Arrivals {
		action, isCall := strings.CutPrefix(a.Path, "/kms/")
		if !isCall || calls >= len(l.Given.Calls) {
			continue
		}
		_, code, failed := strings.Cut(l.Given.Calls[calls], " ")
		calls++
		e := entry{Action: action, Outcome: words.Answered}
		if failed {
			e.Outcome = text.Fill(words.Failed, "code", code)
		}
		e.Fields = append(e.Fields, [2]string{"KeyId", text.Fill(words.Characters, "count", fmt.Sprint(len(l.Given.CMK)))})
		if action == "GetParametersForImport" {
			e.Fields = append(e.Fields, [2]string{"WrappingAlgorithm", l.Given.Algorithm}, [2]string{"WrappingKeySpec", "RSA_2048"})
		} else if l.prepared != nil {
			e.Fields = append(e.Fields, [2]string{"EncryptedKeyMaterial", inPanel(text.Fill(words.Bytes, "count", "256"), wrapped)},
				[2]string{"ImportToken", inPanel(text.Fill(words.Characters, "count", fmt.Sprint(len(l.parameters.ImportToken))), []byte(l.parameters.ImportToken))}, [2]string{"KeyMaterialExpireUnix", fmt.Sprint(l.Given.Expires)})
		}
		want = append(want, e)
	}
	if l.Given.Calendar != "" {
		want = append(want, l.calendarInPanel())
	}
	for i := range max(len(want), len(l.Panel)) {
		switch {
		case i >= len(want):
			l.leave("panel", "it lists one more: %v", l.Panel[i])
		case i >= len(l.Panel):
			l.leave("panel", "it does not list %v", want[i])
		case fmt.Sprint(want[i]) != fmt.Sprint(l.Panel[i]):
			l.leave("panel", "it lists %v, want %v", l.Panel[i], want[i])
		}
	}
}

// inPanel is a size and a digest, which the panel writes in groups.
func inPanel(size string, content []byte) string {
	return size + fmt.Sprintf("%x", sha256.Sum256(content))
}

// downloads strikes off the files that were saved.
func (l *ledger) downloads() {
	want := []download{}
	if l.prepared != nil && l.prepared.Backup != nil {
		want = append(want, download{l.prepared.BackupFile, l.prepared.Backup})
	}
	if l.Given.Pasted != "" && l.prepared != nil {
		want = append(want, download{"EncryptedKeyMaterial_base64.txt", []byte(l.prepared.EncryptedKeyMaterial)},
			download{"ImportToken.txt", []byte(l.parameters.ImportToken)})
	}
	if l.Given.Calendar != "" {
		want = append(want, l.calendar())
	}
	if l.Given.Receipt {
		l.predictReceipt()
		want = append(want, download{l.receiptAs, l.receipt})
	}
	for _, d := range want {
		if !slices.ContainsFunc(l.Downloads, func(got download) bool { return got.Name == d.Name && string(got.Content) == string(d.Content) }) {
			l.leave("downloads", "%s was not saved as predicted", d.Name)
		}
	}
	if len(l.Downloads) != len(want) {
		l.leave("downloads", "%d files were saved, want %d", len(l.Downloads), len(want))
	}
}

var loadFailed = newGrammar(`error: Failed to load resource: the server responded with a status of 50[0-9] \([A-Z][A-Za-z ]{1,20}\)|dialog beforeunload: `)

// pages strikes off what a page has and says.
func (l *ledger) pages() {
	want := map[string]any{
		"local": map[string]any{}, "session": map[string]any{}, "cookies": strings.Join(l.Given.Cookies, "; "), "history": nil, "name": "",
		"address": "http://" + l.Address + l.Given.Pages[len(l.Given.Pages)-1], "databases": map[string]any{}, "caches": map[string]any{}, "files": map[string]any{},
	}
	for _, found := range l.Storage {
		l.equal("storage", "storage", json.RawMessage(found), want)
	}
	for _, cookie := range l.Cookies {
		if !slices.Contains(l.Given.Cookies, cookie) {
			l.leave("storage", "the cookie %.80q", cookie)
		}
	}
	if len(l.Cookies) != len(l.Given.Cookies) {
		l.leave("storage", "there are %d cookies, want %d", len(l.Cookies), len(l.Given.Cookies))
	}
	for _, title := range l.Titles[min(1, len(l.Titles)):] {
		want := l.Titles[0]
		if l.Given.failed() {
			want = text.Fill(text.Match(l.Given.Language).Phrases.ErrorTitle, "title", want)
		}
		if title != want {
			l.leave("title", "it became %.80q", title)
		}
	}
	for _, address := range l.History {
		if address != "about:blank" && !slices.Contains(l.Given.Pages, strings.TrimPrefix(address, "http://"+l.Address)) {
			l.leave("history", "%.120q", address)
		}
	}
	l.document()
	failures := 0
	for _, call := range l.Given.Calls {
		if strings.Contains(call, " ") {
			failures++
		}
	}
	for _, said := range l.Said {
		if failures--; failures < 0 || !loadFailed.pattern.MatchString(said) {
			l.leave("console messages", "%.120q", said)
		}
	}
	for _, cached := range l.Caches {
		if !slices.ContainsFunc(l.Arrivals, func(a arrival) bool { return a.Method == "GET" && cached == "http://"+l.Address+a.Path }) {
			l.leave("cache", "%.150s", cached)
		}
	}
	l.left["network and disk"] = append(l.left["network and disk"], l.Strangers...)
	if len(l.Strangers) == 0 {
		delete(l.left, "network and disk")
	}
}

// word is what could stand for bytes.
var word = regexp.MustCompile(`[A-Za-z0-9+/_=-]{8,}`)

// blobAddress is one that the browser draws for a file in memory.
var blobAddress = regexp.MustCompile(`blob:http://[0-9.:]+/[0-9a-f-]{36}`)

// document strikes off the words of the document: each was there before there was a secret, or is
// predicted.
func (l *ledger) document() {
	if len(l.Pages) < 2 {
		return
	}
	known := strings.Join([]string{
		l.Pages[0], l.Given.CMK, l.Given.Algorithm, l.Given.Recipients, l.receiptAs, l.importID(),
		l.parameters.RequestId, strings.Join(l.Given.Calls, " "), "http://" + l.Address,
		"KeyId=" + l.Given.CMK, "keyferry-" + l.Given.CMK + "-" + l.date() + "-receipt", // it is offered, saved or not
		"download=", "EncryptedKeyMaterial ImportToken KeyMaterialExpireUnix WrappingAlgorithm WrappingKeySpec",
	}, " ")
	for _, value := range l.Given.Identity {
		known += " " + value
	}
	if l.prepared != nil {
		known += " " + strings.Join([]string{l.prepared.BackupFile, l.prepared.KCV, l.prepared.Commitment, l.prepared.SHA256}, " ")
	}
	for _, found := range word.FindAllString(blobAddress.ReplaceAllString(l.Pages[len(l.Pages)-1], ""), -1) {
		if !strings.Contains(known, found) && !l.gave(found) {
			l.leave("document", "%.100q", found)
		}
	}
}

// The lines of the console's log, with what is drawn or measured: the time, how long a request
// took, and its id.
var (
	requestLine = regexp.MustCompile(`^time=(\S+) level=INFO msg=request method=([A-Z]+) route=(\S+) status=(\d{3}) ms=(\d+) id=([A-Z2-7]+)$`)
	auditLine   = regexp.MustCompile(`^time=(\S+) level=INFO msg=audit action=(\w+) key_id=(\S+) result=(\S+) kms_request_id=(""|\S*) id=([A-Z2-7]+) (algorithm|expire_unix)=(\S+)$`)
	attemptLine = regexp.MustCompile(`^time=(\S+) level=WARN msg="kms attempt" action=(\w+) attempt=[1-4] status=\d{1,3} code=[A-Za-z_.]{0,40} took=[\d.]{1,12}[mµn]?s$`)
	attemptBits = newGrammar(`[1-4]\d{1,3}\d{1,9}`).bits
	logTime     = newGrammar(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}(Z|[+-]\d\d:00)`)
	logID       = newGrammar(`[A-Z2-7]{12}`)
	logMS       = newGrammar(`\d{1,5}`)
)

// log strikes off the console's log, line by line.
func (l *ledger) log() {
	want := map[string]int{}
	for _, a := range l.Arrivals {
		want[a.Method+" "+route(a.Path)]++
	}
	ids := map[string]bool{}
	audits, failures := 0, map[string]int{}
	for _, call := range l.Given.Calls {
		if action, _, failed := strings.Cut(call, " "); failed {
			failures[action] += 4 // as often as the console tries
		}
	}
	for line := range strings.Lines(l.Log) {
		line = strings.TrimSuffix(line, "\n")
		switch {
		case line == "Calls go to Alibaba Cloud KMS in cn-hangzhou.", startLine.MatchString(line + "\n"):
			continue
		case requestLine.MatchString(line):
			found := requestLine.FindStringSubmatch(line)
			want[found[2]+" "+found[3]]--
			l.logged(found[1], found[6])
			if ids[found[6]] {
				l.leave("server's log", "the id %s came twice", found[6])
			}
			ids[found[6]] = true
			if !logMS.pattern.MatchString(found[5]) {
				l.leave("server's log", "ms=%.40s", found[5])
			}
			l.draws("server's log", "ms", logMS.bits)
		case auditLine.MatchString(line):
			found := auditLine.FindStringSubmatch(line)
			l.logged(found[1], found[6])
			audits++
			known := found[3] == l.Given.CMK && (found[8] == fmt.Sprint(l.Given.Expires) || found[8] == l.Given.Algorithm)
			if id := found[5]; !known || id != `""` && !l.gave(id) {
				l.leave("server's log", "%.200s", line)
			}
		case attemptLine.MatchString(line):
			// A call that failed is told with what became of it.
			found := attemptLine.FindStringSubmatch(line)
			if failures[found[2]]--; failures[found[2]] < 0 || !logTime.pattern.MatchString(found[1]) {
				l.leave("server's log", "%.200s", line)
			}
			l.draws("server's log", "attempt", attemptBits)
			l.draws("server's log", "time", l.seconds()+math.Log2(1000))
		default:
			l.leave("server's log", "%.200s", line)
		}
	}
	for line, count := range want {
		if count != 0 {
			l.leave("server's log", "%s: %d lines too few", line, count)
		}
	}
	if audits != len(l.Given.Calls) {
		l.leave("server's log", "%d audit lines of %d calls", audits, len(l.Given.Calls))
	}
}

// logged strikes off a time and an id.
func (l *ledger) logged(at, id string) {
	if !logTime.pattern.MatchString(at) || !logID.pattern.MatchString(id) {
		l.leave("server's log", "time=%.60s id=%.60s", at, id)
	}
	l.draws("server's log", "id", logID.bits)
	l.draws("server's log", "time", l.seconds()+math.Log2(1000))
}

// gave holds for a request id that the KMS gave.
func (l *ledger) gave(id string) bool {
	return slices.ContainsFunc(l.Calls, func(c call) bool { return strings.Contains(string(c.Answer), id) })
}

// route is how the log names a path.
func route(path string) string {
	path, _, _ = strings.Cut(path, "?")
	if strings.HasPrefix(path, "/static/") {
		return "/static/:digest/*"
	}
	return path
}
