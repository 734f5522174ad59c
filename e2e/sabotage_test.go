package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"keyferry/wasm/keywrap/keywraptest"
	"keyferry/web"
)

// sabotage is a leak, or a wall that is missing, and the nets that must catch it. Others may catch it as well.
type sabotage struct {
	name  string   // of the file in testdata/sabotage
	nets  []string // that must catch it
	walk  func(*journey)
	relay relay // beside the patched scripts
	build build // of Go code; none in the short form of the proof, but for two
	long  bool  // only in the long form
	open  bool  // happens only where a browser may use the network freely, which the recording proxy does not let it
}

// build says what a sabotage has to build.
type build int

const (
	nothing build = iota
	console
	module
)

var sabotages = []sabotage{
	{name: "message", nets: []string{"messages"}, walk: (*journey).stolen},
	{name: "fetch-page", nets: []string{"wire", "network log", "requests"}, walk: (*journey).stolen},
	{name: "fetch-page-packed", nets: []string{"wire", "requests"}, walk: (*journey).stolen},
	{name: "fetch-header", nets: []string{"wire", "network log", "requests"}, walk: (*journey).stolen},
	{name: "fetch-worker", nets: []string{"wire", "network log", "requests"}, walk: (*journey).stolen},
	{name: "beacon", nets: []string{"wire", "network log", "requests"}, walk: (*journey).stolen},
	{name: "image", nets: []string{"wire", "network log", "requests"}, walk: (*journey).stolen},
	{name: "prefetch", nets: []string{"wire", "network log", "requests"}, walk: (*journey).stolen},
	{name: "name-lookup", nets: []string{"network log", "wire"}, walk: (*journey).stolen, open: true},
	{name: "websocket", nets: []string{"wire", "requests"}, walk: (*journey).stolen},
	{name: "webrtc", nets: []string{"wire"}, walk: (*journey).stolenByWebRTC, open: true},
	{name: "form", nets: []string{"wire", "network log", "requests"}, walk: (*journey).stolen},
	{name: "navigation", nets: []string{"wire", "network log", "requests", "storage"}, walk: (*journey).stolen},
	{name: "local-storage", nets: []string{"storage", "profile"}, walk: (*journey).stolen},
	{name: "session-storage", nets: []string{"storage"}, walk: (*journey).stolen},
	{name: "indexeddb", nets: []string{"storage", "profile"}, walk: (*journey).stolen},
	{name: "cache", nets: []string{"storage", "profile"}, walk: (*journey).stolen},
	{name: "files", nets: []string{"storage", "profile"}, walk: (*journey).stolen},
	{name: "cookie", nets: []string{"storage"}, walk: (*journey).stolen},
	{name: "history", nets: []string{"storage"}, walk: (*journey).stolen},
	{name: "window-name", nets: []string{"storage"}, walk: (*journey).stolen},
	{name: "address", nets: []string{"storage"}, walk: (*journey).stolen},
	{name: "title", nets: []string{"page"}, walk: (*journey).stolen},
	{name: "document", nets: []string{"page"}, walk: (*journey).stolen},
	{name: "field", nets: []string{"page"}, walk: (*journey).stolen},
	{name: "console", nets: []string{"browser's console"}, walk: (*journey).stolen},
	{name: "worker-console", nets: []string{"browser's console"}, walk: (*journey).stolen},
	{name: "error", nets: []string{"browser's console"}, walk: (*journey).stolen},
	{name: "clipboard", nets: []string{"clipboard"}, walk: (*journey).stolenByClipboard},
	{name: "broadcast", nets: []string{"messages"}, walk: (*journey).stolen},
	{name: "encrypted", nets: []string{"requests"}, walk: (*journey).stolen},
	{name: "plain-backup", nets: []string{"downloads", "messages"}, walk: (*journey).stolenBackup},
	{name: "plain-ciphertext", nets: []string{"wire", "calls to the KMS", "messages", "oracle"}, walk: (*journey).importedOrNot},
	{name: "wrong-key", nets: []string{"oracle"}, walk: (*journey).importedOrNot},
	{name: "weak-random", nets: []string{"randomness"}, walk: (*journey).generatedTwice},
	{name: "endless-worker", nets: []string{"workers"}, walk: (*journey).stolen},
	{name: "memory-left", nets: []string{"module's memory"}, walk: (*journey).memoryProbed},
	{name: "no-integrity", nets: []string{"integrity"}, walk: (*journey).mustRefuseTheModule, relay: relay{altered: true}},
	{name: "worker-policy", nets: []string{"policy"}, walk: (*journey).walledIn, build: console, long: true},
	{name: "log-line", nets: []string{"console's log", "wire", "requests"}, walk: (*journey).stolen, build: console},
	{name: "console-memory", nets: []string{"console's memory", "wire", "requests"}, walk: (*journey).stolen, build: console, long: true},
	{name: "seeded-module", nets: []string{"randomness"}, walk: (*journey).generatedOnce, build: module},
	{name: "chatty-module", nets: []string{"messages"}, walk: (*journey).generatedOnce, build: module, long: true},
}

