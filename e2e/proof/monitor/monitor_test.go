package monitor

import (
	"bytes"
	"os"
	"strconv"
	"strings"
	"testing"

	"keyferry/e2e/program"
)

// Streams are put together whatever order their packets came in, and one that is not complete is
// not taken for whole.
func TestJoin(t *testing.T) {
	for _, test := range []struct {
		name     string
		segments []segment
		want     string // empty: refused
	}{
		{"in order", []segment{{1, []byte("ab")}, {3, []byte("cd")}}, "abcd"},
		{"out of order", []segment{{1, []byte("ab")}, {5, []byte("ef")}, {3, []byte("cd")}}, "abcdef"},
		{"the first one last", []segment{{3, []byte("cd")}, {1, []byte("ab")}}, "abcd"},
		{"sent twice", []segment{{1, []byte("ab")}, {1, []byte("ab")}, {3, []byte("cd")}}, "abcd"},
		{"sent again with more", []segment{{1, []byte("ab")}, {1, []byte("abcd")}, {4, []byte("de")}}, "abcde"},
		{"over the end of the numbers", []segment{{0xffffffff, []byte("ab")}, {1, []byte("cd")}}, "abcd"},
		{"something missing", []segment{{1, []byte("ab")}, {4, []byte("de")}}, ""},
	} {
		got, err := join(test.segments)
		if (err == nil) != (test.want != "") || err == nil && string(got) != test.want {
			t.Errorf("%s: joined to %q, %v", test.name, got, err)
		}
	}
}

// What a browser sends over a WebSocket is opened: every length, masked or not.
func TestFrames(t *testing.T) {
	head := "GET /socket HTTP/1.1\r\nUpgrade: websocket\r\n\r\n"
	mask := [4]byte{1, 2, 3, 4}
	framed := func(payload string, length ...byte) string {
		masked := []byte(payload)
		for i := range masked {
			masked[i] ^= mask[i%4]
		}
		return "\x82" + string(length) + string(mask[:]) + string(masked)
	}
	long, longer := strings.Repeat("x", 300), strings.Repeat("y", 70_000)
	content := head + framed("short", 0x80|5) + framed(long, 0x80|126, 1, 44) + framed(longer, 0x80|127, 0, 0, 0, 0, 0, 1, 0x11, 0x70)
	if got, want := string(frames([]byte(content))), "short\n"+long+"\n"+longer+"\n"; got != want {
		t.Errorf("opened %d bytes, want %d", len(got), len(want))
	}
	if got := frames([]byte("GET / HTTP/1.1\r\n\r\nbody")); got != nil {
		t.Errorf("opened %q, which is no WebSocket", got)
	}
}

