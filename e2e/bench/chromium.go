package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/playwright-community/playwright-go"
)

// chromium is a running browser and the driver that steers it.
type chromium struct {
	driver  *playwright.Playwright
	browser playwright.Browser
}

// startChromium starts Chromium from Debian's package by the driver from npm. The end of ctx closes it, and with it
// whatever still runs in a page.
func (b *bench) startChromium(ctx context.Context) (*chromium, error) {
	core := filepath.Join(b.root, "e2e", "node_modules", "playwright-core")
	if _, err := os.Stat(filepath.Join(core, "cli.js")); err != nil {
		return nil, errors.New("npm's playwright-core is missing: run make tools")
	}
	node, err := exec.LookPath("node")
	if err != nil {
		return nil, errors.New("node is missing: run make tools")
	}
	executable, err := exec.LookPath("chromium")
	if err != nil {
		return nil, errors.New("chromium is missing: run make tools")
	}
	home := filepath.Join(b.folder, "driver")
	if err := os.Mkdir(home, 0o755); err != nil {
		return nil, err
	}
	if err := os.Symlink(core, filepath.Join(home, "package")); err != nil {
		return nil, err
	}
	os.Setenv("PLAYWRIGHT_NODEJS_PATH", node)
	c := &chromium{}
	if c.driver, err = playwright.Run(&playwright.RunOptions{DriverDirectory: home, SkipInstallBrowsers: true}); err != nil {
		return nil, fmt.Errorf("starting Playwright's driver: %v", err)
	}
	c.browser, err = c.driver.Chromium.Launch(playwright.BrowserTypeLaunchOptions{
		ExecutablePath: playwright.String(executable),
		Args:           chromiumFlags(),
	})
	if err != nil {
		c.close()
		return nil, fmt.Errorf("starting Chromium: %v", err)
	}
	context.AfterFunc(ctx, func() { c.browser.Close() })
	return c, nil
}

// chromiumFlags keep the browser from looking for anything on any network.
func chromiumFlags() []string {
	flags := []string{
		"--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
		"--disable-component-update", "--disable-sync",
	}
	if os.Geteuid() == 0 {
		flags = append(flags, "--no-sandbox")
	}
	return flags
}

// evaluate opens an address in a fresh context, which shares no cache with any other, and runs a script there.
func (c *chromium) evaluate(address, script string, argument any) (any, error) {
	visitor, err := c.browser.NewContext()
	if err != nil {
		return nil, err
	}
	defer visitor.Close()
	page, err := visitor.NewPage()
	if err != nil {
		return nil, err
	}
	if _, err := page.Goto(address); err != nil {
		return nil, err
	}
	return page.Evaluate(script, argument)
}

func (c *chromium) close() {
	if c.browser != nil {
		c.browser.Close()
	}
	c.driver.Stop()
}
