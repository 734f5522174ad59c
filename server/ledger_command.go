package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/natefinch/atomic"
	"golang.org/x/mod/sumdb/note"

	"keyferry/server/ledger"
	"keyferry/server/store"
	"keyferry/server/textfile"
)

// ledgerCommand checks and copies the record of what happened.
type ledgerCommand struct {
	Verify ledgerVerifyCommand `cmd:"" help:"Find out whether the ledger was altered."`
	Export ledgerExportCommand `cmd:"" help:"Write the ledger to a file, one entry a line."`
	Key    ledgerKeyCommand    `cmd:"" help:"Make the key that signs a ledger, for consoles that share a PostgreSQL database."`
}

// ledgerSource is where a ledger is read from.
type ledgerSource struct {
	Source   string        `arg:"" optional:"" help:"Address of the ledger, such as https://keyferry.example/ledger/log, a file that ledger export wrote, or a database as --database has it."`
	Database string        `help:"Database of the console, where no source is given: an SQLite file or postgres://…"`
	CAFile   string        `name:"ca-file" type:"existingfile" help:"Certificates to trust, in PEM, instead of the system's."`
	Timeout  time.Duration `default:"10m" help:"How long it may take."`
}

// use calls f with the ledger.
func (s *ledgerSource) use(ctx context.Context, f func(context.Context, ledger.Source) error) error {
	ctx, stop := context.WithTimeout(ctx, s.Timeout)
	defer stop()
	name := s.Source
	if name == "" {
		name = s.Database
	}
	switch {
	case name == "":
		return errors.New("name the ledger: an address, a file or a database")
	case strings.HasPrefix(name, "https://") || strings.HasPrefix(name, "http://"):
		client, err := ledgerClient(s.CAFile)
		if err != nil {
			return err
		}
		return f(ctx, ledger.FromURL(name, client))
	case s.Source == "" || isDatabase(name):
		db, err := store.OpenToRead(name)
		if err != nil {
			return err
		}
		defer db.Close()
		return f(ctx, ledger.FromDatabase(db))
	}
	file, err := os.Open(name)
	if err != nil {
		return err
	}
	defer file.Close()
	from, err := ledger.FromExport(file)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return f(ctx, from)
}

// isDatabase tells a database from an export.
func isDatabase(name string) bool {
	if strings.HasPrefix(name, "sqlite:") || strings.HasPrefix(name, "postgres://") || strings.HasPrefix(name, "postgresql://") {
		return true
	}
	file, err := os.Open(name)
	if err != nil {
		return false
	}
	defer file.Close()
	start := make([]byte, 16)
	_, err = io.ReadFull(file, start)
	return err == nil && string(start) == "SQLite format 3\x00"
}

// ledgerVerifyCommand checks a ledger.
type ledgerVerifyCommand struct {
	ledgerSource
	PublicKey  string   `required:"" help:"Public key of the ledger, or a file that has it. Get it once from somebody you trust, not from the console that you check."`
	Checkpoint string   `placeholder:"FILE" help:"File with the checkpoint of the last verification. It is made the first time, and brought up to date after each success."`
	Witness    []string `placeholder:"KEY" help:"Public key of a witness that must have cosigned the ledger. May be given several times."`
	Evidence   string   `type:"existingfile" placeholder:"FILE" help:"Evidence that the console gave, for a request or for one entry. Without a source it is checked alone, and needs no network."`
}

// Help is the long form of the help.
func (*ledgerVerifyCommand) Help() string {
	return "Reads every entry and compares them with what the ledger's key signed. So it finds any change, removal, " +
		"reordering or addition by somebody who has the database but not the key. With --checkpoint it also finds a " +
		"ledger that was cut, rewritten or continued in two ways by somebody who has the key, since the last time that " +
		"you verified it; and with --witness since the last time that the witness cosigned it.\n\n" +
		"Exit status: 0 if nothing was altered, 1 if something was, 2 if the ledger could not be read."
}

// Run verifies.
func (v *ledgerVerifyCommand) Run(ctx context.Context, t terminal) error {
	err := v.run(ctx, t)
	switch {
	case errors.Is(err, ledger.ErrAltered):
		return failed{err, 1}
	case err != nil:
		return failed{fmt.Errorf("verifying the ledger: %w", err), 2}
	}
	return nil
}

