package reference

import (
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
)

// Import is what a person gives for one import.
type Import struct {
	Source     string   // "generate", "file", "components" or "backup"
	Key        []byte   // that a file or a backup holds; nil for the other sources
	Components [][]byte // of 32 bytes each
	Elsewhere  bool     // no backup is made
	To         Protection
	KeyID      string
	Date       string // of the day, such as 2026-01-02
	PublicKey  string // the wrapping key, base64 of DER
	Algorithm  string
}

// Prepared is what the module answers, and the key, which it does not. Fields without a backup are
// empty.
type Prepared struct {
	Key                  []byte `json:"-"`
	KCV                  string `json:"kcv"`
	Commitment           string `json:"commitment"`
	Salt                 string `json:"salt"`
	Fingerprint          string `json:"fingerprint"`
	EncryptedKeyMaterial string `json:"encryptedKeyMaterial"`
	SHA256               string `json:"sha256"`
	Backup               []byte `json:"backup"`
	BackupSHA256         string `json:"backupSHA256"`
	BackupFile           string `json:"backupFile"`
}

// Prepare predicts the answer of the module. random begins with the first draw of the job.
func Prepare(in Import, random *Stream) (*Prepared, error) {
	key, err := in.material(random)
	if err != nil {
		return nil, err
	}
	der, err := base64.StdEncoding.DecodeString(in.PublicKey)
	if err != nil {
		return nil, err
	}
	salt := random.Take("salt of the commitment", 32)
	out := &Prepared{Key: key, Commitment: Commitment(salt, key), Salt: hex.EncodeToString(salt), Fingerprint: digest(der)}
	if out.KCV, err = CheckValue(key); err != nil {
		return nil, err
	}
	if !in.Elsewhere {
		if out.Backup, err = Backup(key, in.To, random); err != nil {
			return nil, err
		}
		out.BackupSHA256, out.BackupFile = digest(out.Backup), FileName(in.KeyID, in.Date)
	}
	public, err := x509.ParsePKIXPublicKey(der)
	if err != nil {
		return nil, err
	}
	to, ok := public.(*rsa.PublicKey)
	if !ok {
		return nil, errors.New("reference: the wrapping key is not one of RSA")
	}
	wrapped, err := Wrap(to, in.Algorithm, key, random)
	if err != nil {
		return nil, err
	}
	out.EncryptedKeyMaterial, out.SHA256 = base64.StdEncoding.EncodeToString(wrapped), digest(wrapped)
	return out, nil
}

// material is the key, wherever the person has it.
func (in *Import) material(random *Stream) ([]byte, error) {
	switch in.Source {
	case "generate":
		return random.Take("key", 32), nil
	case "file", "backup":
		return in.Key, nil
	case "components":
		// The key of the digests by which a component is recognised that was entered twice.
		random.Take("key of the digests of components", 32)
		sum := make([]byte, 32)
		for _, component := range in.Components {
			xor(sum, component)
		}
		return sum, nil
	}
	return nil, fmt.Errorf("reference: no source %q", in.Source)
}

// digest is SHA-256 in hexadecimal digits.
func digest(content []byte) string { return fmt.Sprintf("%x", sha256.Sum256(content)) }
