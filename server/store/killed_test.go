package store_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"testing"
	"time"

	"keyferry/server/store"
	"keyferry/server/store/storetest"
)

// killedChild is the environment variable that makes this test binary a process to be killed.
const killedChild = "KEYFERRY_TEST_KILLED_CHILD"

func TestMain(m *testing.M) {
	if url := os.Getenv(killedChild); url != "" {
		liveUntilKilled(url)
	}
	os.Exit(m.Run())
}

// liveUntilKilled makes transactions and says so after each. Each writes two rows, the larger of
// which does not fit into a page.
func liveUntilKilled(url string) {
	fail := func(err error) {
		if err != nil {
			fmt.Println("error", err)
			os.Exit(1)
		}
	}
	db, err := store.Open(context.Background(), url)
	fail(err)
	for {
		var n int
		fail(db.Write(context.Background(), func(tx *store.Tx) error {
			if err := tx.QueryRow("SELECT count(*) FROM small").Scan(&n); err != nil {
				return err
			}
			if _, err := tx.Exec("INSERT INTO small VALUES (?)", n); err != nil {
				return err
			}
			_, err := tx.Exec("INSERT INTO large VALUES (?, ?)", n, fmt.Sprintf("%09000d", n))
			return err
		}))
		fmt.Println("done", n)
	}
}

// Killed at any moment, the program loses nothing that it said was written, and leaves no half of
// a transaction.
func TestKilled(t *testing.T) {
	storetest.EachEmpty(t, func(t *testing.T, url string) {
		db := storetest.Open(t, url)
		write(t, db, func(tx *store.Tx) error {
			if _, err := tx.Exec("CREATE TABLE small (n BIGINT PRIMARY KEY)"); err != nil {
				return err
			}
			_, err := tx.Exec("CREATE TABLE large (n BIGINT PRIMARY KEY, value TEXT)")
			return err
		})
		next := 0 // transaction, as far as is known
		for round := range 15 {
			child := exec.Command(os.Args[0])
			child.Env = append(os.Environ(), killedChild+"="+url)
			stdout, err := child.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := child.Start(); err != nil {
				t.Fatal(err)
			}
			lines := bufio.NewScanner(stdout)
			for lines.Scan() {
				var n int
				if _, err := fmt.Sscanf(lines.Text(), "done %d", &n); err != nil {
					t.Fatal(lines.Text())
				}
				if n != next && n != next+1 { // the last one before a kill may have been made and not told
					t.Fatalf("round %d: transaction %d came after %d", round, n, next-1)
				}
				if next = n + 1; n%10 == 0 {
					time.AfterFunc(time.Duration(round)*time.Millisecond, func() { child.Process.Kill() })
				}
			}
			child.Process.Kill()
			child.Wait()
			var small, large int
			if err := db.Read(t.Context(), func(tx *store.Tx) error {
				if err := tx.QueryRow("SELECT count(*) FROM small").Scan(&small); err != nil {
					return err
				}
				return tx.QueryRow("SELECT count(*) FROM large WHERE length(value) = 9000").Scan(&large)
			}); err != nil {
				t.Fatal(err)
			}
			if small != large || small != next && small != next+1 {
				t.Fatalf("round %d: %d and %d rows came back after %d transactions", round, small, large, next)
			}
		}
		if next < 50 {
			t.Errorf("only %d transactions were made", next)
		}
	})
}
