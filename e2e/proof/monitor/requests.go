package monitor

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"keyferry/e2e/browser"
)

// A leak that is encrypted cannot be found by searching for the key. So every request is also held
// against what the product sends: these addresses, these headers, these fields, and in them nothing
// that could carry anything else.

// searchRequests raises an alarm for each request that the product does not make. Which journey it
// was of, the address of the console tells: honest journeys share one.
func (h *Run) searchRequests(found Caught) {
	tokens := map[string]bool{}
	for _, s := range h.Streams {
		for _, match := range givenToken.FindAllSubmatch(s.Content, -1) {
			tokens[string(match[1])] = true
		}
	}
	byHost := map[string][]*Journey{}
	for _, j := range h.Journeys {
		host := strings.TrimPrefix(j.Program.Console, "http://")
		byHost[host] = append(byHost[host], j)
	}
	for _, s := range h.Streams {
		for _, r := range RequestsIn(s.Content) {
			if r.problem == "" {
				r.problem = unusual(r, tokens)
			}
			for _, j := range byHost[r.Host] {
				if r.problem != "" {
					found[j]["requests"] = append(found[j]["requests"], r.problem)
				}
			}
		}
	}
}

var givenToken = regexp.MustCompile(`"ImportToken":"([A-Za-z0-9+/=]+)"`)

// sentRequest is a request with its body read.
type sentRequest struct {
	*http.Request
	body    []byte
	problem string
}

// RequestsIn reads the requests of one direction of a connection. Other contents have none.
func RequestsIn(content []byte) []sentRequest {
	var all []sentRequest
	if !method.Match(content) {
		return nil
	}
	reader := bufio.NewReader(bytes.NewReader(content))
	for {
		request, err := http.ReadRequest(reader)
		if err != nil {
			if len(all) > 0 && !errors.Is(err, io.EOF) && request != nil {
				all[len(all)-1].problem = "what follows a request is none"
			}
			return all
		}
		body, err := io.ReadAll(request.Body)
		r := sentRequest{Request: request, body: body}
		if err != nil {
			r.problem = fmt.Sprintf("%s %s: reading its body: %v", request.Method, request.URL, err)
		}
		all = append(all, r)
		if request.Header.Get("Upgrade") != "" {
			return all // what follows is another protocol
		}
	}
}

var method = regexp.MustCompile(`^(GET|HEAD|POST|PUT|DELETE|PATCH|OPTIONS|CONNECT) \S+ HTTP/1\.1\r\n`)

// usualHeaders are those that Chromium sends by itself, with what they may hold.
var usualHeaders = map[string]*regexp.Regexp{
	"Accept":                    regexp.MustCompile(`^(` + strings.Join(usualAccept, "|") + `)$`),
	"Accept-Encoding":           regexp.MustCompile(`^gzip, deflate, br, zstd$`),
	"Accept-Language":           regexp.MustCompile(`^en(-US,en;q=0\.9)?$`),
	"Cache-Control":             regexp.MustCompile(`^(no-cache|max-age=0)$`),
	"Connection":                regexp.MustCompile(`^keep-alive$`),
	"Proxy-Connection":          regexp.MustCompile(`^keep-alive$`),
	"Content-Length":            regexp.MustCompile(`^\d{1,5}$`),
	"Content-Type":              regexp.MustCompile(`^application/(json|x-www-form-urlencoded)$`),
	"Origin":                    regexp.MustCompile(`^http://127\.0\.0\.1:\d{1,5}$`),
	"Referer":                   regexp.MustCompile(`^http://127\.0\.0\.1:\d{1,5}/$`),
	"Pragma":                    regexp.MustCompile(`^no-cache$`),
	"Priority":                  regexp.MustCompile(`^u=\d(, i)?$`),
	"Purpose":                   regexp.MustCompile(`^prefetch$`),
	"Sec-Ch-Ua":                 regexp.MustCompile(`^[A-Za-z0-9 ";=,./:?()_-]{1,150}$`),
	"Sec-Ch-Ua-Mobile":          regexp.MustCompile(`^\?0$`),
	"Sec-Ch-Ua-Platform":        regexp.MustCompile(`^"Linux"$`),
	"Sec-Fetch-Dest":            regexp.MustCompile(`^[a-z]{1,15}$`),
	"Sec-Fetch-Mode":            regexp.MustCompile(`^[a-z-]{1,15}$`),
	"Sec-Fetch-Site":            regexp.MustCompile(`^(none|same-origin)$`),
	"Sec-Fetch-Storage-Access":  regexp.MustCompile(`^(none|active)$`),
	"Sec-Fetch-User":            regexp.MustCompile(`^\?1$`),
	"Upgrade-Insecure-Requests": regexp.MustCompile(`^1$`),
	"User-Agent":                regexp.MustCompile(`^Mozilla/5\.0 \(X11; Linux x86_64\) AppleWebKit/537\.36 \(KHTML, like Gecko\) (Headless)?Chrome/\d{2,3}\.0\.0\.0 Safari/537\.36$`),
}

