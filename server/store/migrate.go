package store

import (
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
)

//go:embed migrations/*.sql
var migrations embed.FS

// migration is one file: what it creates belongs to one package.
type migration struct {
	number     int
	name       string
	digest     string // SHA-256 of the file, hexadecimal
	statements []string
}

// migrate applies, in one transaction, every migration that the database has not seen.
func (db *DB) migrate(ctx context.Context, url string) error {
	wanted, err := readMigrations(migrations, db.dialect)
	if err != nil {
		return err
	}
	return db.Write(ctx, func(tx *Tx) error {
		if err := db.dialect.check(ctx, tx.conn, url); err != nil {
			return err
		}
		return apply(tx, wanted)
	})
}

func apply(tx *Tx, wanted []migration) error {
	if _, err := tx.Exec("CREATE TABLE IF NOT EXISTS migrations (number BIGINT PRIMARY KEY, name TEXT NOT NULL, digest TEXT NOT NULL)"); err != nil {
		return err
	}
	seen, err := seenMigrations(tx)
	if err != nil {
		return err
	}
	for _, m := range wanted {
		if digest, ok := seen[m.number]; ok {
			delete(seen, m.number)
			if digest != m.digest {
				return fmt.Errorf("migration %s is not the one that was applied to this database", m.name)
			}
			continue
		}
		for _, statement := range m.statements {
			if _, err := tx.Exec(statement); err != nil {
				return fmt.Errorf("migration %s: %w", m.name, err)
			}
		}
		if _, err := tx.Exec("INSERT INTO migrations VALUES (?, ?, ?)", m.number, m.name, m.digest); err != nil {
			return err
		}
	}
	if len(seen) > 0 {
		return fmt.Errorf("a later Keyferry has changed this database: it knows %d migrations that this one does not", len(seen))
	}
	return nil
}

// seenMigrations returns the digests of what was applied, by number.
func seenMigrations(tx *Tx) (map[int]string, error) {
	rows, err := tx.Query("SELECT number, digest FROM migrations")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	seen := map[int]string{}
	for rows.Next() {
		var number int
		var digest string
		if err := rows.Scan(&number, &digest); err != nil {
			return nil, err
		}
		seen[number] = digest
	}
	return seen, rows.Err()
}

// readMigrations returns the migrations in the order of their names, which is that of their
// numbers. In a file, a statement ends with ";" at the end of a line, {{blob}} is the type of bytes,
// and {{key}} makes a column of whole numbers the key that rows are stored by.
func readMigrations(files fs.FS, d dialect) ([]migration, error) {
	names, err := fs.Glob(files, "migrations/*.sql")
	if err != nil {
		return nil, err
	}
	words := strings.NewReplacer("{{blob}}", d.blob(), "{{key}}", d.key())
	var all []migration
	for _, name := range names {
		text, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, err
		}
		name = strings.TrimPrefix(name, "migrations/")
		number, err := strconv.Atoi(name[:strings.IndexByte(name, '_')])
		if err != nil {
			return nil, err
		}
		digest := sha256.Sum256(text)
		m := migration{number: number, name: name, digest: hex.EncodeToString(digest[:])}
		for statement := range strings.SplitSeq(words.Replace(string(text)), ";\n") {
			if strings.TrimSpace(statement) != "" {
				m.statements = append(m.statements, statement)
			}
		}
		all = append(all, m)
	}
	return all, nil
}
