package reminders

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strconv"
	"time"

	"keyferry/server/address"
)

// Webhook is an address that gets every message, in the form that its service wants. Both address
// and secret let whoever has them write into the group, so they come from a file that others cannot
// read.
type Webhook struct {
	Name   string // as log and database name it
	Kind   string // dingtalk, feishu, wecom, slack or generic
	URL    string
	Secret string // signs messages; generic needs one, dingtalk and feishu may have one, the others have none
}

// shapes make the address and body for a kind of webhook, and read its answer.
var shapes = map[string]struct {
	request func(w Webhook, id string, n Notice, m message, now time.Time) (call, error)
	refusal func(status int, body []byte) string // empty means that it was accepted
	secret  secretUse
}{
	"dingtalk": {dingTalk, errCode, mayHave},
	"feishu":   {feishu, larkCode, mayHave},
	"wecom":    {weCom, errCode, hasNone},
	"slack":    {slack, plainStatus, hasNone},
	"generic":  {generic, plainStatus, mustHave},
}

type secretUse int

const (
	mayHave secretUse = iota
	mustHave
	hasNone
)

// call is what is sent to a webhook.
type call struct {
	url    string
	body   []byte
	header map[string]string
}

var hookNames = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)

// LoadWebhooks reads a file with a JSON list of webhooks. Nobody but its owner may be able to read
// it.
func LoadWebhooks(path string) ([]Webhook, error) {
	hooks, err := loadWebhooks(path)
	if err != nil {
		return nil, fmt.Errorf("reading the webhooks of %s: %w", path, err)
	}
	return hooks, nil
}

func loadWebhooks(path string) ([]Webhook, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, errors.New("others can read it: chmod 600, and make new addresses if somebody may have")
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	var hooks []Webhook
	if err := decoder.Decode(&hooks); err != nil {
		return nil, errors.New("it must be a JSON list of objects with Name, Kind, URL and, where there is one, Secret")
	}
	if _, err := decoder.Token(); err != io.EOF {
		return nil, errors.New("something follows the list")
	}
	known := map[string]bool{mailChannel: true}
	for i, w := range hooks {
		if err := w.check(); err != nil {
			return nil, fmt.Errorf("webhook %d: %w", i+1, err)
		}
		if known[w.Name] {
			return nil, fmt.Errorf("webhook %d: another one has the name %s", i+1, w.Name)
		}
		known[w.Name] = true
	}
	return hooks, nil
}

// check refuses a webhook that cannot be. No error repeats address or secret.
func (w Webhook) check() error {
	shape, ok := shapes[w.Kind]
	switch {
	case !hookNames.MatchString(w.Name):
		return errors.New("the Name must be letters, digits, points and hyphens, at most 64")
	case !ok:
		return errors.New("the Kind must be dingtalk, feishu, wecom, slack or generic")
	case shape.secret == mustHave && len(w.Secret) < 16:
		return errors.New("a generic webhook needs a Secret of at least 16 characters, which signs the messages")
	case w.Kind == "generic" && !signs(w.Secret):
		return errors.New("what follows whsec_ in Secret must be base64")
	case shape.secret == hasNone && w.Secret != "":
		return fmt.Errorf("%s signs nothing: its address is the secret", w.Kind)
	}
	target, err := url.Parse(w.URL)
	if err != nil || target.Host == "" || target.User != nil ||
		target.Scheme != "https" && !(target.Scheme == "http" && address.Loopback(target.Hostname())) {
		return errors.New("its URL must begin with https://")
	}
	return nil
}

// newClient returns the client for all webhooks. It follows no redirect: addresses are the
// operator's alone.
func newClient(transport http.RoundTripper) *http.Client {
	return &http.Client{
		Transport: transport, Timeout: 15 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// maxAnswer is how much of an answer is read.
const maxAnswer = 64 << 10

// send posts a message to the webhook.
func (w Webhook) send(ctx context.Context, client *http.Client, id string, n Notice, m message, now time.Time) *failure {
	shape := shapes[w.Kind]
	c, err := shape.request(w, id, n, m, now)
	if err != nil {
		return &failure{problem: "the message cannot be written", final: true}
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, bytes.NewReader(c.body))
	if err != nil {
		return &failure{problem: "the address is none", final: true}
	}
	request.Header.Set("Content-Type", "application/json; charset=utf-8")
	request.Header.Set("User-Agent", "keyferry")
	for name, value := range c.header {
		request.Header.Set(name, value)
	}
	answer, err := client.Do(request)
	if err != nil {
		return callFailure(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
	if err != nil {
		return &failure{problem: "the answer was cut off", unsure: true}
	}
	if refusal := shape.refusal(answer.StatusCode, body); refusal != "" {
		return &failure{problem: refusal}
	}
	return nil
}

// callFailure says why there was no answer, without the text of the error, which has the address.
func callFailure(err error) *failure {
	var operation *net.OpError
	if errors.As(err, &operation) && operation.Op == "dial" {
		return &failure{problem: "no connection"}
	}
	return &failure{problem: "no answer", unsure: true}
}

// plainStatus reads the answer of services that say it with the status.
func plainStatus(status int, _ []byte) string {
	if status >= 200 && status < 300 {
		return ""
	}
	return "HTTP " + strconv.Itoa(status)
}

// errCode reads the answer of DingTalk and WeCom, which refuse with status 200.
func errCode(status int, body []byte) string { return jsonCode(status, body, "errcode") }

// larkCode reads that of Feishu, whose older form has another name for the code.
func larkCode(status int, body []byte) string { return jsonCode(status, body, "code", "StatusCode") }

func jsonCode(status int, body []byte, names ...string) string {
	var fields map[string]json.RawMessage
	if refusal := plainStatus(status, nil); refusal != "" {
		return refusal
	}
	if json.Unmarshal(body, &fields) != nil {
		return "an answer that is no JSON"
	}
	for _, name := range names {
		code, err := strconv.Atoi(string(fields[name]))
		switch {
		case err != nil:
		case code == 0:
			return ""
		default:
			return "code " + strconv.Itoa(code)
		}
	}
	return "an answer without a code"
}
