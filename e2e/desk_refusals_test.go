package e2e

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// What a person brings to step 2 of the desk is refused where it is wrong, in words, at once.
func TestDeskParameters(t *testing.T) {
	p := start(t)
	key, algorithm := seeded[0], "RSAES_OAEP_SHA_256"
	answer := p.answerOf(t, key, algorithm)
	with := func(field string, value any) string {
		fields := map[string]any{}
		if err := json.Unmarshal([]byte(answer), &fields); err != nil {
			t.Fatal(err)
		}
		if fields[field] = value; value == nil {
			delete(fields, field)
		}
		changed, err := json.Marshal(fields)
		if err != nil {
			t.Fatal(err)
		}
		return string(changed)
	}
	v := p.openFile(t, look{}, writeDesk(t))
	v.deskCMK(key)
	for _, test := range []struct{ name, pasted, code string }{
		{"nothing", " ", "parameters_missing"},
		{"not JSON", "PublicKey: abc", "parameters_unreadable"},
		{"half an answer", answer[:len(answer)/2], "parameters_unreadable"},
		{"a refusal of the KMS", `{"Code":"Forbidden.KeyNotFound","Message":"gone","RequestId":"4C467B38-3910-447D-87BC-AC049166F216"}`, "parameters_refused"},
		{"without the key", with("PublicKey", nil), "parameters_incomplete"},
		{"without the token", with("ImportToken", ""), "parameters_incomplete"},
		{"a number for the token", with("ImportToken", 7), "parameters_incomplete"},
		{"a time that is none", with("TokenExpireTime", "soon"), "parameters_incomplete"},
		{"of another CMK", p.answerOf(t, seeded[1], algorithm), "parameters_other_cmk"},
		{"an expired token", with("TokenExpireTime", time.Now().Add(-time.Minute).UTC().Format(time.RFC3339)), "token_expired"},
		{"for another algorithm", with("WrappingAlgorithm", "RSAES_PKCS1_V1_5"), "parameters_other_algorithm"},
		{"a key that is none", with("PublicKey", "AAAA"), "wrapping_key_not_der"},
		{"a private key", with("PublicKey", "-----BEGIN PRIVATE KEY-----\n"+strings.Repeat("eHh4", 24)+"\n-----END PRIVATE KEY-----\n"), "wrapping_key_private"},
		{"key and token swapped", swap(t, answer), "files_swapped"},
		{"a token with markup", with("ImportToken", "<img src=x>"), "token_unreadable"},
	} {
		t.Run(test.name, func(t *testing.T) {
			v.t = t
			v.paste(test.pasted, algorithm)
			v.fault(test.code)
			if visible, _ := v.page.Locator("[data-part=parameters]").IsVisible(); visible {
				t.Error("the page offers to go on")
			}
		})
	}
	v.t = t
	folder := t.TempDir()
	v.do(v.page.Locator("#answer").Fill(""))
	v.file("answer-file", writeFile(t, filepath.Join(folder, key+"-RSAES_OAEP_SHA_1.json"), []byte(answer)))
	v.press(v.words.Desk.Read)
	v.fault("parameters_other_algorithm")
	v.paste(answer, algorithm)
	v.fault("parameters_twice")
	v.do(v.page.Locator("#answer").Fill(""))
	v.file("answer-file", writeFile(t, filepath.Join(folder, "huge.json"), bytes.Repeat([]byte(" "), 65<<10)))
	v.press(v.words.Desk.Read)
	v.fault("parameters_too_long")
	// PowerShell writes what it redirects as UTF-16 with a byte order mark.
	wide := []byte{0xff, 0xfe}
	for _, letter := range []byte(answer) {
		wide = append(wide, letter, 0)
	}
	v.file("answer-file", writeFile(t, filepath.Join(folder, key+"-"+algorithm+".json"), wide))
	v.press(v.words.Desk.Read)
	v.haveRead()
}

