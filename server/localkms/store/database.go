package store

import (
	"bytes"
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"slices"

	_ "modernc.org/sqlite" // the driver "sqlite"
)

// warning is in every state file, for whoever opens it with another program.
const warning = "State of a Keyferry local KMS: for trying out and for tests, never for real keys."

// schemaVersion is the user_version of a state file.
const schemaVersion = 2

// errDamaged reports a state file that no crash can have left behind.
var errDamaged = errors.New("it is damaged: bring back a copy, or delete it with its .key file to start anew")

// schema: every entry is sealed whole. The head holds the store's secrets and the digest of all
// entries, so that a missing entry is noticed.
const schema = `
CREATE TABLE about (warning TEXT NOT NULL);
CREATE TABLE head (sealed BLOB NOT NULL);
CREATE TABLE entries (
	account TEXT NOT NULL,
	kind    TEXT NOT NULL, -- key or alias
	name    TEXT NOT NULL, -- id of a key, name of an alias
	sealed  BLOB NOT NULL,
	PRIMARY KEY (account, kind, name)
) WITHOUT ROWID;`

// pragmas make each commit durable before it returns, on rollback journals: with a write-ahead
// log, a commit would be lost without notice if that file were cut or left behind in a copy.
var pragmas = []string{
	"locking_mode = EXCLUSIVE", "journal_mode = TRUNCATE", "synchronous = FULL",
	"secure_delete = ON", "temp_store = MEMORY", "cache_size = -16000",
}

// database is a state file that is open.
type database struct {
	db     *sql.DB
	conn   *sql.Conn // the only one: a transaction is a few statements on it
	lock   *os.File  // the key file, which stays locked
	seal   sealer
	head   head
	broken error // set when it is not known what the file holds
}

// head is the content of the head entry, and the entry as it is in the file.
type head struct {
	Secrets Secrets
	Digest  digest
	sealed  []byte
}

// connect opens an SQLite file that exists; it may be empty.
func connect(path string) (*database, error) {
	dsn := "file:" + (&url.URL{Path: path}).EscapedPath() + "?mode=rw"
	db, err := sql.Open("sqlite", dsn)
	if err != nil {
		return nil, err
	}
	d := &database{db: db}
	if d.conn, err = db.Conn(context.Background()); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	for _, pragma := range pragmas {
		if err := d.exec("PRAGMA " + pragma); err != nil {
			return nil, errors.Join(err, d.close())
		}
	}
	return d, nil
}

func (d *database) exec(query string, args ...any) error {
	_, err := d.conn.ExecContext(context.Background(), query, args...)
	return err
}

// value reads the one value of a query's one row.
func (d *database) value(into any, query string, args ...any) error {
	return d.conn.QueryRowContext(context.Background(), query, args...).Scan(into)
}

// create writes the content of a store into an empty file.
func (d *database) create(s *Store) error {
	if err := d.exec(fmt.Sprintf("%s; PRAGMA user_version = %d", schema, schemaVersion)); err != nil {
		return err
	}
	if err := d.exec("INSERT INTO about VALUES (?)", warning); err != nil {
		return err
	}
	return d.replace(s)
}

// replace makes the content of a store the only content of the file.
func (d *database) replace(s *Store) error {
	fresh := head{Secrets: s.secrets}
	return d.transact(fresh, func(next *head) error {
		if err := d.exec("DELETE FROM entries"); err != nil {
			return err
		}
		for name, acct := range s.accounts {
			if err := d.write(next, change{account: name, keys: acct.order, aliases: acct.aliases}); err != nil {
				return err
			}
		}
		return nil
	})
}

// save makes changes durable, all or none.
func (d *database) save(changes []change) error {
	return d.transact(d.head, func(next *head) error {
		for _, c := range changes {
			if err := d.write(next, c); err != nil {
				return err
			}
		}
		return nil
	})
}

// transact runs fn in a transaction and writes the head that fn leaves in next.
func (d *database) transact(next head, fn func(next *head) error) error {
	if d.broken != nil {
		return d.broken
	}
	err := d.exec("BEGIN IMMEDIATE")
	if err == nil {
		err = fn(&next)
	}
	if err == nil {
		err = d.writeHead(&next)
	}
	if err == nil {
		err = d.exec("COMMIT")
	}
	if err == nil {
		d.head = next
		return nil
	}
	d.exec("ROLLBACK") // fails if SQLite has rolled back itself
	// What the file holds now decides whether the next change can build on it.
	var sealed []byte
	if asked := d.value(&sealed, "SELECT sealed FROM head"); asked != nil || !bytes.Equal(sealed, d.head.sealed) {
		d.broken = errors.New("an earlier write failed half way: start the program again")
	}
	return fmt.Errorf("writing: %v", err)
}

