package operation

import (
	"context"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"keyferry/e2e/program"
	"keyferry/e2e/proof"
	"keyferry/server/store"
	"keyferry/server/store/storetest"
)

// load is how much a company works, and for how long.
type load struct {
	teams int
	lasts time.Duration
	think time.Duration // between two acts of a person, on average
	kills time.Duration // between two kills of a console; zero means none
}

// sized returns the short form, or the long one of a thousand people for a minute.
func sized(kills time.Duration) load {
	if *proof.Full {
		return load{teams: 333, lasts: time.Minute, think: 5 * time.Second, kills: kills}
	}
	return brief(kills)
}

func brief(kills time.Duration) load {
	return load{teams: 20, lasts: 4*time.Second + 2*kills, think: 500 * time.Millisecond, kills: kills}
}

// patience is what 99 of 100 calls may take at most. On an idle machine they take a hundredth of
// that, but the tests share theirs with others.
const patience = 15 * time.Second

// Everybody works at once on one console with SQLite.
func TestLoadOnSQLite(t *testing.T) {
	if testing.Short() {
		t.Skip("starts programs")
	}
	l := sized(0)
	s, base := openSocket(t)
	c := newCompany(t, storetest.URL(t, store.SQLite), base, l.teams)
	console := s.start(c, &program.Log{})
	seen := c.work(t, l, func() []*program.Process { return []*program.Process{console} })
	c.report(t, "SQLite", l, seen)
}

// Everybody works at once on two consoles with PostgreSQL, behind nginx. The next test has the long
// form of it.
func TestLoadOnPostgres(t *testing.T) { onPostgres(t, "two replicas on PostgreSQL", brief(0)) }

// The same while one of the two consoles is killed every five seconds, in the short form every two. People see a connection that
// was cut, look how far they are, and try again; nothing is lost and nothing is done twice.
func TestLoadUnderKills(t *testing.T) {
	every := 2 * time.Second
	if *proof.Full {
		every = 5 * time.Second
	}
	onPostgres(t, fmt.Sprintf("two replicas on PostgreSQL, one killed every %v", every), sized(every))
}

func onPostgres(t *testing.T, what string, l load) {
	if testing.Short() {
		t.Skip("starts programs")
	}
	front, base := freeAddress(t)
	c := newCompany(t, storetest.URL(t, store.Postgres), base, l.teams)
	var sockets []socket
	var behind []string
	for range 2 {
		s, address := openSocket(t)
		sockets, behind = append(sockets, s), append(behind, strings.TrimPrefix(address, "http://"))
	}
	startNginx(t, front, behind)
	r := &replicas{c: c, sockets: sockets, log: &program.Log{}}
	for i := range sockets {
		r.running = append(r.running, sockets[i].start(c, r.log))
	}
	var seen *tally
	if l.kills == 0 {
		seen = c.work(t, l, r.list)
	} else {
		ctx, stop := context.WithTimeout(t.Context(), l.lasts)
		var killer sync.WaitGroup
		killer.Go(func() { r.killEvery(ctx, l.kills) })
		seen = c.work(t, l, nil)
		killer.Wait()
		stop()
		found(what+": kills", strconv.Itoa(r.kills))
		if r.kills < 2 {
			t.Errorf("only %d consoles were killed", r.kills)
		}
	}
	c.report(t, what, l, seen)
}

// replicas are consoles that one after the other is killed.
type replicas struct {
	c       *company
	sockets []socket
	log     *program.Log
	running []*program.Process
	kills   int
}

func (r *replicas) list() []*program.Process { return r.running }

// killEvery kills one console after the other and starts it again at once, until ctx ends.
func (r *replicas) killEvery(ctx context.Context, every time.Duration) {
	ticks := time.NewTicker(every)
	defer ticks.Stop()
	for i := 0; ; i = (i + 1) % len(r.running) {
		select {
		case <-ctx.Done():
			return
		case <-ticks.C:
		}
		r.running[i].Kill()
		r.kills++
		r.running[i] = r.sockets[i].start(r.c, r.log)
	}
}

// work has every team import again and again, everybody look around meanwhile, and a newcomer sign
// in with the provider, until the time is over. Imports that were begun are ended. The memory of the
// consoles, where they are given, must not grow under a steady load.
func (c *company) work(t *testing.T, l load, consoles func() []*program.Process) *tally {
	t.Helper()
	seen := newTally()
	ctx, stop := context.WithTimeout(t.Context(), l.lasts)
	defer stop()
	var group sync.WaitGroup
	for _, team := range c.teams {
		group.Go(func() {
			for pause(ctx, 2*l.think) {
				if err := team.importOnce(context.WithoutCancel(ctx), l.think, seen); err != nil {
					t.Errorf("%s: %v", team.key, err)
					return
				}
			}
		})
	}
	for _, v := range c.people() {
		group.Go(func() {
			for pause(ctx, l.think) {
				v.read(context.WithoutCancel(ctx), seen)
			}
		})
	}
	group.Go(func() { c.welcome(t, ctx, seen) })
	if consoles != nil {
		group.Go(func() { mustBeFlat(t, ctx, l, consoles()) })
	}
	group.Wait()
	return seen
}

