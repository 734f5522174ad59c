package localkms

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"
)

// Seed is what a KMS holds at first. Its JSON form is what a seed file has.
type Seed struct {
	Keys []SeedKey `json:"keys"`
}

// SeedKey is a CMK of a seed. Every field may be left out.
type SeedKey struct {
	// Account is the tenant that owns the CMK; empty means the Config's.
	Account string `json:"account,omitempty"`
	// KeyID names the CMK; empty means a fresh id.
	KeyID       string `json:"keyId,omitempty"`
	Description string `json:"description,omitempty"`
	// Origin is EXTERNAL, or Aliyun_KMS if empty.
	Origin string `json:"origin,omitempty"`
	// KeySpec is Aliyun_SM4, or Aliyun_AES_256 if empty.
	KeySpec string `json:"keySpec,omitempty"`
	// ProtectionLevel is HSM, or SOFTWARE if empty.
	ProtectionLevel string `json:"protectionLevel,omitempty"`
	// Material is the key material: 32 bytes, or 16 for Aliyun_SM4, as base64 in JSON. An EXTERNAL
	// CMK without it is in PendingImport.
	Material []byte `json:"material,omitempty"`
	// MaterialExpires is when imported material expires; zero means never.
	MaterialExpires time.Time `json:"materialExpires,omitzero"`
	// Disabled makes the CMK Disabled instead of Enabled.
	Disabled bool `json:"disabled,omitempty"`
	// Aliases are names such as alias/orders. One that begins with alias/acs makes the CMK that of
	// a service, as the vendor's services have them.
	Aliases []string `json:"aliases,omitempty"`
	// Tags are labels, key to value.
	Tags map[string]string `json:"tags,omitempty"`
}

// DefaultSeed returns what a KMS holds when its Config says nothing: three CMKs that wait for
// their key material, and an ordinary one.
func DefaultSeed() *Seed {
	return &Seed{Keys: []SeedKey{
		{KeyID: "key-hzzkeyferrylocal00001", Origin: "EXTERNAL", Description: "Waits for key material (1)"},
		{KeyID: "key-hzzkeyferrylocal00002", Origin: "EXTERNAL", Description: "Waits for key material (2)"},
		{KeyID: "key-hzzkeyferrylocal00003", Origin: "EXTERNAL", Description: "Waits for key material (3)"},
		{KeyID: "key-hzzkeyferrylocal00004", Origin: "Aliyun_KMS", Description: "An ordinary CMK, made by the KMS"},
	}}
}

// ParseSeed reads a seed from JSON in UTF-8. A field that it does not know is an error.
func ParseSeed(text []byte) (*Seed, error) {
	seed := &Seed{}
	if err := parseStrictly(bytes.NewReader(text), seed); err != nil {
		return nil, fmt.Errorf("parsing seed: %v", err)
	}
	return seed, nil
}

// parseStrictly reads one JSON value that a person wrote, and nothing else. The error is io.EOF where
// there is none.
func parseStrictly(text io.Reader, into any) error {
	decoder := json.NewDecoder(text)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return err
	}
	if _, err := decoder.Token(); err != io.EOF {
		return errors.New("something follows the JSON value")
	}
	return nil
}
