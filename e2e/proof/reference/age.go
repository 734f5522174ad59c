package reference

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"

	"golang.org/x/crypto/chacha20poly1305"
	"golang.org/x/crypto/scrypt"
)

// Protection says to whom a backup is encrypted: to a passphrase, or to recipients.
type Protection struct {
	Passphrase string
	WorkFactor int      // of the passphrase: scrypt's N is 2^WorkFactor
	Recipients []string // all of the kind age1… or all of the kind age1pq1…
}

// stanza is one way to the key of a file: its words, and the key of the file encrypted.
type stanza struct {
	words []string
	body  []byte
}

// Backup is the age file of a key.
func Backup(key []byte, to Protection, random *Stream) ([]byte, error) {
	return Encrypt(to, random, func() []byte { return key })
}

// Encrypt is an age file (age-encryption.org/v1) with a content of at most 64 KiB, which is asked for
// once the draws for the header are taken.
func Encrypt(to Protection, random *Stream, content func() []byte) ([]byte, error) {
	fileKey := random.Take("file key", 16)
	var stanzas []stanza
	if to.Passphrase != "" {
		one, err := passphraseStanza(to, fileKey, random)
		if err != nil {
			return nil, err
		}
		// age draws a label of its own for each passphrase, by which it refuses to mix them. It is
		// not written.
		random.Take("label of the passphrase", 16)
		stanzas = append(stanzas, one)
	}
	for _, recipient := range to.Recipients {
		one, err := recipientStanza(recipient, fileKey, random)
		if err != nil {
			return nil, fmt.Errorf("reference: %s: %v", recipient, err)
		}
		stanzas = append(stanzas, one)
	}
	header := headerOf(stanzas)
	mac := hmac.New(sha256.New, derive(fileKey, nil, "header"))
	mac.Write([]byte(header))
	nonce := random.Take("nonce of the payload", 16)
	// One chunk, which is the last: eleven bytes of a counter, and the mark of the last.
	payload := seal(derive(fileKey, nonce, "payload"), append(make([]byte, 11), 1), content())
	return append(append([]byte(header+" "+encode(mac.Sum(nil))+"\n"), nonce...), payload...), nil
}

// headerOf is the header up to the place of its MAC.
func headerOf(stanzas []stanza) string {
	text := "age-encryption.org/v1\n"
	for _, s := range stanzas {
		text += "-> " + strings.Join(s.words, " ") + "\n"
		body := encode(s.body)
		for ; len(body) >= 64; body = body[64:] {
			text += body[:64] + "\n"
		}
		text += body + "\n" // possibly empty: the last line is a short one
	}
	return text + "---"
}

func passphraseStanza(to Protection, fileKey []byte, random *Stream) (stanza, error) {
	salt := random.Take("salt of scrypt", 16)
	key, err := scrypt.Key([]byte(to.Passphrase), append([]byte("age-encryption.org/v1/scrypt"), salt...), 1<<to.WorkFactor, 8, 1, 32)
	if err != nil {
		return stanza{}, err
	}
	return stanza{[]string{"scrypt", encode(salt), fmt.Sprint(to.WorkFactor)}, seal(key, make([]byte, 12), fileKey)}, nil
}

// FileName is the name under which a backup is offered, on a day such as 2026-01-02.
func FileName(keyID, date string) string {
	plain := strings.Map(func(c rune) rune {
		if strings.ContainsRune("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_", c) {
			return c
		}
		return '-'
	}, keyID+"-"+date)
	return "keyferry-" + plain + ".age"
}

// encode is base64 without padding, as age has it.
func encode(content []byte) string { return base64.RawStdEncoding.EncodeToString(content) }

// derive is HKDF with SHA-256, 32 bytes of it.
func derive(secret, salt []byte, label string) []byte {
	key, err := hkdf.Key(sha256.New, secret, salt, label, 32)
	if err != nil {
		panic("reference: HKDF refuses 32 bytes: " + err.Error()) // cannot happen
	}
	return key
}

// seal is ChaCha20-Poly1305 without additional data.
func seal(key, nonce, plaintext []byte) []byte {
	aead, err := chacha20poly1305.New(key)
	if err != nil {
		panic("reference: ChaCha20-Poly1305 refuses a key of 32 bytes: " + err.Error()) // cannot happen
	}
	return aead.Seal(nil, nonce, plaintext, nil)
}
