package pages

import "keyferry/components/text"

// The files that a person carries to and from the offline page, as its commands name them.
const (
	wrappedFile = "EncryptedKeyMaterial_base64.txt"
	tokenFile   = "ImportToken.txt"
	keyFile     = "PublicKey.bin"
)

// deskCommand is a whole aliyun command for a region that the page's script fills in.
func (p Task) deskCommand(action string) string {
	return p.CLIPrefix + "aliyun kms " + action + " --region {region}" + p.CLISuffix
}

// getParametersCommand saves the output in a file whose name contains the algorithm, because the
// output does not.
func (p Task) getParametersCommand() string {
	return p.deskCommand("GetParametersForImport --KeyId {cmk} --WrappingAlgorithm {algorithm} --WrappingKeySpec RSA_2048") +
		" > {cmk}-{algorithm}.json"
}

// importCommand names files instead of values, so that the token is in no process list and in no
// shell history.
func (p Task) importCommand() string {
	return p.deskCommand("ImportKeyMaterial --KeyId {cmk} --EncryptedKeyMaterial-FILE " + wrappedFile +
		" --ImportToken-FILE " + tokenFile + " --KeyMaterialExpireUnix {expiry}")
}

// openSSLCommand wraps KeyMaterial.bin with OpenSSL 3 and writes one line of base64, without a line
// break at its end.
func openSSLCommand(algorithm string) string {
	padding := map[string]string{
		"RSAES_OAEP_SHA_256": "rsa_padding_mode:oaep -pkeyopt rsa_oaep_md:sha256 -pkeyopt rsa_mgf1_md:sha256",
		"RSAES_OAEP_SHA_1":   "rsa_padding_mode:oaep -pkeyopt rsa_oaep_md:sha1 -pkeyopt rsa_mgf1_md:sha1",
		"RSAES_PKCS1_V1_5":   "rsa_padding_mode:pkcs1",
	}[algorithm]
	return "openssl pkeyutl -encrypt -pubin -keyform DER -inkey " + keyFile + " -in KeyMaterial.bin -pkeyopt " + padding +
		" | openssl base64 -A -out " + wrappedFile
}

// pkcs11Command has an HSM wrap a key that never leaves it in the clear. The key must be
// extractable, and the wrapping key comes in as a public key that may wrap. The page's script gives
// that key an id of its own for each import: under an id that is there already, the HSM would take
// the older wrapping key.
func pkcs11Command(algorithm string) string {
	mechanism := map[string]string{
		"RSAES_OAEP_SHA_256": "RSA-PKCS-OAEP --hash-algorithm SHA256 --mgf MGF1-SHA256",
		"RSAES_OAEP_SHA_1":   "RSA-PKCS-OAEP --hash-algorithm SHA-1 --mgf MGF1-SHA1",
		"RSAES_PKCS1_V1_5":   "RSA-PKCS",
	}[algorithm]
	return `MODULE=/path/to/pkcs11.so TOKEN=my-token KEY=01
pkcs11-tool --module "$MODULE" --token-label "$TOKEN" --login --write-object ` + keyFile + ` --type pubkey --id {id} --label keyferry-{id} --usage-wrap
pkcs11-tool --module "$MODULE" --token-label "$TOKEN" --login --wrap --mechanism ` + mechanism + ` --id {id} --application-id "$KEY" --output-file EncryptedKeyMaterial.bin
pkcs11-tool --module "$MODULE" --token-label "$TOKEN" --login --delete-object --type pubkey --id {id}`
}

// pkcs11Tried says how far the command was tested, and with what.
func pkcs11Tried(algorithm string, words text.Desk) string {
	return map[string]string{
		"RSAES_OAEP_SHA_256": words.TriedOAEPSHA256,
		"RSAES_OAEP_SHA_1":   words.TriedOAEPSHA1,
		"RSAES_PKCS1_V1_5":   words.TriedPKCS1,
	}[algorithm]
}
