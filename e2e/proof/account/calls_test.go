package account

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/aliyun/alibaba-cloud-sdk-go/sdk"

	"keyferry/components/text"
	"keyferry/server/localkms"
)

// nonceName is the one parameter with room for eight bytes. The vendor's SDK draws it on the
// server, for each call, and the console has no say in it. It goes to the KMS, which gets the key
// itself.
const nonceName = "SignatureNonce"

var signatureNonce = newGrammar(`[0-9a-f]{32}`)

// calls checks what the console sent to the KMS, and what it passed on of the answers.
func (ac *account) calls() {
	answers := ac.answersTo()
	ac.sortConcurrent()
	if len(ac.Calls) != len(answers) {
		ac.leave("calls to the KMS", "%d calls, want %d", len(ac.Calls), len(answers))
	}
	for i, c := range ac.Calls {
		head, body, _ := strings.Cut(string(c.Request), "\r\n\r\n")
		line, headers, _ := strings.Cut(head, "\r\n")
		method, target, _ := strings.Cut(line, " ")
		target, _, _ = strings.Cut(target, " ")
		query, err := url.ParseQuery(strings.TrimPrefix(target, "/?") + body)
		if err != nil || method != "POST" || strings.HasPrefix(target, "/?") && body != "" {
			ac.leave("calls to the KMS", "%.200s", line)
		}
		keyID := ac.Given.CMK
		if several := ac.Given.CMKs; several != nil {
			keyID = several[i%len(several)]
		}
		if raw := strings.TrimPrefix(target, "/?") + body; raw != query.Encode() {
			ac.leave("calls to the KMS", "%.200s are not in order, or not written as usual", raw)
		}
		ac.parametersOf(query, keyID)
		ac.answered(c.Answer)
		ac.headersOf(headers, query.Get("Action"))
		if i < len(answers) && answers[i] != nil {
			ac.passedOn(c.Answer, answers[i])
		}
	}
}

// answersTo are the console's answers to the page, one for each call to the KMS: nil where the
// console tried again.
func (ac *account) answersTo() (all [][]byte) {
	next := 0
	for _, a := range ac.Arrivals {
		if !strings.HasPrefix(a.Path, "/kms/") || next >= len(ac.Given.Calls) {
			continue
		}
		if _, code, failed := strings.Cut(ac.Given.Calls[next], " "); failed && !strings.HasPrefix(code, "Console.") {
			all = append(all, nil, nil)
		}
		if strings.HasSuffix(a.Path, "/many") {
			all = append(all, answersIn(a.Answer)...)
		} else {
			all = append(all, a.Answer)
		}
		next++
	}
	return all
}

// parametersOf checks the parameters of a call: each is predicted, but for the nonce and the
// time.
func (ac *account) parametersOf(query url.Values, keyID string) {
	parameters, prepared := ac.about(keyID)
	want := map[string]string{
		"AccessKeyId": localkms.DefaultAccessKeyID, "Action": query.Get("Action"), "Format": "JSON", "KeyId": keyID, "RegionId": "cn-hangzhou",
		"SignatureMethod": "HMAC-SHA1", "SignatureType": "", "SignatureVersion": "1.0", "Version": "2016-01-20",
		"SignatureNonce": query.Get("SignatureNonce"), "Timestamp": query.Get("Timestamp"), "Signature": signature(query),
	}
	if query.Get("Action") == "GetParametersForImport" {
		want["WrappingAlgorithm"], want["WrappingKeySpec"] = ac.Given.Algorithm, "RSA_2048"
	} else if prepared != nil {
		want["EncryptedKeyMaterial"], want["ImportToken"], want["KeyMaterialExpireUnix"] = prepared.EncryptedKeyMaterial, parameters.ImportToken, fmt.Sprint(ac.Given.Expires)
	}
	for name, values := range query {
		if expected, known := want[name]; !known || len(values) != 1 || values[0] != expected {
			ac.leave("calls to the KMS", "%s is %.120q, want %.120q", name, values, expected)
		}
		delete(want, name)
	}
	delete(want, "SignatureType") // some clients leave out what is empty
	for name := range want {
		ac.leave("calls to the KMS", "%s is missing", name)
	}
	if !signatureNonce.pattern.MatchString(query.Get("SignatureNonce")) {
		ac.leave("calls to the KMS", "the nonce is %.80q", query.Get("SignatureNonce"))
	}
	at, err := time.Parse("2006-01-02T15:04:05Z", query.Get("Timestamp"))
	if err != nil || !ac.isOfFlow(at) {
		ac.leave("calls to the KMS", "the time is %.80q", query.Get("Timestamp"))
	}
	ac.draws("calls to the KMS", nonceName, signatureNonce.bits)
	ac.draws("calls to the KMS", "Timestamp", ac.seconds())
}

