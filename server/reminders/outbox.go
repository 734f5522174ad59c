package reminders

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strconv"
	"strings"
	"sync"
	"time"

	"keyferry/server/store"
)

const (
	atOnce       = 4 // messages that one process takes and sends at once: so many can be in doubt when it dies
	firstPause   = time.Minute
	longestPause = time.Hour
)

// Points are the places at which Config.Faults is called: after a message was taken, and after it
// was sent, before that is recorded.
var Points = []string{"taken", "sent"}

func newHolder() string { return rand.Text() }

// letter is a message that is being sent.
type letter struct {
	id, channel, address string
	notice               Notice
	attempt              int64
}

// enqueue puts a message into the outbox, unless the recipient was told of the same lead time, or
// of the same matter today. The id follows from what the message is, so that it is the same whoever
// makes it.
func (s *Service) enqueue(tx *store.Tx, n Notice, channel, address string, keep time.Time) error {
	body, err := json.Marshal(n)
	if err != nil {
		return err
	}
	now := s.now()
	topic := digest(string(n.Kind), n.Region, n.KeyID, n.Request, n.Digest, channel, strings.ToLower(address))
	id := digest(topic, strconv.FormatInt(n.Due.UnixMicro(), 10), strconv.Itoa(n.Lead))
	_, err = tx.Exec(`INSERT INTO outbox (id, topic, day, channel, address, body, made, due, keep, attempts, tried, holder, sent, problem)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 0, 0, '', 0, '') ON CONFLICT DO NOTHING`,
		id, topic, dayOf(now), channel, address, string(body), now.UnixMicro(), now.UnixMicro(), keep.UnixMicro())
	return err
}

// digest is SHA-256 over texts, each with its length before it.
func digest(texts ...string) string {
	hash := sha256.New()
	for _, t := range texts {
		hash.Write([]byte(strconv.Itoa(len(t)) + ":" + t))
	}
	return hex.EncodeToString(hash.Sum(nil))
}

func dayOf(t time.Time) int64 { return t.Unix() / int64(day/time.Second) }

// tomorrow is the beginning of the next day in UTC.
func tomorrow(t time.Time) time.Time { return time.Unix((dayOf(t)+1)*int64(day/time.Second), 0) }

// send sends everything that is due.
func (s *Service) send(ctx context.Context) error {
	for {
		letters, more, err := s.take(ctx)
		if err != nil {
			return err
		}
		var group sync.WaitGroup
		for _, l := range letters {
			group.Go(func() { s.deliver(ctx, l) })
		}
		group.Wait()
		if !more || ctx.Err() != nil {
			return ctx.Err()
		}
	}
}

// take takes messages for this process, and reports whether there may be more.
func (s *Service) take(ctx context.Context) (letters []letter, more bool, err error) {
	err = s.config.DB.Write(ctx, func(tx *store.Tx) error {
		letters = letters[:0]
		rows, err := s.due(tx)
		if err != nil {
			return err
		}
		more = len(rows) == atOnce
		for _, r := range rows {
			taken, err := s.takeOne(tx, r)
			if err != nil {
				return err
			}
			if taken {
				letters = append(letters, r.letter)
			}
		}
		return nil
	})
	return letters, more, err
}

// waiting is a row of the outbox that is due.
type waiting struct {
	letter
	topic, holder string
	made, tried   int64
}

// due returns messages whose time has come. On PostgreSQL several consoles take different ones.
func (s *Service) due(tx *store.Tx) ([]waiting, error) {
	query := "SELECT id, topic, channel, address, body, attempts, tried, holder, made FROM outbox WHERE due > 0 AND due <= ? ORDER BY due LIMIT ?"
	if tx.Kind() == store.Postgres {
		query += " FOR UPDATE SKIP LOCKED"
	}
	rows, err := tx.Query(query, s.now().UnixMicro(), atOnce)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []waiting
	for rows.Next() {
		var w waiting
		var body string
		if err := rows.Scan(&w.id, &w.topic, &w.channel, &w.address, &body, &w.attempt, &w.tried, &w.holder, &w.made); err != nil {
			return nil, err
		}
		if err := json.Unmarshal([]byte(body), &w.notice); err != nil {
			return nil, err
		}
		all = append(all, w)
	}
	return all, rows.Err()
}

