package localkms

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
)

const algorithmV3 = "ACS3-HMAC-SHA256"

// authorization is a parsed Authorization header of the third family.
type authorization struct {
	accessKeyID   string
	signedHeaders []string
	signature     []byte
}

// mustSign are the headers that a signature has to cover. Were one of them
// left out, whoever relays the request could change what it does.
var mustSign = []string{"host", "x-acs-action", "x-acs-content-sha256", "x-acs-date", "x-acs-signature-nonce", "x-acs-version"}

func parseAuthorization(header string) (*authorization, error) {
	algorithm, rest, ok := strings.Cut(header, " ")
	if !ok {
		return nil, errIncomplete
	}
	if algorithm != algorithmV3 {
		return nil, errSignatureMethod
	}
	fields := map[string]string{}
	for part := range strings.SplitSeq(rest, ",") {
		name, value, ok := strings.Cut(strings.TrimSpace(part), "=")
		if _, twice := fields[name]; !ok || twice {
			return nil, errIncomplete
		}
		fields[name] = value
	}
	signature, err := hex.DecodeString(fields["Signature"])
	if err != nil || len(signature) == 0 || fields["Credential"] == "" {
		return nil, errIncomplete
	}
	auth := &authorization{
		accessKeyID:   fields["Credential"],
		signedHeaders: strings.Split(fields["SignedHeaders"], ";"),
		signature:     signature,
	}
	for _, name := range mustSign {
		if !slices.Contains(auth.signedHeaders, name) {
			return nil, errIncomplete
		}
	}
	return auth, nil
}

// verifyV3 checks a signature of the third family: ACS3-HMAC-SHA256 over
// method, query, chosen headers and the body's digest (section 3.4).
func verifyV3(req *request, auth *authorization, secret string) error {
	digest := sha256.Sum256(req.body)
	if req.header.Get("X-Acs-Content-Sha256") != hex.EncodeToString(digest[:]) {
		return errIncomplete
	}
	// Header names are compared in lower case; a list in another order or
	// with capitals signs a different string and fails below.
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

func stringToSignV3(req *request, signedHeaders []string) string {
	var b strings.Builder
	b.WriteString(req.method + "\n/\n" + canonicalParameters(req.query) + "\n")
	for _, name := range signedHeaders {
		b.WriteString(name + ":" + req.headerValue(name) + "\n")
	}
	// Every header line ends in a newline, so a blank line stands here.
	b.WriteString("\n" + strings.Join(signedHeaders, ";") + "\n" + req.headerValue("x-acs-content-sha256"))
	digest := sha256.Sum256([]byte(b.String()))
	return algorithmV3 + "\n" + hex.EncodeToString(digest[:])
}

// headerValue returns a header as the signature has it: trimmed, repeated
// ones joined by commas, the host from where Go keeps it.
func (r *request) headerValue(name string) string {
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
