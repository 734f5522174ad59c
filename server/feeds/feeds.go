// Package feeds keeps the addresses from which calendar programs read when imported keys expire. An
// address is all that a program has to show, so it cannot be guessed, the database has its digest
// alone, and whoever made it can revoke it.
package feeds

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"keyferry/server/limit"
	"keyferry/server/person"
	"keyferry/server/requests"
	"keyferry/server/store"
)

const (
	// Lasts is for how long an address works after its owner last looked at the list of them.
	Lasts = 400 * 24 * time.Hour
	// MaxFeeds is how many addresses one person can have.
	MaxFeeds = 20

	mostKeys = 1000
	ahead    = 10 * 366 * 24 * time.Hour
)

// Feed is an address, without what makes it work.
type Feed struct {
	ID    string // for Revoke
	Group string // whose keys it shows; empty means the owner's
	Made  time.Time
	Until time.Time
	Read  time.Time // when it was last read, to the hour; zero for never
}

// Forget takes away the addresses of a person's calendars.
func Forget(tx *store.Tx, id string) error {
	return tx.Later("DELETE FROM calendar_feeds WHERE owner = ?", id)
}

// Calendar is what an address shows.
type Calendar struct {
	Name     string // of the group, or the person
	Language string
	Keys     []requests.Key
}

// Service keeps the addresses.
type Service struct {
	db   *store.DB
	keys *requests.Service
	now  func() time.Time
	// readers slows down whoever reads addresses, or guesses them. Calendar services read for many
	// people from few addresses, and everybody may come through one proxy.
	readers *limit.Each
}

// New returns a Service; a nil clock means time.Now.
func New(db *store.DB, keys *requests.Service, clock func() time.Time) *Service {
	if clock == nil {
		clock = time.Now
	}
	return &Service{db: db, keys: keys, now: clock, readers: limit.NewEach(5, 50)}
}

