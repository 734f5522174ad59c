package backup

import (
	"bytes"

	"filippo.io/age"
)

// identities checks With against the backup, and returns what opens it.
func (with *With) identities(info Info) ([]age.Identity, error) {
	switch {
	case len(with.Passphrase) > 0 && len(with.Identity) > 0:
		return nil, CodeMixed
	case len(with.Passphrase) == 0 && len(with.Identity) == 0, info.Passphrase && len(with.Identity) > 0, !info.Passphrase && len(with.Passphrase) > 0:
		if info.Passphrase {
			return nil, CodeNeedsPassphrase
		}
		return nil, CodeNeedsIdentity
	case info.Passphrase:
		id, err := age.NewScryptIdentity(string(with.Passphrase))
		if err != nil {
			return nil, errNoMatch(info)
		}
		id.SetMaxWorkFactor(MaxWorkFactor)
		return []age.Identity{id}, nil
	}
	return parseIdentities(with.Identity)
}

// parseIdentities reads an identity file. age wants a string of each.
func parseIdentities(file []byte) ([]age.Identity, error) {
	if _, err := Inspect(file); err == nil {
		return nil, CodeIdentityEncrypted
	}
	var identities []age.Identity
	for line := range bytes.Lines(file) {
		line = bytes.TrimSpace(bytes.TrimPrefix(line, []byte("\ufeff")))
		if len(line) == 0 || line[0] == '#' {
			continue
		}
		identity, err := parseIdentity(line)
		if err != nil {
			return nil, err
		}
		identities = append(identities, identity)
	}
	if len(identities) == 0 {
		return nil, CodeIdentityMalformed
	}
	return identities, nil
}

func parseIdentity(line []byte) (age.Identity, error) {
	switch {
	case bytes.HasPrefix(line, []byte("age1")):
		return nil, CodeIdentityPublic
	case bytes.HasPrefix(line, []byte("-----BEGIN ")), bytes.HasPrefix(line, []byte("ssh-")):
		return nil, CodeIdentitySSH
	case bytes.HasPrefix(line, []byte("AGE-PLUGIN-")):
		return nil, CodeIdentityPlugin
	}
	if hybrid, err := age.ParseHybridIdentity(string(line)); err == nil {
		return hybrid, nil
	}
	if classic, err := age.ParseX25519Identity(string(line)); err == nil {
		return classic, nil
	}
	return nil, CodeIdentityMalformed
}
