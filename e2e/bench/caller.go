package main

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"keyferry/server/localkms"
)

// caller calls a local KMS with as little work as the wire allows, so that a load test measures the KMS and not its
// client. It signs by HMAC-SHA1, as the vendor's older SDK does.
type caller struct {
	address string
	client  *http.Client
	once    bool // leaves out the nonce, which the KMS would have to remember
}

func newCaller(address string, connections int) *caller {
	return &caller{address: address, client: &http.Client{Transport: &http.Transport{
		MaxConnsPerHost: connections, MaxIdleConnsPerHost: connections,
	}}}
}

func (c *caller) close() { c.client.CloseIdleConnections() }

// call makes one call and decodes the answer, unless answer is nil.
func (c *caller) call(ctx context.Context, action string, parameters map[string]string, answer any) error {
	all := maps.Clone(parameters)
	if all == nil {
		all = map[string]string{}
	}
	maps.Copy(all, map[string]string{
		"Action": action, "Version": "2016-01-20", "Format": "JSON", "AccessKeyId": localkms.DefaultAccessKeyID,
		"SignatureMethod": "HMAC-SHA1", "SignatureVersion": "1.0",
		"Timestamp": time.Now().UTC().Format("2006-01-02T15:04:05Z"),
	})
	if !c.once {
		all["SignatureNonce"] = rand.Text()
	}
	form := encode(all)
	mac := hmac.New(sha1.New, []byte(localkms.DefaultAccessKeySecret+"&"))
	mac.Write([]byte("POST&%2F&" + escape(form)))
	form += "&Signature=" + escape(base64.StdEncoding.EncodeToString(mac.Sum(nil)))

	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.address+"/", strings.NewReader(form))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	response, err := c.client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body) // to its end, or the connection could not be used again
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("calling %s: %s: %s", action, response.Status, body)
	}
	if answer == nil {
		return nil
	}
	return json.Unmarshal(body, answer)
}

// encode joins the parameters in the one form that is signed.
func encode(parameters map[string]string) string {
	var pairs []string
	for _, name := range slices.Sorted(maps.Keys(parameters)) {
		pairs = append(pairs, escape(name)+"="+escape(parameters[name]))
	}
	return strings.Join(pairs, "&")
}

var strictly = strings.NewReplacer("+", "%20", "*", "%2A")

func escape(text string) string { return strictly.Replace(url.QueryEscape(text)) }

// algorithm is what parameters are asked for with.
const algorithm = "RSAES_OAEP_SHA_256"

// parametersFor are the parameters of GetParametersForImport.
func parametersFor(keyID string) map[string]string {
	return map[string]string{"KeyId": keyID, "WrappingAlgorithm": algorithm, "WrappingKeySpec": "RSA_2048"}
}

// prepareImport makes an external CMK and what imports key material into it. It may be sent as often as one likes
// within the token's 24 hours: the same material changes nothing.
func (c *caller) prepareImport(ctx context.Context) (map[string]string, error) {
	var made struct{ KeyMetadata struct{ KeyId string } }
	if err := c.call(ctx, "CreateKey", map[string]string{"Origin": "EXTERNAL"}, &made); err != nil {
		return nil, err
	}
	keyID := made.KeyMetadata.KeyId
	var parameters struct{ PublicKey, ImportToken string }
	if err := c.call(ctx, "GetParametersForImport", parametersFor(keyID), &parameters); err != nil {
		return nil, err
	}
	der, err := base64.StdEncoding.DecodeString(parameters.PublicKey)
	if err != nil {
		return nil, fmt.Errorf("reading the public key: %v", err)
	}
	parsed, err := x509.ParsePKIXPublicKey(der)
	if err != nil {
		return nil, fmt.Errorf("reading the public key: %v", err)
	}
	public, ok := parsed.(*rsa.PublicKey)
	if !ok {
		return nil, errors.New("reading the public key: it is not RSA")
	}
	material := make([]byte, 32)
	rand.Read(material)
	wrapped, err := rsa.EncryptOAEP(sha256.New(), rand.Reader, public, material, nil)
	if err != nil {
		return nil, err
	}
	return map[string]string{
		"KeyId": keyID, "ImportToken": parameters.ImportToken,
		"EncryptedKeyMaterial": base64.StdEncoding.EncodeToString(wrapped),
	}, nil
}