// Every request of the product passes, and whatever else one could carry is seen.
func TestUnusualRequests(t *testing.T) {
	const digest = "00112233445566778899aabbccddeeff"
	token := strings.Repeat("T", 88)
	tokens := map[string]bool{token: true}
	ciphertext := strings.Repeat("A", 340) + "AA=="
	sending := func(body string) string {
		return "POST /kms/ImportKeyMaterial HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n\r\n" + body
	}
	several := func(path, body string) string {
		return "POST /kms/" + path + "/many HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n\r\n" + body
	}
	const asked = `{"KeyIds":["key-hzzproof000000000001","key-hzzproof000000000002"],"WrappingAlgorithm":"RSAES_OAEP_SHA_256","WrappingKeySpec":"RSA_2048"}`
	fields := `{"KeyId":"key-hzzproof000000000001","EncryptedKeyMaterial":"` + ciphertext + `","ImportToken":"` + token + `","KeyMaterialExpireUnix":0}`
	for _, test := range []struct {
		name, request string
		usual         bool
	}{
		{"a page", "GET / HTTP/1.1\r\nHost: h\r\nAccept: */*\r\n\r\n", true},
		{"a page in a language", "GET /zh-CN/check HTTP/1.1\r\nHost: h\r\n\r\n", true},
		{"a page in no language", "GET /xx/check HTTP/1.1\r\nHost: h\r\n\r\n", false},
		{"a page with a CMK", "GET /en/reimport?KeyId=key-hzzproof000000000001 HTTP/1.1\r\nHost: h\r\n\r\n", true},
		{"a script", "GET /static/" + digest + "/pages/import.js HTTP/1.1\r\nHost: h\r\n\r\n", true},
		{"an import", sending(fields), true},
		{"parameters of several CMKs", several("GetParametersForImport", asked), true},
		{"something else than a CMK", several("GetParametersForImport", strings.Replace(asked, "proof000000000002", "other000000000002", 1)), false},
		{"an algorithm that there is not", several("GetParametersForImport", strings.Replace(asked, "SHA_256", "SHA_257", 1)), false},
		{"several imports", several("ImportKeyMaterial", `{"Imports":[`+fields+","+fields+"]}"), true},
		{"no import", several("ImportKeyMaterial", `{"Imports":[]}`), false},
		{"a field beside several imports", several("ImportKeyMaterial", `{"Note":[],"Imports":[`+fields+"]}"), false},
		{"one field more in the second import", several("ImportKeyMaterial", `{"Imports":[`+fields+","+strings.Replace(fields, "{", `{"Note":"",`, 1)+"]}"), false},
		{"another token in the second import", several("ImportKeyMaterial", `{"Imports":[`+fields+","+strings.Replace(fields, "TT", "TX", 1)+"]}"), false},
		{"another address", "GET /other HTTP/1.1\r\nHost: h\r\n\r\n", false},
		{"a query", "GET /static/" + digest + "/pages/import.js?x HTTP/1.1\r\nHost: h\r\n\r\n", false},
		{"a key for a CMK", "GET /?KeyId=" + strings.Repeat("0", 64) + " HTTP/1.1\r\nHost: h\r\n\r\n", false},
		{"a header", "GET / HTTP/1.1\r\nHost: h\r\nX-Trace: 1\r\n\r\n", false},
		{"a cookie", "GET / HTTP/1.1\r\nHost: h\r\nCookie: a=b\r\n\r\n", false},
		{"something in a header", "GET / HTTP/1.1\r\nHost: h\r\nAccept-Language: key\r\n\r\n", false},
		{"one field more", sending(strings.Replace(fields, "{", `{"Note":"",`, 1)), false},
		{"another token", sending(strings.Replace(fields, "TT", "TX", 1)), false},
		{"a short ciphertext", sending(strings.Replace(fields, "AAAA", "", 1)), false},
		{"a field twice", sending(strings.Replace(fields, "{", `{"KeyId":"key-hzzproof000000000002",`, 1)), false},
		{"something behind the fields", sending(fields + "AAAAAAAA"), false},
		{"white space", sending(strings.Replace(fields, ",", ", ", 1)), false},
		{"white space at the end", sending(fields + " "), false},
		{"a letter escaped", sending(strings.Replace(fields, "TT", `T\u0054`, 1)), false},
		{"a field twice in the second import", several("ImportKeyMaterial", `{"Imports":[`+fields+","+strings.Replace(fields, "{", `{"KeyMaterialExpireUnix":1,`, 1)+"]}"), false},
		{"imports twice", several("ImportKeyMaterial", `{"Imports":[`+fields+`],"Imports":[`+fields+"]}"), false},
		{"a list of CMKs twice", several("GetParametersForImport", strings.Replace(asked, "{", `{"KeyIds":["other"],`, 1)), false},
		{"an expiry", sending(strings.Replace(fields, ":0}", ":12345678901}", 1)), false},
	} {
		if before, body, ok := strings.Cut(test.request, "\r\n\r\n"); ok && body != "" {
			test.request = before + "\r\nContent-Length: " + strconv.Itoa(len(body)) + "\r\n\r\n" + body
		}
		requests := RequestsIn([]byte(test.request))
		if len(requests) != 1 {
			t.Errorf("%s: read %d requests", test.name, len(requests))
			continue
		}
		if problem := unusual(requests[0], tokens); (problem == "") != test.usual {
			t.Errorf("%s: %q", test.name, problem)
		}
	}
}

// The memory of a process is read: what this one holds is in its image.
func TestImage(t *testing.T) {
	mark := program.Fresh(t)
	held := bytes.Repeat(mark[:], 4)
	memory := image(t, os.Getpid())
	if memory != nil && !bytes.Contains(memory, held) {
		t.Errorf("the image of %d bytes lacks what this process holds", len(memory))
	}
}