// usualAccept are what Chromium accepts of scripts and calls, of pages, of style sheets and of
// pictures. A page can choose what it says of a call, so nothing may be left open here but the
// picture formats that Chromium has one day.
var usualAccept = []string{
	`\*/\*`, `text/css,\*/\*;q=0\.1`,
	`text/html,application/xhtml\+xml,application/xml;q=0\.9,` + pictures + `\*/\*;q=0\.8,application/signed-exchange;v=b3;q=0\.7`,
	pictures + `image/svg\+xml,image/\*,\*/\*;q=0\.8`,
}

const pictures = `(image/jxl,)?image/avif,image/webp,image/apng,`

// usualGets are the addresses that the product asks for. The query of a page names a CMK, and has
// no room for a key.
var usualGets = regexp.MustCompile(`^/(favicon\.ico|((en|zh-CN)/)?(reimport|check|many|renewal|proof|desk)?(\?KeyId=key-hzzproof\d{12})?|static/[0-9a-f]{32}/((app|many|requests)\.css|icon\.svg|(js|pages)/[a-z_]+\.js|wasm/[a-z_]+\.(js|wasm)))$`)

// unusual says what about a request the product would not send; empty if nothing.
func unusual(r sentRequest, tokens map[string]bool) string {
	what := r.Method + " " + r.URL.RequestURI()
	if problem := unusualHeader(r, usualHeaders); problem != "" {
		return problem
	}
	switch {
	case r.Method == http.MethodGet && usualGets.MatchString(r.URL.RequestURI()):
		if len(r.body) > 0 {
			return what + " has a body"
		}
		return ""
	case r.Method == http.MethodPost && r.URL.RequestURI() == "/kms/GetParametersForImport":
		return unusualFields(what, r.body, parametersFields(proofKey.MatchString, "KeyId"))
	case r.Method == http.MethodPost && r.URL.RequestURI() == "/kms/GetParametersForImport/many":
		return unusualFields(what, r.body, parametersFields(proofKeys.MatchString, "KeyIds"))
	case r.Method == http.MethodPost && r.URL.RequestURI() == "/kms/ImportKeyMaterial":
		return unusualFields(what, r.body, importFields(tokens))
	case r.Method == http.MethodPost && r.URL.RequestURI() == "/kms/ImportKeyMaterial/many":
		imports, err := importsOf(r.body)
		if err != nil || len(imports) == 0 || !plain(r.body, 1+len(imports)*len(importFields(nil))) {
			return what + " has other fields than the product sends"
		}
		for _, each := range imports {
			if problem := unusualFields(what, each, importFields(tokens)); problem != "" {
				return problem
			}
		}
		return ""
	}
	return what + " is no request of the product"
}

// importsOf are the imports of a call about several CMKs, and nothing else is in it.
func importsOf(body []byte) ([]json.RawMessage, error) {
	var fields map[string][]json.RawMessage
	if err := json.Unmarshal(body, &fields); err != nil {
		return nil, err
	}
	if len(fields) != 1 {
		return nil, errors.New("there are other fields than Imports")
	}
	return fields["Imports"], nil
}

// Imports is how many imports a request asks for.
func (r sentRequest) Imports() int {
	switch r.URL.Path {
	case "/kms/ImportKeyMaterial":
		return 1
	case "/kms/ImportKeyMaterial/many":
		imports, _ := importsOf(r.body)
		return len(imports)
	}
	return 0
}

// parametersFields are those of a call for import parameters.
func parametersFields(keys func(string) bool, name string) map[string]func(string) bool {
	return map[string]func(string) bool{
		name:                keys,
		"WrappingAlgorithm": func(v string) bool { return slices.Contains(browser.Algorithms, v) },
		"WrappingKeySpec":   func(v string) bool { return v == "RSA_2048" },
	}
}

// importFields are those of an import, with a token that the KMS gave.
func importFields(tokens map[string]bool) map[string]func(string) bool {
	return map[string]func(string) bool{
		"KeyId": proofKey.MatchString,
		"EncryptedKeyMaterial": func(v string) bool {
			b, err := base64.StdEncoding.Strict().DecodeString(v)
			return err == nil && len(b) == 256
		},
		"ImportToken":           func(v string) bool { return tokens[v] },
		"KeyMaterialExpireUnix": func(v string) bool { return v == "0" },
	}
}

var (
	proofKey  = regexp.MustCompile(`^key-hzzproof\d{12}$`)
	proofKeys = regexp.MustCompile(`^\[key-hzzproof\d{12}( key-hzzproof\d{12}){0,15}\]$`) // as fmt prints them
)

// plain holds for JSON as the product writes it: nothing but the JSON, no white space, no escapes, and
// as many names as there are fields, so that none is there twice.
func plain(body []byte, names int) bool {
	var compact bytes.Buffer
	return json.Compact(&compact, body) == nil && bytes.Equal(compact.Bytes(), body) && !bytes.Contains(body, []byte(`\`)) &&
		bytes.Count(body, []byte(`":`)) == names // no string has a quote in it, where there are no escapes
}

// unusualFields holds a JSON object against its fields: exactly these, each with what it may hold.
func unusualFields(what string, body []byte, usual map[string]func(string) bool) string {
	var fields map[string]any
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	if err := decoder.Decode(&fields); err != nil || len(fields) != len(usual) || !plain(body, len(usual)) {
		return what + " has other fields than the product sends"
	}
	for name, holds := range usual {
		if !holds(fmt.Sprint(fields[name])) {
			return what + " has something unusual in " + name
		}
	}
	return ""
}
