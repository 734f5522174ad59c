package requests_test

import (
	"strings"
	"testing"

	"keyferry/server/person"
	"keyferry/server/requests"
	"keyferry/server/store"
)

// Whoever is forgotten is named nowhere any more, and what was imported is still on record. While
// something can still change, nobody who has a part in it is forgotten.
func TestForget(t *testing.T) {
	each(t, func(w *world) {
		terms := w.terms(keyOne, "payments/eu")
		terms.Importer, terms.ImporterID = requests.ByPerson, strings.ToUpper(ira.Email)
		id := w.create(terms).ID
		v, err := w.service.Submit(w.as(ira), id, w.wrapped(ira, id, material))
		if err != nil {
			w.t.Fatal(err)
		}
		forget := func(p person.Person) error {
			return w.db.Write(w.t.Context(), func(tx *store.Tx) error { return requests.Forget(tx, p.ID, p.Email) })
		}
		for _, p := range []person.Person{rita, ira} {
			if err := forget(p); err == nil || !strings.Contains(err.Error(), id) {
				w.t.Errorf("%s is forgotten while the request waits: %v", p.Name, err)
			}
		}
		if _, err := w.service.Approve(w.as(olga), id, v.Digest); err != nil {
			w.t.Fatal(err)
		}
		also := w.create(w.terms(keyTwo, "payments/us")).ID // all that somebody has a part in is searched
		w.must(w.service.Cancel(w.as(rita), also, "too many"))
		w.wantState(id, requests.Imported)
		for _, p := range []person.Person{rita, ira, olga} {
			if err := forget(p); err != nil {
				w.t.Fatal(err)
			}
			if p.ID == rita.ID { // the others are still named
				holder, v := w.keys(otto, requests.KeyFilter{})[0].Holder, w.get(otto, id)
				if holder.ID != ira.ID || holder.Name != ira.Name || v.Decisions[0].Name != olga.Name || !strings.EqualFold(v.ImporterID, ira.Email) {
					w.t.Errorf("without rita the importer is %+v, named %q, and %+v decided", holder, v.ImporterID, v.Decisions)
				}
			}
			for table, columns := range map[string]string{
				"requests": "body || search", "request_events": "name || detail", "request_parties": "party", "imported_keys": "search",
			} {
				for _, secret := range []string{"_" + p.Name + "_", p.Email} { // the id has the name with a hyphen before it
					if secret = strings.ToLower(secret); table == "request_events" {
						secret = strings.Trim(secret, "_")
					}
					if n := w.count("SELECT count(*) FROM " + table + " WHERE lower(" + columns + ") LIKE '%" + strings.ReplaceAll(secret, "_", `"`) + "%'"); n != 0 {
						w.t.Errorf("%s: %d rows have %s", table, n, secret)
					}
				}
			}
		}
		if holder := w.keys(otto, requests.KeyFilter{})[0].Holder; holder.ID != ira.ID || holder.Kind != ira.Kind || holder.Name != "" {
			w.t.Errorf("the importer is %+v", holder)
		}
		if v := w.get(otto, id); v.State != requests.Imported || v.Digest == "" || len(v.Decisions) != 1 || v.Decisions[0].PersonID != olga.ID || v.ImporterID != ira.ID {
			w.t.Errorf("what is left is %+v", v.Request)
		}
		w.wantOneOutcome(id)
	})
}
