package clients

import (
	"cmp"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"testing"

	sdkerrors "github.com/aliyun/alibaba-cloud-sdk-go/sdk/errors"

	"keyferry/server/localkms"
)

// wrongWay is a way to get the wrapping wrong.
type wrongWay struct {
	name      string
	algorithm string
	asText    bool   // KeyMaterial.bin holds the material as hex text
	wrap      string // instead of the algorithm's own command
	encode    string // instead of inOneLine
	code      string
	reason    string // words with which the control API names the mistake
}

// What people get wrong with OpenSSL. The KMS refuses all of it, changes
// nothing, and says why through its control API alone.
func TestOpenSSLWrongWays(t *testing.T) {
	const noPadding = "pkeyutl -encrypt -in KeyMaterial.bin -inkey PublicKey.bin -keyform DER -pubin"
	for _, way := range []wrongWay{
		{name: "rsautl -oaep is SHA-1", algorithm: oaepSHA256, wrap: opensslWays[oaepSHA1], reason: oaepSHA1},
		{name: "MGF1 with SHA-1", algorithm: oaepSHA256, wrap: opensslWays[oaepSHA256] + " -pkeyopt rsa_mgf1_md:sha1", reason: "MGF1 SHA-1"},
		{name: "no padding named", algorithm: oaepSHA256, wrap: noPadding, reason: pkcs1v15},
		{name: "OAEP for PKCS #1", algorithm: pkcs1v15, wrap: opensslWays[oaepSHA256], reason: oaepSHA256},
		{name: "hex text", algorithm: oaepSHA256, asText: true, reason: "hex text"},
		{name: "hex text", algorithm: oaepSHA1, asText: true, reason: "hex text"},
		{name: "hex text", algorithm: pkcs1v15, asText: true, reason: "hex text"},
		{name: "base64 in lines", algorithm: oaepSHA256, encode: inLines, code: "InvalidParameter"},
	} {
		t.Run(way.name+" "+way.algorithm, func(t *testing.T) {
			t.Parallel()
			way.goes(t)
		})
	}
}

func (w wrongWay) goes(t *testing.T) {
	s := serve(t)
	o := newOpenSSL(t, newAlibabaCloudSDKGo(t, s, localkms.DefaultAccessKeySecret))
	j := &journey{server: s, client: o, algorithm: w.algorithm}
	j.create(t)
	before := j.describe(t)
	material := freshMaterial()

	o.write(t, "KeyMaterial.bin", w.content(material))
	j.wrap = o.wrapping(cmp.Or(w.wrap, opensslWays[w.algorithm]), cmp.Or(w.encode, inOneLine))
	err := j.bring(t, nil)
	j.refused(t, err, cmp.Or(w.code, "InvalidKeyMaterial"))
	j.unchanged(t, before)
	if w.reason != "" {
		s.refusedFor(t, w.reason)
	}

	if w.code == "" {
		j.wrap = noise
		if got, want := messageOf(err), messageOf(j.bring(t, nil)); got != want {
			t.Errorf("the answer tells the mistake from noise: %q, and for noise %q", got, want)
		}
	}

	// Nothing was bound, so the right way still leads there.
	o.write(t, "KeyMaterial.bin", material)
	j.wrap = o.wrapping(opensslWays[w.algorithm], inOneLine)
	j.must(t, j.bring(t, nil))
	j.expect(t, "Enabled", material)
}

// content is that of KeyMaterial.bin.
func (w wrongWay) content(material []byte) []byte {
	if w.asText {
		return []byte(hex.EncodeToString(material))
	}
	return material
}

// noise is a wrapper that wraps nothing.
func noise(*testing.T, string, string, []byte) string {
	wrapped := make([]byte, 256)
	rand.Read(wrapped[1:]) // a leading zero keeps it below any modulus
	return base64.StdEncoding.EncodeToString(wrapped)
}

func messageOf(err error) string {
	var server *sdkerrors.ServerError
	if errors.As(err, &server) {
		return server.Message()
	}
	return ""
}
