package reminders

import (
	"database/sql"
	"encoding/json"
	"errors"
	"strings"

	"keyferry/server/person"
	"keyferry/server/store"
)

// mostApprovers is how many people are asked to agree to one submission.
const mostApprovers = 200

const personColumns = "SELECT id, name, email, in_groups FROM signin_people WHERE "

// findPerson returns somebody who has signed in, with the groups of the last sign-in; the zero
// Person if nobody has that id.
func findPerson(tx *store.Tx, id string) (person.Person, error) {
	people, err := readPeople(tx.Query(personColumns+"id = ?", id))
	if err != nil || len(people) == 0 {
		return person.Person{}, err
	}
	return people[0], nil
}

// findGroups returns who has signed in and is in one of the groups, or everybody if there are none
// to choose from; those alone who have an address.
func findGroups(tx *store.Tx, groups []string) ([]person.Person, error) {
	var where []string
	var args []any
	for _, g := range groups {
		quoted, err := json.Marshal(g)
		if err != nil {
			return nil, err
		}
		where = append(where, "in_groups LIKE ? ESCAPE '!'")
		args = append(args, "%"+likeEscapes.Replace(string(quoted))+"%")
	}
	condition := "email <> ''"
	if len(where) > 0 {
		condition += " AND (" + strings.Join(where, " OR ") + ")"
	}
	return readPeople(tx.Query(personColumns+condition+" ORDER BY at DESC LIMIT 2000", args...))
}

var likeEscapes = strings.NewReplacer("!", "!!", "%", "!%", "_", "!_")

func readPeople(rows *sql.Rows, err error) ([]person.Person, error) {
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var people []person.Person
	for rows.Next() {
		p := person.Person{Kind: person.Directory}
		var groups string
		if err := rows.Scan(&p.ID, &p.Name, &p.Email, &groups); err != nil {
			return nil, err
		}
		if err := json.Unmarshal([]byte(groups), &p.Groups); err != nil {
			return nil, errors.New("reading the groups of a person")
		}
		people = append(people, p)
	}
	return people, rows.Err()
}
