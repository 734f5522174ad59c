package requests

import (
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"keyferry/server/store"
)

// insert adds a new request.
func insert(tx *store.Tx, r *record) error {
	r.Version = 1
	body, err := r.body()
	if err != nil {
		return err
	}
	if err := tx.Later("INSERT INTO requests (id, version, state, created, wake, search, body) VALUES (?, ?, ?, ?, ?, ?, ?)",
		r.ID, r.Version, string(r.State), r.Created.UnixMicro(), micros(r.wake()), r.searched(), body); err != nil {
		return err
	}
	return saveParties(tx, r)
}

// load reads a request, or returns ErrNotFound.
func load(tx *store.Tx, id string) (*record, error) {
	var body string
	err := tx.QueryRow("SELECT body FROM requests WHERE id = ?", id).Scan(&body)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	return readBody(body)
}

// save writes a request back, and removes what a request in its state does not keep.
func save(tx *store.Tx, r *record) error {
	before := r.Version
	r.Version++
	if r.Sealed && (r.State.Ended() || r.State == Failed || r.State == Open) {
		r.Sealed = false
		if err := unseal(tx, r.ID); err != nil {
			return err
		}
	}
	body, err := r.body()
	if err != nil {
		return err
	}
	keyed := 0
	if r.State == Imported {
		keyed = 1
		if err := keepKey(tx, r); err != nil {
			return err
		}
	}
	err = tx.LaterOne("UPDATE requests SET version = ?, state = ?, wake = ?, search = ?, body = ?, keyed = ? WHERE id = ? AND version = ?",
		r.Version, string(r.State), micros(r.wake()), r.searched(), body, keyed, r.ID, before)
	if err != nil {
		return fmt.Errorf("saving a request: %w", err)
	}
	return saveParties(tx, r)
}

// body is the request as it is kept. Ciphertext and token have a table of their own.
func (r *record) body() (string, error) {
	kept := *r
	kept.Submission = r.Submission.shown()
	text, err := json.Marshal(&kept)
	return string(text), err
}

func readBody(body string) (*record, error) {
	r := &record{}
	if err := json.Unmarshal([]byte(body), r); err != nil {
		return nil, fmt.Errorf("reading a request: %v", err)
	}
	r.known = r.parties()
	return r, nil
}

// searched is the text that a search looks through.
func (r *record) searched() string {
	return strings.ToLower(strings.Join([]string{r.ID, r.KeyID, r.Label, r.ImporterID, r.Name, r.Note}, "\n"))
}

// saveParties keeps whom the request concerns, if that has changed. Approvers are parties while they
// are waited for.
func saveParties(tx *store.Tx, r *record) error {
	concerned := r.parties()
	if slices.Equal(concerned, r.known) {
		return nil
	}
	r.known = concerned
	if err := tx.Later("DELETE FROM request_parties WHERE request = ?", r.ID); err != nil {
		return err
	}
	for _, p := range concerned {
		if err := tx.Later("INSERT INTO request_parties (party, role, created, request) VALUES (?, ?, ?, ?)",
			p.party, p.role, r.Created.UnixMicro(), r.ID); err != nil {
			return err
		}
	}
	return nil
}

// party is somebody whom a request concerns, and as what.
type party struct{ party, role string }

func (r *record) parties() []party {
	all := []party{{"person:" + r.Requester, "requester"}}
	switch r.Terms.Importer {
	case ByPerson:
		all = append(all, party{"person:" + r.ImporterID, "importer"}, party{"email:" + strings.ToLower(r.ImporterID), "importer"})
	case ByGroup:
		all = append(all, party{"group:" + r.ImporterID, "importer"})
	}
	if r.Request.Importer != "" {
		all = append(all, party{"person:" + r.Request.Importer, "importer"})
	}
	if r.State == Submitted {
		for _, g := range r.Approvers {
			all = append(all, party{"group:" + g, "approver"})
		}
		if len(r.Approvers) == 0 {
			all = append(all, party{"anyone", "approver"})
		}
	}
	var once []party
	for _, p := range all {
		if !slices.Contains(once, p) {
			once = append(once, p)
		}
	}
	return once
}

