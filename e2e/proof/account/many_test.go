package account

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"

	"keyferry/components/text"
	"keyferry/e2e/program"
	"keyferry/e2e/proof/monitor"
	"keyferry/e2e/proof/reference"
)

// manyCMKs makes an archive with a key for each of two CMKs, opens it, and imports both keys.
func manyCMKs(j *monitor.Journey, r *record) {
	visit(j, r, "/en/many")
	g, words, count := &r.Given, j.Words.Many, "2"
	g.CMKs = []string{j.Key, j.Run.Unused[0]}
	j.Run.Unused = j.Run.Unused[1:]
	g.Algorithm, g.Source, g.Protection, g.Receipt = reference.OAEPSHA256, "generate", "passphrase", true
	g.Jobs = []string{"passphrase", "closeArchive", "forgetKeys"}
	g.Calls = []string{"GetParametersForImport", "ImportKeyMaterial"}
	j.Do(j.Page.Locator("#many-list").Fill(strings.Join(g.CMKs, "\n")))
	j.Press(words.UseList)
	passphrase := j.OfferedPassphrase()
	j.Hide("passphrase", []byte(passphrase), "page", "messages")
	j.Press(text.Fill(words.Make, "count", count))
	archive := j.SaveArchive()
	j.Run.Keep("downloads", "archive", program.ReadFile(j.T, archive))
	j.ProveArchive(archive, passphrase)
	j.Press(text.Fill(words.ImportAll, "count", count))
	j.See("[data-part=result] h2", "")
	j.Download("[data-part=receipts] [data-link=receipts]")
	r.Materials = map[string][]byte{}
	for _, id := range g.CMKs {
		r.Materials[id] = j.Program.Material(j.T, id)
		j.Hide("key of "+id, r.Materials[id])
	}
}

// broughtBack imports on the page for many what somebody wrapped elsewhere: the key is not there.
func broughtBack(j *monitor.Journey, r *record) {
	visit(j, r, "/en/many")
	g, words := &r.Given, j.Words.Many
	g.Algorithm, g.Calls = reference.OAEPSHA256, []string{"ImportFile"}
	var from parameters
	j.Do(json.Unmarshal([]byte(j.Program.AnswerOf(j.T, j.Key, g.Algorithm)), &from))
	key, seed, salt := program.Fresh(j.T), program.Fresh(j.T), program.Fresh(j.T)
	j.Hide("key", key[:])
	p, err := reference.Prepare(reference.Import{Source: "file", Key: key[:], Elsewhere: true, PublicKey: from.PublicKey, Algorithm: g.Algorithm}, reference.NewStream([][]byte{salt[:], seed[:]}))
	j.Do(err)
	file, err := json.Marshal(importFileFor(g, &from, p))
	j.Do(err)
	g.ImportFile = string(file)
	j.Attach("many-file", "imports.jsonl", append(file, '\n'))
	j.See("[data-part=preview] [data-fill=count]", text.Fill(words.Phrases.Cmks, "count", "1"))
	g.Before = len(r.Arrivals)
	j.Press(words.UseList)
	j.See("[data-step=send][data-state=open] h2", "")
	j.Press(text.Fill(words.ImportAll, "count", "1"))
	j.See("[data-part=result] h2", "")
}

// each is what the account knows of one of several CMKs.
type each struct {
	parameters *parameters
	prepared   *reference.Prepared
}

// about is what is known of a CMK.
func (ac *account) about(keyID string) (*parameters, *reference.Prepared) {
	if one := ac.each[keyID]; one != nil {
		return one.parameters, one.prepared
	}
	return ac.parameters, ac.prepared
}

// answersIn are the console's answers for several CMKs, in the order in which it was asked.
func answersIn(answer []byte) (all [][]byte) {
	var list struct{ Answers []json.RawMessage }
	json.Unmarshal(answer, &list)
	for _, one := range list.Answers {
		all = append(all, one)
	}
	return all
}

