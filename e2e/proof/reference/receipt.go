package reference

import (
	"bytes"
	"encoding/json"
)

// Receipt is the file of a receipt, in the order of its fields. Digests and salts are hexadecimal
// digits.
type Receipt struct {
	Format                     string
	Version                    int
	Program                    string
	ModuleSHA256               string
	KeyId                      string
	Region                     string
	Alias                      string `json:",omitempty"`
	WrappingAlgorithm          string
	WrappingKeySHA256          string
	ImportTokenSHA256          string
	TokenExpireTime            string `json:",omitempty"`
	EncryptedKeyMaterialSHA256 string
	KeyCheckValue              string
	Commitment                 string
	CommitmentSalt             string
	KeyMaterialExpireUnix      int64
	Origin                     string
	PreparedAt                 string
	ImportedAt                 string `json:",omitempty"`
	ParametersObtained         string `json:",omitempty"`
	ParametersRequestId        string `json:",omitempty"`
	ImportedBy                 string `json:",omitempty"`
	ImportRequestId            string `json:",omitempty"`
	BackupFile                 string `json:",omitempty"`
	BackupSHA256               string `json:",omitempty"`
}

// Bytes is the file, with Format and Version filled in.
func (r Receipt) Bytes() ([]byte, error) { return r.write("  ") }

// Line is the same on one line, as files of several receipts have it.
func (r Receipt) Line() ([]byte, error) { return r.write("") }

func (r Receipt) write(indent string) ([]byte, error) {
	r.Format, r.Version = "keyferry receipt", 1
	var file bytes.Buffer
	encoder := json.NewEncoder(&file)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", indent)
	err := encoder.Encode(r)
	return file.Bytes(), err
}
