package backup

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"filippo.io/age"

	"keyferry/wasm/keywrap"
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
		return nil, CodeMixed
	case len(to.Recipients) == 0:
		r, err := to.passphrase()
		return []age.Recipient{r}, err
	}
	texts, err := recipientsIn(strings.Join(to.Recipients, "\n"))
	if err != nil {
		return nil, err
	}
	if len(texts) > maxRecipients {
		return nil, CodeTooManyRecipients
	}
	recipients := make([]age.Recipient, len(texts))
	hybrids := 0
	for i, text := range texts {
		r, err := parseRecipient(text)
		if err != nil {
			return nil, err
		}
		if _, ok := r.(*age.HybridRecipient); ok {
			hybrids++
		}
		recipients[i] = r
	}
	if hybrids != 0 && hybrids != len(recipients) {
		return nil, CodeKindsMixed
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
		return nil, CodeWorkFactor
	}
	r, err := age.NewScryptRecipient(string(to.Passphrase))
	if err != nil {
		return nil, CodeMaking
	}
	r.SetWorkFactor(to.WorkFactor)
	return r, nil
}

// checkPassphrase refuses what nobody could type at the prompt of the age command,
// and what anyone could guess.
func checkPassphrase(passphrase []byte) error {
	if utf8.RuneCount(passphrase) < MinPassphrase {
		return CodePassphraseShort
	}
	if len(passphrase) > maxPassphraseSize || !utf8.Valid(passphrase) || bytes.ContainsFunc(passphrase, isControl) {
		return CodePassphraseUnusable
	}
	return nil
}

func isControl(c rune) bool { return c < ' ' || c >= 0x7f && c < 0xa0 }

// The beginnings of what is given for a recipient and is none. Case is ignored,
// because a private key must be recognised however it was pasted.
var notRecipients = []struct {
	beginning string
	refusal   keywrap.Code
}{
	{"age-secret-key-", CodeRecipientPrivate},
	{"age-plugin-", CodeRecipientPrivate},
	{"-----begin ", CodeRecipientPrivate}, // a private key of OpenSSH: recipients have no such form
	{"ssh-", CodeRecipientSSH},
	{"ecdsa-sha2-", CodeRecipientSSH},
	{"sk-ssh-", CodeRecipientSSH},
}

// parseRecipient reads a recipient of one of the two kinds.
func parseRecipient(text string) (age.Recipient, error) {
	for _, other := range notRecipients {
		if len(text) >= len(other.beginning) && strings.EqualFold(text[:len(other.beginning)], other.beginning) {
			return nil, other.refusal
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
		return nil, CodeRecipientPlugin
	}
	return nil, CodeRecipientMalformed
}
