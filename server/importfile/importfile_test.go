package importfile_test

import (
	"errors"
	"strings"
	"testing"

	"keyferry/server/importfile"
)

var good = `{"Keyferry": "import", "Version": 1, "Region": "cn-hangzhou", "KeyId": "key-hzzkeyferrylocal00001",
	"WrappingAlgorithm": "RSAES_OAEP_SHA_256", "WrappingKeySHA256": "` + strings.Repeat("0a", 32) + `", "EncryptedKeyMaterial": "AAAA",
	"ImportToken": "BBBB", "TokenExpireTime": "2026-11-27T10:00:00Z", "KeyMaterialExpireUnix": 0,
	"KeyCheckValue": "0a1b2c3d4e", "Commitment": "` + strings.Repeat("1b", 32) + `", "ParametersObtained": "link"}`

func TestParse(t *testing.T) {
	f, err := importfile.Parse([]byte(good))
	if err != nil {
		t.Fatal(err)
	}
	if f.KeyID != "key-hzzkeyferrylocal00001" || f.KCV != "0A1B2C3D4E" || f.TokenExpires.IsZero() || f.ParametersObtained != "link" {
		t.Errorf("read %+v", f)
	}
	for name, edit := range map[string][2]string{
		"no check values":      {`"KeyCheckValue": "0a1b2c3d4e", "Commitment": "` + strings.Repeat("1b", 32) + `", `, ""},
		"empty check values":   {`0a1b2c3d4e", "Commitment": "` + strings.Repeat("1b", 32), `", "Commitment": "`},
		"no end of the token":  {"2026-11-27T10:00:00Z", ""},
		"parameters by a file": {`"link"`, `"file"`},
		"an expiry":            {`"KeyMaterialExpireUnix": 0`, `"KeyMaterialExpireUnix": 4102444800`},
	} {
		if _, err := importfile.Parse([]byte(change(t, edit))); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func change(t *testing.T, edit [2]string) string {
	t.Helper()
	if !strings.Contains(good, edit[0]) {
		t.Fatalf("the file has no %s", edit[0])
	}
	return strings.Replace(good, edit[0], edit[1], 1)
}

// What another reader could understand in another way is refused.
func TestParseRefuses(t *testing.T) {
	for name, edit := range map[string][2]string{
		"another kind":           {`"import"`, `"receipt"`},
		"another version":        {`"Version": 1`, `"Version": 2`},
		"a name twice":           {`"Version": 1`, `"Version": 1, "KeyId": "key-hzzkeyferrylocal00002"`},
		"a name more":            {`"Version": 1`, `"Version": 1, "Action": "Decrypt"`},
		"a name in other case":   {`"KeyId"`, `"keyid"`},
		"a name missing":         {`"Region": "cn-hangzhou", `, ""},
		"a text for a number":    {`"Version": 1`, `"Version": "1"`},
		"a number for a text":    {`"cn-hangzhou"`, `7`},
		"a fraction":             {`"KeyMaterialExpireUnix": 0`, `"KeyMaterialExpireUnix": 0.5`},
		"an expiry before 1970":  {`"KeyMaterialExpireUnix": 0`, `"KeyMaterialExpireUnix": -1`},
		"null":                   {`"AAAA"`, `null`},
		"an object":              {`"AAAA"`, `{"a": 1}`},
		"no ciphertext":          {`"AAAA"`, `""`},
		"a key id with a host":   {`key-hzzkeyferrylocal00001`, `key-hzz&Action=Decrypt`},
		"a digest too short":     {strings.Repeat("0a", 32), strings.Repeat("0a", 31)},
		"a time that is none":    {"2026-11-27T10:00:00Z", "tomorrow"},
		"a way that is none":     {`"link"`, `"relay"`},
		"a check value too long": {`0a1b2c3d4e`, `0a1b2c3d4e5f`},
		"something behind it":    {`"link"}`, `"link"} {}`},
	} {
		if _, err := importfile.Parse([]byte(change(t, edit))); !errors.Is(err, importfile.ErrFile) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, text := range []string{"", "[]", "{", `"a"`, good + strings.Repeat(" ", importfile.MaxSize)} {
		if _, err := importfile.Parse([]byte(text)); !errors.Is(err, importfile.ErrFile) {
			t.Errorf("%.20q: %v", text, err)
		}
	}
}