// secretDigest is how the database names an address.
func secretDigest(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

// seenAs is as whom a feed looks at keys: its owner, or somebody who is in one group and no other.
func seenAs(owner person.Person, group string) person.Person {
	if group == "" {
		return owner
	}
	return person.Person{ID: "group:" + group, Kind: person.Directory, Name: group, Groups: []string{group}}
}

// Make makes an address for the keys of the person who asks, or of one of their groups. The secret,
// 26 letters and digits with 130 random bits, belongs into the address, and is not kept.
func (s *Service) Make(ctx context.Context, group, language string) (secret string, err error) {
	who, err := asking(ctx)
	if err != nil {
		return "", err
	}
	if group != "" && !slices.Contains(who.Groups, group) {
		return "", requests.ErrNotFound
	}
	as, err := json.Marshal(seenAs(who, group))
	if err != nil {
		return "", err
	}
	secret = rand.Text()
	now := s.now()
	return secret, s.db.Write(ctx, func(tx *store.Tx) error {
		var have int
		if err := tx.QueryRow("SELECT COUNT(*) FROM calendar_feeds WHERE owner = ?", who.ID).Scan(&have); err != nil {
			return err
		}
		if have >= MaxFeeds {
			return requests.ErrTooManyFeeds
		}
		_, err := tx.Exec(`INSERT INTO calendar_feeds (secret, id, owner, person, team, language, made, until, read)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0)`,
			secretDigest(secret), rand.Text(), who.ID, string(as), group, language, now.UnixMicro(), now.Add(Lasts).UnixMicro())
		return err
	})
}

// List returns the addresses of the person who asks, the oldest first. Each of them then works for
// Lasts, with the groups that the person has now; those for a group that the person has left end.
func (s *Service) List(ctx context.Context) ([]Feed, error) {
	who, err := asking(ctx)
	if err != nil {
		return nil, err
	}
	var feeds []Feed
	err = s.db.Write(ctx, func(tx *store.Tx) (err error) {
		now := s.now()
		if _, err := tx.Exec("DELETE FROM calendar_feeds WHERE until < ?", now.UnixMicro()); err != nil {
			return err
		}
		if feeds, err = readFeeds(tx, who.ID); err != nil {
			return err
		}
		for i, f := range feeds {
			if f.Group != "" && !slices.Contains(who.Groups, f.Group) {
				if _, err := tx.Exec("DELETE FROM calendar_feeds WHERE id = ?", f.ID); err != nil {
					return err
				}
				continue
			}
			as, err := json.Marshal(seenAs(who, f.Group))
			if err != nil {
				return err
			}
			feeds[i].Until = now.Add(Lasts).UTC()
			if _, err := tx.Exec("UPDATE calendar_feeds SET person = ?, until = ? WHERE id = ?", string(as), feeds[i].Until.UnixMicro(), f.ID); err != nil {
				return err
			}
		}
		feeds = slices.DeleteFunc(feeds, func(f Feed) bool { return f.Group != "" && !slices.Contains(who.Groups, f.Group) })
		return nil
	})
	return feeds, err
}

func readFeeds(tx *store.Tx, owner string) ([]Feed, error) {
	rows, err := tx.Query("SELECT id, team, made, until, read FROM calendar_feeds WHERE owner = ? ORDER BY made, id", owner)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	feeds := []Feed{}
	for rows.Next() {
		var f Feed
		var made, until, read int64
		if err := rows.Scan(&f.ID, &f.Group, &made, &until, &read); err != nil {
			return nil, err
		}
		f.Made, f.Until = time.UnixMicro(made).UTC(), time.UnixMicro(until).UTC()
		if read != 0 {
			f.Read = time.UnixMicro(read).UTC()
		}
		feeds = append(feeds, f)
	}
	return feeds, rows.Err()
}

// Revoke ends an address of the person who asks.
func (s *Service) Revoke(ctx context.Context, id string) error {
	who, err := asking(ctx)
	if err != nil {
		return err
	}
	return s.db.Write(ctx, func(tx *store.Tx) error {
		done, err := tx.Exec("DELETE FROM calendar_feeds WHERE id = ? AND owner = ?", id, who.ID)
		if err != nil {
			return err
		}
		if n, err := done.RowsAffected(); err != nil || n == 0 {
			return errors.Join(err, requests.ErrNotFound)
		}
		return nil
	})
}

// Open returns what an address shows, to whoever has it. The policy is asked about every key, so
// one that has become stricter counts. It is requests.ErrNotFound for an address that was revoked
// as for one that never was.
func (s *Service) Open(ctx context.Context, from, secret string) (Calendar, error) {
	if !s.readers.Allow(from) {
		return Calendar{}, requests.ErrBusy
	}
	var c Calendar
	var as person.Person
	now := s.now()
	var read int64
	err := s.db.Read(ctx, func(tx *store.Tx) error {
		var whom string
		err := tx.QueryRow("SELECT person, language, read FROM calendar_feeds WHERE secret = ? AND until > ?", secretDigest(secret), now.UnixMicro()).
			Scan(&whom, &c.Language, &read)
		if errors.Is(err, sql.ErrNoRows) {
			return requests.ErrNotFound
		}
		if err != nil {
			return err
		}
		return json.Unmarshal([]byte(whom), &as)
	})
	if err != nil {
		return Calendar{}, err
	}
	if hour := now.Truncate(time.Hour).UnixMicro(); hour > read {
		err := s.db.Write(ctx, func(tx *store.Tx) error {
			_, err := tx.Exec("UPDATE calendar_feeds SET read = ? WHERE secret = ?", hour, secretDigest(secret))
			return err
		})
		if err != nil {
			return Calendar{}, err
		}
	}
	c.Name = as.Name
	c.Keys, err = s.keys.Ahead(ctx, as, ahead, mostKeys)
	return c, err
}

// asking returns who asks. Guests have no calendar: they are known for one request.
func asking(ctx context.Context) (person.Person, error) {
	p, known := person.From(ctx)
	if !known || p.ID == "" {
		return p, requests.ErrSignIn
	}
	if p.Kind == person.Guest {
		return p, requests.ErrNotFound
	}
	return p, nil
}
