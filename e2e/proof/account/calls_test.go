package account

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"keyferry/server/localkms"
)

// nonceName is the one parameter with room for eight bytes: the vendor's SDK draws it on the server,
// for each call, and the console has no say in it.
const nonceName = "SignatureNonce"

var signatureNonce = newGrammar(`[0-9a-f]{32}`)

// calls strikes off what the console sent to the KMS, and what it passed on of the answers.
func (l *ledger) calls() {
	if len(l.Calls) != len(l.Given.Calls) {
		l.leave("calls to the KMS", "%d calls, want %d", len(l.Calls), len(l.Given.Calls))
	}
	var answers []arrival
	for _, a := range l.Arrivals {
		if strings.HasPrefix(a.Path, "/kms/") {
			answers = append(answers, a)
		}
	}
	for i, c := range l.Calls {
		head, body, _ := strings.Cut(string(c.Request), "\r\n\r\n")
		line, headers, _ := strings.Cut(head, "\r\n")
		method, target, _ := strings.Cut(line, " ")
		target, _, _ = strings.Cut(target, " ")
		query, err := url.ParseQuery(strings.TrimPrefix(target, "/?") + body)
		if err != nil || method != "POST" || strings.HasPrefix(target, "/?") && body != "" {
			l.leave("calls to the KMS", "%.200s", line)
		}
		l.parametersOf(query)
		l.answered(c.Answer)
		l.headersOf(headers, query.Get("Action"))
		if i < len(answers) {
			l.passedOn(c.Answer, answers[i].Answer)
		}
	}
}

// parametersOf strikes off the parameters of a call: each is predicted, but for the nonce and the
// time.
func (l *ledger) parametersOf(query url.Values) {
	want := map[string]string{
		"AccessKeyId": localkms.DefaultAccessKeyID, "Action": query.Get("Action"), "Format": "JSON", "KeyId": l.Given.CMK, "RegionId": "cn-hangzhou",
		"SignatureMethod": "HMAC-SHA1", "SignatureType": "", "SignatureVersion": "1.0", "Version": "2016-01-20",
		"SignatureNonce": query.Get("SignatureNonce"), "Timestamp": query.Get("Timestamp"), "Signature": signature(query),
	}
	if query.Get("Action") == "GetParametersForImport" {
		want["WrappingAlgorithm"], want["WrappingKeySpec"] = l.Given.Algorithm, "RSA_2048"
	} else if l.prepared != nil {
		want["EncryptedKeyMaterial"], want["ImportToken"], want["KeyMaterialExpireUnix"] = l.prepared.EncryptedKeyMaterial, l.parameters.ImportToken, fmt.Sprint(l.Given.Expires)
	}
	for name, values := range query {
		if expected, known := want[name]; !known || len(values) != 1 || values[0] != expected {
			l.leave("calls to the KMS", "%s is %.120q, want %.120q", name, values, expected)
		}
		delete(want, name)
	}
	delete(want, "SignatureType") // some clients leave out what is empty
	for name := range want {
		l.leave("calls to the KMS", "%s is missing", name)
	}
	if !signatureNonce.pattern.MatchString(query.Get("SignatureNonce")) {
		l.leave("calls to the KMS", "the nonce is %.80q", query.Get("SignatureNonce"))
	}
	at, err := time.Parse("2006-01-02T15:04:05Z", query.Get("Timestamp"))
	if err != nil || at.Before(l.Began.Add(-2*time.Second)) || at.After(l.Ended.Add(2*time.Second)) {
		l.leave("calls to the KMS", "the time is %.80q", query.Get("Timestamp"))
	}
	l.draws("calls to the KMS", nonceName, signatureNonce.bits)
	l.draws("calls to the KMS", "Timestamp", l.seconds())
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

// headersOf strikes off the headers of a call.
func (l *ledger) headersOf(headers, action string) {
	usual := []string{
		"Accept-Encoding: identity", "Accept-Encoding: gzip", "Content-Length: 0", "Content-Type: application/x-www-form-urlencoded",
		"X-Acs-Action: " + action, "X-Acs-Credentials-Provider: env", "X-Acs-Version: 2016-01-20", "X-Sdk-Client: golang/1.0.0", "X-Sdk-Invoke-Type: normal",
	}
	for header := range strings.SplitSeq(headers, "\r\n") {
		name, value, _ := strings.Cut(header, ": ")
		known := slices.ContainsFunc(usual, func(u string) bool { return strings.EqualFold(u, header) })
		switch strings.ToLower(name) {
		case "host":
			known = strings.HasPrefix(value, "127.0.0.1:") && len(value) < 16
		case "user-agent", "x-sdk-core-version":
			known = agent.pattern.MatchString(value)
		case "x-forwarded-for": // of the harness, which stands in front of the KMS
			known = value == "127.0.0.1"
		}
		if !known {
			l.leave("calls to the KMS", "the header %.120q", header)
		}
	}
}

// agent names the program and its library, whose versions change with each release.
var agent = newGrammar(`(AlibabaCloud \(linux; amd64\) Golang/1\.\d\d\.\d{1,2} Core/)?1\.\d\d\.\d{1,2}( Keyferry/\d{1,2}\.\d{1,2}\.\d{1,2})?|Keyferry/\d{1,2}\.\d{1,2}\.\d{1,2}`)

var kmsID = newGrammar(`[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}`)

// answered strikes off what the KMS answered: the fields of its API. What is in them the KMS draws,
// which has the key by right: no account can tell what it draws them from.
func (l *ledger) answered(answer []byte) {
	var fields map[string]any
	if len(answer) == 0 {
		return // the connection was cut
	}
	if err := json.Unmarshal(answer, &fields); err != nil {
		l.leave("the KMS's answers", "%.120q", answer)
	}
	names := []string{"KeyId", "PublicKey", "ImportToken", "TokenExpireTime", "RequestId"}
	if fields["Code"] != nil {
		names = []string{"Code", "Message", "HostId", "RequestId", "Recommend"}
	}
	for name := range fields {
		if !slices.Contains(names, name) {
			l.leave("the KMS's answers", "they have %s", name)
		}
	}
	if id, _ := fields["RequestId"].(string); !kmsID.pattern.MatchString(id) {
		l.leave("the KMS's answers", "the request id is %.80q", id)
	}
}

// passedOn compares what the KMS answered with what the console made of it: these fields, and no
// other.
func (l *ledger) passedOn(from, to []byte) {
	var answer, passed map[string]any
	if json.Unmarshal(from, &answer) != nil || json.Unmarshal(to, &passed) != nil || passed["Code"] != nil {
		return // a refusal has words for people instead
	}
	for name, value := range passed {
		if answer[name] != value {
			l.leave("the console's answers", "%s is %.120v, and the KMS said %.120v", name, value, answer[name])
		}
	}
	for name := range passed {
		if !slices.Contains([]string{"KeyId", "PublicKey", "ImportToken", "TokenExpireTime", "RequestId"}, name) {
			l.leave("the console's answers", "they have %s", name)
		}
	}
}
