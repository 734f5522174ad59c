package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestDeskCommand says where a desk may connect, and that nothing but the command line decides it.
func TestDeskCommand(t *testing.T) {
	t.Setenv("KEYFERRY_CONNECT", "true")
	t.Setenv("KEYFERRY_ENDPOINT", "kms.example")
	t.Setenv("KEYFERRY_VPC", "true")
	for name, test := range map[string]struct {
		flags   []string
		connect string // of the policy; empty where the command refuses
		says    string // said, or in the error
	}{
		"plain":            {[]string{"--region=cn-hangzhou"}, "'none'", "sha256"},
		"connected":        {[]string{"--connect", "--region=cn-hangzhou"}, "https://kms.cn-hangzhou.aliyuncs.com", "may connect to https://kms.cn-hangzhou.aliyuncs.com"},
		"two regions":      {[]string{"--connect", "--vpc", "--region=eu-west-1", "--region=us-east-1"}, "https://kms-vpc.eu-west-1.aliyuncs.com https://kms-vpc.us-east-1.aliyuncs.com", ""},
		"local":            {[]string{"--connect", "--region=cn-hangzhou", "--endpoint=http://127.0.0.1:8788"}, "http://127.0.0.1:8788", ""},
		"no region":        {[]string{"--connect"}, "", "--region"},
		"unknown region":   {[]string{"--connect", "--region=cn-nowhere"}, "", "cn-hangzhou"},
		"elsewhere":        {[]string{"--connect", "--region=cn-hangzhou", "--endpoint=https://keys.example"}, "", "this computer"},
		"not connected":    {[]string{"--region=cn-hangzhou", "--endpoint=http://127.0.0.1:8788"}, "", "--connect"},
		"two regions only": {[]string{"--region=cn-hangzhou", "--region=cn-shanghai"}, "", "--connect"},
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "desk.html")
			c := run(t, append([]string{"desk", file}, test.flags...)...)
			err := <-c.ended
			said := c.said.String()
			if err != nil {
				said += err.Error()
			}
			if !strings.Contains(said, test.says) {
				t.Errorf("no %q in %q", test.says, said)
			}
			content, _ := os.ReadFile(file)
			if test.connect == "" {
				if err == nil || len(content) > 0 {
					t.Errorf("a file was written (%v)", err)
				}
				return
			}
			if want := "; connect-src " + strings.ReplaceAll(test.connect, "'", "&#39;") + "; "; !strings.Contains(string(content), want) {
				t.Errorf("the file lacks %q", want)
			}
		})
	}
}
