package account

import (
	"bytes"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"time"

	"filippo.io/age"

	"keyferry/e2e/proof/reference"
	"keyferry/web"
)

// steps is a message with steps for a worker that is fed.
func steps(name string, options ...map[string]any) map[string]any {
	var all []any
	for _, one := range options {
		all = append(all, map[string]any{"step": name, "options": one})
	}
	return map[string]any{"steps": all}
}

// results are the answers to the steps of one message.
func results(each ...map[string]any) map[string]any {
	var all []any
	for _, one := range each {
		all = append(all, map[string]any{"result": one})
	}
	return map[string]any{"type": "piece", "results": all}
}

// handed is what the module hands over before it is done.
func handed(value map[string]any) map[string]any {
	return map[string]any{"type": "told", "value": value}
}

// headerPieces are the sizes of what age writes of a header with a passphrase, one after the other.
// The nonce of the payload is the last.
var headerPieces = []int{22, 2, 7, 23, 3, 1, 40, 3, 1, 3, 45, 16}

// makeArchive checks the worker that makes the archive.
func (ac *account) makeArchive(one *life, random *reference.Stream) {
	var file []byte
	for _, message := range one.from {
		var from struct {
			Value struct {
				Written struct {
					Bytes []byte `json:"$bytes"`
				}
			}
		}
		if json.Unmarshal(message, &from) == nil {
			file = append(file, from.Value.Written.Bytes...)
		}
	}
	archive := ac.predictArchive(one, random, file)
	digest := digestOf(file)
	ac.archive = &download{ac.archiveName(), file}
	to := []any{
		ac.request("closeArchive", web.Module, map[string]any{"pieces": true}),
		steps("createArchive", map[string]any{"protection": ac.Given.Protection, "recipients": "", "passphrase": ac.offeredPassphrase}),
	}
	from := []any{ready}
	rest := file
	for _, size := range headerPieces {
		size = min(size, len(rest))
		from = append(from, handed(map[string]any{"written": asBytes(string(rest[:size]))}))
		rest = rest[size:]
	}
	from = append(from, results(map[string]any{}))
	for _, key := range archive.Keys {
		entry, _ := key.Entry()
		to = append(to, steps("addToArchive", map[string]any{"keyId": key.KeyID, "source": "generate", "file": nil, "encoded": nil}))
		from = append(from, results(map[string]any{"kcv": entry.KeyCheckValue, "commitment": entry.Commitment, "salt": entry.CommitmentSalt}))
		*ac.each[key.KeyID].prepared = reference.Prepared{
			Key: key.Key, KCV: entry.KeyCheckValue, Commitment: entry.Commitment, Salt: entry.CommitmentSalt, BackupFile: ac.archive.Name, BackupSHA256: digest,
		}
		if !bytes.Equal(key.Key, ac.Materials[key.KeyID]) {
			ac.leave("the KMS", "it has another key for %s than the one that was made, or none", key.KeyID)
		}
	}
	ac.talked(one,
		append(to, steps("addManifest", map[string]any{"size": len(ac.manifest), "piece": asBytes(ac.manifest)}), map[string]any{"finish": map[string]any{}}),
		append(from, results(map[string]any{}), handed(map[string]any{"written": asBytes(string(rest))}), done(map[string]any{"sha256": digest, "size": len(file)}))...)
}

var (
	madeAt = regexp.MustCompile(`"MadeAt": "([^"]*)"`)
	salts  = regexp.MustCompile(`"salt":"([0-9a-f]{64})"`)
)

// predictArchive predicts the archive that was made, byte for byte, but for the moments that it tells.
// Where the random bytes are not known, it is opened, and its content is predicted from the keys that
// the KMS has.
func (ac *account) predictArchive(one *life, random *reference.Stream, file []byte) *reference.Archive {
	archive := &reference.Archive{Program: "keyferry " + ac.version, Modified: ac.Began}
	content := ac.contentOf(file)
	if len(content) > 512 {
		if seconds, err := strconv.ParseInt(string(content[136:147]), 8, 64); err == nil {
			archive.Modified = time.Unix(seconds, 0)
		}
	}
	if found := madeAt.FindSubmatch(content); found != nil {
		archive.MadeAt = string(found[1])
	}
	made, _ := time.Parse("2006-01-02T15:04:05Z", archive.MadeAt) // in the year 1 if it is no time
	for _, at := range []time.Time{made, archive.Modified} {
		if !ac.isOfFlow(at) {
			ac.leave("archive", "it is of %v, and its manifest of %.40q", archive.Modified, archive.MadeAt)
		}
		ac.bits["archive"] += ac.seconds()
	}
	given := salts.FindAllSubmatch(bytes.Join(raw(one.from), nil), -1)
	fill := func() []byte {
		for i, id := range ac.Given.CMKs {
			key := reference.Archived{KeyID: id, Key: ac.Materials[id]}
			switch {
			case ac.Given.Recorded:
				key.Key, key.Salt = random.Take("key", 32), random.Take("salt of the commitment", 32)
			case i < len(given):
				key.Salt, _ = hex.DecodeString(string(given[i][1]))
			}
			if len(key.Key) != 32 {
				ac.leave("the KMS", "%s has no key", id)
				key.Key = make([]byte, 32)
			}
			archive.Keys = append(archive.Keys, key)
		}
		tar, err := archive.Tar()
		if err != nil {
			ac.t.Fatal(err)
		}
		return tar
	}
	to := reference.Protection{Passphrase: ac.offeredPassphrase, WorkFactor: ac.workFactor(file)}
	source := random
	if !ac.Given.Recorded {
		source = reference.NewStream(nil) // an archive made of zeros has the size that this one must have
	}
	want, err := reference.Encrypt(to, source, fill)
	if err != nil {
		ac.t.Fatal(err)
	}
	if ac.Given.Recorded && !bytes.Equal(file, want) || len(file) != len(want) {
		ac.leave("archive", "it has %d bytes, and not those that were predicted", len(file))
	}
	if tar, err := archive.Tar(); err != nil || !bytes.Equal(tar, content) {
		ac.leave("archive", "in it are %d bytes, and not those that were predicted", len(content))
	}
	if ac.manifest, err = archive.Manifest(); err != nil {
		ac.t.Fatal(err)
	}
	return archive
}

