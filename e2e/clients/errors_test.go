package clients

import (
	"encoding/json"
	"errors"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/alibabacloud-go/tea/tea"
	sdkerrors "github.com/aliyun/alibaba-cloud-sdk-go/sdk/errors"

	"keyferry/server/localkms"
)

// unknownKey has the form of a key id and is none.
const unknownKey = "key-hzz000000000000000000"

// refusals are calls that the KMS refuses, each with what its answer says.
var refusals = []struct {
	name    string
	provoke func(t *testing.T, s *server, c client) error
	status  int
	code    string
	message string
}{
	{"unknown key", func(_ *testing.T, _ *server, c client) error {
		_, err := c.describeKey(unknownKey)
		return err
	}, 404, "Forbidden.KeyNotFound", "The specified Key is not found."},
	{"expired token", importAfterADay, 400, "ExpiredImportToken", "The specified import token is expired."},
	{"throttled", func(t *testing.T, s *server, c client) error {
		return describeUnder(t, s, c, localkms.Fault{Kind: localkms.FaultThrottle})
	}, 429, "Rejected.Throttling", "QPS Limit Exceeded"},
	{"unavailable", func(t *testing.T, s *server, c client) error {
		return describeUnder(t, s, c, localkms.Fault{Kind: localkms.FaultError, Status: 503})
	}, 503, "ServiceUnavailableTemporary", "Service Unavailable Temporary."},
}

// importAfterADay imports with parameters that are a second too old.
func importAfterADay(t *testing.T, s *server, c client) error {
	t.Helper()
	made, err := c.createKey("")
	if err != nil {
		t.Fatal(err)
	}
	p, err := c.parametersForImport(made.KeyId, oaepSHA256)
	if err != nil {
		t.Fatal(err)
	}
	s.Clock().Advance(24*time.Hour + time.Second)
	defer s.Clock().Reset()
	return c.importKeyMaterial(made.KeyId, wrapWithGo(t, p.PublicKey, oaepSHA256, freshMaterial()), p.ImportToken)
}

// describeUnder calls DescribeKey while something goes wrong.
func describeUnder(t *testing.T, s *server, c client, fault localkms.Fault) error {
	t.Helper()
	fault.Action, fault.Times = "DescribeKey", 1
	if err := s.Inject(fault); err != nil {
		t.Fatal(err)
	}
	_, err := c.describeKey(unknownKey)
	return err
}

// requestID is the form of every RequestId.
var requestID = regexp.MustCompile(`^[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}$`)

func TestAlibabaCloudSDKGoErrors(t *testing.T) {
	t.Parallel()
	s := serve(t)
	c := newAlibabaCloudSDKGo(t, s, localkms.DefaultAccessKeySecret)
	for _, test := range refusals {
		t.Run(test.name, func(t *testing.T) {
			err := test.provoke(t, s, c)
			var server *sdkerrors.ServerError
			if !errors.As(err, &server) {
				t.Fatalf("error = %v, want a ServerError", err)
			}
			if server.HttpStatus() != test.status || server.ErrorCode() != test.code || server.Message() != test.message {
				t.Errorf("error = %d %s %q, want %d %s %q",
					server.HttpStatus(), server.ErrorCode(), server.Message(), test.status, test.code, test.message)
			}
			if !requestID.MatchString(server.RequestId()) {
				t.Errorf("RequestId = %q", server.RequestId())
			}
		})
	}
}

// With a wrong secret this SDK compares the string that the server signed with
// its own. It blames the secret if they are equal byte for byte, and itself if
// they are not.
func TestAlibabaCloudSDKGoWrongSecret(t *testing.T) {
	t.Parallel()
	s := serve(t)
	_, err := newAlibabaCloudSDKGo(t, s, "wrong").createKey(description)
	var server *sdkerrors.ServerError
	if !errors.As(err, &server) {
		t.Fatalf("error = %v, want a ServerError", err)
	}
	if server.ErrorCode() != "SignatureDoesNotMatch" || !strings.HasPrefix(server.Recommend(), "InvalidAccessKeySecret") {
		t.Errorf("code %s, recommendation %q", server.ErrorCode(), server.Recommend())
	}
}

