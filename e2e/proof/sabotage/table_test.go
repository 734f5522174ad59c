package sabotage

import (
	"bytes"
	"cmp"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"keyferry/e2e/program"
	"keyferry/e2e/proof"
	"keyferry/e2e/proof/monitor"
	"keyferry/e2e/proof/patch"
	"keyferry/wasm/keywrap/keywraptest"
	"keyferry/web"
)

// sabotage is a leak, or a protection that is missing, and the monitors that must catch it. Others
// may catch it as well.
type sabotage struct {
	name     string   // of the file in testdata/sabotage
	monitors []string // that must catch it
	among    string   // several of which no two have a monitor in common are tried together
	also     []string // the other monitors that catch such a one
	walk     func(*monitor.Journey)
	relay    relay // beside the patched scripts
	build    build // of Go code; none in the short form of the proof, but for two
	long     bool  // only in the long form
	linked   bool  // of a connected desk, which has no relay
	reaches  bool  // and whose policy lets it reach another address besides
	open     bool  // happens only where a browser uses the network freely, not by the proxy
}

// build says what a sabotage has to build.
type build int

const (
	nothing build = iota
	console
	module
)

var sabotages = []sabotage{
	{name: "message", monitors: []string{"messages"}, walk: stolen},
	{name: "fetch-page", monitors: []string{"wire", "network log", "requests"}, among: "several, the first", walk: stolen, long: true},
	{name: "fetch-page-packed", monitors: []string{"wire", "requests"}, among: "several, the second", also: []string{"network log", "console's memory"}, walk: stolen},
	{name: "fetch-header", monitors: []string{"wire", "network log", "requests"}, among: "several, the fourth", walk: stolen, long: true},
	{name: "fetch-worker", monitors: []string{"wire", "network log", "requests"}, among: "several, the third", walk: stolen},
	{name: "beacon", monitors: []string{"wire", "network log", "requests"}, among: "several, the sixth", walk: stolen, long: true},
	{name: "image", monitors: []string{"wire", "network log", "requests"}, among: "several, the seventh", also: []string{"console's memory"}, walk: stolen, long: true},
	{name: "prefetch", monitors: []string{"wire", "network log", "requests"}, among: "several, the eighth", also: []string{"page"}, walk: stolen, long: true},
	{name: "name-lookup", monitors: []string{"network log", "wire"}, walk: stolen, open: true, long: true},
	{name: "websocket", monitors: []string{"wire", "requests"}, among: "several, the fifth", walk: stolen},
	{name: "webrtc", monitors: []string{"wire"}, walk: stolenByWebRTC, open: true, long: true},
	{name: "form", monitors: []string{"wire", "network log", "requests"}, walk: stolen, long: true},
	{name: "navigation", monitors: []string{"wire", "network log", "requests"}, walk: stolen, long: true},
	{name: "local-storage", monitors: []string{"storage", "profile"}, among: "several, the first", walk: stolen},
	{name: "session-storage", monitors: []string{"storage"}, among: "several, the second", also: []string{"profile"}, walk: stolen},
	{name: "indexeddb", monitors: []string{"storage", "profile"}, among: "several, the third", walk: stolen},
	{name: "cache", monitors: []string{"storage", "profile"}, among: "several, the fifth", walk: stolen},
	{name: "files", monitors: []string{"storage", "profile"}, among: "several, the sixth", walk: stolen},
	{name: "cookie", monitors: []string{"storage"}, among: "several, the ninth", also: []string{"network log"}, walk: stolen},
	{name: "history", monitors: []string{"storage"}, among: "several, the seventh", also: []string{"profile"}, walk: stolen},
	{name: "window-name", monitors: []string{"storage"}, among: "several, the fourth", walk: stolen},
	{name: "address", monitors: []string{"storage"}, among: "several, the eighth", also: []string{"profile"}, walk: stolen, long: true},
	{name: "title", monitors: []string{"page"}, among: "several, the fourth", also: []string{"profile"}, walk: stolen, long: true},
	{name: "document", monitors: []string{"page"}, among: "several, the second", walk: stolen},
	{name: "field", monitors: []string{"page"}, among: "several, the first", walk: stolen},
	{name: "console", monitors: []string{"browser's console"}, among: "several, the first", walk: stolen},
	{name: "worker-console", monitors: []string{"browser's console"}, among: "several, the third", walk: stolen},
	{name: "error", monitors: []string{"browser's console"}, among: "several, the second", walk: stolen},
	{name: "clipboard", monitors: []string{"clipboard"}, walk: stolenByClipboard},
	{name: "broadcast", monitors: []string{"messages"}, walk: stolen},
	{name: "encrypted", monitors: []string{"requests"}, among: "several, the ninth", walk: stolen},
	{name: "plain-backup", monitors: []string{"downloads", "messages"}, walk: stolenBackup},
	{name: "plain-ciphertext", monitors: []string{"wire", "calls to the KMS", "messages", "oracle"}, walk: importedOrNot},
	{name: "wrong-key", monitors: []string{"oracle"}, walk: importedOrNot, long: true},
	{name: "weak-random", monitors: []string{"randomness"}, walk: generatedTwice},
	{name: "endless-worker", monitors: []string{"workers"}, walk: stolen},
	{name: "memory-left", monitors: []string{"module's memory"}, walk: memoryProbed},
	{name: "no-integrity", monitors: []string{"integrity"}, walk: mustRefuseTheModule, relay: relay{altered: true}},
	{name: "worker-policy", monitors: []string{"policy"}, walk: confined, build: console, long: true},
	{name: "log-line", monitors: []string{"console's log", "wire", "requests"}, walk: stolen, build: console},
	{name: "console-memory", monitors: []string{"console's memory", "wire", "requests"}, walk: stolen, build: console, long: true},
	{name: "seeded-module", monitors: []string{"randomness"}, among: "modules", walk: generatedOnce, build: module},
	{name: "link-field", monitors: []string{"wire", "requests"}, linked: true, long: true},
	{name: "link-query", monitors: []string{"requests"}, linked: true, long: true},
	{name: "link-header", monitors: []string{"requests"}, linked: true, long: true},
	{name: "link-host", monitors: []string{"wire", "network log"}, linked: true, reaches: true, long: true},
	{name: "chatty-module", monitors: []string{"messages"}, among: "modules", walk: generatedOnce, build: module, long: true},
}

