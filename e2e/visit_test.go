package e2e

import (
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/playwright-community/playwright-go"

	"keyferry/components/text"
)

// visit is a person's visit to the console in a fresh browser profile. It records what the browser sent and every
// complaint; a complaint that the test did not expect fails it.
type visit struct {
	t       *testing.T
	program *program
	words   *text.Catalogue
	page    playwright.Page
	shots   string // folder for pictures

	mu       sync.Mutex
	sent     [][]byte // addresses, headers and bodies of every request
	said     []string // every console message
	troubles []string
	expected []*regexp.Regexp
}

// look is how a visitor's browser is set up.
type look struct {
	language string // "en" or "zh-CN"; empty means en
	dark     bool
	width    int // of the window; 0 means 1280
	offline  bool
}

// open starts a visit at a path of the console.
func (p *program) open(t *testing.T, how look, path string) *visit {
	t.Helper()
	return p.openAt(t, how, p.console+path)
}

// openAt starts a visit at any address.
func (p *program) openAt(t *testing.T, how look, address string) *visit {
	t.Helper()
	if how.language == "" {
		how.language = "en"
	}
	if how.width == 0 {
		how.width = 1280
	}
	scheme := playwright.ColorSchemeLight
	if how.dark {
		scheme = playwright.ColorSchemeDark
	}
	context, err := browser.NewContext(playwright.BrowserNewContextOptions{
		Locale:      playwright.String(how.language),
		ColorScheme: scheme,
		TimezoneId:  playwright.String("Asia/Shanghai"),
		Offline:     playwright.Bool(how.offline),
		Viewport:    &playwright.Size{Width: how.width, Height: 800},
	})
	if err != nil {
		t.Fatal(err)
	}
	context.SetDefaultTimeout(10_000)
	page, err := context.NewPage()
	if err != nil {
		t.Fatal(err)
	}
	v := &visit{t: t, program: p, words: text.Match(how.language), page: page, shots: temporaryPictures()}
	v.watch()
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the page said: %q", v.said)
		}
		context.Close()
		for _, trouble := range v.unexpected() {
			t.Errorf("the browser complained: %s", trouble)
		}
	})
	v.do(page.Goto(address))
	return v
}

func (v *visit) watch() {
	v.page.OnRequest(func(r playwright.Request) {
		var all strings.Builder
		fmt.Fprintln(&all, r.Method(), r.URL())
		for name, value := range r.Headers() {
			fmt.Fprintln(&all, name, value)
		}
		body, _ := r.PostDataBuffer()
		all.Write(body)
		v.mu.Lock()
		defer v.mu.Unlock()
		v.sent = append(v.sent, []byte(all.String()))
	})
	v.page.OnConsole(func(m playwright.ConsoleMessage) {
		v.mu.Lock()
		defer v.mu.Unlock()
		v.said = append(v.said, m.Text())
		if m.Type() == "error" || m.Type() == "warning" {
			v.troubles = append(v.troubles, m.Type()+": "+m.Text())
		}
	})
	v.page.OnPageError(func(err error) { v.trouble("page error: " + err.Error()) })
	v.page.OnRequestFailed(func(r playwright.Request) { v.trouble("failed request: " + r.URL()) })
}

func (v *visit) trouble(what string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.troubles = append(v.troubles, what)
}

// expect says that a complaint of the browser belongs to the test.
func (v *visit) expect(pattern string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.expected = append(v.expected, regexp.MustCompile(pattern))
}

func (v *visit) unexpected() []string {
	v.mu.Lock()
	defer v.mu.Unlock()
	var left []string
next:
	for _, trouble := range v.troubles {
		for _, pattern := range v.expected {
			if pattern.MatchString(trouble) {
				continue next
			}
		}
		left = append(left, trouble)
	}
	return left
}

// do fails the test if a step of the visit failed; it takes any result of Playwright's before the error.
func (v *visit) do(results ...any) {
	v.t.Helper()
	if len(results) == 0 {
		return
	}
	if err, failed := results[len(results)-1].(error); failed && err != nil {
		v.shot("failed-" + strings.NewReplacer("/", "-", " ", "-").Replace(v.t.Name()))
		v.t.Fatalf("%v\nThe error on the page: %s", err, v.text(".notice.error"))
	}
}

func (v *visit) button(name string) playwright.Locator {
	return v.page.GetByRole("button", playwright.PageGetByRoleOptions{Name: name, Exact: playwright.Bool(true)})
}

func (v *visit) press(name string) {
	v.t.Helper()
	v.do(v.button(name).Click())
}

// text is the visible text of the first element that matches.
func (v *visit) text(selector string) string {
	found, err := v.page.Locator(selector).First().InnerText(playwright.LocatorInnerTextOptions{Timeout: playwright.Float(2000)})
	if err != nil {
		return "(" + err.Error() + ")"
	}
	return found
}

// see waits until the element is visible and has this text in it.
func (v *visit) see(selector, want string) {
	v.t.Helper()
	v.do(v.page.Locator(selector).Filter(playwright.LocatorFilterOptions{HasText: want}).First().WaitFor())
}

// shot writes a picture of the whole page.
func (v *visit) shot(name string) {
	_, err := v.page.Screenshot(playwright.PageScreenshotOptions{
		Path: playwright.String(filepath.Join(v.shots, name+".png")), FullPage: playwright.Bool(true),
	})
	if err != nil {
		v.t.Logf("taking a picture: %v", err)
	}
}
