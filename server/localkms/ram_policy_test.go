package localkms

import (
	"strings"
	"testing"
)

func TestRAMPolicy(t *testing.T) {
	const key = "acs:kms:cn-hangzhou:1:key/"
	policy, err := ParseRAMPolicy([]byte(`{"Version": "1", "Statement": [
		{"Effect": "Allow", "Action": "kms:Get*", "Resource": ["acs:kms:cn-hangzhou:1:key/key-a", "acs:kms:*:1:key/key-b?"]},
		{"Effect": "Allow", "Action": ["kms:ImportKeyMaterial", "oss:*"], "Resource": "*"},
		{"Effect": "Deny", "Action": "kms:Import*", "Resource": "*key-locked"}
	]}`))
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		action, resource string
		want             bool
	}{
		{"kms:GetParametersForImport", key + "key-a", true},
		{"kms:GetParametersForImport", key + "key-ab", false},
		{"kms:GetParametersForImport", key + "key-b7", true},
		{"kms:GetParametersForImport", key + "key-b", false},
		{"kms:GetParametersForImport", "acs:kms:cn-beijing:1:key/key-b7", true},
		{"kms:GetParametersForImport", "acs:kms:cn-hangzhou:2:key/key-a", false},
		{"kms:ImportKeyMaterial", key + "key-z", true},
		{"kms:ImportKeyMaterial", key + "key-locked", false},
		{"kms:DeleteKeyMaterial", key + "key-a", false},
		{"GetParametersForImport", key + "key-a", false},
	} {
		if got := policy.allows(test.action, test.resource); got != test.want {
			t.Errorf("%s on %s: %v", test.action, test.resource, got)
		}
	}
}

func TestMatchPattern(t *testing.T) {
	for pattern, texts := range map[string]map[string]bool{
		"":      {"": true, "a": false},
		"*":     {"": true, "abc": true},
		"a*b*c": {"abc": true, "axxbxxbc": true, "ab": false, "abcx": false},
		"*ab":   {"aab": true, "abab": true, "aba": false},
		"a?c":   {"abc": true, "ac": false, "abbc": false},
		"**?":   {"": false, "x": true},
	} {
		for text, want := range texts {
			if matchPattern(pattern, text) != want {
				t.Errorf("%q matches %q: %v", pattern, text, !want)
			}
		}
	}
	if matchPattern(strings.Repeat("a*", 5000)+"b", strings.Repeat("a", 20000)) { // and it ends soon
		t.Error("letters match a pattern that ends in another one")
	}
}

func TestRAMPoliciesThatAreRefused(t *testing.T) {
	for _, text := range []string{
		``, `{}`, `{"Version":"1"}`, `{"Version":"2","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`,
		`{"Version":"1","Statement":[{"Effect":"allow","Action":"*","Resource":"*"}]}`,
		`{"Version":"1","Statement":[{"Effect":"Allow","Resource":"*"}]}`,
		`{"Version":"1","Statement":[{"Effect":"Allow","Action":7,"Resource":"*"}]}`,
		`{"Version":"1","Statement":[{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"IpAddress":{}}}]}`,
		`{"Version":"1","Statement":[{"Effect":"Allow","Action":"*","NotResource":"*"}]}`,
	} {
		if _, err := ParseRAMPolicy([]byte(text)); err == nil {
			t.Errorf("%s is accepted", text)
		}
	}
}