// wanted are those of them that this run tries.
func wanted(all []sabotage) []sabotage {
	return slices.DeleteFunc(slices.Clone(all), func(s sabotage) bool { return s.long && !*proof.Full })
}

// journey is the name of the journey in which a sabotage is tried.
func (s sabotage) journey() string { return cmp.Or(s.among, s.name) }

// together are the sabotages that are tried in the same product, s among them.
func (s sabotage) together() []sabotage {
	return slices.DeleteFunc(slices.Clone(sabotages), func(other sabotage) bool { return other.journey() != s.journey() })
}

// all are the monitors that catch a sabotage.
func (s sabotage) all() []string { return append(slices.Clip(s.monitors), s.also...) }

// caughtBy are those of the monitors that can have caught it: all, unless it was tried among others.
func (s sabotage) caughtBy(monitors []string) []string {
	if s.among == "" {
		return monitors
	}
	return slices.DeleteFunc(slices.Clone(monitors), func(monitor string) bool { return !slices.Contains(s.all(), monitor) })
}

// run lets a person go through the product with these sabotages in it.
func run(t *testing.T, h *monitor.Run, together ...sabotage) *monitor.Journey {
	t.Helper()
	s := together[0]
	if s.linked {
		return s.byLinks(t, h)
	}
	p := readPatch(t, namesOf(together)...)
	r := s.relay
	r.files = static(t, p)
	served := h.Console
	switch s.build {
	case console:
		executable := filepath.Join(t.TempDir(), "keyferry")
		p.Build(t, executable, nil, "./server")
		served = h.StartConsole(executable)
	case module:
		file := filepath.Join(t.TempDir(), "keyferry.wasm")
		p.Build(t, file, []string{"GOOS=js", "GOARCH=wasm", "CGO_ENABLED=0"}, "./wasm")
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		r.modules = map[string][]byte{web.Module: content}
	}
	j := h.Travel(t, s.journey(), r.start(h, served.Console), s.walk)
	// Ports share cookies: they would reach the next journey.
	if err := h.Browser.ClearCookies(); err != nil {
		t.Fatal(err)
	}
	if s.build == console {
		h.KeepMemory(served, "of a sabotaged console")
		served.Stop(t)
		h.Keep("console's log", "of a sabotaged console", served.Log.Bytes())
	}
	return j
}

func namesOf(together []sabotage) (names []string) {
	for _, s := range together {
		names = append(names, s.name)
	}
	return names
}

// readPatch reads the patches of sabotages.
func readPatch(t *testing.T, names ...string) *patch.Patch {
	t.Helper()
	var files []string
	for _, name := range names {
		files = append(files, filepath.Join("testdata", name+".sabotage"))
	}
	return patch.Read(t, files...)
}