func TestKMS20160120Errors(t *testing.T) {
	for _, signature := range []string{"", "v2"} {
		t.Run("signature "+signature, func(t *testing.T) {
			t.Parallel()
			s := serve(t)
			c := newKMS20160120(t, s, localkms.DefaultAccessKeySecret, signature)
			for _, test := range refusals {
				t.Run(test.name, func(t *testing.T) {
					sdkErrorOf(t, test.provoke(t, s, c), test.status, test.code)
				})
			}
			// The gateway's codes, which this SDK takes for throttling.
			for _, code := range []string{"Throttling", "Throttling.User", "Throttling.Api"} {
				t.Run(code, func(t *testing.T) {
					fault := localkms.Fault{Kind: localkms.FaultError, Status: 400, Code: code}
					sdkErrorOf(t, describeUnder(t, s, c, fault), 400, code)
				})
			}
			t.Run("wrong secret", func(t *testing.T) {
				_, err := newKMS20160120(t, s, "wrong", signature).createKey(description)
				sdkErrorOf(t, err, 400, "SignatureDoesNotMatch")
			})
		})
	}
}

// sdkErrorOf holds what the newer SDK returned against a status and a code. It
// hands on every answer as an SDKError, also one that it took for its own
// ThrottlingError.
func sdkErrorOf(t *testing.T, err error, status int, code string) {
	t.Helper()
	var sdk *tea.SDKError
	if !errors.As(err, &sdk) {
		t.Fatalf("error = %v, want an SDKError", err)
	}
	if tea.StringValue(sdk.Code) != code || tea.IntValue(sdk.StatusCode) != status {
		t.Errorf("error = %d %s, want %d %s", tea.IntValue(sdk.StatusCode), tea.StringValue(sdk.Code), status, code)
	}
	var data struct{ Code, RequestId string }
	if err := json.Unmarshal([]byte(tea.StringValue(sdk.Data)), &data); err != nil {
		t.Fatalf("reading Data: %v", err)
	}
	if data.Code != code || !requestID.MatchString(data.RequestId) {
		t.Errorf("Data.Code = %q, Data.RequestId = %q, want %s", data.Code, data.RequestId, code)
	}
}

func TestNPMErrors(t *testing.T) {
	t.Parallel()
	s := serve(t)
	n := startNode(t)
	for _, npm := range npmClients {
		t.Run(npm.name, func(t *testing.T) {
			c := &npmClient{t, n, npm.name, s.endpoint, localkms.DefaultAccessKeySecret}
			for _, test := range refusals {
				t.Run(test.name, func(t *testing.T) {
					thrownOf(t, c, test.provoke(t, s, c), test.code, test.message)
				})
			}
			t.Run("wrong secret", func(t *testing.T) {
				wrong := &npmClient{t, n, npm.name, s.endpoint, "wrong"}
				_, err := wrong.createKey(description)
				thrownOf(t, wrong, err, "SignatureDoesNotMatch", "")
			})
		})
	}
}

// thrownOf holds what a client from npm threw against a code and, unless that
// is empty, a message.
func thrownOf(t *testing.T, c *npmClient, err error, code, message string) {
	t.Helper()
	var thrown *npmError
	if !errors.As(err, &thrown) {
		t.Fatalf("error = %v, want one that the client threw", err)
	}
	if got := c.code(err); got != code || thrown.Data.Code != code {
		t.Errorf("code = %q, data.Code = %q, want %s", thrown.Code, thrown.Data.Code, code)
	}
	if message != "" && (thrown.Data.Message != message || !strings.Contains(thrown.Message, message)) {
		t.Errorf("message = %q, data.Message = %q, want %q", thrown.Message, thrown.Data.Message, message)
	}
	if !requestID.MatchString(thrown.Data.RequestId) {
		t.Errorf("data.RequestId = %q", thrown.Data.RequestId)
	}
}
