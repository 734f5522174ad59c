package bench

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha1"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"keyferry/server/localkms"
)

// caller calls a local KMS with as little work as the protocol allows, so that what is measured is
// the KMS. It signs by HMAC-SHA1, as the vendor's older SDKs do.
type caller struct {
	address string
	client  *http.Client
	noNonce bool // leaves out the nonce, which the KMS would have to remember
}

func newCaller(address string) *caller {
	return &caller{address: address, client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: connections}}}
}

var strictly = strings.NewReplacer("+", "%20", "*", "%2A")

// call makes one call and decodes the answer, unless answer is nil.
func (c *caller) call(action string, parameters map[string]string, answer any) error {
	form := url.Values{
		"Action": {action}, "Version": {"2016-01-20"}, "Format": {"JSON"}, "AccessKeyId": {localkms.DefaultAccessKeyID},
		"SignatureMethod": {"HMAC-SHA1"}, "SignatureVersion": {"1.0"},
		"Timestamp": {time.Now().UTC().Format("2006-01-02T15:04:05Z")},
	}
	for name, value := range parameters {
		form.Set(name, value)
	}
	if !c.noNonce {
		form.Set("SignatureNonce", rand.Text())
	}
	signed := strictly.Replace(form.Encode()) // sorted by name, as the signature wants it
	mac := hmac.New(sha1.New, []byte(localkms.DefaultAccessKeySecret+"&"))
	mac.Write([]byte("POST&%2F&" + strictly.Replace(url.QueryEscape(signed))))
	signature := url.QueryEscape(base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	response, err := c.client.Post(c.address+"/", "application/x-www-form-urlencoded", strings.NewReader(signed+"&Signature="+signature))
	if err != nil {
		return err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body) // to its end, so that the connection is used again
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s: %s", action, response.Status, body)
	}
	if err != nil || answer == nil {
		return err
	}
	return json.Unmarshal(body, answer)
}
