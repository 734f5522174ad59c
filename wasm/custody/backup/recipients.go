package backup

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"filippo.io/age"
)

// MinPassphrase is the length in characters below which no passphrase is taken.
// Whether a longer one is strong is for the page to judge.
const MinPassphrase = 8

// Limits of what is encrypted to.
const (
	maxPassphraseSize = 1024
	maxRecipients     = 32
)

// recipients checks To, and returns its recipients as age has them.
func (to *To) recipients() ([]age.Recipient, error) {
	switch {
	case len(to.Passphrase) > 0 && len(to.Recipients) > 0:
		return nil, refuse(CodeMixed, "A backup is encrypted either to a passphrase or to recipients. Choose one, or make two backups.")
	case len(to.Recipients) == 0:
		r, err := to.passphrase()
		return []age.Recipient{r}, err
	case len(to.Recipients) > maxRecipients:
		return nil, refuse(CodeTooManyRecipients, "A backup can have 32 recipients at most.")
	}
	recipients := make([]age.Recipient, len(to.Recipients))
	hybrids := 0
	for i, text := range to.Recipients {
		r, err := parseRecipient(strings.TrimSpace(text))
		if err != nil {
			return nil, err
		}
		if _, ok := r.(*age.HybridRecipient); ok {
			hybrids++
		}
		recipients[i] = r
	}
	if hybrids != 0 && hybrids != len(recipients) {
		return nil, refuse(CodeKindsMixed, "Recipients of the post-quantum kind (age1pq1) do not go with the others (age1): the weaker kind would open the backup too. Make one backup for each kind.")
	}
	return recipients, nil
}

// passphrase returns the recipient that a passphrase is. age wants a string, which
// is one copy more that stays in memory.
func (to *To) passphrase() (age.Recipient, error) {
	if err := checkPassphrase(to.Passphrase); err != nil {
		return nil, err
	}
	if to.WorkFactor < MinWorkFactor || to.WorkFactor > MaxWorkFactor {
		return nil, refuse(CodeWorkFactor, "The scrypt work factor of a backup lies between 15 and 20.")
	}
	r, err := age.NewScryptRecipient(string(to.Passphrase))
	if err != nil {
		return nil, errMaking()
	}
	r.SetWorkFactor(to.WorkFactor)
	return r, nil
}

// checkPassphrase refuses what nobody could type at the prompt of the age command,
// and what anyone could guess.
func checkPassphrase(passphrase []byte) error {
	if utf8.RuneCount(passphrase) < MinPassphrase {
		return refuse(CodePassphraseShort, "The passphrase is too short. Eight characters are the least, and a generated one is better.")
	}
	if len(passphrase) > maxPassphraseSize || !utf8.Valid(passphrase) || bytes.ContainsFunc(passphrase, isControl) {
		return refuse(CodePassphraseUnusable, "The passphrase has characters that cannot be typed when it is asked for, such as line breaks, or is longer than 1024 bytes. Choose another.")
	}
	return nil
}

func isControl(c rune) bool { return c < ' ' || c >= 0x7f && c < 0xa0 }

// The beginnings of what is given for a recipient and is none. Case is ignored,
// because a private key must be recognised however it was pasted.
var notRecipients = []struct {
	beginning string
	refusal   func() error
}{
	{"age-secret-key-", errPrivate},
	{"age-plugin-", errPrivate},
	{"-----begin ", errPrivate}, // a private key of OpenSSH: recipients have no such form
	{"ssh-", errSSH},
	{"ecdsa-sha2-", errSSH},
	{"sk-ssh-", errSSH},
}

// parseRecipient reads a recipient of one of the two kinds.
func parseRecipient(text string) (age.Recipient, error) {
	for _, other := range notRecipients {
		if len(text) >= len(other.beginning) && strings.EqualFold(text[:len(other.beginning)], other.beginning) {
			return nil, other.refusal()
		}
	}
	if hybrid, err := age.ParseHybridRecipient(text); err == nil {
		return hybrid, nil
	}
	if classic, err := age.ParseX25519Recipient(text); err == nil {
		return classic, nil
	}
	// Other kinds have a name between two ones, as in age1yubikey1….
	if name, _, ok := strings.Cut(strings.TrimPrefix(text, "age1"), "1"); ok && strings.HasPrefix(text, "age1") && name != "pq" {
		return nil, refuse(CodeRecipientPlugin, "This recipient needs a plugin of the age command, which a browser cannot run. Give a recipient that begins with age1 or age1pq1 as age-keygen prints it.")
	}
	return nil, refuse(CodeRecipientMalformed, "This is not an age recipient, or a character of it is wrong. Copy the whole line that begins with age1.")
}

func errPrivate() error {
	return refuse(CodeRecipientPrivate, "This is a private key. Whoever sees it can open your backups: delete it from here, and from the clipboard. The recipient is the public key, which begins with age1.")
}

func errSSH() error {
	return refuse(CodeRecipientSSH, "SSH keys are not supported as recipients. Make an age key with age-keygen, and give its public key, which begins with age1.")
}
