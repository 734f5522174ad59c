package dishonest

import (
	"encoding/pem"
	"errors"
	"io"
	"log"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"keyferry/e2e/program"
	"keyferry/e2e/proof"
	"keyferry/server/verify/verifytest"
)

// verify runs keyferry verify, and returns its exit status and what it wrote.
func verify(t *testing.T, arguments ...string) (status int, output string) {
	t.Helper()
	command := exec.Command(program.Binary, append([]string{"verify"}, arguments...)...)
	written, err := command.CombinedOutput()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return command.ProcessState.ExitCode(), string(written)
}

// mustVerify expects a console to be found the same, and reports whether it was.
func mustVerify(t *testing.T, arguments ...string) bool {
	t.Helper()
	status, output := verify(t, arguments...)
	if status != 0 || strings.Contains(output, "DIFFERS") {
		t.Errorf("an honest console: exit status %d\n%s", status, output)
		return false
	}
	return true
}

// TestProofVerify has the built program look at consoles: honest ones, and one behind proxies of
// which each lies in one way. It must end with 0 for the honest ones alone. The long form tries
// every lie.
func TestProofVerify(t *testing.T) {
	// All lies come from one address, faster than a console takes requests from one.
	p := program.Start(t, "--requests-per-address=0")
	honest := map[bool]int{}
	honest[mustVerify(t, p.Console)]++
	honest[mustVerify(t, "--kms=local", "--region=cn-hangzhou", strings.Replace(p.Console, "127.0.0.1", "localhost", 1)+"/")]++
	honest[mustVerify(t, "--kms=alibaba", program.StartWith(t, "--kms=alibaba", "--region=ap-southeast-1").Console)]++
	for _, truth := range verifytest.Honest {
		proxy := httptest.NewServer(verifytest.Proxy(p.Console, truth.Tell))
		honest[mustVerify(t, proxy.URL)]++
		proxy.Close()
	}
	lying := map[bool]int{}
	for _, lie := range verifytest.Lies {
		if *proof.Full || lie.Typical {
			lying[mustCatch(t, p.Console, lie)]++
		}
	}
	about := proof.Findings.About("What keyferry verify catches", "consoles", "same", "different")
	proof.Findings.Add(about, "honest, also behind proxies that change nothing that counts",
		strconv.Itoa(honest[true]), strconv.Itoa(honest[false]))
	proof.Findings.Add(about, "behind a proxy that lies, each in another way", strconv.Itoa(lying[false]), strconv.Itoa(lying[true]))
}

// mustCatch expects a console behind a lying proxy to be found different, by the line that is meant
// for the lie.
func mustCatch(t *testing.T, console string, lie verifytest.Lie) bool {
	t.Helper()
	proxy := verifytest.Serve(console, lie)
	defer proxy.Close()
	arguments := []string{"--region=cn-hangzhou", proxy.URL}
	if lie.TLS {
		arguments = append(arguments, "--ca-file="+certificate(t, proxy))
	}
	status, output := verify(t, arguments...)
	if status != 1 || !lie.Shown(output) {
		t.Errorf("%s: exit status %d, want 1 and %q in a line with DIFFERS\n%s", lie.Name, status, lie.Shows, output)
		return false
	}
	return true
}

// What cannot be compared is told apart from what differs.
func TestProofVerifyReach(t *testing.T) {
	p := program.Start(t)
	proxy := httptest.NewUnstartedServer(verifytest.Proxy(p.Console, nil))
	proxy.Config.ErrorLog = log.New(io.Discard, "", 0)
	proxy.StartTLS()
	defer proxy.Close()
	mustVerify(t, "--ca-file="+certificate(t, proxy), proxy.URL)
	if status, output := verify(t, proxy.URL); status != 2 || !strings.Contains(output, "cannot be reached") {
		t.Errorf("a certificate that nobody trusts: exit status %d\n%s", status, output)
	}
	p.Stop(t)
	if status, output := verify(t, p.Console); status != 2 || !strings.Contains(output, "cannot be reached") {
		t.Errorf("a console that is gone: exit status %d\n%s", status, output)
	}
}

// certificate writes the certificate of a site into a file.
func certificate(t *testing.T, site *httptest.Server) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "ca.pem")
	block := pem.Block{Type: "CERTIFICATE", Bytes: site.Certificate().Raw}
	if err := os.WriteFile(file, pem.EncodeToMemory(&block), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}
