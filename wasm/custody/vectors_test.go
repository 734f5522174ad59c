package custody_test

import (
	"bytes"
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"keyferry/wasm/custody"
	"keyferry/wasm/keywrap"
)

//go:embed testdata/vectors.json
var vectorsJSON []byte

// vectors is testdata/vectors.json, made by make-vectors.sh beside it.
type vectors struct {
	MadeBy  string `json:"madeBy"`
	Version string `json:"version"`
	CMACs   []struct {
		Source  string `json:"source"`
		Command string `json:"command"`
		Key     string `json:"key"`
		Message string `json:"message"`
		MAC     string `json:"mac"`
	} `json:"cmacs"`
	CheckValues []struct {
		Key  string `json:"key"`
		CMAC string `json:"cmac"`
		ECB  string `json:"ecb"`
	} `json:"checkValues"`
}

func readVectors(t testing.TB) *vectors {
	t.Helper()
	decoder := json.NewDecoder(bytes.NewReader(vectorsJSON))
	decoder.DisallowUnknownFields()
	var v vectors
	if err := decoder.Decode(&v); err != nil {
		t.Fatalf("decoding the vectors: %v", err)
	}
	return &v
}

// codeOf returns the code of a refusal, or "ok".
func codeOf(t testing.TB, err error) keywrap.Code {
	t.Helper()
	if err == nil {
		return "ok"
	}
	code, ok := errors.AsType[keywrap.Code](err)
	if !ok {
		t.Fatalf("the error is %v, want a keywrap.Code", err)
	}
	return code
}

func materialOf(t testing.TB, digits string) *keywrap.Material {
	t.Helper()
	b, err := hex.DecodeString(digits)
	if err != nil || len(b) != keywrap.MaterialSize {
		t.Fatalf("%q is not material: %v", digits, err)
	}
	return (*keywrap.Material)(b)
}

func randomMaterial(t testing.TB) *keywrap.Material {
	t.Helper()
	m := new(keywrap.Material)
	if err := keywrap.Generate(m); err != nil {
		t.Fatal(err)
	}
	return m
}

func TestCheckValue(t *testing.T) {
	for _, v := range readVectors(t).CheckValues {
		want, err := custody.ParseKCV(v.CMAC)
		if err != nil {
			t.Fatal(err)
		}
		got := custody.CheckValue(materialOf(t, v.Key))
		if !got.Equal(want) || got.String() != strings.ToUpper(v.CMAC) {
			t.Errorf("%s: check value %s, want %s", v.Key, got, v.CMAC)
		}
	}
}

func TestParseKCV(t *testing.T) {
	for text, want := range map[string]keywrap.Code{
		"0C9E86B7E6":        "ok",
		"0c9e86b7e6":        "ok",
		" 0C9E 86B7 E6\r\n": "ok",
		"":                  custody.CodeKCVMalformed,
		"0C9E86B7E":         custody.CodeKCVMalformed,
		"0C9E86B7E6F":       custody.CodeKCVMalformed,
		"0C9E86B7EG":        custody.CodeKCVMalformed,
		"0x0C9E86B7":        custody.CodeKCVMalformed,
	} {
		k, err := custody.ParseKCV(text)
		if got := codeOf(t, err); got != want || want == "ok" && k.String() != "0C9E86B7E6" {
			t.Errorf("%q: %s, %s; want %s", text, k, got, want)
		}
	}
}

func TestCommitment(t *testing.T) {
	m, other := randomMaterial(t), randomMaterial(t)
	one, err := custody.Commit(m)
	if err != nil {
		t.Fatal(err)
	}
	two, err := custody.Commit(m)
	if err != nil {
		t.Fatal(err)
	}
	if one.Salt == two.Salt || one.Digest == two.Digest {
		t.Error("two commitments to the same material are alike")
	}
	if !one.Matches(m) || !two.Matches(m) || one.Matches(other) {
		t.Error("a commitment does not match its material, or matches another")
	}
	two.Digest[31] ^= 1
	if two.Matches(m) {
		t.Error("a changed commitment matches")
	}
}

func TestCompare(t *testing.T) {
	m, other := randomMaterial(t), randomMaterial(t)
	c, err := custody.Commit(m)
	if err != nil {
		t.Fatal(err)
	}
	read, err := custody.ParseCommitment(hex.EncodeToString(c.Digest[:]), hex.EncodeToString(c.Salt[:]))
	if err != nil || read != c {
		t.Fatalf("the commitment reads back as %+v, %v", read, err)
	}
	salted := c
	salted.Salt[0] ^= 1
	for name, test := range map[string]struct {
		of   *keywrap.Material
		kcv  custody.KCV
		c    custody.Commitment
		want keywrap.Code
	}{
		"the material":                    {m, custody.CheckValue(m), c, "ok"},
		"other material":                  {other, custody.CheckValue(m), c, custody.CodeNotReceiptsKey},
		"other material, its check value": {other, custody.CheckValue(other), c, custody.CodeNotReceiptsKey},
		"the check value of another":      {m, custody.CheckValue(other), c, custody.CodeReceiptDamaged},
		"another salt":                    {m, custody.CheckValue(m), salted, custody.CodeNotReceiptsKey},
	} {
		if got := codeOf(t, custody.Compare(test.of, test.kcv, test.c)); got != test.want {
			t.Errorf("%s: %s, want %s", name, got, test.want)
		}
	}
}

func TestParseCommitmentRefuses(t *testing.T) {
	good := strings.Repeat("0a", 32)
	for _, bad := range []string{"", good[2:], good + "0a", good[1:], strings.ToUpper(good), " " + good[1:], good[:62] + "0g"} {
		for _, pair := range [][2]string{{bad, good}, {good, bad}} {
			if _, err := custody.ParseCommitment(pair[0], pair[1]); err != custody.CodeReceiptMalformed {
				t.Errorf("%q: %v", pair, err)
			}
		}
	}
}

// TestCommitmentForm pins the form that README.md describes.
func TestCommitmentForm(t *testing.T) {
	var c custody.Commitment
	for i := range c.Salt {
		c.Salt[i] = byte(i)
	}
	// printf 'keyferry commitment v1\n' | cat - salt key | sha256sum
	digest, err := hex.DecodeString("3c776f042d120e93e16f4e4f65329bee1bcfd4ec815d10bafe50dfeb7f2f6c03")
	if err != nil {
		t.Fatal(err)
	}
	copy(c.Digest[:], digest)
	if !c.Matches(materialOf(t, "8d41c6f0b25e9a7713fc04d8e9a2b6556cc8302f17be94da61f5803e7a9d4b1c")) {
		t.Error("the commitment has another form than it had")
	}
}
