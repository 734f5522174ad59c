package custody

import (
	"crypto/sha256"

	"keyferry/wasm/keywrap"
)

// Receipt says which key material was imported, where and when, without holding it:
// with a receipt and a backup anyone can tell, years later and without the KMS,
// whether the one belongs to the other. Every field is public.
//
// Times are UTC in the form 2026-01-02T15:04:05Z, as the KMS writes them. Digests
// are SHA-256. Fields that may be empty say so.
type Receipt struct {
	Program      string            // this program and its version, such as "keyferry 1.4.0"
	ModuleSHA256 [sha256.Size]byte // the WebAssembly module that held the material

	KeyID             string // of the CMK
	Region            string
	Alias             string // of the CMK, such as "alias/payroll"; may be empty
	WrappingAlgorithm keywrap.Algorithm

	WrappingKeySHA256          [sha256.Size]byte // of the DER, as the wrapping key's fingerprint
	ImportTokenSHA256          [sha256.Size]byte // of the token's text
	TokenExpireTime            string            // may be empty: at a desk nobody may know it
	EncryptedKeyMaterialSHA256 [sha256.Size]byte // of the 256 bytes

	CheckValue            KCV
	Commitment            Commitment
	KeyMaterialExpireUnix int64 // 0 means never

	Origin     Origin
	PreparedAt string // when the material was made or brought, and wrapped
	ImportedAt string // when the KMS took it; empty where the import was left to others

	ParametersRequestID string // of GetParametersForImport; may be empty, like the time of its token
	ImportRequestID     string // of ImportKeyMaterial; empty like ImportedAt

	BackupFile   string            // name of the encrypted backup; may be empty
	BackupSHA256 [sha256.Size]byte // of that file; zero without one
}

// Origin says where key material came from.
type Origin string

// The origins of key material.
const (
	OriginGenerated  Origin = "generated"
	OriginFile       Origin = "file"
	OriginBackup     Origin = "backup"
	OriginComponents Origin = "components"
)

// receiptFormat is the value of the first field, by which a receipt is known.
const receiptFormat = "keyferry receipt"

// receiptVersion is the version of the fields and their meaning. A field is never
// added, removed or given another meaning without another version.
const receiptVersion = 1

// CheckAgainst reports whether the material is that of the receipt: nil if it is,
// and otherwise a refusal, with [CodeNotReceiptsKey] for other material.
func CheckAgainst(r *Receipt, m *keywrap.Material) error {
	switch matches := r.Commitment.Matches(m); {
	case !matches && r.ImportedAt != "":
		return refuse(CodeNotReceiptsKey, "This is not the key that was imported on "+r.ImportedAt+".")
	case !matches:
		return refuse(CodeNotReceiptsKey, "This is not the key of the receipt.")
	case !r.CheckValue.Equal(CheckValue(m)):
		return refuse(CodeReceiptDamaged, "The receipt contradicts itself: its commitment is to this key, and its key check value is another's. Someone changed it. Do not rely on the rest of it either.")
	}
	return nil
}

// receiptField ties a name in the file to its place in a Receipt. The order of the
// fields is that of the file.
type receiptField struct {
	name     string
	optional bool // left out when empty
	number   *int64
	text     *string
	digest   []byte
	valid    func(string) bool // of text
}

// fields lists the fields of a receipt. Texts that have a type of their own go
// through the holder, which settle copies back.
func (r *Receipt) fields(h *receiptHolder) []receiptField {
	h.format, h.version = receiptFormat, receiptVersion
	h.algorithm, h.origin, h.checkValue = string(r.WrappingAlgorithm), string(r.Origin), r.CheckValue.String()
	return []receiptField{
		{name: "Format", text: &h.format, valid: func(s string) bool { return s == receiptFormat }},
		{name: "Version", number: &h.version},
		{name: "Program", text: &r.Program, valid: isName},
		{name: "ModuleSHA256", digest: r.ModuleSHA256[:]},
		{name: "KeyId", text: &r.KeyID, valid: isIdentifier},
		{name: "Region", text: &r.Region, valid: isIdentifier},
		{name: "Alias", text: &r.Alias, valid: isIdentifier, optional: true},
		{name: "WrappingAlgorithm", text: &h.algorithm, valid: isAlgorithm},
		{name: "WrappingKeySHA256", digest: r.WrappingKeySHA256[:]},
		{name: "ImportTokenSHA256", digest: r.ImportTokenSHA256[:]},
		{name: "TokenExpireTime", text: &r.TokenExpireTime, valid: isTime, optional: true},
		{name: "EncryptedKeyMaterialSHA256", digest: r.EncryptedKeyMaterialSHA256[:]},
		{name: "KeyCheckValue", text: &h.checkValue, valid: isCheckValue},
		{name: "Commitment", digest: r.Commitment.Digest[:]},
		{name: "CommitmentSalt", digest: r.Commitment.Salt[:]},
		{name: "KeyMaterialExpireUnix", number: &r.KeyMaterialExpireUnix},
		{name: "Origin", text: &h.origin, valid: isOrigin},
		{name: "PreparedAt", text: &r.PreparedAt, valid: isTime},
		{name: "ImportedAt", text: &r.ImportedAt, valid: isTime, optional: true},
		{name: "ParametersRequestId", text: &r.ParametersRequestID, valid: isIdentifier, optional: true},
		{name: "ImportRequestId", text: &r.ImportRequestID, valid: isIdentifier, optional: true},
		{name: "BackupFile", text: &r.BackupFile, valid: isName, optional: true},
		{name: "BackupSHA256", digest: r.BackupSHA256[:], optional: true},
	}
}

// receiptHolder holds the fields of a file that are not plain texts of a Receipt.
type receiptHolder struct {
	format, algorithm, origin, checkValue string
	version                               int64
}

// settle takes over what the holder holds.
func (r *Receipt) settle(h *receiptHolder) error {
	var err error
	r.WrappingAlgorithm, r.Origin = keywrap.Algorithm(h.algorithm), Origin(h.origin)
	r.CheckValue, err = ParseKCV(h.checkValue)
	return err
}

// consistent reports whether the fields agree with each other.
func (r *Receipt) consistent() bool {
	return r.KeyMaterialExpireUnix >= 0 && (r.ImportedAt == "") == (r.ImportRequestID == "") &&
		(r.BackupFile == "") == (r.BackupSHA256 == [sha256.Size]byte{})
}
