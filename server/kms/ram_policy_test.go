package kms_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/aliyun/alibaba-cloud-sdk-go/sdk"
	alierrors "github.com/aliyun/alibaba-cloud-sdk-go/sdk/errors"
	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/requests"

	"keyferry/server/kms"
	"keyferry/server/localkms"
	"keyferry/server/localkms/localkmstest"
)

// policyOf returns the policy for a CMK as the local KMS has it, changed.
func policyOf(t *testing.T, region string, change func(*localkms.RAMPolicy), keyIDs ...string) *localkms.RAMPolicy {
	t.Helper()
	text, err := kms.RAMPolicy(region, localkms.DefaultAccountID, keyIDs)
	if err != nil {
		t.Fatal(err)
	}
	policy, err := localkms.ParseRAMPolicy(text)
	if err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	if change != nil {
		change(policy)
	}
	return policy
}

// The policy suffices for importing into the CMK, and none of it can be left out.
func TestRAMPolicyIsTheLeast(t *testing.T) {
	drop := func(action string) func(*localkms.RAMPolicy) {
		return func(p *localkms.RAMPolicy) {
			for i, has := range p.Statement[0].Action {
				if has == action {
					p.Statement[0].Action = append(p.Statement[0].Action[:i:i], p.Statement[0].Action[i+1:]...)
				}
			}
		}
	}
	for _, test := range []struct {
		name                string
		policy              *localkms.RAMPolicy
		parameters, imports bool
	}{
		{"for the CMK", policyOf(t, "cn-hangzhou", nil, emptyCMK), true, true},
		{"for several", policyOf(t, "cn-hangzhou", nil, ordinaryCMK, emptyCMK), true, true},
		{"for every CMK", policyOf(t, "cn-hangzhou", nil, "*"), true, true},
		{"for another CMK", policyOf(t, "cn-hangzhou", nil, ordinaryCMK), false, false},
		{"for another region", policyOf(t, "cn-beijing", nil, emptyCMK), false, false},
		{"without the first call", policyOf(t, "cn-hangzhou", drop("kms:GetParametersForImport"), emptyCMK), false, true},
		{"without the second call", policyOf(t, "cn-hangzhou", drop("kms:ImportKeyMaterial"), emptyCMK), true, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			server := localkmstest.Start(t, localkms.Config{AccessKeys: []localkms.AccessKey{
				{ID: "all", Secret: "secret-of-all"}, {ID: "least", Secret: "secret-of-least", Policy: test.policy},
			}})
			as := func(id string) *kms.Client {
				return clientOf(t, server, func(c *kms.Config) { c.AccessKeyID, c.AccessKeySecret = id, "secret-of-"+id })
			}
			in := wrapped(t, as("all"), "RSAES_OAEP_SHA_256", []byte(strings.Repeat("k", 32)))
			_, err := as("least").ImportParameters(t.Context(), emptyCMK, kms.WrappingSpec{Algorithm: "RSAES_OAEP_SHA_256", KeySpec: "RSA_2048"})
			wantPermitted(t, "GetParametersForImport", err, test.parameters)
			_, err = as("least").ImportKeyMaterial(t.Context(), in)
			wantPermitted(t, "ImportKeyMaterial", err, test.imports)
		})
	}
}

func wantPermitted(t *testing.T, action string, err error, want bool) {
	t.Helper()
	var refused *kms.Error
	denied := errors.As(err, &refused) && refused.Code == "Forbidden.NoPermission"
	if want && err != nil || !want && !denied {
		t.Errorf("%s: error is %v, want permitted: %v", action, err, want)
	}
}

// The policy permits none of the other actions.
func TestRAMPolicyPermitsNothingElse(t *testing.T) {
	policy := policyOf(t, "cn-hangzhou", nil, "*")
	server := localkmstest.Start(t, localkms.Config{AccessKeys: []localkms.AccessKey{{ID: "least", Secret: "s", Policy: policy}}})
	for _, action := range []string{
		"CreateKey", "ListKeys", "ListAliases", "DescribeRegions", "DescribeKey", "DeleteKeyMaterial", "ScheduleKeyDeletion",
		"DisableKey", "Encrypt", "GenerateDataKey", "ListKeyVersions", "ListAliasesByKeyId", "ListResourceTags",
	} {
		code := callAs(t, server, "least", "s", action, map[string]string{
			"KeyId": emptyCMK, "Plaintext": "x", "PendingWindowInDays": "7", "AliasName": "alias/x", "ResourceType": "key",
		})
		if code != "Forbidden.NoPermission" {
			t.Errorf("%s is answered with %q", action, code)
		}
	}
}

// callAs makes any call with the vendor's SDK, and returns the code of the error.
func callAs(t *testing.T, server *localkmstest.Server, id, secret, action string, parameters map[string]string) string {
	t.Helper()
	//lint:ignore SA1019 the other way does the same with more words
	client, err := sdk.NewClientWithAccessKey("cn-hangzhou", id, secret)
	if err != nil {
		t.Fatal(err)
	}
	request := requests.NewCommonRequest()
	request.Method, request.Scheme, request.Domain = "POST", "http", server.Endpoint
	request.Version, request.ApiName, request.QueryParams = "2016-01-20", action, parameters
	_, err = client.ProcessCommonRequest(request)
	var refused *alierrors.ServerError
	if !errors.As(err, &refused) {
		t.Fatalf("%s: error is %v", action, err)
	}
	return refused.ErrorCode()
}

func TestRAMPolicyOfNothing(t *testing.T) {
	for words, of := range map[string]struct {
		region, account string
		keys            []string
	}{
		"is not one":         {"hangzhou/x", "1234567890123456", []string{"*"}},
		"16 digits":          {"cn-hangzhou", "me", []string{"*"}},
		"no CMK":             {"cn-hangzhou", "1234567890123456", nil},
		"not the id of a CM": {"cn-hangzhou", "1234567890123456", []string{"key-*"}},
	} {
		if _, err := kms.RAMPolicy(of.region, of.account, of.keys); err == nil || !strings.Contains(err.Error(), words) {
			t.Errorf("error is %v, want %q", err, words)
		}
	}
}