// run lets a person go through the sabotaged product.
func (s sabotage) run(t *testing.T, h *harness) *journey {
	t.Helper()
	p := readPatch(t, filepath.Join("sabotage", s.name+".sabotage"))
	if s.name == "memory-left" {
		p.read(t, filepath.Join("nets", "memory.probe"))
	}
	r := s.relay
	r.files = p.static(t)
	served := h.console
	switch s.build {
	case console:
		executable := filepath.Join(t.TempDir(), "keyferry")
		p.build(t, executable, nil, "./server")
		served = h.startConsole(executable)
	case module:
		file := filepath.Join(t.TempDir(), "custody.wasm")
		p.build(t, file, []string{"GOOS=js", "GOARCH=wasm", "CGO_ENABLED=0"}, "-tags", "custody", "./wasm")
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		r.modules = map[string][]byte{web.Custody: content}
	}
	j := h.travel(t, s.name, r.start(h, served.console), s.walk)
	if err := h.browser.ClearCookies(); err != nil { // ports share them: they would reach the next journey
		t.Fatal(err)
	}
	if s.build == console {
		h.keepMemory(served, "of a sabotaged console")
		served.stop(t)
		h.keep("console's log", "of a sabotaged console", served.log.Bytes())
	}
	return j
}

// static is the scripts of a patch, by their names below web/static.
func (p *patch) static(t *testing.T) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	for name, content := range p.files {
		if static, ok := strings.CutPrefix(name, "web/static/"); ok {
			content := strings.ReplaceAll(string(content), "THIEF", string(keywraptest.PublicKey()))
			files[static] = []byte(content)
		}
	}
	return files
}

// leaking is how long a leak gets to reach the nets.
const leaking = 300 * time.Millisecond

// stolen brings a file, which is when the sabotaged page leaks it, and gives the leak time to happen.
func (j *journey) stolen() {
	j.toMaterial("RSAES_OAEP_SHA_256")
	at, before := j.page.URL(), j.h.count()
	j.bring(func(b []byte) []byte { return b })
	j.until("the leak", func() bool {
		return j.h.told(`"type":"stolen"`, before) || j.visible("[data-part=backup] h3") || j.visible(".notice.error") || j.page.URL() != at
	})
	time.Sleep(leaking)
	j.look("after the leak")
}

// stolenByWebRTC gives a connection time to look for paths.
func (j *journey) stolenByWebRTC() {
	j.stolen()
	time.Sleep(3 * time.Second)
}

func (j *journey) stolenByClipboard() {
	j.do(j.page.BringToFront())
	j.stolen()
	j.h.keepClipboard()
}

// stolenBackup saves the backup that the page offers.
func (j *journey) stolenBackup() {
	j.toMaterial("RSAES_OAEP_SHA_256")
	key := fresh(j.t)
	j.hide("key", key[:])
	j.source("file")
	j.attach("key-file", "key.bin", key[:])
	j.brought()
	saved := j.saveBackup()
	content, err := os.ReadFile(saved)
	j.do(err)
	j.h.keep("downloads", filepath.Base(saved), content)
}

// importedOrNot imports and asks the oracle; that the import fails is for the oracle to tell.
func (j *journey) importedOrNot() {
	j.toMaterial("RSAES_OAEP_SHA_256")
	j.bring(func(b []byte) []byte { return b })
	j.toImport()
	j.send(j.key)
	j.until("the end of the import", func() bool { return j.visible(".notice.error") || j.visible("[data-part=result] h2") })
	j.arrived()
}

func (j *journey) generatedOnce() {
	j.generated("RSAES_OAEP_SHA_256")
}

// generatedTwice makes two keys for two CMKs.
func (j *journey) generatedTwice() {
	j.generated("RSAES_OAEP_SHA_256")
	first := j.secrets["key"]
	delete(j.secrets, "key")
	j.do(j.page.Goto(j.program.console + "/"))
	j.key, j.h.unused = j.h.unused[0], j.h.unused[1:]
	j.generated("RSAES_OAEP_SHA_256")
	j.hide("first key", first)
}

// memoryProbed takes what the probe in the worker tells of the module's memory.
func (j *journey) memoryProbed() {
	j.stolen()
	j.until("the word of the probe", func() bool { return strings.Contains(strings.Join(j.heard(), "\n"), "memory: ") })
	for _, said := range j.heard() {
		if strings.HasPrefix(said, "memory: ") && said != "memory: 0 bytes are not zero" {
			j.alarm("module's memory", said)
		}
	}
}

func (j *journey) heard() []string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return append([]string{}, j.said...)
}

// mustRefuseTheModule gets a module that was changed on the way.
func (j *journey) mustRefuseTheModule() {
	j.chooseCMK(j.key)
	j.press(j.words.Params.Get)
	j.until("the end of step 2", func() bool { return j.visible(".notice.error") || j.visible("[data-step=params] h3") })
	if !strings.Contains(j.text(".notice.error"), "module_integrity") {
		j.alarm("integrity", "a module that was changed on the way was run")
	}
}

// walledIn attacks from inside a worker that holds a component.
func (j *journey) walledIn() {
	j.toMaterial("RSAES_OAEP_SHA_256")
	j.source("components")
	j.addComponent("component 1")
	j.mustBeWalledIn()
	j.do(j.page.Close()) // which ends the worker
}
