// Package backup makes and opens encrypted backups of key material.
//
// A backup is an age file (https://age-encryption.org/v1) of the 32 bytes of the
// material and nothing else, so that `age -d` gives the key file back without this
// program. It is encrypted to a passphrase, or to one or more recipients: X25519
// (age1…) or the post-quantum hybrid kind (age1pq1…).
//
// filippo.io/age does the cryptography. It makes copies that this package cannot
// reach: the 32 bytes are in a buffer of the payload's writer or reader, the file
// key and what is derived from it on the heap, and a passphrase or identity in
// strings. They are gone only when the worker erases the memory of the module. What
// this package holds itself it clears.
package backup

import (
	"bytes"
	"errors"
	"io"

	"filippo.io/age"

	"keyferry/wasm/keywrap"
)

// To says to whom a backup is encrypted: to a passphrase or to recipients, never to
// both, since age does not mix them.
type To struct {
	// Passphrase, as it will be typed when the backup is opened. The caller clears it.
	Passphrase []byte
	// WorkFactor is the logarithm of the scrypt cost that goes with a passphrase, from
	// MinWorkFactor to MaxWorkFactor. See ChooseWorkFactor.
	WorkFactor int
	// Recipients, each able to open the backup alone: all X25519 or all hybrid. A text may have
	// several of them, as people paste them: with remarks, labels, commas and line breaks.
	Recipients []string
}

// With says what opens a backup: the one that it was encrypted to.
type With struct {
	// Passphrase, exactly as it was given, in UTF-8: neither age nor this package normalises it.
	// The caller clears it.
	Passphrase []byte
	// Identity is the text of an age identity file: AGE-SECRET-KEY-1… or AGE-SECRET-KEY-PQ-1…,
	// one or more, with or without remarks and line breaks. The caller clears it.
	Identity []byte
}

// Make returns a backup of the material, in the binary form of age.
func Make(m *keywrap.Material, to To) ([]byte, error) {
	recipients, err := to.recipients()
	if err != nil {
		return nil, err
	}
	var file bytes.Buffer
	w, err := age.Encrypt(&file, recipients...)
	if err != nil {
		return nil, CodeMaking
	}
	if _, err := w.Write(m[:]); err != nil {
		return nil, CodeMaking
	}
	if err := w.Close(); err != nil {
		return nil, CodeMaking
	}
	return file.Bytes(), nil
}

// Restore fills m from a backup, binary or armored. If it is refused, m is zero. The
// caller clears m.
func Restore(file []byte, with With, m *keywrap.Material) error {
	clear(m[:])
	info, err := Inspect(file)
	if err != nil {
		return err
	}
	identities, err := with.identities(info)
	if err != nil {
		return err
	}
	// Inspect decoded the armor, if there was any.
	plaintext, err := age.Decrypt(bytes.NewReader(info.binary), identities...)
	if _, ok := errors.AsType[*age.NoIdentityMatchError](err); ok {
		return errNoMatch(info)
	}
	if err != nil {
		return CodeDamaged
	}
	return readMaterial(plaintext, m)
}

// readMaterial reads exactly the 32 bytes. age vouches for the last of them only
// with the end of the file.
func readMaterial(plaintext io.Reader, m *keywrap.Material) error {
	n, err := io.ReadFull(plaintext, m[:])
	if err == nil {
		var more [1]byte
		defer clear(more[:])
		if n, err = plaintext.Read(more[:]); n == 0 && err == io.EOF {
			return nil
		}
	}
	clear(m[:])
	if err == nil || err == io.EOF || err == io.ErrUnexpectedEOF && n > 0 {
		return CodePayload
	}
	return CodeDamaged
}
