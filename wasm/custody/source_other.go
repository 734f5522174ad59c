package custody

import (
	"bytes"
	"unicode/utf8"

	"keyferry/wasm/keywrap"
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
	code      keywrap.Code
}{
	{ageIntro, CodeSourceBackup},
	{"PK\x03\x04", CodeSourceArchive},
	{"\x1f\x8b", CodeSourceArchive},
	{"\xff\xfe", CodeSourceUTF16},
	{"\xfe\xff", CodeSourceUTF16},
}

// otherSizes are the sizes of keys of other kinds, in bytes.
var otherSizes = map[int]keywrap.Code{
	16: CodeSourceSize16, 24: CodeSourceSize24, 64: CodeSourceSize64, 256: CodeSourceSize256,
}

// otherBinary says what binary that is not 32 bytes seems to be.
func otherBinary(file []byte) keywrap.Code {
	for _, other := range otherBinaries {
		if bytes.HasPrefix(file, []byte(other.beginning)) {
			return other.code
		}
	}
	if isDER(file) {
		return CodeSourceDER
	}
	if e := bestEncoding(file, leastOf(file)); e != nil {
		return e.source
	}
	if (len(file) == 33 || len(file) == 34) && file[len(file)-1] == '\n' {
		return CodeSourceExtraNewline
	}
	if code, ok := otherSizes[len(file)]; ok {
		return code
	}
	return CodeSourceSize
}

// leastOf is the sum from which a file of another size than a key's is called text. Only the
// words of a refusal depend on it, so that one bit for each byte is enough, and 20 bits in all.
func leastOf(file []byte) int { return max(80, 4*len(file)) }

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

// otherTexts are the text files that have a mark. The first that fits counts, so that the one
// which matters most comes first.
var otherTexts = []struct {
	mark     string
	anywhere bool // and not only at the beginning
	code     keywrap.Code
}{
	{"PRIVATE KEY-----", true, CodeSourcePrivateKey},
	{"AGE-SECRET-KEY-", true, CodeSourceAgeKey},
	{"-----BEGIN AGE ENCRYPTED FILE", true, CodeSourceBackup},
	{ageIntro, false, CodeSourceBackup},
	{"PUBLIC KEY-----", true, CodeSourcePublicKey},
	{"CERTIFICATE", true, CodeSourceCertificate},
	{"-----BEGIN ", true, CodeSourcePEM},
	{"ssh-", false, CodeSourcePublicKey},
	{"ecdsa-sha2-", false, CodeSourcePublicKey},
	{"age1", false, CodeSourceAgeKey},
	{receiptFormat, true, CodeSourceReceipt},
	{"{", false, CodeSourceJSON},
	{"[", false, CodeSourceJSON},
}

// otherText says what text is that has a mark of something else than a key, or nothing.
func otherText(text []byte) keywrap.Code {
	for _, other := range otherTexts {
		if bytes.HasPrefix(text, []byte(other.mark)) || other.anywhere && bytes.Contains(text, []byte(other.mark)) {
			return other.code
		}
	}
	return ""
}