// The two files of the vendor's console are told apart, and what their dates say is said.
func TestDeskParameterFiles(t *testing.T) {
	p := start(t)
	key, algorithm := seeded[0], "RSAES_OAEP_SHA_256"
	publicKey, token := p.handOut(t, key, algorithm)
	v := p.openFile(t, look{language: "zh-CN"}, writeDesk(t))
	v.deskCMK(key)
	v.do(v.page.Locator("#brought-files").Check())
	v.press(v.words.Desk.Read)
	v.fault("public_key_missing")
	v.file("public-key", publicKey)
	v.press(v.words.Desk.Read)
	v.fault("token_missing")
	der, err := os.ReadFile(publicKey)
	if err != nil {
		t.Fatal(err)
	}
	pem := "-----BEGIN PUBLIC KEY-----\r\n" + base64.StdEncoding.EncodeToString(der) + "\r\n-----END PUBLIC KEY-----\r\n"
	folder := t.TempDir()
	pemFile := writeFile(t, filepath.Join(folder, "key.pem"), []byte(pem))
	v.bring(token, pemFile, algorithm)
	v.fault("files_swapped")
	v.bring(publicKey, publicKey, algorithm)
	v.fault("token_unreadable")
	warned := func(name string) bool {
		visible, err := v.page.Locator("[data-warning=" + name + "]").IsVisible()
		v.do(err)
		return visible
	}
	v.bring(pemFile, token, algorithm)
	v.see("[data-step=params] h3", v.words.Desk.HaveRead)
	if warned("token-old") || warned("files-apart") {
		t.Error("fresh files are warned of")
	}
	yesterday := time.Now().Add(-25 * time.Hour)
	old := writeFile(t, filepath.Join(folder, "old-token.txt"), append(readFile(t, token), "\r\n"...))
	if err := os.Chtimes(old, yesterday, yesterday); err != nil {
		t.Fatal(err)
	}
	v.bring(pemFile, old, algorithm)
	v.see("[data-warning=token-old]", v.words.Desk.TokenOld)
	if !warned("files-apart") {
		t.Error("files from different days are not warned of")
	}
	otherKey, _ := p.handOut(t, key, algorithm)
	v.file("own-key", otherKey)
	v.press(v.words.Desk.Read)
	v.fault("wrapping_key_not_own")
	v.file("own-key", publicKey) // DER here and PEM there: the key counts and not its form
	v.press(v.words.Desk.Read)
	v.haveRead() // a date is a hint and no proof, so the person decides
	v.generate()
	p.importFiles(t, key, v.takeAway())
}

// The countdown of the token ends the way before anything is made with it.
func TestDeskTokenRunsOut(t *testing.T) {
	p := start(t)
	key, algorithm := seeded[0], "RSAES_OAEP_SHA_256"
	v := p.open(t, look{}, "/desk")
	v.do(v.page.Clock().Install())
	v.do(v.page.Reload())
	v.deskCMK("acs:kms:cn-hangzhou:1234567890123456:key/" + key)
	v.paste(p.answerOf(t, key, algorithm), algorithm)
	v.haveRead()
	v.generate()
	v.do(v.page.Clock().FastForward("24:00:01"))
	v.press(v.words.Desk.MakeFiles)
	v.fault("token_expired")
	if visible, _ := v.page.Locator("[data-part=result]").IsVisible(); visible {
		t.Error("files are offered for a token that is over")
	}
}

func TestDeskCMK(t *testing.T) {
	p := start(t)
	v := p.openFile(t, look{}, writeDesk(t))
	for _, test := range []struct{ reference, region, code string }{
		{"key-hzz1", "", "region_missing"},
		{"key-hzz1", "Hangzhou!", "region_unreadable"},
		{"", "cn-hangzhou", "key_reference_empty"},
		{"acs:kms:cn-shanghai:1:key/key-hzz1", "cn-hangzhou", "key_reference_region"},
	} {
		v.do(v.page.Locator("#region").Fill(test.region))
		v.chooseCMK(test.reference)
		v.fault(test.code)
	}
	v.do(v.page.Locator("#region").Fill(""))
	v.chooseCMK("acs:kms:cn-shanghai:1:key/key-hzz1")
	v.see("[data-step=cmk] [data-summary]", "key-hzz1 · cn-shanghai")
}

func readFile(t *testing.T, name string) []byte {
	t.Helper()
	content, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// swap exchanges the public key and the token of an answer.
func swap(t *testing.T, answer string) string {
	t.Helper()
	var fields map[string]string
	if err := json.Unmarshal([]byte(answer), &fields); err != nil {
		t.Fatal(err)
	}
	fields["PublicKey"], fields["ImportToken"] = fields["ImportToken"], fields["PublicKey"]
	swapped, err := json.Marshal(fields)
	if err != nil {
		t.Fatal(err)
	}
	return string(swapped)
}
