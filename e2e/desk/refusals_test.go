package desk

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"keyferry/e2e/browser"
	"keyferry/e2e/program"
)

// What a person brings to step 2 of the desk is refused where it is wrong, in words, at once.
func TestDeskParameters(t *testing.T) {
	p := program.Start(t)
	key, algorithm := program.Seeded[0], "RSAES_OAEP_SHA_256"
	answer := p.AnswerOf(t, key, algorithm)
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
	v := openFile(p, t, browser.Look{}, program.WriteDesk(t))
	v.DeskCMK(key)
	for _, test := range []struct{ name, pasted, code string }{
		{"nothing", " ", "parameters_missing"},
		{"not JSON", "PublicKey: abc", "parameters_unreadable"},
		{"half an answer", answer[:len(answer)/2], "parameters_unreadable"},
		{"a refusal of the KMS", `{"Code":"Forbidden.KeyNotFound","Message":"gone","RequestId":"4C467B38-3910-447D-87BC-AC049166F216"}`, "parameters_refused"},
		{"without the key", with("PublicKey", nil), "parameters_incomplete"},
		{"without the token", with("ImportToken", ""), "parameters_incomplete"},
		{"a number for the token", with("ImportToken", 7), "parameters_incomplete"},
		{"a time that is none", with("TokenExpireTime", "soon"), "parameters_incomplete"},
		{"of another CMK", p.AnswerOf(t, program.Seeded[1], algorithm), "parameters_other_cmk"},
		{"an expired token", with("TokenExpireTime", time.Now().Add(-time.Minute).UTC().Format(time.RFC3339)), "token_expired"},
		{"for another algorithm", with("WrappingAlgorithm", "RSAES_PKCS1_V1_5"), "parameters_other_algorithm"},
		{"a key that is none", with("PublicKey", "AAAA"), "wrapping_key_not_der"},
		{"a private key", with("PublicKey", "-----BEGIN PRIVATE KEY-----\n"+strings.Repeat("eHh4", 24)+"\n-----END PRIVATE KEY-----\n"), "wrapping_key_private"},
		{"key and token swapped", swap(t, answer), "files_swapped"},
		{"a token with markup", with("ImportToken", "<img src=x>"), "token_unreadable"},
	} {
		t.Run(test.name, func(t *testing.T) {
			v.T = t
			v.Paste(test.pasted, algorithm)
			v.Fault(test.code)
			if visible, _ := v.Page.Locator("[data-part=parameters]").IsVisible(); visible {
				t.Error("the page offers to go on")
			}
		})
	}
	v.T = t
	folder := t.TempDir()
	v.Do(v.Page.Locator("#answer").Fill(""))
	v.File("answer-file", program.WriteFile(t, filepath.Join(folder, key+"-RSAES_OAEP_SHA_1.json"), []byte(answer)))
	v.Press(v.Words.Desk.Read)
	v.Fault("parameters_other_algorithm")
	v.Paste(answer, algorithm)
	v.Fault("parameters_twice")
	v.Do(v.Page.Locator("#answer").Fill(""))
	v.File("answer-file", program.WriteFile(t, filepath.Join(folder, "huge.json"), bytes.Repeat([]byte(" "), 65<<10)))
	v.Press(v.Words.Desk.Read)
	v.Fault("parameters_too_long")
	// PowerShell writes what it redirects as UTF-16 with a byte order mark.
	wide := []byte{0xff, 0xfe}
	for _, letter := range []byte(answer) {
		wide = append(wide, letter, 0)
	}
	v.File("answer-file", program.WriteFile(t, filepath.Join(folder, key+"-"+algorithm+".json"), wide))
	v.Press(v.Words.Desk.Read)
	v.HaveRead()
}

