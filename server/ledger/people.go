package ledger

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"time"

	"golang.org/x/text/unicode/norm"

	"keyferry/server/store"
)

// personDigest returns the digest that entries name a person by: HMAC-SHA256 of the id under a salt
// that belongs to this person. It makes the salt if there is none.
func personDigest(tx *store.Tx, id string) (string, error) {
	id = norm.NFC.String(id)
	var known string
	err := tx.QueryRow("SELECT digest FROM ledger_people WHERE person = ?", id).Scan(&known)
	if !errors.Is(err, sql.ErrNoRows) {
		return known, err
	}
	salt := make([]byte, 32)
	rand.Read(salt)
	mac := hmac.New(sha256.New, salt)
	mac.Write([]byte(id))
	made := hex.EncodeToString(mac.Sum(nil))
	return made, tx.Later("INSERT INTO ledger_people (person, salt, digest) VALUES (?, ?, ?)", id, salt, made)
}

// knownDigest returns the digest of a person, or "" if no entry names the person.
func knownDigest(tx *store.Tx, id string) (string, error) {
	var known string
	err := tx.QueryRow("SELECT digest FROM ledger_people WHERE person = ?", norm.NFC.String(id)).Scan(&known)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return known, err
}

// Names reports whether entries name somebody with an id who was not forgotten.
func (l *Log) Names(tx *store.Tx, id string) (bool, error) {
	known, err := knownDigest(tx, id)
	return known != "", err
}

// Forget erases the salt of a person in the caller's transaction. Entries keep the digest, but nobody
// can say any more whose it is; what the person does from now on has another digest. The log itself
// says that somebody was forgotten, and not who. It is no error if nobody has that id.
func (l *Log) Forget(tx *store.Tx, id string) error {
	done, err := tx.Exec("DELETE FROM ledger_people WHERE person = ?", norm.NFC.String(id))
	if err != nil {
		return err
	}
	if n, err := done.RowsAffected(); n == 0 || err != nil {
		return err
	}
	g, err := l.grown(tx)
	if err != nil {
		return err
	}
	l.keep(tx, &grown{tree: g.tree}) // without the digest
	_, err = l.Append(tx, Entry{At: time.Now(), Kind: "person.forgotten"})
	return err
}
