package e2e

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/playwright-community/playwright-go"
)

// What every test shares: the program under test and the browser, both started once.
var (
	binary  string
	browser playwright.Browser
)

func TestMain(m *testing.M) {
	flag.Parse()
	if testing.Short() {
		os.Exit(m.Run()) // every test here skips itself
	}
	os.Exit(run(m))
}

// run prepares what the tests need. What is missing is named, with the way to get it; nothing is skipped silently.
func run(m *testing.M) int {
	folder, err := os.MkdirTemp("", "keyferry-e2e-")
	if err != nil {
		return give(err)
	}
	defer os.RemoveAll(folder)
	binary = filepath.Join(folder, "keyferry")
	for _, command := range [][]string{{"keyferry/web/pack", "../web/static"}, {"keyferry/web/join", "../web/static", "../web/desk"}} {
		if output, err := exec.Command("go", append([]string{"run"}, command...)...).CombinedOutput(); err != nil {
			return give(fmt.Errorf("running %s: %v\n%s", command[0], err, output))
		}
	}
	if output, err := exec.Command("go", "build", "-o", binary, "keyferry/server").CombinedOutput(); err != nil {
		return give(fmt.Errorf("building the program: %v\n%s", err, output))
	}
	driver, err := startDriver(folder)
	if err != nil {
		return give(err)
	}
	defer driver.Stop()
	if browser, err = launch(driver); err != nil {
		return give(err)
	}
	defer browser.Close()
	code := m.Run()
	if *full {
		findings.write(os.Stdout)
	}
	return code
}

func give(err error) int {
	fmt.Fprintf(os.Stderr, "e2e: %v\n", err)
	return 1
}

// startDriver starts Playwright's driver from npm's playwright-core, which is the driver in another wrapping.
func startDriver(folder string) (*playwright.Playwright, error) {
	node, err := exec.LookPath("node")
	if err != nil {
		return nil, errors.New("node is missing: run make tools")
	}
	core, err := filepath.Abs(filepath.Join("node_modules", "playwright-core"))
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(filepath.Join(core, "cli.js")); err != nil {
		return nil, errors.New("npm's playwright-core is missing: run make tools")
	}
	home := filepath.Join(folder, "driver")
	if err := os.Mkdir(home, 0o755); err != nil {
		return nil, err
	}
	if err := os.Symlink(core, filepath.Join(home, "package")); err != nil {
		return nil, err
	}
	os.Setenv("PLAYWRIGHT_DRIVER_PATH", home)
	os.Setenv("PLAYWRIGHT_NODEJS_PATH", node)
	return playwright.Run(&playwright.RunOptions{SkipInstallBrowsers: true})
}

// launch starts Chromium so that it looks for nothing on any network but the console.
func launch(driver *playwright.Playwright) (playwright.Browser, error) {
	chromium, err := exec.LookPath("chromium")
	if err != nil {
		return nil, errors.New("chromium is missing: run make tools")
	}
	return driver.Chromium.Launch(playwright.BrowserTypeLaunchOptions{
		ExecutablePath: playwright.String(chromium),
		Args:           chromiumArguments(),
	})
}

// chromiumArguments keep Chromium from looking for anything on any network.
func chromiumArguments(more ...string) []string {
	arguments := append([]string{
		"--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
		"--disable-component-update", "--disable-sync",
	}, more...)
	if os.Geteuid() == 0 {
		arguments = append(arguments, "--no-sandbox")
	}
	return arguments
}