func (d *database) writeHead(next *head) error {
	text, err := json.Marshal(next)
	if err != nil {
		return err
	}
	next.sealed = d.seal.seal(text, "head")
	if err := d.exec("DELETE FROM head"); err != nil {
		return err
	}
	return d.exec("INSERT INTO head VALUES (?)", next.sealed)
}

// write writes one change.
func (d *database) write(next *head, c change) error {
	for _, k := range c.keys {
		text, err := json.Marshal(k)
		if err != nil {
			return err
		}
		if err := d.put(next, c.account, "key", k.ID, text); err != nil {
			return err
		}
	}
	for _, id := range c.removed {
		if err := d.put(next, c.account, "key", id, nil); err != nil {
			return err
		}
	}
	for name, keyID := range c.aliases {
		if err := d.put(next, c.account, "alias", name, []byte(keyID)); err != nil {
			return err
		}
	}
	return nil
}

// put replaces an entry; an empty one is removed.
func (d *database) put(next *head, account, kind, name string, plain []byte) error {
	var had []byte
	err := d.value(&had, "SELECT sealed FROM entries WHERE account = ? AND kind = ? AND name = ?", account, kind, name)
	switch {
	case err == nil:
		next.Digest.add(had) // a tag that is added twice is gone
	case !errors.Is(err, sql.ErrNoRows):
		return err
	}
	if len(plain) == 0 {
		return d.exec("DELETE FROM entries WHERE account = ? AND kind = ? AND name = ?", account, kind, name)
	}
	sealed := d.seal.seal(plain, entryContext(account, kind, name))
	next.Digest.add(sealed)
	return d.exec("INSERT OR REPLACE INTO entries VALUES (?, ?, ?, ?)", account, kind, name, sealed)
}

func entryContext(account, kind, name string) string { return kind + "\x00" + account + "\x00" + name }

// load reads the whole file into an empty store.
func (d *database) load(s *Store) error {
	var version int
	if err := d.value(&version, "PRAGMA user_version"); err != nil {
		return damaged(err)
	}
	if version != schemaVersion {
		return fmt.Errorf("it has version %d; this program reads version %d", version, schemaVersion)
	}
	var verdict string
	if err := d.value(&verdict, "PRAGMA integrity_check(1)"); err != nil || verdict != "ok" {
		return damaged(err)
	}
	if err := d.value(&d.head.sealed, "SELECT sealed FROM head"); err != nil {
		return damaged(err)
	}
	text, err := d.seal.open(d.head.sealed, "head")
	if err != nil {
		return err
	}
	if json.Unmarshal(text, &d.head) != nil {
		return errDamaged
	}
	s.secrets = d.head.Secrets
	changes, err := d.entries()
	if err != nil {
		return err
	}
	for name, c := range changes {
		slices.SortFunc(c.keys, func(a, b *Key) int { return cmp.Compare(a.Seq, b.Seq) })
		s.accounts[name] = newAccount()
		s.accounts[name].apply(*c)
	}
	return nil
}

// entries reads all entries, as one change for each account, and checks that none is missing.
func (d *database) entries() (map[string]*change, error) {
	rows, err := d.conn.QueryContext(context.Background(), "SELECT account, kind, name, sealed FROM entries")
	if err != nil {
		return nil, damaged(err)
	}
	defer rows.Close()
	changes := map[string]*change{}
	var found digest
	for rows.Next() {
		var account, kind, name string
		var sealed []byte
		if err := rows.Scan(&account, &kind, &name, &sealed); err != nil {
			return nil, damaged(err)
		}
		plain, err := d.seal.open(sealed, entryContext(account, kind, name))
		if err != nil {
			return nil, err
		}
		found.add(sealed)
		if changes[account] == nil {
			changes[account] = &change{account: account}
		}
		if kind == "alias" {
			changes[account].setAlias(name, string(plain))
			continue
		}
		k := &Key{}
		if err := json.Unmarshal(plain, k); err != nil {
			return nil, errDamaged
		}
		changes[account].keys = append(changes[account].keys, k)
	}
	if err := rows.Err(); err != nil {
		return nil, damaged(err)
	}
	if found != d.head.Digest {
		return nil, errDamaged
	}
	return changes, nil
}

// damaged adds to errDamaged what SQLite says.
func damaged(err error) error {
	if err == nil {
		return errDamaged
	}
	return fmt.Errorf("%w (%v)", errDamaged, err)
}

func (d *database) close() error {
	var errs []error
	if d.conn != nil {
		errs = append(errs, d.conn.Close())
	}
	errs = append(errs, d.db.Close())
	if d.lock != nil {
		errs = append(errs, d.lock.Close())
	}
	d.broken = errors.New("the state file is closed")
	return errors.Join(errs...)
}
