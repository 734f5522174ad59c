package ledger

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"keyferry/server/store"
	"keyferry/server/store/storetest"
)

// The entries of a ledger are read in parts. The second is checked as the first is, and an error
// names the entry by its number in the whole.
func TestSecondPart(t *testing.T) {
	db, key := storetest.Open(t, storetest.URL(t, store.SQLite)), testKey(t)
	fill(t, db, openLog(t, db, key), chunk+6)
	if _, err := verify(t, db, key); err != nil {
		t.Fatal(err)
	}
	for _, altered := range []struct {
		number    int
		statement string
	}{
		{chunk + 4, "UPDATE ledger_hashes SET hash = zeroblob(32) WHERE place = %d"},
		{chunk + 3, "UPDATE ledger_entries SET person = 'other' WHERE place = %d"},
		{chunk + 2, "UPDATE ledger_entries SET place = -1 WHERE place = %d"}, // noticed before the others
	} {
		storetest.Exec(t, db, fmt.Sprintf(altered.statement, altered.number))
		_, err := verify(t, db, key)
		if want := fmt.Sprintf("entry %d ", altered.number); !errors.Is(err, ErrAltered) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
}
