package account

import (
	"bytes"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"keyferry/e2e/proof/reference"
	"keyferry/web"
)

// predicted is what the reference makes of the import. Where the random bytes are not known, what
// they make is taken from the answer, and everything else follows from the key that the KMS has.
func (ac *account) predicted(one *life, random *reference.Stream) *reference.Prepared {
	g := ac.Given
	in := reference.Import{
		Source: g.Source, Key: g.Key, Elsewhere: g.Protection == "elsewhere", KeyID: g.CMK, Date: ac.date(),
		PublicKey: ac.parameters.PublicKey, Algorithm: g.Algorithm,
	}
	for _, component := range g.Components {
		part, _ := hex.DecodeString(component)
		in.Components = append(in.Components, part)
	}
	switch g.Protection {
	case "passphrase":
		in.To.Passphrase, in.To.WorkFactor = g.Typed, ac.workFactor(backupOf(one))
		if g.Typed == "" {
			in.To.Passphrase = ac.offeredPassphrase
		}
	case "recipients":
		in.To.Recipients = strings.Fields(g.Recipients)
	}
	var out *reference.Prepared
	if g.Recorded {
		var err error
		if out, err = reference.Prepare(in, random); err != nil {
			ac.leave("worker messages", "the reference says: %v", err)
			return &reference.Prepared{}
		}
	} else {
		out = ac.derived(one, in)
	}
	if taken := ac.Material; !ac.imported() && len(taken) > 0 || ac.imported() && !bytes.Equal(out.Key, taken) {
		ac.leave("the KMS", "it has another key than the one that was made, or none")
	}
	return out
}

// imported holds where the KMS has taken the key: from the page, or from the files of the desk.
func (ac *account) imported() bool {
	return ac.Given.Pasted != "" || slices.Contains(ac.Given.Calls, "ImportKeyMaterial")
}

// backupOf is the backup in an answer, unchecked.
func backupOf(one *life) []byte {
	for _, message := range one.from {
		var answer struct {
			Result struct {
				Backup struct {
					Bytes []byte `json:"$bytes"`
				}
			}
		}
		if json.Unmarshal(message, &answer) == nil && answer.Result.Backup.Bytes != nil {
			return answer.Result.Backup.Bytes
		}
	}
	return nil
}

// workFactor is the cost of a passphrase, which depends on the computer: one of four.
func (ac *account) workFactor(backup []byte) int {
	ac.bits["backup"] += 2
	_, line, _ := bytes.Cut(backup, []byte("-> scrypt "))
	factor := 0
	fmt.Sscanf(string(line[:min(len(line), 40)]), "%s %d", new(string), &factor)
	if factor < 15 || factor > 18 {
		ac.leave("backup", "the work factor is %d", factor)
		return 15
	}
	return factor
}

// derived takes over what only random bytes make, and computes the rest. A generated key is known
// from the KMS.
func (ac *account) derived(one *life, in reference.Import) *reference.Prepared {
	switch in.Source {
	case "generate":
		in.Key = ac.Material
	case "components":
		in.Key = make([]byte, 32)
		for _, part := range in.Components {
			subtle.XORBytes(in.Key, in.Key, part)
		}
	}
	der, _ := base64.StdEncoding.DecodeString(in.PublicKey)
	out := &reference.Prepared{
		Key: in.Key, Salt: ac.result(one, "salt"), EncryptedKeyMaterial: ac.result(one, "encryptedKeyMaterial"),
		Fingerprint: fmt.Sprintf("%x", sha256.Sum256(der)), Backup: backupOf(one),
	}
	salt, err := hex.DecodeString(out.Salt)
	if err != nil || len(salt) != 32 || len(in.Key) != 32 {
		ac.leave("worker messages", "the salt is %.80q, and the KMS has %d bytes", out.Salt, len(ac.Material))
		return out
	}
	out.Commitment = reference.Commitment(salt, in.Key)
	out.KCV, _ = reference.CheckValue(in.Key)
	wrapped, err := base64.StdEncoding.DecodeString(out.EncryptedKeyMaterial)
	if err != nil || len(wrapped) != 256 {
		ac.leave("worker messages", "the ciphertext is %.80q", out.EncryptedKeyMaterial)
	}
	out.SHA256 = fmt.Sprintf("%x", sha256.Sum256(wrapped))
	if !in.Elsewhere {
		out.BackupSHA256, out.BackupFile = fmt.Sprintf("%x", sha256.Sum256(out.Backup)), reference.FileName(in.KeyID, in.Date)
		// A backup made of zeros has the size that this one must have.
		shape, err := reference.Backup(in.Key, in.To, reference.NewStream(nil))
		if err != nil || len(shape) != len(out.Backup) {
			ac.leave("backup", "it has %d bytes, want %d (%v)", len(out.Backup), len(shape), err)
		}
	} else {
		out.Backup = nil
	}
	return out
}

