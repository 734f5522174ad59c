package keywrap

// Code names a refusal and is the error that says so. Codes are stable: pages choose their text by
// them.
type Code string

// Error returns the code.
func (c Code) Error() string { return string(c) }

// The codes of this package.
const (
	CodeAlgorithmUnknown Code = "algorithm_unknown"     // not a wrapping algorithm of the KMS
	CodeRandomSource     Code = "random_source_failed"  // no randomness, or none worth the name
	CodeWrapping         Code = "wrapping_failed"       // crypto/rsa refused; cannot happen with a parsed key
	CodeKeyEmpty         Code = "wrapping_key_empty"    // nothing but white space
	CodeKeyTooLong       Code = "wrapping_key_too_long" // longer than any wrapping key

	CodeKeyNotBase64     Code = "wrapping_key_not_base64"     // text that is neither base64 nor PEM
	CodeKeyNotPEM        Code = "wrapping_key_not_pem"        // PEM that does not hold together, or of an unknown label
	CodeKeyNotDER        Code = "wrapping_key_not_der"        // bytes that are not a strict DER SEQUENCE, cut ones included
	CodeKeyTrailingBytes Code = "wrapping_key_trailing_bytes" // something follows the key, at any level
	CodeKeyMalformed     Code = "wrapping_key_malformed"      // DER of another shape than SubjectPublicKeyInfo

	CodeKeyPrivate     Code = "wrapping_key_private"     // a private key
	CodeKeyCertificate Code = "wrapping_key_certificate" // a certificate or a request for one
	CodeKeyPKCS1       Code = "wrapping_key_pkcs1"       // RSAPublicKey without the SubjectPublicKeyInfo around it
	CodeKeyNotRSA      Code = "wrapping_key_not_rsa"     // a public key of another kind
	CodeKeyEC          Code = "wrapping_key_ec"          // an elliptic-curve public key
	CodeKeySM2         Code = "wrapping_key_sm2"         // an SM2 public key

	CodeKeySize             Code = "wrapping_key_size"               // modulus not of 2048 bits
	CodeKeyModulusEven      Code = "wrapping_key_modulus_even"       // not a product of two primes
	CodeKeyExponentEven     Code = "wrapping_key_exponent_even"      // not invertible
	CodeKeyExponentTooSmall Code = "wrapping_key_exponent_too_small" // below 65537
	CodeKeyExponentTooLarge Code = "wrapping_key_exponent_too_large" // above 2^31 - 1
)
