package main

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"strings"
	"syscall/js"

	"keyferry/wasm/custody"
	"keyferry/wasm/keywrap"
)

// The codes that ask the person instead of refusing.
const (
	codeConfirmHex    keywrap.Code = "confirm_hex"    // the file is text: are its 64 digits meant?
	codeConfirmBase64 keywrap.Code = "confirm_base64" // the file is text: is what it stands for meant?
)

// codeOtherCMK refuses a receipt of another CMK than the chosen one: the KMS would refuse the material, if the receipt
// was not simply the wrong file.
const codeOtherCMK keywrap.Code = "receipt_other_cmk"

// components adds up what addComponent is given, until prepare takes the sum.
var components *custody.Components

// addComponent accepts one component of a key, with the check value that was printed with it.
func addComponent(args []js.Value) (result, error) {
	if len(args) != 2 {
		return nil, badRequest("The function was called with the wrong number of arguments.")
	}
	o := &options{object: js.ValueOf(map[string]any{"component": args[0], "kcv": args[1]})}
	component, kcv := o.bytes("component"), o.bytes("kcv")
	defer clear(component)
	if o.err != nil {
		return nil, o.err
	}
	if components == nil {
		var err error
		if components, err = custody.NewComponents(); err != nil {
			return nil, err
		}
	}
	scrub()
	defer scrub()
	method, err := components.Add(component, kcv)
	if err != nil {
		return nil, err
	}
	return result{"method": string(method), "count": components.Count()}, nil
}

// preparation is what the person chose for one import.
type preparation struct {
	source     string
	file       []byte // of the sources file and backup
	kind       custody.Kind
	secret     string       // opens the backup
	weakness   keywrap.Code // accepted by the person
	receipt    []byte       // of an earlier import, or none
	keyID      string       // of the CMK
	date       string       // for the name of the backup
	protection string
	passphrase []byte
	recipients []string
	key        *keywrap.WrappingKey
	algorithm  keywrap.Algorithm
}

// prepare does everything that needs the key material, in one go: it makes it or reads it, examines it, compares it with
// a receipt, backs it up and wraps it. What leaves is encrypted, or a check value.
func prepare(args []js.Value) (result, error) {
	p, err := readPreparation(readOptions(args))
	if err != nil {
		return nil, err
	}
	defer clear(p.file)
	var progress js.Value
	if len(args) > 1 && args[1].Type() == js.TypeFunction {
		progress = args[1]
	}
	scrub()
	defer scrub()
	defer clear(material[:])
	if err := p.fill(); err != nil {
		return nil, err
	}
	if err := p.examine(progress); err != nil {
		return nil, err
	}
	return p.finish()
}

func readPreparation(o *options) (*preparation, error) {
	p := &preparation{
		source: o.text("source"), kind: custody.Kind(o.text("kind")), secret: o.text("secret"),
		weakness: keywrap.Code(o.text("weakness")), protection: o.text("protection"),
		receipt: o.bytesOrNone("receipt"), file: o.bytesOrNone("file"), keyID: o.text("keyId"), date: o.text("date"),
	}
	switch p.protection {
	case "passphrase":
		p.passphrase = []byte(o.text("passphrase"))
	case "recipients":
		p.recipients = strings.Fields(o.text("recipients"))
	case "elsewhere":
		if p.source == "generate" {
			return nil, badRequest("Generated key material exists nowhere else.")
		}
	default:
		return nil, badRequest("The protection is not one of those that there are.")
	}
	publicKey, algorithm := o.text("publicKey"), o.text("algorithm")
	if o.err != nil {
		return nil, o.err
	}
	var err error
	if p.key, err = keywrap.ParseWrappingKey([]byte(publicKey)); err != nil {
		return nil, err
	}
	p.algorithm, err = keywrap.ParseAlgorithm(algorithm)
	return p, err
}

// fill puts the key material in its place, from wherever the person has it.
func (p *preparation) fill() error {
	switch p.source {
	case "generate":
		return keywrap.Generate(&material)
	case "components":
		if components == nil {
			return badRequest("There are no components.")
		}
		return components.Sum(&material)
	case "backup":
		return restore(p.file, p.secret)
	case "file":
		return p.readFile()
	}
	return badRequest("The source is not one of those that there are.")
}

// readFile asks before it decodes text: 64 hexadecimal digits may stand for a key, or be something else altogether.
func (p *preparation) readFile() error {
	kind, err := custody.Recognise(p.file)
	if err != nil {
		return err
	}
	if kind != custody.Raw && p.kind == "" {
		if kind == custody.Hex {
			return &keywrap.Error{Code: codeConfirmHex, Message: "These are 64 hexadecimal digits. Use the 32 bytes that they stand for?"}
		}
		return &keywrap.Error{Code: codeConfirmBase64, Message: "This is base64 of 32 bytes. Use the 32 bytes that it stands for?"}
	}
	if p.kind == "" {
		p.kind = custody.Raw
	}
	return custody.Decode(p.kind, p.file, &material)
}

// examine holds brought material against the receipt and the quality gate. Generated material needs neither. The
// receipt comes first: it is quick, and the wrong key need not be examined.
func (p *preparation) examine(progress js.Value) error {
	if p.receipt != nil {
		r, err := custody.ParseReceipt(p.receipt)
		if err != nil {
			return err
		}
		if r.KeyID != p.keyID {
			return &keywrap.Error{Code: codeOtherCMK, Message: "This receipt is of another CMK."}
		}
		if err := custody.CheckAgainst(r, &material); err != nil {
			return err
		}
	}
	if p.source == "generate" {
		return nil
	}
	finding, err := custody.Examine(&material, func(done, total uint64) bool {
		if progress.Type() == js.TypeFunction {
			progress.Invoke(float64(done), float64(total))
		}
		return true
	})
	if err != nil {
		return err
	}
	if finding.Found() && finding.Code != p.weakness {
		return &keywrap.Error{Code: finding.Code, Message: finding.Message}
	}
	return nil
}

// finish backs up and wraps.
func (p *preparation) finish() (result, error) {
	commitment, err := custody.Commit(&material)
	if err != nil {
		return nil, err
	}
	out := result{
		"kcv":         custody.CheckValue(&material).String(),
		"commitment":  hex.EncodeToString(commitment.Digest[:]),
		"salt":        hex.EncodeToString(commitment.Salt[:]),
		"fingerprint": fingerprint(p.key),
	}
	if p.protection != "elsewhere" {
		if err := p.backUp(out); err != nil {
			return nil, err
		}
	}
	wrapped, err := p.key.Wrap(p.algorithm, &material)
	if err != nil {
		return nil, err
	}
	digest := sha256.Sum256(wrapped)
	out["encryptedKeyMaterial"] = base64.StdEncoding.EncodeToString(wrapped)
	out["sha256"] = hex.EncodeToString(digest[:])
	return out, nil
}
