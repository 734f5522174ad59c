package bench

import (
	"crypto/rand"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/playwright-community/playwright-go"

	"keyferry/e2e/browser"
	"keyferry/e2e/program"
	"keyferry/wasm/keywrap/keywraptest"
)

// The goals of the module and of the desk.
const (
	largestModule = 1_050_000 // bytes of brotli
	slowestStart  = 1.7       // in times of the empty module's
	largestDesk   = 6 << 20   // bytes
	slowestDesk   = 2.0       // in times of the served console's
)

const moduleFile = "keyferry.wasm"

// launchConsole runs a build of the program with its local KMS.
func launchConsole(b *testing.B, binary string) *program.Program {
	b.Helper()
	return program.Launch(b, exec.Command(binary, "serve", "--listen=127.0.0.1:0",
		"--localkms-listen=127.0.0.1:0", "--localkms-control-listen=127.0.0.1:0"), &program.Log{})
}

// contender is one of the builds that are compared.
type contender struct {
	name    string
	console *program.Program
	took    times
}

// contenders runs this build, the one with the empty module, and the other checkout's if there is
// one.
func contenders(b *testing.B) []*contender {
	b.Helper()
	all := []*contender{
		{name: "this build", console: launchConsole(b, program.Binary)},
		{name: "empty module", console: launchConsole(b, emptyProgram)},
	}
	if baseProgram != "" {
		all = append(all, &contender{name: "base", console: launchConsole(b, baseProgram)})
	}
	return all
}

var staticFolder = regexp.MustCompile(`/static/[^"/]+/`)

// fetchStatic fetches a static file as it is on the wire. It returns the address of the folder too.
func (c *contender) fetchStatic(b *testing.B, name, coding string) (folder string, content []byte) {
	b.Helper()
	get := func(path, coding string) []byte {
		request, err := http.NewRequestWithContext(b.Context(), http.MethodGet, c.console.Console+path, nil)
		if err != nil {
			b.Fatal(err)
		}
		request.Header.Set("Accept-Encoding", coding) // set here, so that the client does not decompress
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			b.Fatal(err)
		}
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		if err != nil || response.StatusCode != http.StatusOK {
			b.Fatalf("fetching %s: %s, %v", path, response.Status, err)
		}
		if got := response.Header.Get("Content-Encoding"); got != strings.TrimPrefix(coding, "identity") {
			b.Fatalf("%s came as %q and not as %q", path, got, coding)
		}
		return body
	}
	folder = string(staticFolder.Find(get("/", "identity")))
	return folder, get(folder+name, coding)
}

// BenchmarkModuleSize shows the size of the module beside that of an empty one.
func BenchmarkModuleSize(b *testing.B) {
	all := contenders(b)
	sizes := make([]int, len(all))
	for b.Loop() {
		for i, c := range all {
			_, content := c.fetchStatic(b, "wasm/"+moduleFile, "br")
			sizes[i] = len(content)
		}
	}
	b.ReportMetric(float64(sizes[0]), "module-B")
	for i, c := range all[1:] {
		f := figure{
			what: "Module, brotli", value: megabytes(sizes[0]),
			against: c.name + ": " + megabytes(sizes[i+1]), ratio: inTimes(ratio(sizes[0], sizes[i+1])),
		}
		if i == 0 {
			f = f.atMost("1.05 MB", float64(sizes[0]), largestModule)
		}
		measured.add(f)
	}
}

//go:embed site/ready.js
var readyScript string

// BenchmarkModuleReady shows the time from before the worker exists until its module runs. Each
// start has a fresh browser context, in which nothing is cached.
func BenchmarkModuleReady(b *testing.B) {
	all := contenders(b)
	requests := map[*contender]any{}
	for _, c := range all {
		folder, content := c.fetchStatic(b, "wasm/"+moduleFile, "identity")
		digest := sha256.Sum256(content)
		requests[c] = map[string]any{
			"worker": folder + "js/worker.js", "module": folder + "wasm/" + moduleFile,
			"integrity": "sha256-" + base64.StdEncoding.EncodeToString(digest[:]),
		}
	}
	inTurn(b, all, func(c *contender) time.Duration {
		return milliseconds(evaluate(b, c.console.Console+"/proof", readyScript, requests[c]))
	})
	own := all[0].took.at(0.5)
	b.ReportMetric(own.Seconds(), "s/ready")
	for i, c := range all[1:] {
		other := c.took.at(0.5)
		f := figure{
			what: "Module, cold to ready", value: short(own), against: c.name + ": " + short(other), ratio: inTimes(ratio(own, other)),
		}
		if i == 0 {
			f = f.atMost("1.7×", ratio(own, other), slowestStart)
		}
		measured.add(f)
	}
}