// sortConcurrent puts calls about several CMKs, which the console makes at once, in the order of the
// CMKs.
func (ac *account) sortConcurrent() {
	several := ac.Given.CMKs
	if several == nil {
		return
	}
	place := func(c call) (at int) {
		if bytes.Contains(c.Request, []byte("Action=ImportKeyMaterial")) {
			at = len(several)
		}
		return at + slices.IndexFunc(several, func(id string) bool { return bytes.Contains(c.Request, []byte("KeyId="+id)) })
	}
	slices.SortStableFunc(ac.Calls, func(a, b call) int { return place(a) - place(b) })
	for range ac.Given.Calls {
		orders, _ := math.Lgamma(float64(len(several) + 1))
		ac.draws("calls to the KMS", "the order of calls that are made at once", orders/math.Ln2)
	}
}

// predictReceipts predicts the file of receipts, but for two moments in each.
func (ac *account) predictReceipts() {
	if ac.archive == nil {
		return
	}
	ac.receiptAs = strings.TrimSuffix(ac.archive.Name, ".age") + "-receipts.jsonl"
	var lines []string
	for _, d := range ac.Downloads {
		if strings.HasSuffix(d.Name, ".jsonl") {
			lines = strings.Split(string(d.Content), "\n")
		}
	}
	ids := ac.importIDs()
	for i, id := range ac.Given.CMKs {
		var told struct{ PreparedAt, ImportedAt string }
		if i < len(lines) {
			json.Unmarshal([]byte(lines[i]), &told)
		}
		ac.receiptTells("PreparedAt", told.PreparedAt)
		ac.receiptTells("ImportedAt", told.ImportedAt)
		r := ac.receiptOf(id)
		r.PreparedAt, r.ImportedAt, r.ParametersObtained, r.ImportedBy = told.PreparedAt, told.ImportedAt, "relay", "relay"
		if i < len(ids) {
			r.ImportRequestId = ids[i]
		}
		line, err := r.Line()
		if err != nil {
			ac.t.Fatal(err)
		}
		ac.receipt = append(ac.receipt, line...)
	}
}

// importIDs are the request ids of the imports, in the order of the CMKs.
func (ac *account) importIDs() (all []string) {
	for _, a := range ac.Arrivals {
		if a.Path == "/kms/ImportKeyMaterial/many" {
			for _, answer := range answersIn(a.Answer) {
				all = append(all, requestID(answer))
			}
		}
	}
	return all
}

// someReceipts holds for a file with some of the receipts: while the import lasts, the page offers
// those that there are.
func (ac *account) someReceipts(content []byte) bool {
	for line := range bytes.Lines(content) {
		if !bytes.Contains(ac.receipt, line) {
			return false
		}
	}
	return len(content) > 0
}

// namesOfEach gives names to what is predicted of several CMKs.
func (ac *account) namesOfEach(name func(what string, values ...string)) {
	for i, id := range ac.Given.CMKs {
		parameters, p := ac.about(id)
		of := func(what string, values ...string) { name(fmt.Sprintf("%s %d", what, i), values...) }
		of("CMK", id)
		of("KCV", p.KCV, inFours(p.KCV))
		of("commitment", p.Commitment)
		of("wrapping key", p.Fingerprint)
		of("ciphertext's digest", p.SHA256)
		of("token's digest", digestOf([]byte(parameters.ImportToken)))
	}
	if ac.archive != nil {
		name("archive's name", ac.archive.Name, strings.TrimSuffix(ac.archive.Name, ".age"))
		name("archive's digest", digestOf(ac.archive.Content))
	}
}

// inFours is a check value as a page shows it.
func inFours(kcv string) string {
	return strings.Join([]string{kcv[:min(4, len(kcv))], kcv[min(4, len(kcv)):min(8, len(kcv))], kcv[min(8, len(kcv)):]}, " ")
}
