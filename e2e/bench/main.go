// Command bench measures what Keyferry promises about size and speed, each number beside the one that it has to be
// compared with, in one run on one machine:
//
//	go run ./e2e/bench          about two minutes
//	go run ./e2e/bench -quick   half a minute, for a look
//
// It prints one table, which is Markdown too, and says loudly which goals are missed. It fails only when something
// cannot be measured. Compare ratios, not absolutes: those depend on the machine and on what else it does.
//
// It builds the program and its variants itself, from the WebAssembly module that make wasm has built.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// bench is one run and what its measurements share.
type bench struct {
	extent
	root   string // of the repository
	folder string // temporary
	built  *products
	engine string // Chromium's version
}

// extent says how much is measured.
type extent struct {
	starts     int           // of the worker, for each of the two modules
	wrapRounds int           // for each contender
	wrapTime   time.Duration // of one round
	pairs      int           // of imports, through the console and by the bare SDK
	loadTime   time.Duration // for each of the local KMS's calls
	burst      int           // parameter sets asked for at once
	keys       int           // CMKs to list
}

var (
	whole = extent{starts: 25, wrapRounds: 3, wrapTime: time.Second, pairs: 1000, loadTime: 5 * time.Second, burst: 500, keys: 100_000}
	quick = extent{starts: 7, wrapRounds: 1, wrapTime: time.Second / 2, pairs: 100, loadTime: time.Second, burst: 20, keys: 20_000}
)

func main() {
	short := flag.Bool("quick", false, "measure less, in half a minute; goals are judged all the same")
	flag.Parse()
	if flag.NArg() != 0 {
		flag.Usage()
		os.Exit(2)
	}
	b := &bench{extent: whole}
	if *short {
		b.extent = quick
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := b.run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// run measures everything and prints the table.
func (b *bench) run(ctx context.Context) (err error) {
	began := time.Now()
	machine := describeMachine()
	if b.root, err = repositoryRoot(ctx); err != nil {
		return err
	}
	if b.folder, err = os.MkdirTemp("", "keyferry-bench-"); err != nil {
		return err
	}
	defer os.RemoveAll(b.folder)

	warm := newWarmKMS(b.burst) // its keys take a minute, which the builds can have too
	defer warm.close()
	progress("building")
	if b.built, err = b.build(ctx); err != nil {
		return err
	}
	answered, err := warm.measure(ctx, b.burst)
	if err != nil {
		return fmt.Errorf("measuring the burst: %v", err)
	}
	measured, err := b.measure(ctx)
	if err != nil {
		return err
	}
	measured.insert(sectionBurst, answered...)
	progress("done in %.0f s", time.Since(began).Seconds())
	fmt.Printf("%s, Chromium %s\n\n%s", machine, b.engine, measured)
	return nil
}

// measure takes the measurements one after the other, so that none disturbs another.
func (b *bench) measure(ctx context.Context) (*results, error) {
	measured := &results{}
	for _, part := range []struct {
		section section
		name    string
		measure func(context.Context) ([]row, error)
	}{
		{sectionBrowser, "the browser", b.measureBrowser},
		{sectionServer, "the server", b.measureServer},
		{sectionLoad, "the local KMS under load", b.measureLoad},
		{sectionListing, "the local KMS with many CMKs", b.measureListing},
	} {
		progress("measuring %s", part.name)
		rows, err := part.measure(ctx)
		if err != nil {
			return nil, fmt.Errorf("measuring %s: %v", part.name, err)
		}
		measured.insert(part.section, rows...)
	}
	return measured, nil
}

// progress tells the person who waits what is going on.
func progress(format string, values ...any) {
	fmt.Fprintf(os.Stderr, "bench: "+format+"\n", values...)
}

// repositoryRoot finds the repository from wherever in it the bench was started.
func repositoryRoot(ctx context.Context) (string, error) {
	output, err := exec.CommandContext(ctx, "go", "env", "GOMOD").Output()
	if err != nil {
		return "", fmt.Errorf("finding the repository: %v", err)
	}
	file := strings.TrimSpace(string(output))
	if filepath.Base(file) != "go.mod" {
		return "", fmt.Errorf("finding the repository: run the bench inside it")
	}
	return filepath.Dir(file), nil
}