// seal keeps ciphertext and token until the request ends.
func seal(tx *store.Tx, id string, s *Submission) error {
	return tx.Later(`INSERT INTO request_sealed (request, encrypted_key_material, import_token) VALUES (?, ?, ?)
		ON CONFLICT (request) DO UPDATE SET encrypted_key_material = excluded.encrypted_key_material, import_token = excluded.import_token`,
		id, s.EncryptedKeyMaterial, s.ImportToken)
}

// unseal removes ciphertext and token.
func unseal(tx *store.Tx, id string) error {
	return tx.Later("DELETE FROM request_sealed WHERE request = ?", id)
}

// sealed reads ciphertext and token into a submission.
func sealed(tx *store.Tx, id string, into *Submission) error {
	return tx.QueryRow("SELECT encrypted_key_material, import_token FROM request_sealed WHERE request = ?", id).
		Scan(&into.EncryptedKeyMaterial, &into.ImportToken)
}

// token is what was issued to an importer.
type token struct {
	digest, request, person, algorithm, wrappingKeySHA256 string
	expires                                               time.Time
}

func saveToken(tx *store.Tx, t token) error {
	return tx.Later("INSERT INTO request_tokens (token_sha256, request, person, algorithm, wrapping_key_sha256, expires) VALUES (?, ?, ?, ?, ?, ?)",
		t.digest, t.request, t.person, t.algorithm, t.wrappingKeySHA256, t.expires.UnixMicro())
}

// loadToken finds an issued token, or returns ErrParameters.
func loadToken(tx *store.Tx, digest string) (token, error) {
	t := token{digest: digest}
	var expires int64
	err := tx.QueryRow("SELECT request, person, algorithm, wrapping_key_sha256, expires FROM request_tokens WHERE token_sha256 = ?", digest).
		Scan(&t.request, &t.person, &t.algorithm, &t.wrappingKeySHA256, &expires)
	if errors.Is(err, sql.ErrNoRows) {
		return t, ErrParameters
	}
	t.expires = time.UnixMicro(expires).UTC()
	return t, err
}

func dropTokens(tx *store.Tx, before time.Time) error {
	_, err := tx.Exec("DELETE FROM request_tokens WHERE expires < ?", before.UnixMicro())
	return err
}

// addEvent adds a line to a request's timeline. Entries of the ledger are numbered in its order.
func addEvent(tx *store.Tx, id string, e Event) {
	tx.Insert("request_events (request, number, at, what, person, name, detail, entry)",
		id, e.Entry+1, e.At.UnixMicro(), e.What, e.PersonID, e.Name, e.Detail, e.Entry)
}

func loadEvents(tx *store.Tx, id string) ([]Event, error) {
	rows, err := tx.Query("SELECT at, what, person, name, detail, entry FROM request_events WHERE request = ? ORDER BY number", id)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	events := []Event{}
	for rows.Next() {
		var e Event
		var at int64
		if err := rows.Scan(&at, &e.What, &e.PersonID, &e.Name, &e.Detail, &e.Entry); err != nil {
			return nil, err
		}
		e.At = time.UnixMicro(at).UTC()
		events = append(events, e)
	}
	return events, rows.Err()
}

// wakeful returns the requests that have to be looked at now, the longest due first.
func wakeful(tx *store.Tx, now time.Time, limit int) ([]*record, error) {
	rows, err := tx.Query("SELECT body FROM requests WHERE wake > 0 AND wake <= ? ORDER BY wake LIMIT ?", now.UnixMicro(), limit)
	return records(rows, err)
}

// records reads all rows of a query for bodies.
func records(rows *sql.Rows, err error) ([]*record, error) {
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []*record
	for rows.Next() {
		var body string
		if err := rows.Scan(&body); err != nil {
			return nil, err
		}
		r, err := readBody(body)
		if err != nil {
			return nil, err
		}
		all = append(all, r)
	}
	return all, rows.Err()
}

// micros returns a time in microseconds since 1970; 0 means no time.
func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}
