package reminders

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// sign returns HMAC-SHA256 in base64.
func sign(key, text string) string {
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(text))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// whole is the subject and the text, as services show it that have no field for a subject.
func (m message) whole() string { return m.subject + "\n" + m.text }

// dingTalk writes a message for a custom robot of DingTalk. With a secret, timestamp in
// milliseconds and signature are in the address: HMAC-SHA256, under the secret, of the timestamp, a
// line feed and the secret.
func dingTalk(w Webhook, _ string, _ Notice, m message, now time.Time) (call, error) {
	body, err := json.Marshal(map[string]any{"msgtype": "text", "text": map[string]string{"content": m.whole()}})
	if err != nil || w.Secret == "" {
		return call{url: w.URL, body: body}, err
	}
	address, err := url.Parse(w.URL)
	if err != nil {
		return call{}, err
	}
	stamp := strconv.FormatInt(now.UnixMilli(), 10)
	query := address.Query()
	query.Set("timestamp", stamp)
	query.Set("sign", sign(w.Secret, stamp+"\n"+w.Secret))
	address.RawQuery = query.Encode()
	return call{url: address.String(), body: body}, nil
}

// feishu writes a message for a custom bot of Feishu. With a secret, timestamp in seconds and
// signature are in the body: HMAC-SHA256 of nothing, under the timestamp, a line feed and the
// secret.
func feishu(w Webhook, _ string, _ Notice, m message, now time.Time) (call, error) {
	fields := map[string]any{"msg_type": "text", "content": map[string]string{"text": m.whole()}}
	if w.Secret != "" {
		stamp := strconv.FormatInt(now.Unix(), 10)
		fields["timestamp"], fields["sign"] = stamp, sign(stamp+"\n"+w.Secret, "")
	}
	body, err := json.Marshal(fields)
	return call{url: w.URL, body: body}, err
}

// weComLimit is how many bytes of text a group robot of WeCom takes.
const weComLimit = 2048

// weCom writes a message for a group robot of WeCom.
func weCom(w Webhook, _ string, _ Notice, m message, _ time.Time) (call, error) {
	body, err := json.Marshal(map[string]any{"msgtype": "text", "text": map[string]string{"content": cut(m.whole(), weComLimit)}})
	return call{url: w.URL, body: body}, err
}

// cut shortens a text to so many bytes, at the end of a line if it has several.
func cut(text string, most int) string {
	if len(text) <= most {
		return text
	}
	text = strings.ToValidUTF8(text[:most], "")
	if end := strings.LastIndexByte(text, '\n'); end > 0 {
		text = text[:end]
	}
	return text
}

// slackEscapes are the three characters that have a meaning in Slack's texts.
var slackEscapes = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

// slack writes a message for an incoming webhook of Slack.
func slack(w Webhook, _ string, _ Notice, m message, _ time.Time) (call, error) {
	body, err := json.Marshal(map[string]string{"text": slackEscapes.Replace(m.whole())})
	return call{url: w.URL, body: body}, err
}

// generic writes a message as the Standard Webhooks specification has it: id, timestamp and
// signature are in the header, HMAC-SHA256 over the id, a point, the timestamp, a point and the
// body. Its secret is text, or whsec_ and base64. The id of a message that is sent again is the
// same.
func generic(w Webhook, id string, n Notice, m message, now time.Time) (call, error) {
	body, err := json.Marshal(struct {
		Notice
		Id, Subject, Text string
	}{n, id, m.subject, m.text})
	key, _ := signingKey(w.Secret)
	stamp := strconv.FormatInt(now.Unix(), 10)
	return call{url: w.URL, body: body, header: map[string]string{
		"webhook-id": id, "webhook-timestamp": stamp, "webhook-signature": "v1," + sign(key, id+"."+stamp+"."+string(body)),
	}}, err
}

// signingKey returns the key that a secret of a generic webhook means.
func signingKey(secret string) (string, error) {
	coded, has := strings.CutPrefix(secret, "whsec_")
	if !has {
		return secret, nil
	}
	key, err := base64.StdEncoding.DecodeString(coded)
	return string(key), err
}

func signs(secret string) bool { _, err := signingKey(secret); return err == nil }