// static is the scripts of a patch, by their names below web/static.
func static(t *testing.T, p *patch.Patch) map[string][]byte {
	files := p.Static(t)
	for name, content := range files {
		files[name] = bytes.ReplaceAll(content, []byte("THIEF"), []byte(keywraptest.PublicKey()))
	}
	return files
}

// leaking is how long a leak gets to reach the monitors.
const leaking = 300 * time.Millisecond

// stolen brings a file, which is when the sabotaged page leaks it, and gives the leak time to
// happen.
func stolen(j *monitor.Journey) {
	j.ToMaterial("RSAES_OAEP_SHA_256")
	at, before := j.Page.URL(), j.Run.Count()
	j.Bring(func(b []byte) []byte { return b })
	j.Until("the leak", func() bool {
		return j.Run.Told(`"type":"stolen"`, before) || j.Visible("[data-part=backup] h3") || j.Visible("[data-form=send]") || j.Visible(".notice.error") || j.Page.URL() != at
	})
	time.Sleep(leaking)
	j.Look("after the leak")
}

// stolenByWebRTC gives a connection time to look for paths.
func stolenByWebRTC(j *monitor.Journey) {
	stolen(j)
	time.Sleep(3 * time.Second)
}

func stolenByClipboard(j *monitor.Journey) {
	j.Do(j.Page.BringToFront())
	stolen(j)
	j.Run.KeepClipboard()
}

// stolenBackup saves the backup that the page offers.
func stolenBackup(j *monitor.Journey) {
	j.ToMaterial("RSAES_OAEP_SHA_256")
	key := program.Fresh(j.T)
	j.Hide("key", key[:])
	j.Source("file")
	j.Attach("key-file", "key.bin", key[:])
	j.Brought()
	saved := j.SaveBackup()
	content, err := os.ReadFile(saved)
	j.Do(err)
	j.Run.Keep("downloads", filepath.Base(saved), content)
}

// importedOrNot imports and asks the oracle; that the import fails is for the oracle to tell.
func importedOrNot(j *monitor.Journey) {
	j.ToMaterial("RSAES_OAEP_SHA_256")
	j.Bring(func(b []byte) []byte { return b })
	j.ToImport()
	j.Send(j.Key)
	j.Shows(".notice.error", "[data-part=result] h2")
	j.Arrived()
}

func generatedOnce(j *monitor.Journey) {
	j.Generated("RSAES_OAEP_SHA_256")
}

// generatedTwice makes two keys for two CMKs.
func generatedTwice(j *monitor.Journey) {
	j.Generated("RSAES_OAEP_SHA_256")
	first := j.Secrets["key"]
	delete(j.Secrets, "key")
	j.Do(j.Page.Goto(j.Program.Console + "/"))
	j.Key, j.Run.Unused = j.Run.Unused[0], j.Run.Unused[1:]
	j.Generated("RSAES_OAEP_SHA_256")
	j.Hide("first key", first)
}

// memoryProbed takes what the probe in the worker tells of the module's memory.
func memoryProbed(j *monitor.Journey) {
	stolen(j)
	if !j.News.Await(30*time.Second, nil, func() bool { return strings.Contains(strings.Join(heard(j), "\n"), "memory: ") }) {
		j.T.Fatal("the probe said nothing of the module's memory")
	}
	for _, said := range heard(j) {
		if strings.HasPrefix(said, "memory: ") && said != "memory: 0 bytes are not zero" {
			j.Alarm("module's memory", said)
		}
	}
}

func heard(j *monitor.Journey) []string {
	j.Mu.Lock()
	defer j.Mu.Unlock()
	return append([]string{}, j.Said...)
}

// mustRefuseTheModule gets a module that was changed on the way.
func mustRefuseTheModule(j *monitor.Journey) {
	j.ChooseCMK(j.Key)
	j.Press(j.Words.Params.Get)
	j.Shows(".notice.error", "[data-step=params] h3")
	if !j.Visible(".notice.error[data-code=module_integrity]") {
		j.Alarm("integrity", "a module that was changed on the way was run")
	}
}

// confined attacks from inside a worker that holds a component.
func confined(j *monitor.Journey) {
	j.ToMaterial("RSAES_OAEP_SHA_256")
	j.Source("components")
	j.AddComponent("component 1")
	j.MustBeConfined()
	j.Do(j.Page.Close()) // which ends the worker
}
