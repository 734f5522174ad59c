package wire

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
)

const algorithmV3 = "ACS3-HMAC-SHA256"

// Authorization is the parsed Authorization header of a V3 request.
type Authorization struct {
	AccessKeyID   string
	signedHeaders []string
	signature     []byte
}

// mustSign are the headers that a signature has to cover. If one were left out, whoever relays
// the request could change what it does.
var mustSign = []string{"host", "x-acs-action", "x-acs-content-sha256", "x-acs-date", "x-acs-signature-nonce", "x-acs-version"}

// ParseAuthorization reads an Authorization header; the error says what the gateway answers.
func ParseAuthorization(header string) (*Authorization, error) {
	algorithm, rest, ok := strings.Cut(header, " ")
	if !ok {
		return nil, ErrIncomplete
	}
	if algorithm != algorithmV3 {
		return nil, ErrSignatureMethod
	}
	fields := map[string]string{}
	for part := range strings.SplitSeq(rest, ",") {
		name, value, ok := strings.Cut(strings.TrimSpace(part), "=")
		if _, twice := fields[name]; !ok || twice {
			return nil, ErrIncomplete
		}
		fields[name] = value
	}
	signature, err := hex.DecodeString(fields["Signature"])
	if err != nil || len(signature) == 0 || fields["Credential"] == "" {
		return nil, ErrIncomplete
	}
	auth := &Authorization{
		AccessKeyID:   fields["Credential"],
		signedHeaders: strings.Split(fields["SignedHeaders"], ";"),
		signature:     signature,
	}
	for _, name := range mustSign {
		if !slices.Contains(auth.signedHeaders, name) {
			return nil, ErrIncomplete
		}
	}
	return auth, nil
}

// VerifyV3 checks a V3 signature: ACS3-HMAC-SHA256 over the method, the query, the headers that
// the client chose and the digest of the body.
func VerifyV3(req *Request, auth *Authorization, secret string) error {
	digest := sha256.Sum256(req.body)
	if req.header.Get("X-Acs-Content-Sha256") != hex.EncodeToString(digest[:]) {
		return ErrIncomplete
	}
	// Header names are in lower case and sorted; another spelling of the list signs a different
	// string and fails below.
	toSign := stringToSignV3(req, auth.signedHeaders)
	if !hmac.Equal(auth.signature, signV3(secret, toSign)) {
		return signatureMismatch(toSign)
	}
	return nil
}

func signV3(secret, toSign string) []byte {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(toSign))
	return mac.Sum(nil)
}

func stringToSignV3(req *Request, signedHeaders []string) string {
	var b strings.Builder
	b.WriteString(req.method + "\n/\n" + canonicalParameters(req.query) + "\n")
	for _, name := range signedHeaders {
		b.WriteString(name + ":" + req.headerValue(name) + "\n")
	}
	// Every header line ends in a newline, so a blank line follows.
	b.WriteString("\n" + strings.Join(signedHeaders, ";") + "\n" + req.headerValue("x-acs-content-sha256"))
	digest := sha256.Sum256([]byte(b.String()))
	return algorithmV3 + "\n" + hex.EncodeToString(digest[:])
}

// headerValue returns a header as it is signed: trimmed, and repeated ones joined by commas. Go
// keeps the host apart from the other headers.
func (r *Request) headerValue(name string) string {
	if name == "host" {
		return r.host
	}
	values := r.header.Values(name)
	trimmed := make([]string, len(values))
	for i, value := range values {
		trimmed[i] = strings.TrimSpace(value)
	}
	return strings.Join(trimmed, ",")
}
