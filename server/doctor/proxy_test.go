package doctor

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// net/http reads the variables of proxies once, so each setting needs a process of its own.
const (
	behindProxy = "KEYFERRY_TEST_BEHIND_PROXY" // the endpoint
	caFile      = "KEYFERRY_TEST_CA_FILE"
)

// examineBehindProxy is what such a process does.
func examineBehindProxy() {
	config := configFor(os.Getenv(behindProxy))
	config.PlainHTTP, config.CAFile = false, os.Getenv(caFile)
	report, err := Run(context.Background(), Config{KMS: config, KeyID: keyID})
	if err != nil {
		fmt.Println(err)
		return
	}
	report.Write(os.Stdout, "0", "test")
}

func TestProxy(t *testing.T) {
	endpoint, authority := overTLS(t)
	through := proxy(t, endpoint)
	for _, test := range []struct{ name, endpoint, proxy, says string }{
		{"with user and password", "example.com", "http://user:password-of-proxy@" + through, "RSAES_OAEP_SHA_256: taken"},
		{"without", "example.com", "http://" + through, "the proxy wants a user name and a password"},
		{"wrong password", "example.com", "http://user:another-password@" + through, "the proxy wants a user name and a password"},
		{"host not allowed", "forbidden.example.com", "http://user:password-of-proxy@" + through, "the proxy refused to connect to it, HTTP 403"},
		{"not there", "example.com", "http://user:password-of-proxy@127.0.0.1:1", "HTTPS_PROXY names was not reached: connection refused"},
		{"no address", "example.com", "http://user:password-of-proxy@ x", "HTTPS_PROXY is not the address of a proxy"},
		{"a slash in the password", "example.com", "http://user:1234/password-of-proxy@" + through, "HTTPS_PROXY is not the address of a proxy"},
		{"not a proxy", "example.com", "http://user:password-of-proxy@" + endpoint, "to do"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			command := exec.CommandContext(t.Context(), os.Args[0])
			command.Env = append(os.Environ(), behindProxy+"="+test.endpoint, caFile+"="+authority,
				"HTTPS_PROXY="+test.proxy, "https_proxy=", "NO_PROXY=", "no_proxy=")
			output, err := command.CombinedOutput()
			text := string(output)
			if err != nil || !strings.Contains(strings.ToLower(text), strings.ToLower(test.says)) {
				t.Errorf("%v, want %q:\n%s", err, test.says, text)
			}
			for _, value := range []string{"password-of-proxy", "another-password", secret} {
				if strings.Contains(text, value) {
					t.Errorf("the report holds %q:\n%s", value, text)
				}
			}
		})
	}
}
