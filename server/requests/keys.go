package requests

import (
	"database/sql"
	"encoding/json"
	"errors"
	"math"
	"time"

	"keyferry/server/person"
	"keyferry/server/policy"
	"keyferry/server/store"
)

// Key is a CMK whose material was imported, as one person sees it.
type Key struct {
	Region, ID, Label string
	Request           string    // id of the import that brought the material
	Imported          time.Time // when the KMS accepted it
	Expires           time.Time // zero means never
	KCV, Commitment   string    // of the material, where they are on record; else empty
	Holder            person.Person
	Requester         string    // id of whoever asked for the import
	Drilled           time.Time // the last drill; zero for none
	DrillDue          time.Time // zero if no drills are asked for
	Drill, Renewal    string    // ids of requests about it that are open, or empty
	DrillUntil        time.Time // the deadline of Drill
	May               []string  // what the person can do: drill renew
	State             KeyState

	imported *record // the import
}

// KeyState is how much time imported material has left.
type KeyState string

const (
	KeyCurrent KeyState = "current" // it expires, but not soon
	KeySoon    KeyState = "soon"    // it expires within SoonExpires
	KeyExpired KeyState = "expired"
	KeyLasting KeyState = "lasting" // it never expires
)

// SoonExpires is how long before it expires material does so soon, and DrillAhead how long before a
// drill is due it is asked for.
const (
	SoonExpires = 30 * 24 * time.Hour
	DrillAhead  = 30 * 24 * time.Hour
)

// never is the expiry of material that does not expire, in the table of keys.
const never = math.MaxInt64

// keepKey notes that a CMK has material, of the import r. Material that is imported again is the
// same material, so what was known of it stays known.
func keepKey(tx *store.Tx, r *record) error {
	expires := int64(never)
	if r.Submission.ExpireUnix != 0 {
		expires = time.Unix(r.Submission.ExpireUnix, 0).UnixMicro()
	}
	at := r.Outcome.At.UnixMicro()
	return tx.Later(`INSERT INTO imported_keys
		(region, key_id, request, imported, expires, kcv, commitment, drilled, proved, drill, again_at, renewal, remind, search)
		VALUES (?, ?, ?, ?, ?, ?, ?, 0, ?, '', 0, '', 0, ?)
		ON CONFLICT (region, key_id) DO UPDATE SET request = excluded.request, imported = excluded.imported,
			expires = excluded.expires, remind = 0,
			proved = CASE WHEN excluded.imported > imported_keys.imported THEN excluded.proved ELSE imported_keys.proved END,
			search = excluded.search,
			kcv = CASE WHEN excluded.kcv = '' THEN imported_keys.kcv ELSE excluded.kcv END,
			commitment = CASE WHEN excluded.commitment = '' THEN imported_keys.commitment ELSE excluded.commitment END
		WHERE excluded.imported >= imported_keys.imported`,
		r.Region, r.KeyID, r.ID, at, expires, r.Submission.KCV, r.Submission.Commitment, at, r.searched()+"\n"+holderText(r))
}

// keyColumns are what scanKey reads, of imported_keys k, its import r, and the requests about it.
const keyColumns = `k.region, k.key_id, k.imported, k.expires, k.kcv, k.commitment, k.drilled, k.proved, k.drill, k.again_at, k.renewal,
	COALESCE(d.state, ''), COALESCE(n.state, ''), r.body
	FROM imported_keys k JOIN requests r ON r.id = k.request
	LEFT JOIN requests d ON d.id = k.drill LEFT JOIN requests n ON n.id = k.renewal `

