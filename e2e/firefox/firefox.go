// Package firefox drives a Firefox of the system over WebDriver BiDi: as much of that protocol as
// the tests need to do what a person does on a page, and to see what the browser sent and said
// meanwhile.
package firefox

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// ErrMissing reports a computer without Firefox ESR.
var ErrMissing = errors.New("firefox-esr is missing: run make tools")

// Config is how a browser is set up.
type Config struct {
	Folder   string // for the profile and the downloads; must be set, and must be empty
	Language string // that pages are asked for in, such as zh-CN; empty means en
	// Network is the address of a server on this computer that answers for every name, without TLS
	// and with it; empty means that names are looked up.
	Network string
	// Trusted are certificates in DER that the browser accepts, by host and port, such as
	// kms.example:443. Where there is a Network, the port is that server's.
	Trusted map[string][]byte
}

// Browser is one run of Firefox with a profile of its own.
type Browser struct {
	Downloads string // folder in which files are saved without a question

	process    *exec.Cmd
	exited     chan struct{}
	connection *connection
	collector  string // that keeps the bodies of requests; empty if the browser has none

	mu       sync.Mutex
	output   strings.Builder
	requests []*Request
	said     []Said
	saved    []string
}

// Launch starts a browser and opens a session with it. Whoever launches it must close it.
func Launch(ctx context.Context, config Config) (*Browser, error) {
	program, err := exec.LookPath("firefox-esr")
	if err != nil {
		return nil, ErrMissing
	}
	profile := filepath.Join(config.Folder, "profile")
	b := &Browser{Downloads: filepath.Join(config.Folder, "downloads"), exited: make(chan struct{})}
	for _, folder := range []string{profile, b.Downloads} {
		if err := os.Mkdir(folder, 0o700); err != nil {
			return nil, fmt.Errorf("preparing the profile: %v", err)
		}
	}
	if err := config.write(profile, b.Downloads); err != nil {
		return nil, err
	}
	b.process = exec.Command(program, "--headless", "--no-remote", "--remote-debugging-port=0", "--profile", profile)
	b.process.Env = append(os.Environ(), "HOME="+config.Folder, "MOZ_CRASHREPORTER_DISABLE=1", "TZ=Asia/Shanghai")
	address, err := b.start(ctx)
	if err == nil {
		err = b.begin(ctx, address)
	}
	if err != nil {
		b.Close()
		return nil, fmt.Errorf("starting firefox: %w\n%s", err, b.Output())
	}
	return b, nil
}

// announcement precedes the address of the protocol in what the browser prints.
const announcement = "WebDriver BiDi listening on "

