package verify

import (
	"bytes"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/net/html"
)

// named is an address that a page, a script or a style names.
type named struct {
	address string // absolute within the console, such as /static/…/js/page.js; with scheme and host elsewhere
	where   string // for a person: which element and attribute, or which kind of file
}

// Where a style or a script names another file. What comments name counts too.
var (
	inStyle  = regexp.MustCompile(`(?i)(?:url\(\s*|@import\s+)["']?([^"')\s;]+)`)
	inScript = regexp.MustCompile(`(?:\bfrom|\bimport)\s*\(?\s*["']([\w./:@?=&%+~-]+)["']`)
)

// namesIn lists what a body names, once each, in order.
func namesIn(mediaType, address string, body []byte) []named {
	var all []named
	add := func(name, where string) {
		n := named{resolve(address, name), where}
		if n.address != "" && !slices.Contains(all, n) {
			all = append(all, n)
		}
	}
	switch mediaType {
	case "text/html":
		namesInPage(body, add)
	case "text/css":
		for _, match := range inStyle.FindAllSubmatch(body, -1) {
			add(string(match[1]), "a style")
		}
	case "text/javascript":
		for _, match := range inScript.FindAllSubmatch(body, -1) {
			add(string(match[1]), "an import")
		}
	}
	return all
}

// loading are the attributes whose value is an address whatever it looks like.
var loading = []string{"action", "background", "data", "formaction", "href", "ping", "poster", "src", "xlink:href"}

// namesInPage adds every attribute that is an address or looks like one: the page's scripts get
// addresses in data attributes.
func namesInPage(body []byte, add func(name, where string)) {
	tokens := html.NewTokenizer(bytes.NewReader(body))
	for kind := tokens.Next(); kind != html.ErrorToken; kind = tokens.Next() {
		if kind != html.StartTagToken && kind != html.SelfClosingTagToken {
			continue
		}
		token := tokens.Token()
		for _, attribute := range token.Attr {
			value := strings.TrimSpace(attribute.Val)
			if slices.Contains(loading, attribute.Key) || strings.HasPrefix(value, "/") || strings.Contains(value, "://") {
				add(value, "<"+shortName(token.Data)+" "+shortName(attribute.Key)+">")
			}
		}
	}
}

// shortName is the name of an element or an attribute, which in a page of others can be anything.
func shortName(name string) string {
	short := strings.Map(func(r rune) rune {
		if r == '-' || r == ':' || '0' <= r && r <= '9' || 'a' <= r && r <= 'z' {
			return r
		}
		return -1
	}, name)
	return short[:min(len(short), 30)]
}

// resolve makes an address absolute as a browser does. It returns nothing for a place on the same
// page.
func resolve(address, name string) string {
	if name == "" || strings.HasPrefix(name, "#") {
		return ""
	}
	base, err := url.Parse(address)
	if err != nil {
		return name
	}
	target, err := base.Parse(name)
	if err != nil {
		return name
	}
	target.Fragment = ""
	return target.String()
}

// onConsole reports whether the address is on the console itself.
func (n named) onConsole() bool {
	return strings.HasPrefix(n.address, "/") && !strings.HasPrefix(n.address, "//")
}