// welcome signs newcomers in with the provider, as often as one after the other comes.
func (c *company) welcome(t *testing.T, ctx context.Context, seen *tally) {
	c.provider.At("newcomer")
	for pause(ctx, 500*time.Millisecond) {
		v := newVisitor(t, c.base, "newcomer", nil)
		began := time.Now()
		err := v.call(context.WithoutCancel(ctx), "GET", "/signin/start?to=/en/requests", nil, nil)
		if seen.note("sign-in", began, err) == nil {
			began = time.Now()
			seen.note("me", began, v.call(context.WithoutCancel(ctx), "GET", "/api/me", nil, nil))
		}
		v.client.CloseIdleConnections()
	}
}

// mustBeFlat compares the consoles' heap and stacks in the second quarter of the time with those in
// the last.
func mustBeFlat(t *testing.T, ctx context.Context, l load, consoles []*program.Process) {
	samples := make([][]int, len(consoles))
	ticks := time.NewTicker(l.lasts / 40)
	defer ticks.Stop()
	for open := true; open; {
		select {
		case <-ctx.Done():
			open = false
		case <-ticks.C:
			for i, p := range consoles {
				samples[i] = append(samples[i], anonymous(t, p))
			}
		}
	}
	for i, all := range samples {
		quarter := len(all) / 4
		if quarter == 0 {
			t.Error("no samples were taken")
			return
		}
		early, late := average(all[quarter:2*quarter]), average(all[3*quarter:])
		found(fmt.Sprintf("%d people: heap and stacks of console %d", 3*l.teams, i+1),
			fmt.Sprintf("%.1f MB in the second quarter, %.1f MB in the last", float64(early)/1e6, float64(late)/1e6))
		if late > early+early/4+16<<20+3*l.teams*64<<10 {
			t.Errorf("the memory of console %d grew from %d MB to %d MB under a steady load", i+1, early>>20, late>>20)
		}
	}
}

func average(all []int) int {
	sum := 0
	for _, one := range all {
		sum += one
	}
	return sum / max(1, len(all))
}

// anonymous is how many bytes of heap and stacks a process has.
func anonymous(t *testing.T, p *program.Process) int {
	content, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.Pid()))
	if err != nil {
		t.Errorf("reading what the console takes up, which takes Linux: %v", err)
		return 0
	}
	_, rest, _ := strings.Cut(string(content), "RssAnon:")
	kilobytes, err := strconv.Atoi(strings.Fields(rest)[0])
	if err != nil {
		t.Error(err)
	}
	return kilobytes << 10
}

// report fails on every error, since the KMS made none, and puts the times into the report.
func (c *company) report(t *testing.T, what string, l load, seen *tally) {
	t.Helper()
	for fault, times := range seen.faults {
		t.Errorf("%d times: %s", times, fault)
	}
	cut := 0
	for _, times := range seen.cut {
		cut += times
	}
	if cut > 0 && l.kills == 0 {
		t.Errorf("%d calls were cut: %v", cut, seen.cut)
	}
	if n := c.refused.Load(); n > 0 {
		t.Errorf("the KMS answered with %d errors", n)
	}
	imports, calls := 0, 0
	for _, n := range seen.imported {
		imports += n
	}
	if imports < l.teams/2 {
		t.Errorf("%d teams made only %d imports", l.teams, imports)
	}
	for _, action := range slices.Sorted(maps.Keys(seen.took)) {
		calls += len(seen.took[action])
		if most := seen.at(action, 0.99); most > patience {
			t.Errorf("%s: 99 of 100 take %v", action, most)
		}
		found(fmt.Sprintf("%s, %d people: %s", what, 3*l.teams, action),
			fmt.Sprintf("%d calls, p50 %v, p99 %v", len(seen.took[action]), seen.at(action, 0.5), seen.at(action, 0.99)))
	}
	found(what+": imports, calls, errors, cut", fmt.Sprintf("%d, %d, %d, %d", imports, calls, len(seen.faults), cut))
	c.verify(seen.imported)
}

// startNginx runs nginx in front of consoles until the test ends. It asks another console only when
// one does not take the connection: whatever may have had an effect is the person's to repeat.
func startNginx(t *testing.T, front string, behind []string) {
	t.Helper()
	folder := t.TempDir()
	config := "daemon off;\nworker_processes 1;\npid " + folder + "/pid;\nerror_log stderr error;\nevents { worker_connections 8192; }\nhttp {\n" +
		"access_log off;\n"
	for _, kind := range []string{"client_body", "proxy", "fastcgi", "uwsgi", "scgi"} {
		config += kind + "_temp_path " + folder + "/" + kind + ";\n"
	}
	config += "upstream consoles {\n"
	for _, address := range behind {
		config += "server " + address + " max_fails=1 fail_timeout=1s;\n"
	}
	config += "}\nserver {\nlisten " + front + ";\nlocation / {\nproxy_pass http://consoles;\nproxy_http_version 1.1;\n" +
		"proxy_set_header Host $http_host;\nproxy_set_header Connection \"\";\nproxy_read_timeout 60s;\n}\n}\n}\n"
	file := program.WriteFile(t, filepath.Join(folder, "nginx.conf"), []byte(config))
	name, err := exec.LookPath("nginx")
	if err != nil {
		if name, err = exec.LookPath("/usr/sbin/nginx"); err != nil {
			t.Fatal("nginx is not installed: run make tools")
		}
	}
	command := exec.Command(name, "-c", file, "-p", folder, "-e", "stderr")
	command.Stderr = t.Output()
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		command.Process.Signal(os.Interrupt)
		command.Wait()
	})
	program.Eventually(t, 10*time.Second, "nginx listens", func() bool { return listens(front) })
}