// The two files of the vendor's console are told apart, and what their dates say is said.
func TestDeskParameterFiles(t *testing.T) {
	p := program.Start(t)
	key, algorithm := program.Seeded[0], "RSAES_OAEP_SHA_256"
	publicKey, token := p.HandOut(t, key, algorithm)
	v := openFile(p, t, browser.Look{Language: "zh-CN"}, program.WriteDesk(t))
	v.DeskCMK(key)
	v.Do(v.Page.Locator("#brought-files").Check())
	v.Press(v.Words.Desk.Read)
	v.Fault("public_key_missing")
	v.File("public-key", publicKey)
	v.Press(v.Words.Desk.Read)
	v.Fault("token_missing")
	der, err := os.ReadFile(publicKey)
	if err != nil {
		t.Fatal(err)
	}
	pem := "-----BEGIN PUBLIC KEY-----\r\n" + base64.StdEncoding.EncodeToString(der) + "\r\n-----END PUBLIC KEY-----\r\n"
	folder := t.TempDir()
	pemFile := program.WriteFile(t, filepath.Join(folder, "key.pem"), []byte(pem))
	bring(v, token, pemFile, algorithm)
	v.Fault("files_swapped")
	bring(v, publicKey, publicKey, algorithm)
	v.Fault("token_unreadable")
	warned := func(name string) bool {
		visible, err := v.Page.Locator("[data-warning=" + name + "]").IsVisible()
		v.Do(err)
		return visible
	}
	bring(v, pemFile, token, algorithm)
	v.See("[data-step=params] h3", v.Words.Desk.HaveRead)
	if warned("token-old") || warned("files-apart") {
		t.Error("fresh files are warned of")
	}
	yesterday := time.Now().Add(-25 * time.Hour)
	old := program.WriteFile(t, filepath.Join(folder, "old-token.txt"), append(program.ReadFile(t, token), "\r\n"...))
	if err := os.Chtimes(old, yesterday, yesterday); err != nil {
		t.Fatal(err)
	}
	bring(v, pemFile, old, algorithm)
	v.See("[data-warning=token-old]", v.Words.Desk.TokenOld)
	if !warned("files-apart") {
		t.Error("files from different days are not warned of")
	}
	otherKey, _ := p.HandOut(t, key, algorithm)
	v.File("own-key", otherKey)
	v.Press(v.Words.Desk.Read)
	v.Fault("wrapping_key_not_own")
	v.File("own-key", publicKey) // DER here and PEM there: the key counts and not its form
	v.Press(v.Words.Desk.Read)
	v.HaveRead() // a date is a hint and no proof, so the person decides
	v.GenerateForRecipient()
	p.ImportFiles(t, key, v.TakeAway())
}

// The countdown of the token ends the way before anything is made with it.
func TestDeskTokenRunsOut(t *testing.T) {
	p := program.Start(t)
	key, algorithm := program.Seeded[0], "RSAES_OAEP_SHA_256"
	v := browser.Open(p, t, browser.Look{}, "/desk")
	v.Do(v.Page.Clock().Install())
	v.Do(v.Page.Reload())
	v.DeskCMK("acs:kms:cn-hangzhou:1234567890123456:key/" + key)
	v.Paste(p.AnswerOf(t, key, algorithm), algorithm)
	v.HaveRead()
	v.GenerateForRecipient()
	v.Do(v.Page.Clock().FastForward("24:00:01"))
	v.Press(v.Words.Desk.MakeFiles)
	v.Fault("token_expired")
	if visible, _ := v.Page.Locator("[data-part=result]").IsVisible(); visible {
		t.Error("files are offered for a token that is over")
	}
}

func TestDeskCMK(t *testing.T) {
	p := program.Start(t)
	v := openFile(p, t, browser.Look{}, program.WriteDesk(t))
	for _, test := range []struct{ reference, region, code string }{
		{"key-hzz1", "", "region_missing"},
		{"key-hzz1", "Hangzhou!", "region_unreadable"},
		{"", "cn-hangzhou", "key_reference_empty"},
		{"acs:kms:cn-shanghai:1:key/key-hzz1", "cn-hangzhou", "key_reference_region"},
	} {
		v.Do(v.Page.Locator("#region").Fill(test.region))
		v.ChooseCMK(test.reference)
		v.Fault(test.code)
	}
	v.Do(v.Page.Locator("#region").Fill(""))
	v.ChooseCMK("acs:kms:cn-shanghai:1:key/key-hzz1")
	v.See("[data-step=cmk] [data-summary]", "key-hzz1 · cn-shanghai")
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
