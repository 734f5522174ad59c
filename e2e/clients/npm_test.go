package clients

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"keyferry/server/localkms"
)

// npmClients are the clients from npm and how each speaks.
var npmClients = []struct{ name, speech string }{
	{"kms20160120", "POST query HMAC-SHA1"},
	{"pop-core GET", "GET query HMAC-SHA1"},
	{"pop-core POST", "POST form HMAC-SHA1"},
	{"openapi-client", "POST chunked form ACS3-HMAC-SHA256"},
}

func TestNPM(t *testing.T) {
	t.Parallel()
	s := serve(t)
	n := startNode(t)
	for _, test := range npmClients {
		t.Run(test.name, func(t *testing.T) {
			c := &npmClient{t, n, test.name, s.endpoint, localkms.DefaultAccessKeySecret}
			eachAlgorithm(t, s, c, n.wrap, test.speech)
		})
	}
}

// npmClient is one of npmClients. It takes and gives the API's own names; what
// a client makes of them is in testdata.
type npmClient struct {
	t        *testing.T
	node     *node
	name     string
	endpoint string
	secret   string
}

// npmError is what a client from npm throws.
type npmError struct {
	Name, Code, Message string
	Data                struct{ Code, Message, RequestId string }
}

func (e *npmError) Error() string { return e.Code + ": " + e.Message }

func (c *npmClient) call(action string, parameters map[string]string, answer any) error {
	question := map[string]any{
		"client": c.name,
		"config": map[string]string{
			"endpoint":        c.endpoint,
			"accessKeyId":     localkms.DefaultAccessKeyID,
			"accessKeySecret": c.secret,
		},
		"action":     action,
		"parameters": parameters,
	}
	return c.node.ask(c.t, question, answer)
}

func (c *npmClient) createKey(description string) (*metadata, error) {
	var answer struct{ KeyMetadata metadata }
	err := c.call("CreateKey", map[string]string{"Origin": "EXTERNAL", "Description": description}, &answer)
	return &answer.KeyMetadata, err
}

func (c *npmClient) describeKey(keyID string) (*metadata, error) {
	var answer struct{ KeyMetadata metadata }
	err := c.call("DescribeKey", map[string]string{"KeyId": keyID}, &answer)
	return &answer.KeyMetadata, err
}

func (c *npmClient) parametersForImport(keyID, algorithm string) (*parameters, error) {
	answer := &parameters{}
	err := c.call("GetParametersForImport", map[string]string{
		"KeyId": keyID, "WrappingAlgorithm": algorithm, "WrappingKeySpec": "RSA_2048",
	}, answer)
	return answer, err
}

func (c *npmClient) importKeyMaterial(keyID, encrypted, token string) error {
	return c.call("ImportKeyMaterial", map[string]string{
		"KeyId": keyID, "EncryptedKeyMaterial": encrypted, "ImportToken": token, "KeyMaterialExpireUnix": "0",
	}, &struct{}{})
}

func (c *npmClient) deleteKeyMaterial(keyID string) error {
	return c.call("DeleteKeyMaterial", map[string]string{"KeyId": keyID}, &struct{}{})
}

func (c *npmClient) encrypt(keyID, plaintext string) (string, error) {
	var answer struct{ CiphertextBlob string }
	err := c.call("Encrypt", map[string]string{"KeyId": keyID, "Plaintext": plaintext}, &answer)
	return answer.CiphertextBlob, err
}

func (c *npmClient) decrypt(blob string) (string, error) {
	var answer struct{ Plaintext string }
	err := c.call("Decrypt", map[string]string{"CiphertextBlob": blob}, &answer)
	return answer.Plaintext, err
}

// code takes off what @alicloud/kms20160120 puts at the end of every code.
func (c *npmClient) code(err error) string {
	var thrown *npmError
	if !errors.As(err, &thrown) {
		return ""
	}
	if c.name == "kms20160120" {
		return strings.TrimSuffix(thrown.Code, "Error")
	}
	return thrown.Code
}

// wrap wraps with Node's own crypto.
func (n *node) wrap(t *testing.T, publicKey, algorithm string, material []byte) string {
	t.Helper()
	var wrapped string
	question := map[string]any{"client": "crypto", "parameters": map[string]string{
		"publicKey": publicKey, "algorithm": algorithm, "material": base64.StdEncoding.EncodeToString(material),
	}}
	if err := n.ask(t, question, &wrapped); err != nil {
		t.Fatalf("wrapping: %v", err)
	}
	return wrapped
}

// ask puts a question to the process and reads its answer. The error is what
// the client threw; anything else that goes wrong ends the test.
func (n *node) ask(t *testing.T, question, answer any) error {
	t.Helper()
	line, err := json.Marshal(question)
	if err != nil {
		t.Fatal(err)
	}
	var reply struct {
		Answer json.RawMessage
		Error  *npmError
	}
	if err := json.Unmarshal(n.exchange(t, line), &reply); err != nil {
		t.Fatalf("reading what node answered: %v", err)
	}
	if reply.Error != nil {
		return reply.Error
	}
	if err := json.Unmarshal(reply.Answer, answer); err != nil {
		t.Fatalf("reading what the client answered: %v: %s", err, reply.Answer)
	}
	return nil
}