// contentOf opens an archive.
func (ac *account) contentOf(file []byte) []byte {
	identity, err := age.NewScryptIdentity(ac.offeredPassphrase)
	if err != nil {
		ac.leave("archive", "%v", err)
		return nil
	}
	opened, err := age.Decrypt(bytes.NewReader(file), identity)
	if err != nil {
		ac.leave("archive", "%v", err)
		return nil
	}
	content, err := io.ReadAll(opened)
	if err != nil {
		ac.leave("archive", "%v", err)
	}
	return content
}

// archiveName is the name under which the archive was saved: with the minute in which it was made.
func (ac *account) archiveName() string {
	for _, d := range ac.Downloads {
		for at := ac.Began.Add(-time.Minute); at.Before(ac.Ended.Add(time.Minute)); at = at.Add(time.Minute) {
			if d.Name == fmt.Sprintf("keyferry-%d-keys-%s.age", len(ac.Given.CMKs), at.Local().Format("2006-01-02-15-04")) {
				ac.bits["downloads"] += log2(ac.Ended.Sub(ac.Began).Minutes() + 2)
				return d.Name
			}
		}
	}
	return "an archive of this minute"
}

// openArchive checks the worker that opens the archive, and wraps the keys in it.
func (ac *account) openArchive(one *life, random *reference.Stream) {
	if ac.archive == nil {
		ac.leave("worker messages", "an archive is opened that nobody made")
		return
	}
	var judged, wrapped, forgotten, nothing, answers []map[string]any
	from := []any{ready}
	for _, id := range ac.Given.CMKs {
		p := ac.each[id].prepared
		from = append(from, handed(map[string]any{"keyId": id}))
		judged = append(judged, map[string]any{"keyId": id, "kcv": p.KCV, "commitment": p.Commitment, "salt": p.Salt})
		forgotten, nothing = append(forgotten, map[string]any{"keyId": id}), append(nothing, map[string]any{})
	}
	ac.wrapped(one, random)
	for _, id := range ac.Given.CMKs {
		parameters, p := ac.about(id)
		wrapped = append(wrapped, map[string]any{"keyId": id, "publicKey": parameters.PublicKey, "algorithm": ac.Given.Algorithm})
		answers = append(answers, map[string]any{"encryptedKeyMaterial": p.EncryptedKeyMaterial, "sha256": p.SHA256, "fingerprint": p.Fingerprint})
	}
	to := []any{
		ac.request("forgetKeys", web.Module, map[string]any{"pieces": true}),
		steps("openArchive", map[string]any{"archive": map[string]any{"$file": len(ac.archive.Content)}, "secret": ac.offeredPassphrase}),
	}
	from = append(from, handed(map[string]any{"manifest": asBytes(ac.manifest)}),
		results(map[string]any{"count": len(ac.Given.CMKs), "sha256": digestOf(ac.archive.Content)}))
	for _, one := range judged {
		to, from = append(to, steps("judgeKey", one)), append(from, results(map[string]any{}))
	}
	ac.talked(one,
		append(to, steps("wrapKey", wrapped...), steps("forgetKey", forgotten...), map[string]any{"finish": map[string]any{}}),
		append(from, results(answers...), results(nothing...), done(map[string]any{}))...)
}

var ciphertexts = regexp.MustCompile(`"encryptedKeyMaterial":"([^"]{344})"`)

// wrapped predicts the ciphertexts. Where the random bytes are not known, they are taken from the
// answers, and that the KMS has the keys is left to predictArchive.
func (ac *account) wrapped(one *life, random *reference.Stream) {
	given := ciphertexts.FindAllSubmatch(bytes.Join(raw(one.from), nil), -1)
	for i, id := range ac.Given.CMKs {
		parameters, p := ac.about(id)
		der, _ := base64.StdEncoding.DecodeString(parameters.PublicKey)
		public, err := x509.ParsePKIXPublicKey(der)
		to, ok := public.(*rsa.PublicKey)
		if err != nil || !ok || len(p.Key) != 32 {
			ac.leave("worker messages", "nothing can be wrapped for %s: %v", id, err)
			continue
		}
		var ciphertext []byte
		switch {
		case ac.Given.Recorded:
			if ciphertext, err = reference.Wrap(to, ac.Given.Algorithm, p.Key, random); err != nil {
				ac.t.Fatal(err)
			}
		case i < len(given):
			ciphertext, _ = base64.StdEncoding.DecodeString(string(given[i][1]))
		}
		p.EncryptedKeyMaterial = base64.StdEncoding.EncodeToString(ciphertext)
		p.SHA256, p.Fingerprint = digestOf(ciphertext), digestOf(der)
	}
}
