package browser

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/playwright-community/playwright-go"

	"keyferry/components/text"
	"keyferry/e2e/program"
)

// Zone is the time zone of visitors, whose date is not that of UTC for a third of the day.
var Zone = time.FixedZone("Asia/Shanghai", 8*60*60)

// Visit is a person's visit to the console in a fresh browser profile. It records what the browser
// sent and every complaint; a complaint that the test did not expect fails it.
type Visit struct {
	T       testing.TB
	Program *program.Program
	Words   *text.Catalogue
	Page    playwright.Page
	Shots   string // folder for pictures; empty means that none are taken

	News     program.News // of what the browser sent and said
	Mu       sync.Mutex
	Sent     [][]byte // addresses, headers and bodies of every request
	Said     []string // every console message
	troubles []string
	expected []*regexp.Regexp
	dark     bool // the theme in which the visit begins
	looked   int  // how often MustLook has looked
}

// Look is how a visitor's browser is set up.
type Look struct {
	Language string // "en" or "zh-CN"; empty means en
	Dark     bool
	Width    int // of the window; 0 means 1280
	Offline  bool
}

// Name is the name of a subtest or picture with this look, such as en-1280-dark.
func (l Look) Name() string {
	name := fmt.Sprintf("%s-%d", l.Language, l.Width)
	if l.Dark {
		name += "-dark"
	}
	return name
}

// Open starts a visit at a path of the console.
func Open(p *program.Program, t testing.TB, how Look, path string) *Visit {
	t.Helper()
	return OpenAt(p, t, how, p.Console+path)
}

// OpenAt starts a visit at any address.
func OpenAt(p *program.Program, t testing.TB, how Look, address string) *Visit {
	t.Helper()
	if how.Language == "" {
		how.Language = "en"
	}
	if how.Width == 0 {
		how.Width = 1280
	}
	context, err := Shared.NewContext(playwright.BrowserNewContextOptions{
		Locale:      playwright.String(how.Language),
		ColorScheme: scheme(how.Dark),
		TimezoneId:  playwright.String(Zone.String()),
		Offline:     playwright.Bool(how.Offline),
		Viewport:    &playwright.Size{Width: how.Width, Height: 800},
	})
	if err != nil {
		t.Fatal(err)
	}
	context.SetDefaultTimeout(10_000)
	page, err := context.NewPage()
	if err != nil {
		t.Fatal(err)
	}
	v := &Visit{T: t, Program: p, Words: text.Match(how.Language), Page: page, Shots: os.Getenv("KEYFERRY_PICTURES"), dark: how.Dark}
	v.Watch()
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the page said: %q", v.Said)
		}
		context.Close()
		for _, trouble := range v.unexpected() {
			t.Errorf("the browser complained: %s", trouble)
		}
	})
	v.Do(page.Goto(address))
	return v
}

// Watch records what the page sends and says.
func (v *Visit) Watch() {
	v.Page.OnRequest(func(r playwright.Request) {
		var all strings.Builder
		fmt.Fprintln(&all, r.Method(), r.URL())
		for name, value := range r.Headers() {
			fmt.Fprintln(&all, name, value)
		}
		body, _ := r.PostDataBuffer()
		all.Write(body)
		defer v.News.Tell()
		v.Mu.Lock()
		defer v.Mu.Unlock()
		v.Sent = append(v.Sent, []byte(all.String()))
	})
	v.Page.OnConsole(func(m playwright.ConsoleMessage) {
		defer v.News.Tell()
		v.Mu.Lock()
		defer v.Mu.Unlock()
		v.Said = append(v.Said, m.Text())
		if m.Type() == "error" || m.Type() == "warning" {
			v.troubles = append(v.troubles, m.Type()+": "+m.Text())
		}
	})
	v.Page.OnWorker(func(worker playwright.Worker) {
		worker.OnClose(func(playwright.Worker) { v.News.Tell() })
	})
	v.Page.OnPageError(func(err error) { v.Trouble("page error: " + err.Error()) })
	v.Page.OnRequestFailed(func(r playwright.Request) { v.Trouble("failed request: " + r.URL()) })
}

// Trouble notes a complaint of the browser.
func (v *Visit) Trouble(what string) {
	defer v.News.Tell()
	v.Mu.Lock()
	defer v.Mu.Unlock()
	v.troubles = append(v.troubles, what)
}

// Expect says that a complaint of the browser belongs to the test.
func (v *Visit) Expect(pattern string) {
	v.Mu.Lock()
	defer v.Mu.Unlock()
	v.expected = append(v.expected, regexp.MustCompile(pattern))
}

func (v *Visit) unexpected() []string {
	v.Mu.Lock()
	defer v.Mu.Unlock()
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

// Do fails the test if a step of the visit failed; it takes any result of Playwright's before the
// error.
func (v *Visit) Do(results ...any) {
	v.T.Helper()
	if len(results) == 0 {
		return
	}
	if err, failed := results[len(results)-1].(error); failed && err != nil {
		v.picture(TemporaryPictures(), "failed-"+strings.NewReplacer("/", "-", " ", "-").Replace(v.T.Name()))
		v.T.Fatalf("%v\nThe error on the page: %s", err, v.Text(".notice.error"))
	}
}

func (v *Visit) Button(name string) playwright.Locator {
	return v.Page.GetByRole("button", playwright.PageGetByRoleOptions{Name: name, Exact: playwright.Bool(true)})
}

func (v *Visit) Press(name string) {
	v.T.Helper()
	v.Do(v.Button(name).Click())
}

// Text is the visible text of the first element that matches.
func (v *Visit) Text(selector string) string {
	found, err := v.Page.Locator(selector).First().InnerText(playwright.LocatorInnerTextOptions{Timeout: playwright.Float(2000)})
	if err != nil {
		return "(" + err.Error() + ")"
	}
	return found
}

// See waits until the element is visible and has this text in it.
func (v *Visit) See(selector, want string) {
	v.T.Helper()
	v.Do(v.Page.Locator(selector).Filter(playwright.LocatorFilterOptions{HasText: want}).First().WaitFor())
}

// Shot writes a picture of the whole page for somebody to look at, where KEYFERRY_PICTURES or the
// test names a folder for it.
func (v *Visit) Shot(name string) {
	if v.Shots != "" {
		v.picture(v.Shots, name)
	}
}

func (v *Visit) picture(folder, name string) {
	_, err := v.Page.Screenshot(playwright.PageScreenshotOptions{
		Path: playwright.String(filepath.Join(folder, name+".png")), FullPage: playwright.Bool(true),
	})
	if err != nil {
		v.T.Logf("taking a picture: %v", err)
	}
}

// NoWorkerLeft waits until no worker of the page is left, and returns whether that is so.
func (v *Visit) NoWorkerLeft() bool {
	return v.News.Await(10*time.Second, nil, func() bool { return len(v.Page.Workers()) == 0 })
}
