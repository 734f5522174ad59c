package e2e

import (
	"bytes"
	"crypto/rand"
	numbers "encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/playwright-community/playwright-go"
)

// ownBrowser starts a browser of the test's own and puts it in the place of the shared one until the test ends. Its
// processes run without Chromium's sandbox, which would keep the test from reading their memory. The first of them is
// known by a mark on its command line.
func ownBrowser(t *testing.T) (mark string) {
	t.Helper()
	if testing.Short() {
		t.Skip("needs a browser")
	}
	chromium, err := exec.LookPath("chromium")
	if err != nil {
		t.Fatal("chromium is missing: run make tools")
	}
	mark = "--keyferry-mark=" + rand.Text()
	own, err := browser.BrowserType().Launch(playwright.BrowserTypeLaunchOptions{
		ExecutablePath: playwright.String(chromium),
		Args:           chromiumArguments("--no-sandbox", mark), // whose memory a sandbox would keep from the test
	})
	if err != nil {
		t.Fatal(err)
	}
	shared := browser
	browser = own
	t.Cleanup(func() {
		browser = shared
		own.Close()
	})
	return mark
}

// process is one process of a browser.
type process struct {
	id   int
	kind string // browser, renderer, utility, gpu-process, zygote
}

// browserProcesses are all processes of the browser that was started with this mark: the marked one and what descends
// from it.
func browserProcesses(t *testing.T, mark string) []process {
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
	var found []process
	for id, command := range commands {
		for at := id; at > 1; at = parents[at] {
			if at == root && command != "" {
				found = append(found, process{id, processKind(command)})
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

// region is a part of a process's memory.
type region struct {
	start, end uint64
	shared     bool
	name       string
}

// ended reports whether the process is gone, or has lost its memory and waits to be collected.
func (p process) ended() bool {
	content, err := os.ReadFile(fmt.Sprintf("/proc/%d/maps", p.id))
	return err != nil || len(content) == 0
}

// kind says what sort of memory it is, without addresses.
func (r region) kind() string {
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

// regions are the parts of a process's memory that can hold data: all that can be read, less files that were mapped and
// cannot be written to.
func (p process) regions() ([]region, error) {
	maps, err := os.ReadFile(fmt.Sprintf("/proc/%d/maps", p.id))
	if err != nil {
		return nil, err
	}
	var all []region
	for line := range strings.Lines(string(maps)) {
		fields := strings.Fields(line)
		var r region
		if _, err := fmt.Sscanf(fields[0], "%x-%x", &r.start, &r.end); err != nil {
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
	pageSize  = 4096
	chunkSize = 1 << 20
	overlap   = 64 // longer than any piece that is looked for
)

// read hands the memory of a process to take, in pieces that overlap, with the address of each. Pages that were never
// touched are left out, except where memory is shared: there another process may have filled them.
func (p process) read(take func(in region, address uint64, content []byte)) (total int64, err error) {
	all, err := p.regions()
	if err != nil {
		return 0, err
	}
	memory, err := os.Open(fmt.Sprintf("/proc/%d/mem", p.id))
	if err != nil {
		return 0, err
	}
	defer memory.Close()
	pagemap, err := os.Open(fmt.Sprintf("/proc/%d/pagemap", p.id))
	if err != nil {
		return 0, err
	}
	defer pagemap.Close()
	buffer := make([]byte, chunkSize+overlap)
	for _, r := range all {
		for start := r.start; start < r.end; {
			end := min(start+chunkSize, r.end)
			if !r.shared {
				start, end = touched(pagemap, start, end)
			}
			if start >= end {
				start = max(start, end)
				continue
			}
			n, err := memory.ReadAt(buffer[:min(end+overlap, r.end)-start], int64(start))
			if n > 0 {
				take(r, start, buffer[:n])
				total += int64(min(uint64(n), end-start))
			}
			if err != nil && n == 0 {
				start += pageSize // beyond the end of a shared file, or just unmapped
				continue
			}
			start = min(end, start+uint64(max(n, pageSize)))
		}
	}
	return total, nil
}

// touched narrows a range to its first run of pages that exist, in memory or swapped out. If there are none it returns
// an empty range at the end.
func touched(pagemap io.ReaderAt, start, end uint64) (from, to uint64) {
	entries := make([]byte, (end-start)/pageSize*8)
	n, err := pagemap.ReadAt(entries, int64(start/pageSize*8))
	if err != nil && !errors.Is(err, io.EOF) || n < len(entries) {
		return start, end // it does not tell: read all of it
	}
	exists := func(page uint64) bool { return numbers.LittleEndian.Uint64(entries[page*8:])>>62 != 0 }
	pages := (end - start) / pageSize
	first := uint64(0)
	for first < pages && !exists(first) {
		first++
	}
	last := first
	for last < pages && exists(last) {
		last++
	}
	return start + first*pageSize, start + last*pageSize
}
