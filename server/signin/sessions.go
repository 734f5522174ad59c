package signin

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/alexedwards/scs/v2"
	"github.com/alexedwards/scs/v2/memstore"

	"keyferry/server/person"
	"keyferry/server/store"
)

// names are the names of the cookies.
type names struct {
	session string
	flow    string // of a sign-in on its way; the beginning of its state follows
}

// cookieNames returns names with __Host-, which browsers take from this host alone and over https
// alone. Over http there can be no such prefix, and consoles on other ports of this computer share
// the cookies: so there the port is part of the name.
func cookieNames(base *url.URL) names {
	if base.Scheme == "https" {
		return names{"__Host-keyferry", "__Host-keyferry-signin-"}
	}
	return names{"keyferry-" + base.Port(), "keyferry-signin-" + base.Port() + "-"}
}

// personKey is where a session holds its person, in JSON.
const personKey = "person"

// sessions keeps who is signed in: in the database, or without one in memory.
type sessions struct {
	*scs.SessionManager
	table *table // nil in memory
	limit time.Duration
	idle  time.Duration
	now   func() time.Time
}

func newSessions(s *Service) sessions {
	m := scs.New()
	m.Lifetime = s.config.Limit
	m.HashTokenInStore, m.Codec = true, codec{}
	m.Cookie = scs.SessionCookie{Name: s.cookies.session, Path: "/", HttpOnly: true, Secure: s.secure,
		SameSite: http.SameSiteStrictMode}
	kept := sessions{m, nil, s.config.Limit, s.config.Idle, s.now}
	if s.config.DB != nil {
		kept.table = &table{s.config.DB, s.now}
		m.Store = kept.table
	} else {
		m.Store = memstore.NewWithCleanupInterval(0) // it holds the sessions of one person
	}
	return kept
}

// session is a new session.
type session struct {
	person person.Person
	sid    string        // the provider's id of it, or empty
	until  time.Time     // it ends then; zero means the limit of all sessions
	idle   time.Duration // without a request that end it; zero means none
	lasts  bool          // the cookie outlives the browser
}

// begun is a session that was made, and what its cookie needs.
type begun struct {
	ctx   context.Context
	token string
	until time.Time
}

// begin makes a session with a new id, whatever cookie the browser had. The transaction is nil
// without a database.
func (m *sessions) begin(ctx context.Context, tx *store.Tx, new session) (begun, error) {
	if new.until.IsZero() {
		new.until = m.now().Add(m.limit)
	}
	ctx, err := m.Load(context.WithValue(ctx, rowKey{}, row{tx, new}), "")
	if err != nil {
		return begun{}, err
	}
	data, err := json.Marshal(new.person)
	if err != nil {
		return begun{}, err
	}
	m.Put(ctx, personKey, string(data))
	token, _, err := m.Commit(ctx)
	b := begun{ctx: ctx, token: token, until: new.until}
	m.RememberMe(ctx, new.lasts)
	return b, err
}

// give sets the cookie of a new session.
func (m *sessions) give(w http.ResponseWriter, b begun) {
	m.WriteSessionCookie(b.ctx, w, b.token, b.until)
	w.Header().Set("Cache-Control", "no-store")
}

// take removes the cookie.
func (m *sessions) take(w http.ResponseWriter) {
	m.WriteSessionCookie(context.Background(), w, "", time.Time{})
	w.Header().Set("Cache-Control", "no-store")
}

// token returns what the session cookie of a request holds, or "".
func (m *sessions) token(r *http.Request) string {
	cookie, err := r.Cookie(m.Cookie.Name)
	if err != nil {
		return ""
	}
	return cookie.Value
}

// who returns whose session a request belongs to.
func (m *sessions) who(r *http.Request) (p person.Person, known bool, err error) {
	token := m.token(r)
	if token == "" {
		return p, false, nil
	}
	ctx, err := m.Load(r.Context(), token)
	if err != nil {
		return p, false, err
	}
	data := m.GetString(ctx, personKey)
	if data == "" {
		return p, false, nil
	}
	err = json.Unmarshal([]byte(data), &p)
	return p, err == nil, err
}

// digest is how the store names a session, as scs makes it of the cookie's value.
func digest(token string) string {
	sum := sha256.Sum256([]byte(token))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// rowKey is where a context carries what begin knows of a new session.
type rowKey struct{}

type row struct {
	tx  *store.Tx
	new session
}

// table keeps sessions in the database. It implements scs.CtxStore.
type table struct {
	db  *store.DB
	now func() time.Time
}

// FindCtx returns a session that has not ended, and notes that it was used.
func (t *table) FindCtx(ctx context.Context, token string) (data []byte, found bool, err error) {
	var idle, seen int64
	now := t.now().UnixMicro()
	err = t.db.Row(ctx, []any{&data, &idle, &seen},
		"SELECT data, idle, seen FROM signin_sessions WHERE token = ? AND until > ?", token, now)
	if errors.Is(err, sql.ErrNoRows) || err == nil && idle > 0 && now-seen >= idle {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, err
	}
	if idle > 0 && now-seen > min(idle/20, time.Minute.Microseconds()) {
		// It only changes a row that is still there: a session that ends meanwhile does not come back.
		// If it cannot be noted, the session ends earlier, which is no reason to refuse the request.
		t.db.Write(ctx, func(tx *store.Tx) error {
			_, err := tx.Exec("UPDATE signin_sessions SET seen = ? WHERE token = ? AND seen < ?", now, token, now)
			return err
		})
	}
	return data, true, nil
}

// CommitCtx keeps a session that begin made. There are no others to keep, since sessions do not
// change.
func (t *table) CommitCtx(ctx context.Context, token string, data []byte, _ time.Time) error {
	r, ok := ctx.Value(rowKey{}).(row)
	if !ok {
		return errors.New("keeping a session that was not begun")
	}
	_, err := r.tx.Exec("INSERT INTO signin_sessions (token, person, sid, data, until, idle, seen) VALUES (?, ?, ?, ?, ?, ?, ?)",
		token, r.new.person.ID, r.new.sid, data, r.new.until.UnixMicro(), r.new.idle.Microseconds(), t.now().UnixMicro())
	return err
}

// end removes a session, and reports whether there was one.
func end(tx *store.Tx, digest string) (bool, error) {
	done, err := tx.Exec("DELETE FROM signin_sessions WHERE token = ?", digest)
	if err != nil {
		return false, err
	}
	n, err := done.RowsAffected()
	return n > 0, err
}

// sweep removes what has ended. Every sign-in does it.
func sweep(tx *store.Tx, now time.Time) error {
	for _, statement := range []string{
		"DELETE FROM signin_sessions WHERE until <= ?",
		"DELETE FROM signin_guests WHERE deadline <= ?",
		"DELETE FROM signin_logouts WHERE until <= ?",
	} {
		if _, err := tx.Exec(statement, now.UnixMicro()); err != nil {
			return err
		}
	}
	return nil
}

// DeleteCtx removes a session.
func (t *table) DeleteCtx(ctx context.Context, token string) error {
	return t.db.Write(ctx, func(tx *store.Tx) error {
		_, err := end(tx, token)
		return err
	})
}

// Find is FindCtx.
func (t *table) Find(token string) ([]byte, bool, error) {
	return t.FindCtx(context.Background(), token)
}

// Commit is CommitCtx.
func (t *table) Commit(token string, data []byte, expiry time.Time) error {
	return t.CommitCtx(context.Background(), token, data, expiry)
}

// Delete is DeleteCtx.
func (t *table) Delete(token string) error { return t.DeleteCtx(context.Background(), token) }
