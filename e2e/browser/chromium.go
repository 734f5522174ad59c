package browser

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/playwright-community/playwright-go"

	"keyferry/e2e/program"
	"keyferry/e2e/proof"
)

// Shared is the Chromium that every test shares.
var Shared playwright.Browser

// headlessShell is Chromium without its windows: the same engine, network and policies of content
// at a third of the time per visit.
const headlessShell = "chromium-headless-shell"

// Main runs the tests of a package that need the program and a browser, both of which it makes
// ready first. It names what is missing and how to get it, and skips nothing silently. The browser
// is Chromium's headless shell where that is installed.
func Main(m interface{ Run() int }) {
	flag.Parse()
	runIn(shell(), m, leanJS)
}

// shell is the headless shell, or Chromium where that is not installed.
func shell() string {
	if _, err := exec.LookPath(headlessShell); err != nil {
		return "chromium"
	}
	return headlessShell
}

// leanJS does without the compilers of JavaScript that only pages which live for minutes repay.
const leanJS = "--js-flags=--no-opt,--no-maglev"

// MainWith is Main in Chromium itself, as people use it, with further arguments for it. Tests that
// prove what a browser sends, keeps and refuses need it.
func MainWith(m interface{ Run() int }, arguments ...string) {
	flag.Parse()
	runIn("chromium", m, arguments...)
}

func runIn(chromium string, m interface{ Run() int }, arguments ...string) {
	if testing.Short() {
		os.Exit(m.Run()) // every test that needs a browser skips itself
	}
	os.Exit(run(chromium, m, arguments))
}

func run(chromium string, m interface{ Run() int }, arguments []string) int {
	if err := program.Build(); err != nil {
		return give(err)
	}
	folder, err := os.MkdirTemp("", "keyferry-e2e-")
	if err != nil {
		return give(err)
	}
	defer os.RemoveAll(folder)
	driver, err := startDriver(folder)
	if err != nil {
		return give(err)
	}
	defer driver.Stop()
	if Shared, err = launch(driver.Chromium, chromium, arguments...); err != nil {
		return give(err)
	}
	defer Shared.Close()
	code := m.Run()
	if *proof.Full {
		proof.Findings.Write(os.Stdout)
	}
	return code
}

func give(err error) int {
	fmt.Fprintf(os.Stderr, "e2e: %v\n", err)
	return 1
}

// startDriver starts Playwright's driver from npm's playwright-core, which is the driver in another
// wrapping.
func startDriver(folder string) (*playwright.Playwright, error) {
	node, err := exec.LookPath("node")
	if err != nil {
		return nil, errors.New("node is missing: run make tools")
	}
	core := program.Source("e2e/node_modules/playwright-core")
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

// launch starts a build of Chromium so that it looks for nothing on any network but the console.
func launch(kind playwright.BrowserType, chromium string, arguments ...string) (playwright.Browser, error) {
	path, err := exec.LookPath(chromium)
	if err != nil {
		return nil, errors.New("chromium is missing: run make tools")
	}
	return kind.Launch(playwright.BrowserTypeLaunchOptions{
		ExecutablePath: playwright.String(path),
		Args:           ChromiumArguments(arguments...),
	})
}

// ChromiumArguments keep Chromium from looking for anything on any network.
func ChromiumArguments(more ...string) []string {
	arguments := append([]string{
		"--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
		"--disable-component-update", "--disable-sync",
	}, more...)
	if os.Geteuid() == 0 {
		arguments = append(arguments, "--no-sandbox")
	}
	return arguments
}
