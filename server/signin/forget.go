package signin

import "keyferry/server/store"

// Known is a person who has signed in.
type Known struct{ ID, Name, Email string }

// Find returns the people of the directory with an id, an email address or a name, whatever its case.
func Find(tx *store.Tx, who string) (found []Known, err error) {
	rows, err := tx.Query("SELECT id, name, email FROM signin_people WHERE id = ? OR lower(email) = lower(?) OR lower(name) = lower(?) ORDER BY id",
		who, who, who)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var k Known
		if err := rows.Scan(&k.ID, &k.Name, &k.Email); err != nil {
			return nil, err
		}
		found = append(found, k)
	}
	return found, rows.Err()
}

// Forget erases a person and ends their sessions. Whoever signs in again is somebody new.
func Forget(tx *store.Tx, id string) error {
	if err := tx.Later("DELETE FROM signin_sessions WHERE person = ?", id); err != nil {
		return err
	}
	return tx.Later("DELETE FROM signin_people WHERE id = ?", id)
}