// predictReceipt predicts the receipt, but for two moments: when the page had prepared the key, and
// when the console said that it was imported.
func (ac *account) predictReceipt() {
	if len(ac.each) > 0 {
		ac.predictReceipts()
		return
	}
	var told struct{ PreparedAt, ImportedAt string }
	for _, d := range ac.Downloads {
		if strings.HasSuffix(d.Name, "-receipt.json") {
			json.Unmarshal(d.Content, &told)
		}
	}
	moments, day := map[string]string{"PreparedAt": told.PreparedAt}, told.PreparedAt
	if ac.Given.Pasted == "" { // the desk does not know when the KMS takes the key
		moments["ImportedAt"], day = told.ImportedAt, told.ImportedAt
	} else if told.ImportedAt != "" {
		ac.leave("receipt", "the desk says %.80q", told.ImportedAt)
	}
	for what, moment := range moments {
		ac.receiptTells(what, moment)
	}
	r := ac.receiptOf(ac.Given.CMK)
	r.PreparedAt, r.ImportedAt, r.ImportRequestId = told.PreparedAt, told.ImportedAt, ac.importID()
	r.ParametersObtained, r.ImportedBy = "relay", "relay"
	if ac.Given.Pasted != "" {
		r.ParametersObtained, r.ImportedBy = "file", ""
	}
	content, err := r.Bytes()
	if err != nil {
		ac.t.Fatal(err)
	}
	ac.receipt, ac.receiptAs = content, "keyferry-"+r.KeyId+"-"+day[:min(10, len(day))]+"-receipt.json"
}

// receiptTells checks a moment of a receipt: it is one of the flow.
func (ac *account) receiptTells(what, moment string) {
	at, err := time.Parse("2006-01-02T15:04:05Z", moment)
	if err != nil || !ac.isOfFlow(at) {
		ac.leave("receipt", "%s is %.80q", what, moment)
	}
	ac.moments = append(ac.moments, at.UTC().Format(time.DateTime))
	ac.bits["receipt"] += ac.seconds()
}

// receiptOf is the receipt of a CMK, without moments and without what tells who made the calls.
func (ac *account) receiptOf(keyID string) reference.Receipt {
	parameters, p := ac.about(keyID)
	if p == nil {
		p = &reference.Prepared{}
	}
	origin := ac.Given.Source
	if origin == "generate" {
		origin = "generated"
	}
	return reference.Receipt{
		Program: "keyferry " + ac.version, ModuleSHA256: ac.moduleDigest(), KeyId: keyID, Region: "cn-hangzhou",
		WrappingAlgorithm: ac.Given.Algorithm, WrappingKeySHA256: p.Fingerprint,
		ImportTokenSHA256: fmt.Sprintf("%x", sha256.Sum256([]byte(parameters.ImportToken))), TokenExpireTime: parameters.TokenExpireTime,
		EncryptedKeyMaterialSHA256: p.SHA256, KeyMaterialExpireUnix: ac.Given.Expires, KeyCheckValue: p.KCV, Commitment: p.Commitment,
		CommitmentSalt: p.Salt, Origin: origin, ParametersRequestId: parameters.RequestId, BackupFile: p.BackupFile, BackupSHA256: p.BackupSHA256,
	}
}

// importFile is what a desk hands back to a console.
type importFile struct {
	Keyferry                                                                                                string
	Version                                                                                                 int
	Region, KeyId, WrappingAlgorithm, WrappingKeySHA256, EncryptedKeyMaterial, ImportToken, TokenExpireTime string
	KeyMaterialExpireUnix                                                                                   int64
	KeyCheckValue, Commitment, ParametersObtained                                                           string
}

// importFileFor is the import file for a CMK that is not of several.
func importFileFor(g *given, from *parameters, p *reference.Prepared) importFile {
	return importFile{
		"import", 1, "cn-hangzhou", g.CMK, g.Algorithm, p.Fingerprint, p.EncryptedKeyMaterial, from.ImportToken,
		from.TokenExpireTime, g.Expires, p.KCV, p.Commitment, "file",
	}
}

// importFile is the one that the desk of this flow made.
func (ac *account) importFile() []byte {
	p := ac.prepared
	if p == nil {
		p = &reference.Prepared{}
	}
	file, err := json.MarshalIndent(importFileFor(&ac.Given, ac.parameters, p), "", "  ")
	if err != nil {
		ac.t.Fatal(err)
	}
	return append(file, '\n')
}

// moduleDigest is that of the module which held the key.
func (ac *account) moduleDigest() string {
	digest, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(ac.integrity(web.Module), "sha256-"))
	if err != nil {
		ac.t.Fatal(err)
	}
	return hex.EncodeToString(digest)
}

// importID is the request id of the import, as the KMS gave it.
func (ac *account) importID() string {
	id := ""
	for _, a := range ac.Arrivals {
		var answer struct{ RequestId, Code string }
		if a.Path == "/kms/ImportKeyMaterial" && json.Unmarshal(a.Answer, &answer) == nil && answer.Code == "" {
			id = answer.RequestId
		}
	}
	return id
}
