package account

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"keyferry/e2e/proof/reference"
	"keyferry/web"
)

// predicted is what the reference makes of the import. Where the random bytes are not known, what
// they make is taken from the answer, and everything else follows from the key that the KMS has.
func (l *ledger) predicted(one *life, random *reference.Stream) *reference.Prepared {
	g := l.Given
	in := reference.Import{
		Source: g.Source, Key: g.Key, Elsewhere: g.Protection == "elsewhere", KeyID: g.CMK, Date: l.date(),
		PublicKey: l.parameters.PublicKey, Algorithm: g.Algorithm,
	}
	for _, component := range g.Components {
		part, _ := hex.DecodeString(component)
		in.Components = append(in.Components, part)
	}
	switch g.Protection {
	case "passphrase":
		in.To.Passphrase, in.To.WorkFactor = g.Typed, l.workFactor(one)
		if g.Typed == "" {
			in.To.Passphrase = l.offered
		}
	case "recipients":
		in.To.Recipients = strings.Fields(g.Recipients)
	}
	if !g.Recorded {
		return l.derived(one, in)
	}
	out, err := reference.Prepare(in, random)
	if err != nil {
		l.leave("worker messages", "the reference says: %v", err)
		return &reference.Prepared{}
	}
	if l.Material != nil && !bytes.Equal(out.Key, l.Material) {
		l.leave("the KMS", "it has another key than the one that was made")
	}
	return out
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
func (l *ledger) workFactor(one *life) int {
	l.bits["backup"] += 2
	_, line, _ := bytes.Cut(backupOf(one), []byte("-> scrypt "))
	factor := 0
	fmt.Sscanf(string(line[:min(len(line), 40)]), "%s %d", new(string), &factor)
	if factor < 15 || factor > 18 {
		l.leave("backup", "the work factor is %d", factor)
		return 15
	}
	return factor
}

// derived takes over what only random bytes make, and computes the rest.
func (l *ledger) derived(one *life, in reference.Import) *reference.Prepared {
	der, _ := base64.StdEncoding.DecodeString(in.PublicKey)
	out := &reference.Prepared{
		Key: l.Material, Salt: l.result(one, "salt"), EncryptedKeyMaterial: l.result(one, "encryptedKeyMaterial"),
		Fingerprint: fmt.Sprintf("%x", sha256.Sum256(der)), Backup: backupOf(one),
	}
	salt, err := hex.DecodeString(out.Salt)
	if err != nil || len(salt) != 32 || len(l.Material) != 32 {
		l.leave("worker messages", "the salt is %.80q, and the KMS has %d bytes", out.Salt, len(l.Material))
		return out
	}
	out.Commitment = reference.Commitment(salt, l.Material)
	out.KCV, _ = reference.CheckValue(l.Material)
	wrapped, err := base64.StdEncoding.DecodeString(out.EncryptedKeyMaterial)
	if err != nil || len(wrapped) != 256 {
		l.leave("worker messages", "the ciphertext is %.80q", out.EncryptedKeyMaterial)
	}
	out.SHA256 = fmt.Sprintf("%x", sha256.Sum256(wrapped))
	if !in.Elsewhere {
		out.BackupSHA256, out.BackupFile = fmt.Sprintf("%x", sha256.Sum256(out.Backup)), reference.FileName(in.KeyID, in.Date)
		shape, err := reference.Backup(l.Material, in.To, reference.NewStream(nil)) // of zeros: its size is the one to be
		if err != nil || len(shape) != len(out.Backup) {
			l.leave("backup", "it has %d bytes, want %d (%v)", len(out.Backup), len(shape), err)
		}
	} else {
		out.Backup = nil
	}
	return out
}

// predictReceipt predicts the receipt, but for two moments: when the page had prepared the key, and
// when the console said that it was imported.
func (l *ledger) predictReceipt() {
	var told struct{ PreparedAt, ImportedAt string }
	for _, d := range l.Downloads {
		if strings.HasSuffix(d.Name, "-receipt.json") {
			json.Unmarshal(d.Content, &told)
		}
	}
	moments, day := map[string]string{"PreparedAt": told.PreparedAt}, told.PreparedAt
	if l.Given.Pasted == "" { // the desk does not know when the KMS takes the key
		moments["ImportedAt"], day = told.ImportedAt, told.ImportedAt
	} else if told.ImportedAt != "" {
		l.leave("receipt", "the desk says %.80q", told.ImportedAt)
	}
	for what, moment := range moments {
		at, err := time.Parse("2006-01-02T15:04:05Z", moment)
		if err != nil || at.Before(l.Began.Add(-2*time.Second)) || at.After(l.Ended.Add(2*time.Second)) {
			l.leave("receipt", "%s is %.80q", what, moment)
		}
		l.bits["receipt"] += l.seconds()
	}
	p, origin := l.prepared, l.Given.Source
	if p == nil {
		p = &reference.Prepared{}
	}
	if origin == "generate" {
		origin = "generated"
	}
	r := reference.Receipt{
		Program: "keyferry " + l.version, ModuleSHA256: l.moduleDigest(), KeyId: l.Given.CMK, Region: "cn-hangzhou",
		WrappingAlgorithm: l.Given.Algorithm, WrappingKeySHA256: p.Fingerprint,
		ImportTokenSHA256: fmt.Sprintf("%x", sha256.Sum256([]byte(l.parameters.ImportToken))), TokenExpireTime: l.parameters.TokenExpireTime,
		EncryptedKeyMaterialSHA256: p.SHA256, KeyMaterialExpireUnix: l.Given.Expires, KeyCheckValue: p.KCV, Commitment: p.Commitment, CommitmentSalt: p.Salt,
		Origin: origin, PreparedAt: told.PreparedAt, ImportedAt: told.ImportedAt,
		ParametersRequestId: l.parameters.RequestId, ImportRequestId: l.importID(), BackupFile: p.BackupFile, BackupSHA256: p.BackupSHA256,
	}
	content, err := r.Bytes()
	if err != nil {
		l.t.Fatal(err)
	}
	l.receipt, l.receiptAs = content, "keyferry-"+r.KeyId+"-"+day[:min(10, len(day))]+"-receipt.json"
}

// moduleDigest is that of the module which held the key.
func (l *ledger) moduleDigest() string {
	digest, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(integrity(l.t, web.Module), "sha256-"))
	if err != nil {
		l.t.Fatal(err)
	}
	return hex.EncodeToString(digest)
}

// importID is the request id of the import, as the KMS gave it.
func (l *ledger) importID() string {
	id := ""
	for _, a := range l.Arrivals {
		var answer struct{ RequestId, Code string }
		if a.Path == "/kms/ImportKeyMaterial" && json.Unmarshal(a.Answer, &answer) == nil && answer.Code == "" {
			id = answer.RequestId
		}
	}
	return id
}
