package linked

import (
	"strings"
	"testing"

	"keyferry/e2e/browser"
	"keyferry/e2e/program"
)

const algorithm = "RSAES_OAEP_SHA_256"

// reach is how a desk reaches its KMS.
type reach struct{ name, scheme string }

var (
	overTLS      = reach{"TLS", "https"}
	overLoopback = reach{"loopback", "http"}
)

// host is the KMS's: its own name, or an address on this computer.
func (r reach) host() string {
	if r == overTLS {
		return kmsHost
	}
	return world.listener.Addr().String()
}

func (r reach) origin() string { return r.scheme + "://" + r.host() }

// desk has the program write a desk that reaches its KMS so.
func (r reach) desk(t *testing.T) string {
	t.Helper()
	if r == overTLS {
		return program.WriteConnectedDesk(t, "")
	}
	return program.WriteConnectedDesk(t, r.origin())
}

// scene is a person at a connected desk, with a dishonest operator around.
type scene struct {
	*browser.Visit // of Chromium; in Firefox, which has a page of its own, it has none
	page
	reach
	operator *operator
	kms      *program.Program
	key      string
}

// page is the desk in one of the browsers.
type page interface {
	// giveLink does step 2 with a link, and giveSecond brings the second one. Each returns the code of
	// the error that the page shows; empty where it took the link and said so.
	giveLink(link string) (code string)
	giveSecond(link string) (code string)
	// caught fails the test unless the page says in words what it found, and claims nothing else. Where
	// the KMS refused for a reason of its own, the words are those for its code.
	caught(code string)
	// makeFile goes from step 2 to the import file.
	makeFile() string
	// sent is what the browser sent so far: addresses, headers and bodies.
	sent() [][]byte
}

// newScene opens a desk in Chromium as far as step 2.
func newScene(t *testing.T, kms *program.Program, how reach, file string) *scene {
	t.Helper()
	s := prepareScene(t, kms, how)
	s.Visit = browser.OpenAt(kms, t, browser.Look{}, browser.FileAddress(file))
	s.Expect("failed request|Failed to load resource|blocked by CORS|Content Security Policy|net::ERR")
	s.DeskCMK(s.key)
	s.page = chromium{s.Visit, s.key}
	return s
}

// prepareScene is a scene before a browser is opened.
func prepareScene(t *testing.T, kms *program.Program, how reach) *scene {
	t.Helper()
	kms.Ask(t, "POST", "/reset", nil, nil)
	s := &scene{operator: &operator{kms: kms}, kms: kms, key: program.Seeded[0], reach: how}
	world.reset(kms.Local, s.operator.ServeHTTP)
	return s
}

// good is an honest link for import parameters.
func (s *scene) good() string { return program.ParametersLink(s.T, s.origin(), s.key, algorithm) }

// replaced is a good link with something in it replaced.
func (s *scene) replaced(old, new string) string {
	link := s.good()
	if !strings.Contains(link, old) {
		s.T.Fatalf("the link has no %q", old)
	}
	return strings.Replace(link, old, new, 1)
}

// chromium is a desk in Chromium.
type chromium struct {
	*browser.Visit
	key string
}

func (c chromium) giveLink(link string) string {
	c.T.Helper()
	c.GiveLink(link, algorithm)
	return c.outcome("[data-part=parameters]:not([hidden]) h3")
}

func (c chromium) giveSecond(link string) string {
	c.T.Helper()
	c.GiveSecond(c.key, link)
	return c.outcome("[data-part=accepted-by-kms]:not([hidden]) h2")
}

// outcome waits until the page shows an error, and returns its code, or shows something else.
func (c chromium) outcome(otherwise string) string {
	c.T.Helper()
	c.Do(c.Page.Locator(".notice.error, " + otherwise).Filter(visible).First().WaitFor())
	code, err := c.Page.Evaluate(codeShown)
	c.Do(err)
	return code.(string)
}

// codeShown is the code of the error that can be seen on a page.
const codeShown = `[...document.querySelectorAll(".notice.error")].find((notice) => notice.checkVisibility())?.dataset.code ?? ""`

// What the page says of a link that was signed in an account which the KMS does not know.
const (
	refused        = "link_refused"
	unknownAccount = "InvalidAccessKeyId.NotFound"
)

// claims are the places where a page offers to go on, or says that the KMS accepted.
const claims = "[data-act=continue], [data-part=accepted-by-kms]"

func (c chromium) caught(code string) {
	c.T.Helper()
	if code == refused {
		c.See(".notice.error [data-fill=what]", c.Words.Fault(unknownAccount).What)
		c.See(".notice.error [data-fill=detail]", unknownAccount)
	} else {
		c.Fault(code)
	}
	if claimed, err := c.Page.Locator(claims).Filter(visible).Count(); err != nil || claimed > 0 {
		c.T.Errorf("the page offers to go on, or says that the KMS accepted (%v)", err)
	}
}

func (c chromium) makeFile() string {
	c.T.Helper()
	c.HaveRead()
	c.Generate()
	return c.MakeImportFile()
}

func (c chromium) sent() [][]byte {
	c.Mu.Lock()
	defer c.Mu.Unlock()
	return append([][]byte(nil), c.Sent...)
}
