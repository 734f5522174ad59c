package linked

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha1"
	"encoding/base64"
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"keyferry/e2e/program"
	"keyferry/server/localkms"
)

// signed is a link for any call at all, properly signed: whoever has an AccessKey can make one.
func (s *scene) signed(method, action string, parameters map[string]string) string {
	all := map[string]string{
		"AccessKeyId": localkms.DefaultAccessKeyID, "Action": action, "Format": "JSON", "RegionId": localkms.DefaultRegion, "SignatureMethod": "HMAC-SHA1",
		"SignatureNonce": rand.Text(), "SignatureVersion": "1.0", "Timestamp": time.Now().UTC().Format("2006-01-02T15:04:05Z"), "Version": "2016-01-20",
	}
	maps.Copy(all, parameters)
	escape := func(text string) string { return strings.ReplaceAll(url.QueryEscape(text), "+", "%20") }
	var pairs []string
	for _, name := range slices.Sorted(maps.Keys(all)) {
		pairs = append(pairs, escape(name)+"="+escape(all[name]))
	}
	query := strings.Join(pairs, "&")
	mac := hmac.New(sha1.New, []byte(localkms.DefaultAccessKeySecret+"&"))
	mac.Write([]byte(method + "&%2F&" + escape(query)))
	return s.origin() + "/?" + query + "&Signature=" + escape(base64.StdEncoding.EncodeToString(mac.Sum(nil)))
}

// The signer is right: the KMS does what its links say.
func TestSigner(t *testing.T) {
	kms := program.Start(t)
	s := prepareScene(t, kms, overTLS)
	link := s.signed("GET", "DescribeKey", map[string]string{"KeyId": program.Seeded[0]})
	if status, body := follow(kms.Local, link); status != 200 || !strings.Contains(body, program.Seeded[0]) {
		t.Errorf("%d %s", status, body)
	}
}