// signature is that of a call, as the KMS checks it.
func signature(query url.Values) string {
	signed := url.Values{}
	for name, values := range query {
		if name != "Signature" {
			signed[name] = values
		}
	}
	escaped := strings.NewReplacer("+", "%20", "*", "%2A", "%7E", "~").Replace(signed.Encode())
	mac := hmac.New(sha1.New, []byte(localkms.DefaultAccessKeySecret+"&"))
	mac.Write([]byte("POST&%2F&" + strings.NewReplacer("+", "%20", "*", "%2A", "%7E", "~").Replace(url.QueryEscape(escaped))))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// headersOf checks the headers of a call: these, in this order.
func (ac *account) headersOf(headers, action string) {
	_, core, _ := strings.Cut(sdk.DefaultUserAgent, "Core/")
	endpoint := ""
	for _, argument := range ac.Started {
		if value, is := strings.CutPrefix(argument, "--endpoint="); is {
			endpoint = value
		}
	}
	want := []string{
		"Host: " + endpoint, "User-Agent: " + sdk.DefaultUserAgent + " Keyferry/" + ac.version, "Content-Length: 0",
		"Accept-Encoding: identity", "Content-Type: application/x-www-form-urlencoded", "X-Acs-Action: " + action,
		"X-Acs-Credentials-Provider: env", "X-Acs-Version: 2016-01-20", "X-Sdk-Client: golang/1.0.0",
		"X-Sdk-Core-Version: " + core, "X-Sdk-Invoke-Type: normal",
	}
	if got := strings.Split(headers, "\r\n"); !slices.Equal(got, want) {
		ac.leave("calls to the KMS", "the headers %.600q, want %.600q", got, want)
	}
}

var kmsID = newGrammar(`[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}`)

// answered checks what the KMS answered: the fields of its API. What is in them the KMS draws,
// which has the key by right: no account can tell what it draws them from.
func (ac *account) answered(answer []byte) {
	var fields map[string]any
	if len(answer) == 0 {
		return // the connection was cut
	}
	if err := json.Unmarshal(answer, &fields); err != nil {
		ac.leave("the KMS's answers", "%.120q", answer)
	}
	names := []string{"KeyId", "PublicKey", "ImportToken", "TokenExpireTime", "RequestId"}
	if fields["Code"] != nil {
		names = []string{"Code", "Message", "HostId", "HttpStatus", "RequestId", "Recommend"}
	}
	for name := range fields {
		if !slices.Contains(names, name) {
			ac.leave("the KMS's answers", "they have %s", name)
		}
	}
	if id, _ := fields["RequestId"].(string); !kmsID.pattern.MatchString(id) {
		ac.leave("the KMS's answers", "the request id is %.80q", id)
	}
}

// answersLike compares how the console wrote its answers with another run of the same flow: the
// headers of each, and the order of the fields. Within them nothing can be written in two ways.
func (ac *account) answersLike(like *account) {
	const place = "the console's answers"
	heads := map[string]string{}
	for _, a := range like.Arrivals {
		if a.Headers != nil {
			heads[like.answerTo(a)] = like.head(a)
		}
	}
	for _, a := range ac.Arrivals {
		if want, known := heads[ac.answerTo(a)]; known && a.Headers != nil && ac.head(a) != want {
			ac.leave(place, "the headers to %s are %s", a.Path, unlikeAt(ac.head(a), want))
		}
		if plain := respelled(a.Answer); plain != string(a.Answer) {
			ac.leave(place, "to %s: %s", a.Path, unlikeAt(string(a.Answer), plain))
		}
	}
	shapes := func(ac *account) (all []string) {
		for _, a := range ac.Arrivals {
			if a.Answer != nil {
				all = append(all, a.Path+" "+shapeOf(a.Answer))
			}
		}
		return all
	}
	if got, want := strings.Join(shapes(ac), ""), strings.Join(shapes(like), ""); got != want {
		ac.leave(place, "their fields are %s", unlikeAt(got, want))
	}
}

// answerTo names what an answer is to, in every run.
func (ac *account) answerTo(a arrival) string {
	path := a.Path
	if name := staticName(path); name != "" {
		path = name
	}
	return fmt.Sprintf("%s %s %d", a.Method, path, a.Status)
}

// head is the headers of an answer, in the order of their names, with what differs from one to the
// next left out: its length, its time, and its id, which the log has.
func (ac *account) head(a arrival) string {
	lines := slices.DeleteFunc(slices.Sorted(slices.Values(a.Headers)), func(line string) bool {
		id, is := strings.CutPrefix(line, "X-Request-Id: ")
		return strings.HasPrefix(line, "Date: ") || strings.HasPrefix(line, "Content-Length: ") || is && logID.pattern.MatchString(id) && strings.Contains(ac.Log, " id="+id)
	})
	return strings.NewReplacer(ac.Address, "«address»", ac.Given.CMK, "«CMK»").Replace(strings.Join(lines, "\n"))
}

// passedOn compares what the KMS answered with what the console made of it: these fields, and no
// other.
func (ac *account) passedOn(from, to []byte) {
	var answer, passed map[string]any
	if err := json.Unmarshal(to, &passed); err != nil {
		ac.leave("the console's answers", "%.120q", to)
	}
	if passed["Code"] != nil {
		ac.refused(from, passed)
		return
	}
	if err := json.Unmarshal(from, &answer); err != nil {
		ac.leave("the console's answers", "%.120q, where the KMS gave none", to)
	}
	for name, value := range passed {
		if answer[name] != value {
			ac.leave("the console's answers", "%s is %.120v, and the KMS said %.120v", name, value, answer[name])
		}
	}
	for name := range passed {
		if !slices.Contains([]string{"KeyId", "PublicKey", "ImportToken", "TokenExpireTime", "RequestId"}, name) {
			ac.leave("the console's answers", "they have %s", name)
		}
	}
}

// refused checks what the console says of a call that failed: the code, the words that the
// catalogue has for it, the KMS's own words and request id, and an id of the console's, which its
// log has.
func (ac *account) refused(from []byte, passed map[string]any) {
	var answer struct{ Code, Message, RequestId string }
	json.Unmarshal(from, &answer)
	code, _ := passed["Code"].(string)
	fault := text.Match(ac.Given.Language).Fault(code)
	id, _ := passed["ConsoleRequestId"].(string)
	want := map[string]any{"Code": code, "Message": fault.What, "Advice": fault.Do, "ConsoleRequestId": id}
	if answer.Code != "" {
		want["Detail"], want["RequestId"] = answer.Message, answer.RequestId
	}
	if !reflect.DeepEqual(passed, want) || answer.Code != "" && answer.Code != code || !slices.ContainsFunc(ac.Given.Calls, func(call string) bool { return strings.HasSuffix(call, " "+code) }) {
		ac.leave("the console's answers", "they are %.300v, want %.300v", passed, want)
	}
	if !logID.pattern.MatchString(id) || !strings.Contains(ac.Log, " id="+id+"\n") {
		ac.leave("the console's answers", "the console's id is %.60q", id)
	}
}
