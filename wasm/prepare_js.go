package main

import (
	"crypto/sha256"
	"encoding/hex"
	"syscall/js"

	"keyferry/wasm/custody"
	"keyferry/wasm/custody/backup"
	"keyferry/wasm/keywrap"
)

// The codes that ask the person instead of refusing.
const (
	codeConfirmHex    keywrap.Code = "confirm_hex"    // the file is text: are its 64 digits meant?
	codeConfirmBase64 keywrap.Code = "confirm_base64" // the file is text: is the key that it encodes meant?
)

// preparation is what the person chose for one import. forget clears its secrets.
type preparation struct {
	opening    // of the sources file and backup
	source     string
	kind       custody.Kind
	weakness   keywrap.Code // accepted by the person
	receipt    *identity    // of an earlier import, or nil
	keyID      string       // of the CMK
	date       string       // for the name of the backup
	protection string
	passphrase []byte
	recipients []string
	wrapping   *wrapping
	progress   js.Value // a function, or undefined
	archive    js.Value // of the source archive: the function that reads it
}

func (p *preparation) forget() {
	p.opening.forget()
	clear(p.passphrase)
}

// prepare does everything that needs the key material, in one go: it makes it or reads it, compares
// it with a receipt, examines it, backs it up and wraps it. What leaves is encrypted, or a check
// value.
func prepare(o *options) (result, error) {
	p, err := readPreparation(o)
	defer p.forget()
	if err != nil {
		return nil, err
	}
	scrub()
	defer scrub()
	defer clear(material[:])
	if err := p.fill(); err != nil {
		return nil, err
	}
	if err := p.examine(); err != nil {
		return nil, err
	}
	return p.finish()
}

// readPreparation returns what it has read also when it refuses the rest, so that the caller
// forgets it.
func readPreparation(o *options) (*preparation, error) {
	p := &preparation{
		opening: *readOpening(o),
		source:  o.text("source"), kind: custody.Kind(o.text("kind")), weakness: keywrap.Code(o.text("weakness")),
		keyID: o.text("keyId"), date: o.text("date"), protection: o.text("protection"), progress: o.object.Get("progress"),
		archive: o.object.Get("archive"),
	}
	if p.source == "archive" && p.archive.Type() != js.TypeFunction {
		return p, codeBadRequest
	}
	if o.has("receipt") {
		of := &options{object: o.object.Get("receipt")}
		if of.object.Type() != js.TypeObject {
			return p, codeBadRequest
		}
		if p.receipt = of.identity(); of.err != nil {
			return p, of.err
		}
	}
	switch p.protection {
	case "passphrase":
		p.passphrase = o.secret("passphrase")
	case "recipients":
		p.recipients = []string{o.text("recipients")}
	case "elsewhere":
		if p.source == "generate" {
			return p, codeBadRequest // generated key material would exist nowhere else
		}
	default:
		return p, codeBadRequest
	}
	p.wrapping = readWrapping(o)
	return p, o.err
}

// fill puts the key material in its place, from wherever the person has it.
func (p *preparation) fill() error {
	switch p.source {
	case "generate":
		return keywrap.Generate(&material)
	case "components":
		if components == nil {
			return custody.CodeComponentsTooFew
		}
		return components.Sum(&material)
	case "backup":
		return backup.Restore(p.file, p.with(), &material)
	case "archive":
		return restoreFromArchive(p.archive, p.with(), p.keyID, &material)
	case "file":
		return p.readFile()
	}
	return codeBadRequest
}

// readFile asks before it decodes text: 64 hexadecimal digits may encode a key, or be something
// else altogether.
func (p *preparation) readFile() error {
	kind, err := custody.Recognise(p.file)
	if err != nil {
		return err
	}
	if p.kind == "" {
		switch kind {
		case custody.Hex:
			return codeConfirmHex
		case custody.Base64:
			return codeConfirmBase64
		}
		p.kind = custody.Raw
	}
	return custody.Decode(p.kind, p.file, &material)
}

// examine compares the key material with the receipt, and looks for weaknesses where it was
// brought. The receipt comes first: comparing is quick, and the wrong key need not be examined.
func (p *preparation) examine() error {
	if p.receipt != nil {
		if err := custody.Compare(&material, p.receipt.checkValue, p.receipt.commitment); err != nil {
			return err
		}
	}
	if p.source == "generate" {
		return nil
	}
	weakness := custody.Examine(&material, func(done, total uint64) {
		if p.progress.Type() == js.TypeFunction {
			p.progress.Invoke(float64(done), float64(total))
		}
	})
	if weakness != "" && weakness != p.weakness {
		return weakness
	}
	return nil
}

// finish backs up and wraps.
func (p *preparation) finish() (result, error) {
	out, err := describe(&material)
	if err != nil {
		return nil, err
	}
	if p.protection != "elsewhere" {
		if err := p.backUp(out); err != nil {
			return nil, err
		}
	}
	return out, p.wrapping.wrap(&material, out)
}

// backUp encrypts the key material as the person chose, and adds the backup to what prepare
// answers.
func (p *preparation) backUp(out result) error {
	to := backup.To{Passphrase: p.passphrase, Recipients: p.recipients}
	if p.protection == "passphrase" {
		factor, err := backup.ChooseWorkFactor()
		if err != nil {
			return err
		}
		to.WorkFactor = factor
	}
	file, err := backup.Make(&material, to)
	if err != nil {
		return err
	}
	out["backup"], out["backupSHA256"], out["backupFile"] = array(file), digestOf(file), backup.FileName(p.keyID, p.date)
	return nil
}

// digestOf is the SHA-256 of something public, in hexadecimal.
func digestOf(content []byte) string {
	digest := sha256.Sum256(content)
	return hex.EncodeToString(digest[:])
}
