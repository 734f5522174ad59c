package storetest

import (
	"bufio"
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
)

// keeper makes a cluster, runs its server on a Unix socket, and says so. It ends the server and
// removes everything when its input ends, which it does however the test ends.
const keeper = `
export PATH="$1:$PATH" LC_ALL=C.UTF-8
cd "$2" || exit
trap 'rm -rf "$2"' EXIT
initdb --pgdata=data --username=keyferry --auth=trust --encoding=UTF8 --no-sync >log 2>&1 || { cat log; exit 1; }
echo fsync=off >>data/postgresql.conf
postgres -D data -k "$2" -c listen_addresses= -c max_connections=50 >log 2>&1 &
until pg_isready -q -h "$2"; do kill -0 $! || { cat log; exit 1; }; sleep 0.05; done
echo ready
read -r _
kill -INT $!
wait $!
`

// cluster is the PostgreSQL server of this process.
type cluster struct {
	folder string // has the socket
	admin  *sql.DB
	input  io.Closer // of the keeper: open as long as this is reachable
}

var (
	start     = sync.OnceValues(startCluster)
	databases atomic.Int64
)

// readyPostgres names a database that was opened once.
var readyPostgres = sync.OnceValues(func() (string, error) {
	c, err := start()
	if err != nil {
		return "", err
	}
	const name = "ready"
	if _, err := c.admin.ExecContext(context.Background(), "CREATE DATABASE "+name); err != nil {
		return "", err
	}
	return name, ready(c.url(name))
})

// newDatabase makes a copy of another database until the test ends.
func newDatabase(t testing.TB, original func() (name string, err error)) string {
	t.Helper()
	c, err := start()
	if err != nil {
		t.Fatalf("starting PostgreSQL: %v (make tools installs it)", err)
	}
	from, err := original()
	if err != nil {
		t.Fatal(err)
	}
	name := fmt.Sprintf("test%d", databases.Add(1))
	if _, err := c.admin.ExecContext(t.Context(), "CREATE DATABASE "+name+" TEMPLATE "+from); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := c.admin.ExecContext(context.Background(), "DROP DATABASE "+name+" WITH (FORCE)"); err != nil {
			t.Error(err)
		}
	})
	return c.url(name)
}

// Sync lets the server of the tests sync its files until the test ends, as servers do: for
// measuring, since the other tests lose no power.
func Sync(t testing.TB) {
	t.Helper()
	c, err := start()
	if err != nil {
		t.Fatal(err)
	}
	set := func(value string) {
		for _, statement := range []string{"ALTER SYSTEM SET fsync = " + value, "SELECT pg_reload_conf()"} {
			if _, err := c.admin.ExecContext(context.Background(), statement); err != nil {
				t.Fatal(err)
			}
		}
	}
	set("on")
	t.Cleanup(func() { set("off") })
}

func (c *cluster) url(database string) string {
	return "postgres:///" + database + "?" + url.Values{"host": {c.folder}, "user": {"keyferry"}}.Encode()
}

// startCluster starts the server as an ordinary user: PostgreSQL refuses to run as root.
func startCluster() (*cluster, error) {
	programs, err := programFolder()
	if err != nil {
		return nil, err
	}
	folder, err := os.MkdirTemp("/tmp", "keyferry-postgres-") // the path of a socket must be short
	if err != nil {
		return nil, err
	}
	command := exec.Command("/bin/sh", "-c", keeper, "keeper", programs, folder)
	if err := asOrdinaryUser(command, folder); err != nil {
		return nil, err
	}
	input, err := command.StdinPipe()
	if err != nil {
		return nil, err
	}
	output, err := command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := command.Start(); err != nil {
		return nil, err
	}
	var said bytes.Buffer
	for lines := bufio.NewScanner(output); lines.Scan(); said.WriteString(lines.Text() + "\n") {
		if lines.Text() == "ready" {
			c := &cluster{folder, nil, input}
			c.admin, err = sql.Open("pgx", c.url("postgres"))
			return c, err
		}
	}
	return nil, errors.New(said.String())
}

// programFolder finds the newest PostgreSQL: Debian keeps its servers out of the PATH.
func programFolder() (string, error) {
	if path, err := exec.LookPath("initdb"); err == nil {
		return filepath.Dir(path), nil
	}
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err != nil || len(found) == 0 {
		return "", errors.New("there is no initdb")
	}
	return filepath.Dir(slices.MaxFunc(found, func(a, b string) int { return len(a) - len(b) })), nil
}