// start starts the process and returns the address that it announces.
func (b *Browser) start(ctx context.Context) (string, error) {
	output, err := b.process.StderrPipe()
	if err != nil {
		return "", err
	}
	if err := b.process.Start(); err != nil {
		close(b.exited)
		return "", err
	}
	addresses := make(chan string, 1)
	go b.read(output, addresses)
	patience := time.NewTimer(60 * time.Second)
	defer patience.Stop()
	select {
	case address := <-addresses:
		return address, nil
	case <-b.exited:
		return "", errors.New("it ended before it could be reached")
	case <-patience.C:
		return "", errors.New("it cannot be reached after 60 s")
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// read keeps what the browser prints, and passes on the address in it.
func (b *Browser) read(output io.Reader, addresses chan<- string) {
	for scanner := bufio.NewScanner(output); scanner.Scan(); {
		b.mu.Lock()
		fmt.Fprintln(&b.output, scanner.Text())
		b.mu.Unlock()
		if _, address, found := strings.Cut(scanner.Text(), announcement); found {
			addresses <- strings.TrimSpace(address)
		}
	}
	b.process.Wait()
	close(b.exited)
}

// begin opens the session and asks for the events that the record is made of.
func (b *Browser) begin(ctx context.Context, address string) error {
	var err error
	if b.connection, err = connect(ctx, address+"/session", b.take); err != nil {
		return err
	}
	capabilities := map[string]any{"alwaysMatch": map[string]any{
		"acceptInsecureCerts":     false,
		"unhandledPromptBehavior": map[string]string{"default": "accept"},
	}}
	if err := b.connection.command(ctx, "session.new", map[string]any{"capabilities": capabilities}, nil); err != nil {
		return err
	}
	events := []string{"log.entryAdded", "network.beforeRequestSent", "browsingContext.downloadEnd"}
	if err := b.connection.command(ctx, "session.subscribe", map[string]any{"events": events}, nil); err != nil {
		return err
	}
	var added struct{ Collector string }
	err = b.connection.command(ctx, "network.addDataCollector", map[string]any{
		"dataTypes": []string{"request"}, "maxEncodedDataSize": 1 << 20,
	}, &added)
	b.collector = added.Collector
	return err
}

// Output is what the process printed so far.
func (b *Browser) Output() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.output.String()
}

// Close ends the session and the process. It does no harm to call it twice.
func (b *Browser) Close() {
	if b.connection != nil {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		b.connection.command(ctx, "browser.close", map[string]any{}, nil)
		cancel()
		b.connection.close()
	}
	select {
	case <-b.exited:
	case <-time.After(10 * time.Second):
		b.process.Process.Kill()
		<-b.exited
	}
}

// write writes the profile: no first-run pages, no services on any network, downloads saved without
// a question.
func (c Config) write(profile, downloads string) error {
	if c.Language == "" {
		c.Language = "en"
	}
	preferences := map[string]any{"browser.download.dir": downloads, "intl.accept_languages": c.Language}
	maps.Copy(preferences, quiet)
	if host, port, led := strings.Cut(c.Network, ":"); led {
		preferences["network.dns.forceResolve"] = host
		preferences["network.socket.forcePort"] = "80=" + port + ";443=" + port
	}
	var file, trusted strings.Builder
	for name, value := range preferences {
		written, err := json.Marshal(value)
		if err != nil {
			return fmt.Errorf("writing the preference %s: %v", name, err)
		}
		fmt.Fprintf(&file, "user_pref(%q, %s);\n", name, written)
	}
	for host, der := range c.Trusted {
		sum := sha256.Sum256(der)
		digits := strings.ReplaceAll(fmt.Sprintf("% X", sum[:]), " ", ":")
		fmt.Fprintf(&trusted, "%s:\t%s\t%s\t\n", host, sha256ID, digits)
	}
	for name, content := range map[string]string{"user.js": file.String(), "cert_override.txt": trusted.String()} {
		if err := os.WriteFile(filepath.Join(profile, name), []byte(content), 0o600); err != nil {
			return fmt.Errorf("preparing the profile: %v", err)
		}
	}
	return nil
}

// sha256ID is how the file of accepted certificates names SHA-256 (RFC 5754).
const sha256ID = "OID.2.16.840.1.101.3.4.2.1"

// quiet is what keeps a fresh profile from asking anything, of a person or of a network. Nothing
// here weakens what the browser holds back for a page.
var quiet = map[string]any{
	"browser.download.folderList":                           2,
	"browser.download.useDownloadDir":                       true,
	"browser.download.always_ask_before_handling_new_types": false,
	"browser.download.alwaysOpenPanel":                      false,
	"browser.download.manager.addToRecentDocs":              false,

	"browser.aboutwelcome.enabled":               false,
	"browser.startup.page":                       0,
	"browser.startup.homepage":                   "about:blank",
	"startup.homepage_welcome_url":               "about:blank",
	"browser.shell.checkDefaultBrowser":          false,
	"browser.newtabpage.enabled":                 false,
	"datareporting.policy.dataSubmissionEnabled": false,
	"datareporting.healthreport.uploadEnabled":   false,
	"toolkit.telemetry.enabled":                  false,
	"toolkit.telemetry.server":                   "",
	"toolkit.telemetry.unified":                  false,

	"app.normandy.enabled":                            false,
	"app.shield.optoutstudies.enabled":                false,
	"app.update.enabled":                              false,
	"app.update.disabledForTesting":                   true,
	"browser.backup.enabled":                          false,
	"browser.region.network.url":                      "",
	"browser.region.update.enabled":                   false,
	"browser.safebrowsing.malware.enabled":            false,
	"browser.safebrowsing.phishing.enabled":           false,
	"browser.safebrowsing.downloads.enabled":          false,
	"browser.safebrowsing.downloads.remote.enabled":   false,
	"browser.search.update":                           false,
	"browser.search.suggest.enabled":                  false,
	"dom.push.connection.enabled":                     false,
	"extensions.getAddons.cache.enabled":              false,
	"extensions.systemAddon.update.enabled":           false,
	"extensions.update.enabled":                       false,
	"extensions.blocklist.enabled":                    false,
	"geo.provider.testing":                            true,
	"media.gmp-manager.updateEnabled":                 false,
	"media.gmp-manager.url":                           "",
	"network.captive-portal-service.enabled":          false,
	"network.connectivity-service.enabled":            false,
	"network.trr.mode":                                5,
	"security.remote_settings.crlite_filters.enabled": false,
	"security.remote_settings.intermediates.enabled":  false,
	"services.settings.server":                        "data:,#keyferry-asks-for-no-settings",
	"signon.autofillForms":                            false,
}
