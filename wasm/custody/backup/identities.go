package backup

import (
	"bytes"

	"filippo.io/age"

	"keyferry/wasm/keywrap"
)

// identities checks With against the backup, and returns what opens it.
func (with *With) identities(info Info) ([]age.Identity, error) {
	switch {
	case len(with.Passphrase) > 0 && len(with.Identity) > 0:
		return nil, CodeMixed
	case !info.Passphrase && len(with.Identity) > 0:
		return parseIdentities(with.Identity)
	case !info.Passphrase:
		// What opens this backup is an identity, so the passphrase is read as one, to say what it
		// is instead.
		identities, err := parseIdentities(with.Passphrase)
		if err == CodeIdentityMalformed {
			err = CodeNeedsIdentity
		}
		return identities, err
	case len(with.Passphrase) == 0:
		return nil, CodeNeedsPassphrase
	}
	id, err := age.NewScryptIdentity(string(with.Passphrase))
	if err != nil {
		return nil, errNoMatch(info)
	}
	id.SetMaxWorkFactor(MaxWorkFactor)
	return []age.Identity{id}, nil
}

// parseIdentities reads an identity file, or what was pasted of one. age wants a string of each.
func parseIdentities(file []byte) ([]age.Identity, error) {
	found, upper := identitiesIn(file)
	defer clear(upper)
	if len(found) == 0 {
		return nil, notIdentity(file)
	}
	var identities []age.Identity
	for _, text := range found {
		if hybrid, err := age.ParseHybridIdentity(string(text)); err == nil {
			identities = append(identities, hybrid)
		} else if classic, err := age.ParseX25519Identity(string(text)); err == nil {
			identities = append(identities, classic)
		} else {
			return nil, CodeIdentityMalformed
		}
	}
	return identities, nil
}

// notIdentity says what was given in place of an identity.
func notIdentity(file []byte) error {
	if _, err := Inspect(file); err == nil {
		return CodeIdentityEncrypted
	}
	for _, other := range []struct {
		mark string
		code keywrap.Code
	}{
		{"AGE-PLUGIN-", CodeIdentityPlugin},
		{"-----BEGIN ", CodeIdentitySSH},
		{"ssh-", CodeIdentitySSH},
		{recipientMark, CodeIdentityPublic},
	} {
		if bytes.Contains(file, []byte(other.mark)) {
			return other.code
		}
	}
	return CodeIdentityMalformed
}
