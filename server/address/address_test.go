package address_test

import (
	"strings"
	"testing"

	"keyferry/server/address"
)

func TestLoopback(t *testing.T) {
	for host, want := range map[string]bool{
		"127.0.0.1": true, "127.0.0.2": true, "127.255.255.254": true, "::1": true, "[::1]": true,
		"localhost": true, "LocalHost": true, "::ffff:127.0.0.1": true, "[::ffff:127.0.0.2]": true, "0:0:0:0:0:0:0:1": true,

		"": false, "0.0.0.0": false, "::": false, "::2": false, "128.0.0.1": false, "126.255.255.255": false,
		"192.168.1.1": false, "10.0.0.1": false, "::ffff:10.0.0.1": false, "fe80::1": false, "::1%lo": false, "127.0.0.1%lo": false,
		"localhost.example": false, "127.0.0.1.example": false, "keyferry.localhost": false, "localhost.": false,
		"127.1": false, "0x7f.0.0.1": false, "2130706433": false, "127.0.0.01": false, "127.0.0.1:80": false, "[::1": false, "::1]": false, "[[::1]]": false,
	} {
		if got := address.Loopback(host); got != want {
			t.Errorf("Loopback(%q) = %v, want %v", host, got, want)
		}
	}
}

func TestRegion(t *testing.T) {
	for name, want := range map[string]bool{
		"cn-hangzhou": true, "ap-southeast-1": true, "cn-hangzhou-finance": true, "local": true, strings.Repeat("a", 64): true,
		"": false, "CN-hangzhou": false, "cn_hangzhou": false, "cn-hangzhou\n": false, "-cn": false, "cn-": false, "cn--x": false,
		"evil.example": false, "cn/x": false, "cn hangzhou": false, strings.Repeat("a", 65): false, "杭州": false,
	} {
		if got := address.Region(name); got != want {
			t.Errorf("Region(%q) = %v, want %v", name, got, want)
		}
	}
}
