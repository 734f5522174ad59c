package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"keyferry/server/feeds"
	"keyferry/server/ledger"
	"keyferry/server/reminders"
	"keyferry/server/requests"
	"keyferry/server/signin"
	"keyferry/server/store"
)

// personCommand is about the people whom a database knows.
type personCommand struct {
	Forget personForgetCommand `cmd:"" help:"Erase a person from the database."`
}

// personForgetCommand erases one person.
type personForgetCommand struct {
	Who       string `arg:"" help:"Id, email address or name of the person, as the sign-in service gave it."`
	Database  string `required:"" help:"Database of the console: an SQLite file or postgres://…"`
	LedgerKey string `name:"ledger-key" placeholder:"FILE" help:"Key that signs the ledger, as serve has it. Without it, the file beside an SQLite database."`
}

// Help is the long form of the help.
func (*personForgetCommand) Help() string {
	return "Erases the person's name, address, groups, sessions, calendar addresses and waiting mail, and the secret number by which entries of the ledger " +
		"name the person. The ledger keeps its entries, whose digest nobody can tell any more to be of that person, and " +
		"gets one that says that somebody was forgotten. What people wrote into notes, labels and reasons stays.\n\n" +
		"The console may run meanwhile. Requests in which the person has a part must have ended. Copies of the database " +
		"are yours to erase; PostgreSQL removes old rows from its files when it vacuums."
}

// Run erases the person.
func (p *personForgetCommand) Run(ctx context.Context, t terminal) error {
	forgotten, err := p.run(ctx)
	if err != nil {
		return fmt.Errorf("forgetting a person: %w", err)
	}
	t.say("Forgotten: the person with the id %s.", forgotten.ID)
	return nil
}

func (p *personForgetCommand) run(ctx context.Context) (forgotten signin.Known, err error) {
	f := teamFlags{Database: p.Database, LedgerKey: p.LedgerKey}
	if err := f.checkPassword(); err != nil {
		return forgotten, err
	}
	if !f.sqlite() && f.LedgerKey == "" {
		return forgotten, errors.New("--ledger-key is missing")
	}
	key, err := ledger.LoadKey(f.keyFile(), false)
	if err != nil {
		return forgotten, err
	}
	db, err := store.Open(ctx, p.Database)
	if err != nil {
		return forgotten, err
	}
	defer db.Close()
	log, err := ledger.Open(ctx, db, key)
	if err != nil {
		return forgotten, err
	}
	err = db.Write(ctx, func(tx *store.Tx) error {
		if forgotten, err = p.find(tx, log); err != nil {
			return err
		}
		if err := requests.Forget(tx, forgotten.ID, forgotten.Email); err != nil {
			return err
		}
		if err := signin.Forget(tx, forgotten.ID); err != nil {
			return err
		}
		if err := feeds.Forget(tx, forgotten.ID); err != nil {
			return err
		}
		if err := reminders.Forget(tx, forgotten.Email); err != nil {
			return err
		}
		return log.Forget(tx, forgotten.ID)
	})
	return forgotten, err
}

// find returns the one person who is meant. Made-up people are known by their id alone.
func (p *personForgetCommand) find(tx *store.Tx, log *ledger.Log) (signin.Known, error) {
	found, err := signin.Find(tx, p.Who)
	named := false
	if err == nil && len(found) == 0 {
		named, err = log.Names(tx, p.Who)
	}
	switch {
	case err != nil:
		return signin.Known{}, err
	case named:
		return signin.Known{ID: p.Who}, nil
	case len(found) == 0:
		return signin.Known{}, errors.New("nobody has that id, email address or name")
	case len(found) > 1:
		var ids []string
		for _, k := range found {
			ids = append(ids, k.ID)
		}
		return signin.Known{}, fmt.Errorf("these are several people, so give an id: %s", strings.Join(ids, ", "))
	}
	return found[0], nil
}
