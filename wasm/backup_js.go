package main

import (
	"bytes"

	"keyferry/wasm/custody"
	"keyferry/wasm/custody/backup"
)

// opening is an encrypted backup, and the passphrase or identity that opens it. Whoever reads one
// forgets it.
type opening struct {
	file, secret []byte
}

func readOpening(o *options) *opening {
	return &opening{file: o.bytesOrNone("file"), secret: o.secret("secret")}
}

func (p *opening) forget() {
	clear(p.file)
	clear(p.secret)
}

// with is how the secret opens a backup. An identity is known by its beginning.
func (p *opening) with() backup.With {
	if bytes.Contains(p.secret, []byte("AGE-SECRET-KEY-")) {
		return backup.With{Identity: p.secret}
	}
	return backup.With{Passphrase: p.secret}
}

// check opens a backup and compares the key material in it with the check value and the commitment
// of an import. Nothing of the material leaves.
func check(o *options) (result, error) {
	p, known := readOpening(o), o.identity()
	defer p.forget()
	if o.err != nil {
		return nil, o.err
	}
	scrub()
	defer scrub()
	defer clear(material[:])
	if err := backup.Restore(p.file, p.with(), &material); err != nil {
		return nil, err
	}
	return result{}, custody.Compare(&material, known.checkValue, known.commitment)
}

// passphrase offers a passphrase that nobody can guess. It is for the person to see, so that it may
// become a string of the page's.
func passphrase(*options) (result, error) {
	generated, err := backup.GeneratePassphrase()
	defer clear(generated)
	if err != nil {
		return nil, err
	}
	return result{"passphrase": stringOf(generated)}, nil
}
