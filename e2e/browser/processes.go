package browser

import (
	"bytes"
	"crypto/rand"
	numbers "encoding/binary"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// OwnBrowser starts a Chromium of the test's own and puts it in the place of the shared browser until
// the test ends. Its processes run without Chromium's sandbox, which would keep the test from
// reading their memory. The first of them is known by a mark on its command line.
func OwnBrowser(t testing.TB) (mark string) {
	t.Helper()
	return replaceShared(t, "chromium", "--no-sandbox")
}

// OwnShell starts the browser of [Main] with further arguments, and puts it in the place of the shared
// one in the same way.
func OwnShell(t testing.TB, arguments ...string) (mark string) {
	t.Helper()
	return replaceShared(t, shell(), append(arguments, leanJS)...)
}

func replaceShared(t testing.TB, chromium string, arguments ...string) (mark string) {
	t.Helper()
	if testing.Short() {
		t.Skip("needs a browser")
	}
	mark = "--keyferry-mark=" + rand.Text()
	own, err := launch(Shared.BrowserType(), chromium, append(arguments, mark)...)
	if err != nil {
		t.Fatal(err)
	}
	shared := Shared
	Shared = own
	t.Cleanup(func() {
		Shared = shared
		own.Close()
	})
	return mark
}

// Process is one process of a browser.
type Process struct {
	ID   int
	Kind string // browser, renderer, utility, gpu-process, zygote
}

// BrowserProcesses are all processes of the browser that was started with this mark: the marked one
// and what descends from it.
func BrowserProcesses(t testing.TB, mark string) []Process {
	t.Helper()
	entries, err := filepath.Glob("/proc/[0-9]*")
	if err != nil || len(entries) == 0 {
		t.Fatalf("listing processes, which takes Linux: %v", err)
	}
	parents, commands := map[int]int{}, map[int]string{}
	root := 0
	for _, entry := range entries {
		id, _ := strconv.Atoi(filepath.Base(entry))
		stat, err := os.ReadFile(entry + "/stat")
		if err != nil {
			continue // it has ended
		}
		command, _ := os.ReadFile(entry + "/cmdline")
		fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
		parents[id], _ = strconv.Atoi(string(fields[1]))
		commands[id] = string(command)
		if strings.Contains(commands[id], mark) && !strings.Contains(commands[id], "--type=") && string(fields[0]) != "Z" {
			root = id
		}
	}
	var found []Process
	for id, command := range commands {
		for at := id; at > 1; at = parents[at] {
			if at == root && command != "" {
				found = append(found, Process{id, processKind(command)})
				break
			}
		}
	}
	if len(found) < 3 {
		t.Fatalf("found %d processes of the browser; there must be a browser, a renderer and more", len(found))
	}
	return found
}

func processKind(command string) string {
	_, kind, typed := strings.Cut(command, "--type=")
	if !typed {
		return "browser"
	}
	end := strings.IndexAny(kind, "\x00 ")
	if end < 0 {
		end = len(kind)
	}
	return kind[:end]
}

// Region is a part of a process's memory.
type Region struct {
	start, End uint64
	shared     bool
	name       string
}

// Ended reports whether the process is gone, or has lost its memory and waits to be collected.
func (p Process) Ended() bool {
	content, err := os.ReadFile(fmt.Sprintf("/proc/%d/maps", p.ID))
	return err != nil || len(content) == 0
}

// Kind says what sort of memory it is, without addresses.
func (r Region) Kind() string {
	switch {
	case r.shared:
		return "shared"
	case r.name == "":
		return "anonymous"
	case strings.HasPrefix(r.name, "[anon:"):
		return strings.Trim(strings.TrimPrefix(r.name, "[anon:"), "]")
	}
	return strings.Trim(filepath.Base(r.name), "[]")
}

// regions are the parts of a process's memory that can hold data: all that can be read, less files
// that were mapped and cannot be written to.
func (p Process) regions() ([]Region, error) {
	maps, err := os.ReadFile(fmt.Sprintf("/proc/%d/maps", p.ID))
	if err != nil {
		return nil, err
	}
	var all []Region
	for line := range strings.Lines(string(maps)) {
		fields := strings.Fields(line)
		var r Region
		if _, err := fmt.Sscanf(fields[0], "%x-%x", &r.start, &r.End); err != nil {
			return nil, fmt.Errorf("reading maps: %v", err)
		}
		mode := fields[1]
		if len(fields) > 5 {
			r.name = strings.Join(fields[5:], " ")
		}
		r.shared = mode[3] == 's'
		file := strings.HasPrefix(r.name, "/") && !strings.HasPrefix(r.name, "/memfd:") && !strings.HasPrefix(r.name, "/dev/shm/")
		if mode[0] != 'r' || file && mode[1] != 'w' || strings.HasPrefix(r.name, "[v") {
			continue
		}
		all = append(all, r)
	}
	return all, nil
}

const (
	PageSize  = 4096
	ChunkSize = 1 << 20
	overlap   = 64 // longer than any piece that is looked for
)

// Read hands the memory of a process to take, in pieces that overlap, with the address of each.
// Pages that were never touched are left out, except where memory is shared: there another process
// may have filled them.
func (p Process) Read(take func(in Region, address uint64, content []byte)) (total int64, err error) {
	all, err := p.regions()
	if err != nil {
		return 0, err
	}
	memory, err := os.Open(fmt.Sprintf("/proc/%d/mem", p.ID))
	if err != nil {
		return 0, err
	}
	defer memory.Close()
	pagemap, err := os.Open(fmt.Sprintf("/proc/%d/pagemap", p.ID))
	if err != nil {
		return 0, err
	}
	defer pagemap.Close()
	buffer := make([]byte, ChunkSize+overlap)
	for _, r := range all {
		for from, to := range r.touched(pagemap) {
			for start := from; start < to; {
				end := min(start+ChunkSize, to)
				n, err := memory.ReadAt(buffer[:min(end+overlap, r.End)-start], int64(start))
				if n > 0 {
					take(r, start, buffer[:n])
					total += int64(min(uint64(n), end-start))
				}
				if err != nil && n == 0 {
					start += PageSize // beyond the end of a shared file, or just unmapped
					continue
				}
				start = min(end, start+uint64(max(n, PageSize)))
			}
		}
	}
	return total, nil
}

// mapped is how much memory is looked up at a time, of which most was never touched.
const mapped = 64 << 20

// touched are the ranges of a region whose pages exist, in memory or swapped out. Of shared memory
// that is all: another process may have filled it.
func (r Region) touched(pagemap io.ReaderAt) iter.Seq2[uint64, uint64] {
	return func(yield func(from, to uint64) bool) {
		if r.shared {
			yield(r.start, r.End)
			return
		}
		entries := make([]byte, mapped/PageSize*8)
		for start := r.start; start < r.End; start += mapped {
			pages := (min(start+mapped, r.End) - start) / PageSize
			n, err := pagemap.ReadAt(entries[:pages*8], int64(start/PageSize*8))
			if err != nil && !errors.Is(err, io.EOF) || uint64(n) < pages*8 {
				if !yield(start, start+pages*PageSize) { // it does not tell: read all of it
					return
				}
				continue
			}
			exists := func(page uint64) bool { return numbers.LittleEndian.Uint64(entries[page*8:])>>62 != 0 }
			for first := uint64(0); first < pages; first++ {
				if !exists(first) {
					continue
				}
				last := first
				for last < pages && exists(last) {
					last++
				}
				if !yield(start+first*PageSize, start+last*PageSize) {
					return
				}
				first = last
			}
		}
	}
}
