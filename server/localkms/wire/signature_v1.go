package wire

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"slices"
	"strings"
)

// VerifyV1 checks a V1 signature: HMAC-SHA1 over the sorted parameters of query and form.
func VerifyV1(req *Request, secret string) error {
	given, err := base64.StdEncoding.DecodeString(req.Param("Signature"))
	if err != nil {
		return ErrIncomplete
	}
	toSign := stringToSignV1(req.method, req.Params())
	if !hmac.Equal(given, signV1(secret, toSign)) {
		return signatureMismatch(toSign)
	}
	return nil
}

func signV1(secret, toSign string) []byte {
	// The protocol uses SHA-1; HMAC does not need its collision resistance. The ampersand joins
	// an empty token secret.
	mac := hmac.New(sha1.New, []byte(secret+"&"))
	mac.Write([]byte(toSign))
	return mac.Sum(nil)
}

// stringToSignV1 encodes the decoded parameters again: clients escape differently on the wire,
// and all sign the same canonical form.
func stringToSignV1(method string, params map[string]string) string {
	delete(params, "Signature")
	return method + "&%2F&" + escape(canonicalParameters(params))
}

// canonicalParameters joins the escaped parameters, sorted by their raw names.
func canonicalParameters(params map[string]string) string {
	names := make([]string, 0, len(params))
	for name := range params {
		names = append(names, name)
	}
	slices.Sort(names)
	var b strings.Builder
	for i, name := range names {
		if i > 0 {
			b.WriteByte('&')
		}
		b.WriteString(escape(name))
		b.WriteByte('=')
		b.WriteString(escape(params[name]))
	}
	return b.String()
}
