package store

import "context"

// Levels returns how many migrations there are.
func Levels() (int, error) {
	all, err := readMigrations(migrations, sqlite{})
	return len(all), err
}

// OpenAt opens a database as a version of the program did that had only the first so many
// migrations.
func OpenAt(ctx context.Context, url string, level int) (*DB, error) {
	db, err := open(url, forWriting)
	if err != nil {
		return nil, err
	}
	all, err := readMigrations(migrations, db.dialect)
	if err != nil {
		return nil, err
	}
	return db, db.Write(ctx, func(tx *Tx) error { return apply(tx, all[:level]) })
}