func (v *ledgerVerifyCommand) run(ctx context.Context, t terminal) error {
	check := ledger.Check{}
	var err error
	if check.Key, err = ledger.ParsePublic(v.PublicKey); err != nil {
		return err
	}
	for _, text := range v.Witness {
		key, err := ledger.ParseWitnessKey(text)
		if err != nil {
			return err
		}
		check.Witnesses = append(check.Witnesses, key)
	}
	if v.Evidence != "" {
		all, err := readEvidence(v.Evidence, check.Key)
		if err != nil {
			return err
		}
		for _, e := range all {
			t.say("The ledger %s has this as entry %d:\n%s", check.Key.Name(), e.Index, e.Entry)
			check.Kept = append(check.Kept, []byte(e.Checkpoint))
		}
		if v.Source == "" {
			return nil
		}
	}
	if v.Checkpoint != "" {
		kept, err := os.ReadFile(v.Checkpoint)
		if err == nil {
			check.Kept = append(check.Kept, kept)
		} else if !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return v.use(ctx, func(ctx context.Context, from ledger.Source) error {
		report, err := ledger.Verify(ctx, from, check)
		if err != nil {
			return err
		}
		t.say("The ledger %s has %s, all as its key signed them.", check.Key.Name(), entries(report.Tree.N))
		if report.HashesAlone {
			t.say("That is known from their hashes, since the server shows entries only to those who are signed in. " +
				"To check what they say, verify an export or the database as well.")
		}
		return v.keep(t, check, report)
	})
}

// entries is a number of entries in words.
func entries(n int64) string {
	if n == 1 {
		return "1 entry"
	}
	return fmt.Sprintf("%d entries", n)
}

// keep writes the checkpoint for the next verification.
func (v *ledgerVerifyCommand) keep(t terminal, check ledger.Check, report *ledger.Report) error {
	if len(check.Kept) > 0 {
		t.say("It continues what was known before: %s.", entries(report.Kept))
	}
	for _, c := range report.Cosigned {
		t.say("The witness %s cosigned its first %s at %s.", c.Witness, strings.TrimPrefix(entries(c.Entries), "1 "), c.At.Format(time.RFC3339))
	}
	if v.Checkpoint == "" && len(report.Cosigned) == 0 {
		t.say("Without --checkpoint or --witness, nothing shows whether somebody who has the key has rewritten it.")
	}
	if v.Checkpoint == "" {
		return nil
	}
	if err := atomic.WriteFile(v.Checkpoint, bytes.NewReader(report.Checkpoint)); err != nil {
		return err
	}
	t.say("%s now has the checkpoint to compare with next time.", v.Checkpoint)
	return nil
}

// readEvidence reads evidence, for one entry or for those of a request as the console has them, and
// checks it.
func readEvidence(file string, key note.Verifier) ([]ledger.Evidence, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	whole := struct {
		ledger.Evidence
		Entries []ledger.Evidence
	}{}
	if err := json.Unmarshal(text, &whole); err != nil {
		return nil, fmt.Errorf("%s is not evidence of a ledger", file)
	}
	all := whole.Entries
	if len(all) == 0 {
		all = []ledger.Evidence{whole.Evidence}
	}
	for _, e := range all {
		if err := e.Check(key); err != nil {
			return nil, fmt.Errorf("%s: entry %d: %w", file, e.Index, err)
		}
	}
	return all, nil
}

// ledgerExportCommand copies a ledger into a file.
type ledgerExportCommand struct {
	ledgerSource
	Out string `default:"-" help:"File to write, or - for the standard output."`
}

// Run exports.
func (e *ledgerExportCommand) Run(ctx context.Context, t terminal) error {
	return e.use(ctx, func(ctx context.Context, from ledger.Source) error {
		if e.Out == "-" {
			_, err := ledger.Export(ctx, from, t.out)
			return err
		}
		file, err := os.OpenFile(e.Out, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if err != nil {
			return err
		}
		written, err := ledger.Export(ctx, from, file)
		if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
			return errors.Join(fmt.Errorf("exporting the ledger: %w", err), os.Remove(e.Out))
		}
		t.say("%s has %s.", e.Out, entries(int64(written)))
		return nil
	})
}

// ledgerClient returns a client that trusts the certificates of a file, or those of the system.
func ledgerClient(caFile string) (*http.Client, error) {
	roots, err := textfile.Certificates(caFile)
	if err != nil {
		return nil, err
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.TLSClientConfig = &tls.Config{RootCAs: roots}
	return &http.Client{Transport: transport, Timeout: time.Minute}, nil
}
