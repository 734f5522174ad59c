package monitor

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/playwright-community/playwright-go"

	"keyferry/e2e/browser"
	"keyferry/e2e/program"
)

// openBrowser starts a Chromium inside, with a profile of its own that can be searched, and
// attaches its monitors to it. proxy is what it has to use where there is no namespace.
func (h *Run) openBrowser(proxy *recorder, more []string) {
	h.T.Helper()
	for _, folder := range []string{"profile", "home", "downloads"} {
		if err := os.Mkdir(filepath.Join(h.folder, folder), 0o700); err != nil {
			h.T.Fatal(err)
		}
	}
	home := filepath.Join(h.folder, "home")
	h.netLog = filepath.Join(h.folder, "net.json")
	arguments := browser.ChromiumArguments(
		"--log-net-log="+h.netLog, "--net-log-capture-mode=Everything",
		// Loopback addresses are all that there is, and WebRTC shall be as free there as it is on
		// any network.
		"--allow-loopback-in-peer-connection",
	)
	if proxy != nil {
		arguments = append(arguments, "--proxy-server="+proxy.address, "--proxy-bypass-list=<-loopback>",
			"--force-webrtc-ip-handling-policy=disable_non_proxied_udp", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1")
	}
	arguments = append(arguments, more...)
	context, err := browser.Shared.BrowserType().LaunchPersistentContext(filepath.Join(h.folder, "profile"),
		playwright.BrowserTypeLaunchPersistentContextOptions{
			ExecutablePath: playwright.String(h.browserInside()),
			Args:           arguments,
			// Playwright leaves crash dumps out; here they are one more place to search.
			IgnoreDefaultArgs: []string{"--disable-breakpad"},
			DownloadsPath:     playwright.String(filepath.Join(h.folder, "downloads")),
			Locale:            playwright.String("en"),
			Env:               map[string]string{"HOME": home, "TMPDIR": home, "XDG_CONFIG_HOME": home, "XDG_CACHE_HOME": home, "PATH": os.Getenv("PATH")},
		})
	if err != nil {
		h.T.Fatalf("starting the browser: %v", err)
	}
	h.Browser = context
	h.T.Cleanup(func() { context.Close() })
	context.SetDefaultTimeout(60_000)
	if err := context.ExposeBinding("keyferryReport", h.report); err != nil {
		h.T.Fatal(err)
	}
	watch, err := os.ReadFile(program.Source("e2e/proof/monitor/testdata/watch.js"))
	if err != nil {
		h.T.Fatal(err)
	}
	if err := context.AddInitScript(playwright.Script{Content: playwright.String(string(watch))}); err != nil {
		h.T.Fatal(err)
	}
	// For the page that reads the clipboard alone: pages that are granted something are refused all
	// else, WebRTC's paths as well.
	err = context.GrantPermissions([]string{"clipboard-read"}, playwright.BrowserContextGrantPermissionsOptions{Origin: playwright.String(h.reader)})
	if err != nil {
		h.T.Fatal(err)
	}
}

// browserInside is a program that starts Chromium in the namespace. Playwright speaks to it by
// pipes, which need no network.
func (h *Run) browserInside() string {
	h.T.Helper()
	chromium, err := exec.LookPath("chromium")
	if err != nil {
		h.T.Fatal("chromium is missing: run make tools")
	}
	command := h.Space.command(chromium).Args
	script := filepath.Join(h.T.TempDir(), "chromium")
	content := "#!/bin/sh\nexec '" + strings.Join(command, "' '") + "' \"$@\"\n"
	if err := os.WriteFile(script, []byte(content), 0o700); err != nil {
		h.T.Fatal(err)
	}
	return script
}

// report takes what the script in the page tells.
func (h *Run) report(_ *playwright.BindingSource, values ...any) any {
	if len(values) != 3 {
		return nil
	}
	h.Keep(fmt.Sprint(values[0]), fmt.Sprint(values[1]), []byte(fmt.Sprint(values[2])))
	return nil
}

// listen attaches monitors to one page: what it says on the console, its errors, and how it ended.
func (h *Run) listen(page playwright.Page) {
	page.OnConsole(func(m playwright.ConsoleMessage) { h.Keep("browser's console", m.Type(), []byte(m.Text())) })
	page.OnPageError(func(err error) { h.Keep("browser's console", "page error", []byte(err.Error())) })
	page.OnDialog(func(d playwright.Dialog) {
		h.Keep("browser's console", "dialog", []byte(d.Message()))
		d.Accept() // leaving is what the journeys do on purpose
	})
}

// look keeps everything that a page has at this moment. A page that is gone has nothing.
func (h *Run) look(page playwright.Page, when string) {
	h.T.Helper()
	script, err := os.ReadFile(program.Source("e2e/proof/monitor/testdata/state.js"))
	if err != nil {
		h.T.Fatal(err)
	}
	_, function, _ := strings.Cut(string(script), "\n") // without the comment on the first line
	result, err := page.Evaluate(function)
	if err != nil {
		h.T.Fatalf("looking at the page %s: %v", when, err)
	}
	var state struct{ Page, Storage string }
	if err := json.Unmarshal([]byte(fmt.Sprint(result)), &state); err != nil {
		h.T.Fatalf("looking at the page %s: %v", when, err)
	}
	h.Keep("page", when, []byte(state.Page))
	h.Keep("storage", when, []byte(state.Storage))
	cookies, err := h.Browser.Cookies()
	if err != nil {
		h.T.Fatal(err)
	}
	for _, cookie := range cookies {
		h.Keep("storage", "cookie "+cookie.Name, []byte(cookie.Value))
	}
}

// withoutRepeats is a network log in which bytes that were logged before are left out: a module
// that is loaded for each job fills it with the same megabytes, and what was searched once need not
// be searched again.
func withoutRepeats(t *testing.T, file string) []byte {
	t.Helper()
	log, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	var short bytes.Buffer
	seen := map[[sha256.Size]byte]bool{}
	for reader := bufio.NewReaderSize(log, 1<<20); err == nil; {
		var line []byte
		line, err = reader.ReadBytes('\n')
		before, rest, _ := bytes.Cut(line, []byte(`"bytes":"`))
		content, after, ended := bytes.Cut(rest, []byte(`"`))
		if digest := sha256.Sum256(content); ended && len(content) > 1000 && seen[digest] {
			line = append(before, after...)
		} else {
			seen[digest] = true
		}
		short.Write(line)
	}
	if !errors.Is(err, io.EOF) {
		t.Fatalf("reading the network log: %v", err)
	}
	return short.Bytes()
}

// readClipboard is a page that may read the clipboard, which the console's own may not.
func readClipboard(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html")
	io.WriteString(w, "<!doctype html><title>Clipboard</title><p>What the clipboard holds.")
}

// KeepClipboard keeps what the clipboard holds.
func (h *Run) KeepClipboard() {
	h.T.Helper()
	page, err := h.Browser.NewPage()
	if err != nil {
		h.T.Fatal(err)
	}
	defer page.Close()
	if _, err := page.Goto(h.reader); err != nil {
		h.T.Fatal(err)
	}
	if err := page.BringToFront(); err != nil {
		h.T.Fatal(err)
	}
	text, err := page.Evaluate(`navigator.clipboard.readText()`)
	if err != nil {
		h.T.Fatalf("reading the clipboard: %v", err)
	}
	h.Keep("clipboard", "text", []byte(fmt.Sprint(text)))
}

// keepFolder keeps every file of a folder.
func (h *Run) keepFolder(monitor, folder string) {
	h.T.Helper()
	for name, content := range FilesIn(h.T, folder) {
		h.Keep(monitor, name, content)
	}
}

// FilesIn is what the files below a folder hold, by their names.
func FilesIn(t *testing.T, folder string) map[string][]byte {
	t.Helper()
	found := map[string][]byte{}
	err := filepath.WalkDir(folder, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		content, err := os.ReadFile(name)
		found[strings.TrimPrefix(name, folder)] = content
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}
