package console

import (
	"errors"
	"math"
	"net/url"
	"strings"
	"testing"

	"keyferry/server/kms"
)

func TestParseHost(t *testing.T) {
	for typed, want := range map[string]string{
		"keyferry.example":           "keyferry.example",
		"Keyferry.Example":           "keyferry.example",
		" keyferry.example\n":        "keyferry.example",
		"keyferry.example.":          "keyferry.example",
		"keyferry.example:8443":      "keyferry.example",
		"https://kf.example/":        "kf.example",
		"https://kf.example":         "kf.example",
		"HTTP://KF.example:8080//":   "kf.example",
		"密钥.example":                 "xn--vct863k.example",
		"bücher.example:443":         "xn--bcher-kva.example",
		"xn--bcher-kva.example":      "xn--bcher-kva.example",
		"build-7":                    "build-7",
		"192.0.2.1":                  "192.0.2.1",
		"192.0.2.1:8443":             "192.0.2.1",
		"2001:DB8::1":                "2001:db8::1",
		"[2001:db8:0::1]":            "2001:db8::1",
		"https://[2001:db8::1]:8443": "2001:db8::1",
		"":                           "", " ": "", ":8443": "", "https://": "", "https:///": "", "ftp://kf.example": "", "kf.example/": "", "kf.example/path": "",
		"https://kf.example/path": "", "https://a@kf.example": "", "https://kf.example?x": "", "https://kf.example#x": "",
		"*": "", "*.example": "", "kf_1.example": "", "kf example": "", "kf.example;x": "", "kf.example,kg.example": "", "kf.example:": "",
		"kf.example:https": "", "kf.example:99999": "", "kf..example": "", "-kf.example": "", "'self'": "", "kf.example:1:2": "",
		"[kf.example]": "", "[192.0.2.1]": "", "[2001:db8::1": "", "fe80::1%eth0": "", "192.0.2": "", "192.0.2.256": "", "0x7f000001.1": "",
		strings.Repeat("a", 64) + ".example": "", strings.Repeat("a.", 130) + "example": "",
	} {
		got, err := ParseHost(typed)
		if got != want || (err == nil) != (want != "") || err != nil && !errors.Is(err, ErrHost) {
			t.Errorf("%q: %q, %v, want %q", typed, got, err, want)
		}
	}
}

// A DNS name has at most 253 characters (RFC 1035, section 2.3.4, without the length of the root).
func TestLongestHost(t *testing.T) {
	for size, want := range map[int]bool{252: true, 253: true, 254: false} {
		name := strings.Repeat("b", 1+(size+1)%2) + strings.Repeat(".a", (size-1)/2)
		if _, _, ok := splitHost(name); ok != want {
			t.Errorf("a name of %d characters: taken %v, want %v", len(name), ok, want)
		}
	}
}

// A zone of an address is nothing that a browser sends.
func TestHostWithZone(t *testing.T) {
	for _, host := range []string{"[::1%lo]", "[::1%25lo]:80", "[fe80::1%eth0]"} {
		if name, port, ok := splitHost(host); ok {
			t.Errorf("%s: taken as %q, %q", host, name, port)
		}
	}
}

// FuzzHost holds that a Host header that is taken can break out of neither a policy nor a link:
// browsers read the same name and port in it, and reading it again changes nothing.
func FuzzHost(f *testing.F) {
	for _, seed := range []string{"localhost", "LOCALHOST:1", "[::1]:8787", "[127.0.0.1", "localhost:*", "localhost:1;x", "a..b", "1.2.3.4:65536", "[::ffff:1.2.3.4]", "xn--a"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, host string) {
		name, port, ok := splitHost(host)
		if !ok {
			return
		}
		joined := joinHost(name, port)
		address, err := url.Parse("http://" + joined + "/")
		if err != nil || address.Hostname() != name || address.Port() != port || address.User != nil || address.Path != "/" {
			t.Fatalf("%q became %q, which others read as %v, %v", host, joined, address, err)
		}
		if strings.ContainsAny(joined, " \t\r\n;,'\"*/\\@?#%") || strings.Trim(port, "0123456789") != "" {
			t.Errorf("%q became %q", host, joined)
		}
		if again, port2, ok := splitHost(joined); !ok || again != name || port2 != port {
			t.Errorf("%q became %q, and that %q %q %v", host, joined, again, port2, ok)
		}
		if allowed, err := ParseHost(joined); err == nil && allowed != name && !strings.Contains(name, ":") {
			t.Errorf("%q is allowed as %q", joined, allowed)
		}
	})
}

// FuzzKeyID holds that what is taken for a key id is too short for 32 bytes in any encoding, and is
// nothing but letters, digits and hyphens.
func FuzzKeyID(f *testing.F) {
	for _, seed := range []string{"key-hzz1", "7906979c-8e06-46a2-be2d-68e3ccbc5da1", "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0", "key-hzz1\n"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, id string) {
		if !kms.KeyIDs.MatchString(id) {
			return
		}
		bits := 32 * math.Log2(16)
		if rest, found := strings.CutPrefix(id, "key-"); found {
			bits = float64(len(rest)) * math.Log2(36)
		} else if strings.Count(id, "-") != 4 || len(id) != 36 {
			t.Errorf("%q has neither form", id)
		}
		if bits >= 32*8 || url.QueryEscape(id) != id {
			t.Errorf("%q has room for %.0f bits, or cannot be in a link", id, bits)
		}
	})
}

// What wrapping produces is never refused as too regular: the bound is computed, since chance is
// too rare to sample.
func TestCiphertextsAreNotRefused(t *testing.T) {
	run := float64(256-15) * math.Exp2(-8*15)
	text := math.Exp2(-256)
	windows := float64(256 - 15)
	again := windows * (windows - 1) / 2 * math.Exp2(-8*16)
	if p := run + text + again; p > math.Exp2(-111) {
		t.Errorf("one ciphertext in 2^%.0f is refused", -math.Log2(p))
	}
	for _, size := range []int{255, 257} {
		if ciphertextShaped(strings.Repeat("A", size)) {
			t.Errorf("%d characters are taken", size)
		}
	}
}