// takeOne takes one message. Where a process ended between sending and recording it, nobody knows
// whether it arrived: it is sent once more on the next day.
func (s *Service) takeOne(tx *store.Tx, w waiting) (bool, error) {
	now := s.now()
	if w.holder != "" && dayOf(time.UnixMicro(w.tried)) == dayOf(now) {
		_, err := tx.Exec("UPDATE outbox SET holder = '', due = ?, problem = 'unknown' WHERE id = ?", tomorrow(now).UnixMicro(), w.id)
		return false, err
	}
	moot, err := s.moot(tx, w.notice)
	if err != nil {
		return false, err
	}
	var newer int
	if err := tx.QueryRow("SELECT COUNT(*) FROM outbox WHERE topic = ? AND made > ?", w.topic, w.made).Scan(&newer); err != nil {
		return false, err
	}
	if moot || newer > 0 {
		return false, end(tx, w.id, "moot")
	}
	_, err = tx.Exec("UPDATE outbox SET holder = ?, tried = ?, due = ?, attempts = attempts + 1 WHERE id = ?",
		s.holder, now.UnixMicro(), now.Add(s.config.Lease).UnixMicro(), w.id)
	return err == nil, err
}

// end leaves of a message that it was there.
func end(tx *store.Tx, id, problem string) error {
	_, err := tx.Exec("UPDATE outbox SET due = 0, holder = '', address = '', body = '', problem = ? WHERE id = ?", problem, id)
	return err
}

// deliver sends one message and records what came of it. What was begun is finished when the
// program ends.
func (s *Service) deliver(ctx context.Context, l letter) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.config.Lease/2)
	defer cancel()
	s.config.Faults("taken")
	failure := s.post(ctx, l)
	s.config.Faults("sent")
	if failure != nil {
		s.log.Warn("a reminder was not delivered", "channel", l.channel, "about", l.notice.KeyID, "attempt", l.attempt+1,
			"problem", failure.problem, "unsure", failure.unsure)
	}
	for {
		err := s.config.DB.Write(ctx, func(tx *store.Tx) error { return s.settle(tx, l, failure) })
		if err == nil {
			return
		}
		select {
		case <-ctx.Done(): // when the lease has ended, somebody finds it
			s.log.Error("recording that a reminder was sent", "error", err)
			return
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// failure is why a message was not delivered. It has no address and nothing of a webhook's.
type failure struct {
	problem string
	unsure  bool // it may have arrived
	final   bool // it is not tried again
}

// post sends a message by its channel.
func (s *Service) post(ctx context.Context, l letter) *failure {
	if l.channel == mailChannel {
		if s.config.Mail == nil {
			return &failure{problem: "mail is not set up"}
		}
		return s.config.Mail.send(ctx, l.id, l.address, s.inWords(l.notice))
	}
	for _, hook := range s.config.Webhooks {
		if hook.Name == l.channel {
			return hook.send(ctx, s.client, l.id, l.notice, s.inWords(l.notice), s.now())
		}
	}
	return &failure{problem: "there is no webhook of this name"}
}

// settle records the end of an attempt, unless another process has taken the message over.
func (s *Service) settle(tx *store.Tx, l letter, f *failure) error {
	var holder string
	var attempts int64
	if err := tx.QueryRow("SELECT holder, attempts FROM outbox WHERE id = ?", l.id).Scan(&holder, &attempts); err != nil {
		return err
	}
	if holder != s.holder || attempts != l.attempt+1 {
		return nil
	}
	now := s.now()
	switch {
	case f == nil:
		if err := end(tx, l.id, ""); err != nil {
			return err
		}
		_, err := tx.Exec("UPDATE outbox SET sent = ? WHERE id = ?", now.UnixMicro(), l.id)
		return err
	case f.final:
		return end(tx, l.id, f.problem)
	}
	next := now.Add(min(firstPause<<min(l.attempt, 20), longestPause))
	if f.unsure {
		next = tomorrow(now)
	}
	_, err := tx.Exec("UPDATE outbox SET holder = '', due = ?, problem = ? WHERE id = ?", next.UnixMicro(), f.problem, l.id)
	return err
}

// sweep removes messages whose matter is long over.
func sweep(tx *store.Tx, now time.Time) error {
	_, err := tx.Exec("DELETE FROM outbox WHERE keep < ?", now.UnixMicro())
	return err
}

// Forget takes away the mail that waits for an address.
func Forget(tx *store.Tx, email string) error {
	if email == "" {
		return nil
	}
	return tx.Later("DELETE FROM outbox WHERE channel = ? AND lower(address) = lower(?)", mailChannel, email)
}

// Waiting returns how many messages wait to be sent, and how long the oldest has been due; for
// metrics.
func (s *Service) Waiting(ctx context.Context) (messages int, oldest time.Duration, err error) {
	err = s.config.DB.Read(ctx, func(tx *store.Tx) error {
		var made int64
		now := s.now()
		if err := tx.QueryRow("SELECT COUNT(*), COALESCE(MIN(made), ?) FROM outbox WHERE due > 0", now.UnixMicro()).Scan(&messages, &made); err != nil {
			return err
		}
		oldest = now.Sub(time.UnixMicro(made))
		return nil
	})
	return messages, oldest, err
}
