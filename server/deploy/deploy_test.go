// Package deploy has files to run the console with, and tests that try them with the programs that
// read them.
package deploy

import (
	"crypto/rand"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"keyferry/e2e/program"
)

// run runs a program and returns what it says.
func run(t *testing.T, name string, arguments ...string) string {
	t.Helper()
	command := exec.Command(name, arguments...)
	output, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", command.Args, err, output)
	}
	return strings.TrimSpace(string(output))
}

// need skips a test where a program is missing or the machine does not let it run.
func need(t *testing.T, programs ...string) {
	t.Helper()
	if testing.Short() {
		t.Skip("starts programs")
	}
	for _, name := range programs {
		if _, err := exec.LookPath(name); err != nil {
			t.Fatalf("%s is not installed: run make tools", name)
		}
	}
}

// The sandbox of the unit is below 2.0 on systemd's scale from 0 to 10, and systemd knows every
// setting of both units.
func TestSystemdUnits(t *testing.T) {
	need(t, "systemd-analyze")
	run(t, "systemd-analyze", "security", "--offline=true", "--threshold=20", "--no-pager", "systemd/keyferry.service")
	root := t.TempDir()
	for to, from := range map[string]string{
		"etc/systemd/system/keyferry.service": "systemd/keyferry.service", "etc/systemd/system/keyferry.socket": "systemd/keyferry.socket",
		"usr/local/bin/keyferry": "/bin/true", "bin/kill": "/bin/true", // verify looks whether they can be run
	} {
		content, err := os.ReadFile(from)
		if err != nil {
			t.Fatal(err)
		}
		mode := os.FileMode(0o644)
		if from == "/bin/true" {
			mode = 0o755
		}
		if err := os.MkdirAll(filepath.Join(root, filepath.Dir(to)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(root, to), content, mode); err != nil {
			t.Fatal(err)
		}
	}
	output, err := exec.Command("systemd-analyze", "verify", "--man=no", "--recursive-errors=no", "--root="+root, "keyferry.service", "keyferry.socket").CombinedOutput()
	if err != nil || len(output) > 0 {
		t.Errorf("systemd-analyze verify: %v\n%s", err, output)
	}
}

// The manifests of Kubernetes are checked with its types, which a module of its own has.
func TestKubernetes(t *testing.T) {
	need(t)
	t.Log(run(t, "go", "test", "-C", "kubernetes/kubetest", "-vet=off", "."))
}

// The image is built from the Dockerfile and runs as the README says: as nobody in particular, with
// no capability and a root that it cannot write to. The console serves TLS with a certificate and
// refuses what it must.
func TestContainer(t *testing.T) {
	need(t, "buildah", "runc")
	if os.Getuid() != 0 {
		t.Skip("only root can build and run an image here")
	}
	folder := t.TempDir()
	build := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o", filepath.Join(folder, "keyferry-linux-amd64"), "./server")
	build.Dir, build.Env = program.Source("."), append(os.Environ(), "CGO_ENABLED=0")
	if output, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building: %v\n%s", err, output)
	}
	store := []string{"--root=" + filepath.Join(folder, "store"), "--runroot=" + filepath.Join(folder, "run"), "--storage-driver=vfs"}
	buildah := func(arguments ...string) string { return run(t, "buildah", append(store, arguments...)...) }
	if output, err := exec.Command("buildah", append(store, "from", "--name=tried", "scratch")...).CombinedOutput(); err != nil {
		t.Skipf("this machine lets buildah make nothing: %s", output)
	}
	buildah("rm", "tried")
	buildah("build", "--isolation=chroot", "-q", "-t", "keyferry", "-f", "container/Dockerfile", folder)
	container := buildah("from", "--pull-never", "localhost/keyferry")
	root := buildah("mount", container)
	t.Cleanup(func() { buildah("rm", container) })
	entries, err := os.ReadDir(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if !entry.IsDir() && entry.Name() != "keyferry" {
			t.Errorf("the image has %s", entry.Name())
		}
	}
	var image struct {
		OCIv1 struct {
			Config struct {
				User                 string
				Env, Entrypoint, Cmd []string
			} `json:"config"`
		}
	}
	if err := json.Unmarshal([]byte(buildah("inspect", container)), &image); err != nil {
		t.Fatal(err)
	}
	config := image.OCIv1.Config
	if config.User != "65532:65532" {
		t.Errorf("the image runs as %s", config.User)
	}

	bundle := filepath.Join(folder, "bundle")
	if err := os.Mkdir(bundle, 0o755); err != nil {
		t.Fatal(err)
	}
	run(t, "runc", "spec", "--bundle", bundle)
	specFile := filepath.Join(bundle, "config.json")
	start := func(arguments ...string) (*exec.Cmd, *program.Log) {
		writeSpec(t, specFile, root, slices.Concat(config.Entrypoint, config.Cmd, arguments), config.Env)
		name := "keyferry-test-" + strings.ToLower(rand.Text()[:8])
		log := &program.Log{}
		command := exec.Command("runc", "--root", filepath.Join(folder, "runc"), "run", "--bundle", bundle, name)
		command.Stdout, command.Stderr = log, log
		if err := command.Start(); err != nil {
			t.Fatal(err)
		}
		return command, log
	}

	command, log := start() // on all addresses, as the image is set, and without sign-in
	err = command.Wait()
	if strings.Contains(log.String(), "runc run failed") { // before the program ran
		t.Skipf("this machine lets runc start no container:\n%s", log)
	}
	if err == nil || !strings.Contains(log.String(), "there is no sign-in") {
		t.Errorf("without sign-in: %v\n%s", err, log)
	}
	command, log = start("--listen=127.0.0.1:0", "--localkms-listen=127.0.0.1:0")
	defer command.Wait()
	defer command.Process.Signal(syscall.SIGTERM)
	greeted := regexp.MustCompile(`console on (http://\S+)`)
	if !log.Await(greeted, 0, 20*time.Second, nil) {
		t.Fatalf("the console does not run:\n%s", log)
	}
	response, err := http.Get(string(greeted.FindSubmatch(log.Bytes())[1]) + "/readyz")
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusOK {
		t.Errorf("/readyz answers %s", response.Status)
	}
}

// writeSpec changes what runc spec wrote: what is run, as whom, with which root, and in the network
// of the host. The root is read-only there already.
func writeSpec(t *testing.T, file, root string, arguments, environment []string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var spec map[string]any
	if err := json.Unmarshal(text, &spec); err != nil {
		t.Fatal(err)
	}
	spec["root"] = map[string]any{"path": root, "readonly": true}
	process := spec["process"].(map[string]any)
	process["terminal"], process["args"], process["env"] = false, arguments, environment
	process["user"] = map[string]any{"uid": 65532, "gid": 65532}
	process["capabilities"], process["noNewPrivileges"] = map[string]any{}, true
	linux := spec["linux"].(map[string]any)
	linux["namespaces"] = slices.DeleteFunc(linux["namespaces"].([]any), func(n any) bool { return n.(map[string]any)["type"] == "network" })
	if text, err = json.Marshal(spec); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
}
