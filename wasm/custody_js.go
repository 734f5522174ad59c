//go:build custody

package main

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"syscall/js"

	"keyferry/wasm/custody/backup"
)

// custodyJobs need age, which makes the module half as large again.
var custodyJobs = map[string]job{"check": check, "passphrase": passphrase}

// restore opens a backup into the place of the key material.
func restore(file []byte, secret string) error {
	return backup.Restore(file, with(secret), &material)
}

// with is how a secret opens a backup: an identity is known by its beginning.
func with(secret string) backup.With {
	if strings.Contains(secret, "AGE-SECRET-KEY-") {
		return backup.With{Identity: []byte(secret)}
	}
	return backup.With{Passphrase: []byte(secret)}
}

// backUp encrypts the key material as the person chose, and adds the backup to what prepare answers.
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
	digest := sha256.Sum256(file)
	out["backup"], out["backupSHA256"] = array(file), hex.EncodeToString(digest[:])
	out["backupFile"] = backup.FileName(p.keyID, p.date)
	return nil
}

// passphrase offers a passphrase that nobody can guess. It is for the person to see, so that it may become a string.
func passphrase([]js.Value) (result, error) {
	generated, err := backup.GeneratePassphrase()
	if err != nil {
		return nil, err
	}
	return result{"passphrase": string(generated)}, nil
}
