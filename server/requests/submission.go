package requests

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"strconv"
	"time"

	"keyferry/server/kms"
)

const submissionMark = "keyferry submission v1\n"

// Digest returns SHA-256, in hexadecimal, over everything that the KMS will be sent for a CMK and
// what the importer says of the material. Approvals are bound to it. README.md has the exact form.
func (s *Submission) Digest(keyID, region string) string {
	ciphertext, _ := base64.StdEncoding.DecodeString(s.EncryptedKeyMaterial)
	wrappingKey, _ := hex.DecodeString(s.WrappingKeySHA256)
	commitment, _ := hex.DecodeString(s.Commitment)
	token := sha256.Sum256([]byte(s.ImportToken))
	hash := sha256.New()
	hash.Write([]byte(submissionMark))
	for _, field := range [][]byte{
		[]byte(keyID), []byte(region), []byte(s.Algorithm), strconv.AppendInt(nil, s.ExpireUnix, 10),
		wrappingKey, ciphertext, token[:], commitment,
	} {
		hash.Write(binary.BigEndian.AppendUint32(nil, uint32(len(field))))
		hash.Write(field)
	}
	return hex.EncodeToString(hash.Sum(nil))
}

// check returns why a submission cannot be taken under the request's terms, or nil. Whether its
// token was issued for the request is another question.
func (s *Submission) check(t *Terms, now time.Time) *Fault {
	_, ok := kms.Ciphertext(s.EncryptedKeyMaterial)
	switch {
	case !ok:
		return ErrCiphertext
	case s.ImportToken == "" || len(s.ImportToken) > kms.MaxTokenLength:
		return ErrParameters
	case !t.allowsExpiry(s.ExpireUnix, now):
		return ErrExpiry.with("rule", t.expiryRule())
	case s.KCV != "" && !kms.CheckValues.MatchString(s.KCV), s.Commitment != "" && !kms.Digests.MatchString(s.Commitment):
		return ErrCheckValue
	case t.Commitment != "" && s.Commitment != t.Commitment:
		return ErrOtherKey
	}
	return nil
}

// shown returns the submission without what only the KMS needs.
func (s *Submission) shown() *Submission {
	if s == nil {
		return nil
	}
	shown := *s
	if s.EncryptedKeyMaterial != "" {
		shown.CiphertextSHA256 = s.ciphertextDigest()
	}
	shown.EncryptedKeyMaterial, shown.ImportToken = "", ""
	return &shown
}

// ciphertextDigest returns SHA-256 of the ciphertext, in hexadecimal.
func (s *Submission) ciphertextDigest() string {
	ciphertext, _ := base64.StdEncoding.DecodeString(s.EncryptedKeyMaterial)
	return sha256Hex(string(ciphertext))
}

// sha256Hex returns the SHA-256 of text in hexadecimal.
func sha256Hex(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}
