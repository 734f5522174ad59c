package requests

import (
	"fmt"
	"strings"

	"keyferry/server/person"
	"keyferry/server/store"
)

// forgotten is shown in place of a name that was erased.
const forgotten = "—"

// Forget erases a person's name, address and groups from requests and their timelines. What is left
// is an id, which says nothing about the person. It refuses while a request in which the person has a
// part can still change, since the policy is asked about them again; notes, labels and reasons that
// people wrote stay as they are.
func Forget(tx *store.Tx, id, email string) error {
	// First, since queries do not find what was inserted until then.
	if _, err := tx.Exec("UPDATE request_events SET name = ? WHERE person = ?", forgotten, id); err != nil {
		return err
	}
	ids, err := requestsOf(tx, id, email)
	if err != nil {
		return err
	}
	for _, request := range ids {
		r, err := load(tx, request)
		if err != nil {
			return err
		}
		if !r.State.Ended() {
			return fmt.Errorf("the request %s is %s: end it first, by cancelling it for example", r.ID, r.State)
		}
		r.forget(id, email)
		if err := save(tx, r); err != nil {
			return err
		}
	}
	return nil
}

func requestsOf(tx *store.Tx, id, email string) (ids []string, err error) {
	rows, err := tx.Query(`SELECT request FROM request_parties WHERE party = ? OR party = ?
		UNION SELECT request FROM request_events WHERE person = ?`, "person:"+id, "email:"+strings.ToLower(email), id)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var request string
		if err := rows.Scan(&request); err != nil {
			return nil, err
		}
		ids = append(ids, request)
	}
	return ids, rows.Err()
}

// forget erases a person from a request that has ended.
func (r *record) forget(id, email string) {
	if r.Requester == id {
		r.Name = forgotten
	}
	if r.Terms.Importer == ByPerson && email != "" && strings.EqualFold(r.ImporterID, email) {
		r.ImporterID = id
	}
	if r.ImportedBy.ID == id {
		r.ImportedBy = person.Person{ID: id, Kind: r.ImportedBy.Kind}
	}
	for i := range r.Decisions {
		if r.Decisions[i].PersonID == id {
			r.Decisions[i].Name, r.Decisions[i].Groups = forgotten, nil
		}
	}
}
