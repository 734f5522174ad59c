package custody

import "keyferry/wasm/keywrap"

// The codes with which a file is refused as a source of key material.
const (
	CodeSourceEmpty        keywrap.Code = "source_empty"         // nothing, or nothing but white space
	CodeSourceTooLong      keywrap.Code = "source_too_long"      // far longer than any form of a key
	CodeSourceSize         keywrap.Code = "source_size"          // binary of another size than the ones below
	CodeSourceSize16       keywrap.Code = "source_size_16"       // 16 bytes: an AES-128 or SM4 key
	CodeSourceSize24       keywrap.Code = "source_size_24"       // 24 bytes: an AES-192 or triple DES key
	CodeSourceSize64       keywrap.Code = "source_size_64"       // 64 bytes: two keys, or an HMAC key
	CodeSourceSize256      keywrap.Code = "source_size_256"      // 256 bytes: RSA ciphertext
	CodeSourceExtraNewline keywrap.Code = "source_extra_newline" // 32 bytes and a line break after them
	CodeSourceHexLength    keywrap.Code = "source_hex_length"    // hex digits of something else than 32 bytes
	CodeSourceBase64Length keywrap.Code = "source_base64_length" // base64 of something else than 32 bytes
	CodeSourceBase64Broken keywrap.Code = "source_base64_broken" // 32 bytes of base64 that do not hold together
	CodeSourceText         keywrap.Code = "source_text"          // text of no known kind
	CodeSourceUTF8         keywrap.Code = "source_utf8"          // text in UTF-8 that is not ASCII
	CodeSourceUTF16        keywrap.Code = "source_utf16"         // text in UTF-16
	CodeSourceGB18030      keywrap.Code = "source_gb18030"       // text in GBK or GB 18030
	CodeSourceBig5         keywrap.Code = "source_big5"          // text in Big5
	CodeSourceShiftJIS     keywrap.Code = "source_shift_jis"     // text in Shift-JIS
	CodeSourceEUCJP        keywrap.Code = "source_euc_jp"        // text in EUC-JP
	CodeSourceEUCKR        keywrap.Code = "source_euc_kr"        // text in EUC-KR
	CodeSourceLatin1       keywrap.Code = "source_latin1"        // text in Latin-1 or Windows-1252
	CodeSourceCyrillic     keywrap.Code = "source_cyrillic"      // text in Windows-1251 or KOI8-R
	CodeSourcePrivateKey   keywrap.Code = "source_private_key"   // a private key in PEM
	CodeSourcePublicKey    keywrap.Code = "source_public_key"    // a public key in PEM or as a line of OpenSSH
	CodeSourceCertificate  keywrap.Code = "source_certificate"   // a certificate, or a request for one, in PEM
	CodeSourcePEM          keywrap.Code = "source_pem"           // PEM of another kind
	CodeSourceDER          keywrap.Code = "source_der"           // a key or certificate in DER
	CodeSourceBackup       keywrap.Code = "source_backup"        // an age file: an encrypted backup
	CodeSourceAgeKey       keywrap.Code = "source_age_key"       // an age identity or recipient
	CodeSourceReceipt      keywrap.Code = "source_receipt"       // a receipt of this program
	CodeSourceJSON         keywrap.Code = "source_json"          // other JSON
	CodeSourceArchive      keywrap.Code = "source_archive"       // a ZIP or gzip file
	CodeSourceNotConfirmed keywrap.Code = "source_not_confirmed" // Decode was asked for another kind than the file has
)

// The codes with which components are refused.
const (
	CodeComponentNotHex       keywrap.Code = "component_not_hex"       // a character that is no hex digit
	CodeComponentLength       keywrap.Code = "component_length"        // not 64 hex digits
	CodeComponentZero         keywrap.Code = "component_zero"          // nothing but zeros
	CodeComponentRepeated     keywrap.Code = "component_repeated"      // entered before
	CodeComponentKCVMalformed keywrap.Code = "component_kcv_malformed" // not 6 to 64 hex digits
	CodeComponentKCVMismatch  keywrap.Code = "component_kcv_mismatch"  // the check value of another component
	CodeComponentsTooMany     keywrap.Code = "components_too_many"     // more than anybody has
	CodeComponentsTooFew      keywrap.Code = "components_too_few"      // fewer than two
	CodeComponentsSumZero     keywrap.Code = "components_sum_zero"     // they cancel out
)

