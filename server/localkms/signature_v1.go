package localkms

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"slices"
	"strings"
)

// verifyV1 checks a signature of the first family: HMAC-SHA1 over the sorted
// parameters of query and form together (kms-api section 3.2).
func verifyV1(req *request, secret string) error {
	given, err := base64.StdEncoding.DecodeString(req.param("Signature"))
	if err != nil {
		return errIncomplete
	}
	toSign := stringToSignV1(req.method, req.params())
	if !hmac.Equal(given, signV1(secret, toSign)) {
		return signatureMismatch(toSign)
	}
	return nil
}

func signV1(secret, toSign string) []byte {
	// SHA-1 is what the protocol has; HMAC does not need its collision
	// resistance. The ampersand joins an empty token secret.
	mac := hmac.New(sha1.New, []byte(secret+"&"))
	mac.Write([]byte(toSign))
	return mac.Sum(nil)
}

// stringToSignV1 takes the parameters decoded and encodes them anew: clients
// disagree about how they escape, and all sign the one canonical form.
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
