package keywrap

// Algorithm is a wrapping algorithm under the KMS's own name for it, as the parameter
// WrappingAlgorithm has it.
type Algorithm string

// The wrapping algorithms of the KMS for an RSA_2048 wrapping key.
const (
	// OAEPSHA256 is RSAES-OAEP with SHA-256 for both the label and MGF1.
	OAEPSHA256 Algorithm = "RSAES_OAEP_SHA_256"
	// OAEPSHA1 is RSAES-OAEP with SHA-1 for both the label and MGF1. Legacy.
	OAEPSHA1 Algorithm = "RSAES_OAEP_SHA_1"
	// PKCS1v15 is RSAES-PKCS1-v1_5. Legacy.
	PKCS1v15 Algorithm = "RSAES_PKCS1_V1_5"
)

// Algorithms returns every algorithm, the preferred one first.
func Algorithms() []Algorithm {
	return []Algorithm{OAEPSHA256, OAEPSHA1, PKCS1v15}
}

// ParseAlgorithm returns the algorithm of that name. Names are matched exactly,
// because the KMS does so.
func ParseAlgorithm(name string) (Algorithm, error) {
	for _, alg := range Algorithms() {
		if name == string(alg) {
			return alg, nil
		}
	}
	return "", CodeAlgorithmUnknown
}