// The codes of what the quality gate finds.
const (
	CodeWeakKnown      keywrap.Code = "weak_known_key"        // published for tests
	CodeWeakRepeated   keywrap.Code = "weak_repeated"         // one block again and again
	CodeWeakMirrored   keywrap.Code = "weak_mirrored"         // the second half follows from the first
	CodeWeakAlternate  keywrap.Code = "weak_alternate"        // every other byte is the same
	CodeWeakZeroEnds   keywrap.Code = "weak_zero_ends"        // six zeros at an end
	CodeWeakDecimal    keywrap.Code = "weak_decimal"          // decimal digits for hex digits
	CodeWeakSevenBits  keywrap.Code = "weak_seven_bits"       // bytes below 128
	CodeWeakParity     keywrap.Code = "weak_parity"           // bytes of odd parity, as in DES keys
	CodeWeakCounter    keywrap.Code = "weak_counter"          // equal steps
	CodeWeakHexText    keywrap.Code = "weak_hex_text"         // 32 hex digits
	CodeWeakBase64Text keywrap.Code = "weak_base64_text"      // 32 characters of base64
	CodeWeakText       keywrap.Code = "weak_text"             // other printable text
	CodeWeakUTF8       keywrap.Code = "weak_text_utf8"        // text in UTF-8 that is not ASCII
	CodeWeakUTF16      keywrap.Code = "weak_text_utf16"       // text in UTF-16
	CodeWeakGB18030    keywrap.Code = "weak_text_gb18030"     // text in GBK or GB 18030
	CodeWeakBig5       keywrap.Code = "weak_text_big5"        // text in Big5
	CodeWeakShiftJIS   keywrap.Code = "weak_text_shift_jis"   // text in Shift-JIS
	CodeWeakEUCJP      keywrap.Code = "weak_text_euc_jp"      // text in EUC-JP
	CodeWeakEUCKR      keywrap.Code = "weak_text_euc_kr"      // text in EUC-KR
	CodeWeakLatin1     keywrap.Code = "weak_text_latin1"      // text in Latin-1 or Windows-1252
	CodeWeakCyrillic   keywrap.Code = "weak_text_cyrillic"    // text in Windows-1251 or KOI8-R
	CodeWeakRun        keywrap.Code = "weak_run"              // ten equal bytes in a row
	CodeWeakFewValues  keywrap.Code = "weak_few_values"       // at most 14 different bytes
	CodeWeakUnbalanced keywrap.Code = "weak_unbalanced"       // too few or too many one bits
	CodeWeakJavaRandom keywrap.Code = "weak_java_random"      // from java.util.Random
	CodeWeakMathRandom keywrap.Code = "weak_math_random"      // from Math.random of V8
	CodeWeakXorshift   keywrap.Code = "weak_xorshift"         // from xorshift
	CodeWeakRand       keywrap.Code = "weak_rand"             // from the rand of a C library or an older language
	CodeWeakDotNet     keywrap.Code = "weak_dotnet_random"    // from System.Random of .NET with a seed
	CodeWeakMersenne   keywrap.Code = "weak_mersenne_twister" // from a Mersenne Twister with a seed that can be guessed
	CodeWeakPCG        keywrap.Code = "weak_pcg"              // from PCG with such a seed
	CodeWeakHash       keywrap.Code = "weak_hash"             // SHA-256 of a password, a number or a time
	CodeWeakGoMathRand keywrap.Code = "weak_go_math_rand"     // from Go's math/rand
)

// The codes of check values and receipts.
const (
	CodeKCVMalformed     keywrap.Code = "kcv_malformed"        // not ten hex digits
	CodeReceiptMalformed keywrap.Code = "receipt_malformed"    // a digest of the receipt is not one
	CodeReceiptDamaged   keywrap.Code = "receipt_damaged"      // commitment and check value contradict each other
	CodeNotReceiptsKey   keywrap.Code = "not_the_receipts_key" // other material than the receipt's
)