//go:embed site/desk.js
var deskScript string

// BenchmarkDesk shows the size of the desk's file, and the time from opening it until its module
// has read a wrapping key, beside the same on the console's own page.
func BenchmarkDesk(b *testing.B) {
	file := filepath.Join(b.TempDir(), "desk.html")
	if output, err := exec.Command(program.Binary, "desk", file).CombinedOutput(); err != nil {
		b.Fatalf("writing the desk: %v\n%s", err, output)
	}
	info, err := os.Stat(file)
	if err != nil {
		b.Fatal(err)
	}
	const keyID = "key-bench"
	token := make([]byte, 300)
	rand.Read(token)
	answer, err := json.Marshal(map[string]string{
		"KeyId": keyID, "PublicKey": keywraptest.PublicKey(), "ImportToken": base64.StdEncoding.EncodeToString(token),
		"TokenExpireTime": time.Now().Add(24 * time.Hour).UTC().Format(time.RFC3339), "RequestId": "bench",
	})
	if err != nil {
		b.Fatal(err)
	}
	argument := map[string]any{"answer": string(answer), "keyId": keyID}
	opened, served := &contender{name: "file"}, &contender{name: "served", console: launchConsole(b, program.Binary)}
	inTurn(b, []*contender{opened, served}, func(c *contender) time.Duration {
		address := browser.FileAddress(file)
		if c == served {
			address = c.console.Console + "/desk"
		}
		return milliseconds(evaluate(b, address, deskScript, argument))
	})
	own, other := opened.took.at(0.5), served.took.at(0.5)
	b.ReportMetric(own.Seconds(), "s/ready")
	measured.add(figure{what: "Desk, the file", value: megabytes(int(info.Size()))}.
		atMost("6 MB", float64(info.Size()), largestDesk))
	measured.add(figure{
		what: "Desk, opened to ready", value: short(own), against: "served console: " + short(other), ratio: inTimes(ratio(own, other)),
	}.atMost("2×", ratio(own, other), slowestDesk))
}

// inTurn measures the contenders one after the other, again and again, so that all of them meet
// the same conditions. The first round only warms the browser up.
func inTurn(b *testing.B, all []*contender, measure func(*contender) time.Duration) {
	b.Helper()
	for _, c := range all {
		measure(c)
	}
	for b.Loop() {
		for _, c := range all {
			c.took = append(c.took, measure(c))
		}
	}
}

// evaluate opens an address in a fresh browser context and runs a script there.
func evaluate(b *testing.B, address, script string, argument any) any {
	b.Helper()
	context, err := browser.Shared.NewContext()
	if err != nil {
		b.Fatal(err)
	}
	defer context.Close()
	page, err := context.NewPage()
	if err != nil {
		b.Fatal(err)
	}
	if _, err := page.Goto(address, playwright.PageGotoOptions{}); err != nil {
		b.Fatal(err)
	}
	result, err := page.Evaluate(script, argument)
	if err != nil {
		b.Fatal(err)
	}
	return result
}

// milliseconds turns a number of JavaScript into a time.
func milliseconds(number any) time.Duration {
	return time.Duration(toFloat(number) * float64(time.Millisecond))
}

// toFloat turns a number of JavaScript, which arrives as an int if it is whole, into a float64.
func toFloat(number any) float64 {
	switch n := number.(type) {
	case int:
		return float64(n)
	case float64:
		return n
	}
	panic(fmt.Sprintf("bench: the page answered %v, which is not a number", number))
}
