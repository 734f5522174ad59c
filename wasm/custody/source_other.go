package custody

import (
	"bytes"
	"strconv"
	"unicode/utf8"
)

// isText reports whether the bytes are text in ASCII or UTF-8.
func isText(file []byte) bool {
	for _, c := range file {
		if c < ' ' && !isSpace(c) || c == 0x7f {
			return false
		}
	}
	return utf8.Valid(file)
}

// ageIntro begins every binary age file, of this version of the format and others.
const ageIntro = "age-encryption.org/"

// otherBinaries are the binary files that have a beginning of their own.
var otherBinaries = []struct {
	beginning string
	refusal   func() error
}{
	{ageIntro, errBackup},
	{"PK\x03\x04", errArchive},
	{"\x1f\x8b", errArchive},
	{"\xff\xfe", errUTF16},
	{"\xfe\xff", errUTF16},
}

// errBinary says what binary that is not 32 bytes seems to be.
func errBinary(file []byte) error {
	for _, other := range otherBinaries {
		if bytes.HasPrefix(file, []byte(other.beginning)) {
			return other.refusal()
		}
	}
	switch {
	case isDER(file):
		return refuse(CodeSourceDER, "This is a DER file: a key pair, a public key or a certificate. Key material for a CMK is a symmetric key, 32 random bytes.")
	case isUTF16(file):
		return errUTF16()
	}
	switch len(file) {
	case 16:
		return refuse(CodeSourceSize16, "This file has 16 bytes, as an AES-128 or SM4 key has. This CMK takes an AES-256 key of 32 bytes.")
	case 24:
		return refuse(CodeSourceSize24, "This file has 24 bytes, as an AES-192 or triple DES key has. This CMK takes an AES-256 key of 32 bytes.")
	case 33, 34:
		if file[len(file)-1] == '\n' {
			return refuse(CodeSourceExtraNewline, "This file has 32 bytes and a line break after them, which an editor may have added. Remove the line break, or export the key again.")
		}
	case 64:
		return refuse(CodeSourceSize64, "This file has 64 bytes that are not hex digits: two keys, perhaps, or an HMAC or XTS key. Key material has 32 bytes, and which of these would be the key is not for a program to guess.")
	case 256:
		return refuse(CodeSourceSize256, "This file has 256 bytes, as key material has after it was encrypted with RSA. Choose the file with the 32 bytes from before the encryption.")
	}
	return refuse(CodeSourceSize, "This file has "+strconv.Itoa(len(file))+" bytes. Key material has exactly 32.")
}

// isDER reports whether the bytes are one DER SEQUENCE that fills the file.
func isDER(file []byte) bool {
	if len(file) < 4 || file[0] != 0x30 {
		return false
	}
	switch length := int(file[1]); length {
	case 0x81:
		return int(file[2]) == len(file)-3
	case 0x82:
		return int(file[2])<<8|int(file[3]) == len(file)-4
	default:
		return length == len(file)-2
	}
}

// isUTF16 reports whether every other byte is zero, as in text of the Latin
// alphabet that lacks its byte order mark.
func isUTF16(file []byte) bool {
	if len(file) < 4 || len(file)%2 != 0 {
		return false
	}
	var even, odd byte
	for i := 0; i < len(file); i += 2 {
		even |= file[i]
		odd |= file[i+1]
	}
	return even == 0 && odd != 0 || odd == 0 && even != 0
}

// otherTexts are the text files that give themselves away. The first that fits
// counts, so that the one which matters most stands first.
var otherTexts = []struct {
	mark    string
	anyhow  bool // the mark may stand anywhere, not only at the beginning
	refusal func() error
}{
	{"PRIVATE KEY-----", true, errPrivateKey},
	{"AGE-SECRET-KEY-", true, errAgeKey},
	{"-----BEGIN AGE ENCRYPTED FILE", false, errBackup},
	{ageIntro, false, errBackup},
	{"PUBLIC KEY-----", true, errPublicKey},
	{"CERTIFICATE", true, errCertificate},
	{"-----BEGIN ", true, errPEM},
	{"ssh-", false, errPublicKey},
	{"ecdsa-sha2-", false, errPublicKey},
	{"age1", false, errAgeKey},
	{receiptFormat, true, errReceipt},
	{"{", false, errJSON},
	{"[", false, errJSON},
}

// recogniseOther refuses text that is recognisably something else than a key.
func recogniseOther(text []byte) error {
	for _, other := range otherTexts {
		if bytes.HasPrefix(text, []byte(other.mark)) || other.anyhow && bytes.Contains(text, []byte(other.mark)) {
			return other.refusal()
		}
	}
	return nil
}

func errSourceEmpty() error {
	return refuse(CodeSourceEmpty, "This file is empty. Choose the file that holds the 32 bytes of the key.")
}

func errBackup() error {
	return refuse(CodeSourceBackup, "This is an encrypted backup. Open it as one: it needs its passphrase or its age identity.")
}

func errArchive() error {
	return refuse(CodeSourceArchive, "This is a compressed archive. Unpack it, and choose the file with the key.")
}

func errUTF16() error {
	return refuse(CodeSourceUTF16, "This is text in UTF-16, as some Windows programs save it. Save it as UTF-8, or export the key as 32 bytes.")
}

func errPrivateKey() error {
	return refuse(CodeSourcePrivateKey, "This is a private key of a key pair. Key material for a CMK is a symmetric key, 32 random bytes. Keep this file to yourself.")
}

func errPublicKey() error {
	return refuse(CodeSourcePublicKey, "This is a public key, such as the wrapping key that the KMS issues. Key material is the secret that the wrapping key encrypts, 32 random bytes.")
}

func errCertificate() error {
	return refuse(CodeSourceCertificate, "This is a certificate. Key material is a symmetric key, 32 random bytes.")
}

func errPEM() error {
	return refuse(CodeSourcePEM, "This is a PEM file of another kind. Key material is 32 bytes, or their hex digits or base64 alone.")
}

func errAgeKey() error {
	return refuse(CodeSourceAgeKey, "This is an age key: it opens or makes encrypted backups, and is not key material itself. Choose the backup, and give this key when it is asked for.")
}

func errReceipt() error {
	return refuse(CodeSourceReceipt, "This is the receipt of an import. A receipt tells whether a key is the right one and does not hold it. Choose the backup or the key itself.")
}

func errJSON() error {
	return refuse(CodeSourceJSON, "This is a JSON file. Take the key out of it: 32 bytes, 64 hex digits, or base64.")
}

func errHexLength(digits int) error {
	if digits%2 != 0 {
		return refuse(CodeSourceHexLength, "These are "+strconv.Itoa(digits)+" hex digits, an odd number, so that one is missing or too many. The 32 bytes of a key have 64.")
	}
	return refuse(CodeSourceHexLength, "These are "+strconv.Itoa(digits)+" hex digits, which stand for "+strconv.Itoa(digits/2)+" bytes. The 32 bytes of a key have 64.")
}

func errBase64Length(size int) error {
	return refuse(CodeSourceBase64Length, "If this is base64, it stands for "+strconv.Itoa(size)+" bytes. Key material has exactly 32.")
}