// scanKey reads one row.
func (s *Service) scanKey(row interface{ Scan(...any) error }) (*Key, error) {
	k := &Key{}
	var imported, expires, drilled, proved, until int64
	var drill, renewal State
	var body string
	err := row.Scan(&k.Region, &k.ID, &imported, &expires, &k.KCV, &k.Commitment, &drilled, &proved,
		&k.Drill, &until, &k.Renewal, &drill, &renewal, &body)
	if err != nil {
		return nil, err
	}
	if k.imported, err = readBody(body); err != nil {
		return nil, err
	}
	r := k.imported
	k.Label, k.Request, k.Holder, k.Requester = r.Label, r.ID, r.ImportedBy, r.Requester
	k.Imported = time.UnixMicro(imported).UTC()
	if expires != never {
		k.Expires = time.UnixMicro(expires).UTC()
	}
	if drilled != 0 {
		k.Drilled = time.UnixMicro(drilled).UTC()
	}
	if s.config.DrillEvery > 0 {
		k.DrillDue = time.UnixMicro(proved).UTC().Add(s.config.DrillEvery)
	}
	if drill == "" || drill.Ended() {
		k.Drill = ""
	} else {
		k.DrillUntil = time.UnixMicro(until).UTC()
	}
	if renewal == "" || renewal.Ended() {
		k.Renewal = ""
	}
	k.State = stateOf(k.Expires, s.now())
	return k, nil
}

func stateOf(expires, now time.Time) KeyState {
	switch {
	case expires.IsZero():
		return KeyLasting
	case !expires.After(now):
		return KeyExpired
	case !expires.After(now.Add(SoonExpires)):
		return KeySoon
	}
	return KeyCurrent
}

// loadKey reads a key, or returns ErrNotFound.
func (s *Service) loadKey(tx *store.Tx, region, id string) (*Key, error) {
	k, err := s.scanKey(tx.QueryRow("SELECT "+keyColumns+"WHERE k.region = ? AND k.key_id = ?", region, id))
	if errors.Is(err, sql.ErrNoRows) {
		return nil, ErrNotFound
	}
	return k, err
}

// show completes a key for a person, and reports whether the person may see it: whoever may see the
// import may.
func (s *Service) show(who person.Person, k *Key) bool {
	if !s.maySee(who, &k.imported.Request) {
		return false
	}
	k.May = []string{}
	if s.mayAskFor(who, k) {
		k.May = append(k.May, "drill", "renew")
	}
	return true
}

// mayAskFor reports whether a person may ask for a drill or another import of a key: whoever may
// request imports of it, and its importer.
func (s *Service) mayAskFor(who person.Person, k *Key) bool {
	return who.Kind != person.Guest && s.askFor(who, &k.imported.Request).Allowed
}

func (s *Service) askFor(who person.Person, r *Request) policy.Decision {
	d := s.config.Policy.Decide(question(who, policy.Request, r))
	if !d.Allowed && r.mayImport(who) {
		return s.config.Policy.Decide(question(who, policy.Import, r))
	}
	return d
}

// holderText is what a search finds a key by, besides its import.
func holderText(r *record) string {
	text, _ := json.Marshal([]string{r.ImportedBy.Name, r.ImportedBy.Email, r.Submission.KCV})
	return lowered(string(text))
}

// ToRemind returns keys about which somebody may have to be reminded now, the longest due first.
// Reminded must be called for each in the same transaction.
func (s *Service) ToRemind(tx *store.Tx, most int) ([]*Key, error) {
	return s.queryKeys(tx, "WHERE k.remind <= ? ORDER BY k.remind LIMIT ?", s.now().UnixMicro(), most)
}

// Reminded notes when to look at a key again for reminders; zero means not before it changes.
func (s *Service) Reminded(tx *store.Tx, k *Key, next time.Time) error {
	at := int64(never)
	if !next.IsZero() {
		at = next.UnixMicro()
	}
	_, err := tx.Exec("UPDATE imported_keys SET remind = ? WHERE region = ? AND key_id = ?", at, k.Region, k.ID)
	return err
}

// RemindAnew has all keys looked at again, such as when the lead times are others.
func (s *Service) RemindAnew(tx *store.Tx) error {
	_, err := tx.Exec("UPDATE imported_keys SET remind = 0")
	return err
}

// MayImportAgain reports whether a person may still import a key, as its importer.
func (s *Service) MayImportAgain(p person.Person, k *Key) bool {
	r := &k.imported.Request
	return r.mayImport(p) && s.config.Policy.Decide(question(p, policy.Import, r)).Allowed
}

// MaySeeKey reports whether a person may see a key.
func (s *Service) MaySeeKey(p person.Person, k *Key) bool { return s.maySee(p, &k.imported.Request) }

// KeyNow returns what is known of a key, for the console itself, or ErrNotFound.
func (s *Service) KeyNow(tx *store.Tx, region, id string) (*Key, error) {
	return s.loadKey(tx, region, id)
}
