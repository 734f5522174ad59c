package main

import (
	"context"
	"fmt"

	"keyferry/server/store"
)

// storeCommand copies what the console must not lose.
type storeCommand struct {
	Backup  storeBackupCommand  `cmd:"" help:"Copy an SQLite database into a file, while the console runs."`
	Restore storeRestoreCommand `cmd:"" help:"Make a database of such a file."`
}

type storeBackupCommand struct {
	File     string `arg:"" help:"The file to write. It must not exist."`
	Database string `required:"" placeholder:"FILE" help:"The database, as serve has it."`
}

// Run backs up.
func (c *storeBackupCommand) Run(ctx context.Context, t terminal) error {
	if err := store.Backup(ctx, c.Database, c.File); err != nil {
		return fmt.Errorf("backing up: %w", err)
	}
	t.say("%s is a whole copy of %s. The ledger's key is not in it: keep a copy of that elsewhere.", c.File, c.Database)
	return nil
}

type storeRestoreCommand struct {
	File     string `arg:"" type:"existingfile" help:"A file that store backup wrote."`
	Database string `required:"" placeholder:"FILE" help:"The database to make. It must not exist."`
}

// Help is the long form of the help.
func (*storeRestoreCommand) Help() string {
	return "Everybody has to sign in again, since sessions that ended after the backup would otherwise be open again. " +
		"Compare the ledger with a checkpoint that you kept: keyferry ledger verify --checkpoint tells whether what " +
		"happened after the backup is missing."
}

// Run restores.
func (c *storeRestoreCommand) Run(ctx context.Context, t terminal) error {
	if err := store.Restore(ctx, c.File, c.Database); err != nil {
		return fmt.Errorf("restoring: %w", err)
	}
	db, err := store.Open(ctx, c.Database)
	if err != nil {
		return err
	}
	defer db.Close()
	if err := db.Write(ctx, func(tx *store.Tx) error {
		_, err := tx.Exec("DELETE FROM signin_sessions")
		return err
	}); err != nil {
		return err
	}
	t.say("%s is restored. Everybody has to sign in again. Now compare: keyferry ledger verify %s --public-key=… --checkpoint=…", c.Database, c.Database)
	return nil
}
