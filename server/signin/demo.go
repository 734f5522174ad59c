package signin

import (
	"net/http"
	"slices"
	"time"

	"keyferry/server/body"
	"keyferry/server/ledger"
	"keyferry/server/person"
	"keyferry/server/store"
)

// DemoPeople are three made-up people: who requests, who imports and who approves. The example
// policies let them.
func DemoPeople() []person.Person {
	return []person.Person{
		{ID: "robin", Kind: person.Directory, Name: "Robin", Email: "robin@example.com", Groups: []string{"platform"}},
		{ID: "ines", Kind: person.Directory, Name: "Ines", Email: "ines@example.com", Groups: []string{"payments"}},
		{ID: "olga", Kind: person.Directory, Name: "Olga", Email: "olga@example.com", Groups: []string{"auditors", "crypto-officers"}},
	}
}

// demo makes the session of a made-up person. New allows it with the local KMS alone.
func (s *Service) demo(w http.ResponseWriter, r *http.Request) {
	var id string
	if body.Read(w, r, maxBody, body.Fields{"Person": &id}) != nil {
		s.fail(w, r, "demo", ErrMalformed)
		return
	}
	at := slices.IndexFunc(s.config.Demo, func(p person.Person) bool { return p.ID == id })
	if at < 0 {
		s.fail(w, r, "demo", ErrMalformed)
		return
	}
	p := s.config.Demo[at]
	p.SignedIn = s.now().UTC().Truncate(time.Second)
	var b begun
	err := s.config.DB.Write(r.Context(), func(tx *store.Tx) error {
		if err := sweep(tx, s.now()); err != nil {
			return err
		}
		if _, err := end(tx, digest(s.sessions.token(r))); err != nil {
			return err
		}
		err := s.record(tx, ledger.Entry{Kind: "signin.succeeded", Person: p.ID,
			Fields: map[string]string{"groups": count(len(p.Groups)), "fresh": "yes"}})
		if err != nil {
			return err
		}
		b, err = s.sessions.begin(r.Context(), tx, session{person: p, idle: s.config.Idle})
		return err
	})
	if err != nil {
		s.log.Error("keeping a session", "error", err)
		s.fail(w, r, "demo", ErrUnavailable)
		return
	}
	s.config.Observe("demo", "")
	s.sessions.give(w, b)
	w.WriteHeader(http.StatusNoContent)
}
