// Package desk writes the offline page as one HTML file, which opens from a disk and connects to
// nothing.
//
// The file contains everything that the page needs: its text in each language, its styles, its
// script, the worker's script, and the modules, compressed. A policy at its head forbids every
// connection; the page's worker inherits it.
//
// A connected desk is the same file with a script that makes the two calls of an import by links
// that somebody signed. Its policy lets the page connect to the KMS of the regions that it was
// written for, and its workers to nothing.
package desk

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"

	"github.com/a-h/templ"

	"keyferry/components"
	"keyferry/components/pages"
	"keyferry/components/text"
	"keyferry/web"
)

// Config is what a desk is made of.
type Config struct {
	Static  *web.Tree            // must be set, with the modules built in
	Page    []byte               // the page's script, joined into one; must be set
	Worker  []byte               // the worker's; must be set
	Region  string               // that the page offers; may be empty, but not for many keys
	Many    bool                 // the page for many keys, whose script Page then is
	Reached []components.Reached // what the page may connect to, from Network.Reach; empty means nothing
	Version string               // of the program
}

// Embedded is the configuration of what this binary was built with.
func Embedded(region, version string) (Config, error) {
	static, err := web.Embedded()
	if err != nil {
		return Config{}, err
	}
	page, worker, err := web.DeskScripts()
	if err != nil {
		return Config{}, err
	}
	return Config{Static: static, Page: page, Worker: worker, Region: region, Version: version}, nil
}

// EmbeddedConnected is the same of a desk that may reach the KMS.
func EmbeddedConnected(network Network, version string) (Config, error) {
	reached, err := network.Reach()
	if err != nil {
		return Config{}, err
	}
	config, err := Embedded("", version)
	if err != nil {
		return Config{}, err
	}
	if len(reached) == 1 {
		config.Region = reached[0].Region
	}
	config.Reached = reached
	config.Page, err = web.ConnectedDeskScript()
	return config, err
}

// EmbeddedMany is the same of a desk for many keys in one region.
func EmbeddedMany(region, version string) (Config, error) {
	config, err := Embedded(region, version)
	if err != nil {
		return Config{}, err
	}
	config.Many = true
	config.Page, err = web.ManyDeskScript()
	return config, err
}

// modules of the file, with the name under which the page's script looks for each.
var modules = []struct{ name, file string }{{"keyferry", web.Module}, {"strength", web.Strength}}

// File is the whole desk. The same configuration always gives the same bytes.
func File(ctx context.Context, config Config) ([]byte, error) {
	style, err := config.style()
	if err != nil {
		return nil, fmt.Errorf("reading the styles: %w", err)
	}
	file := components.SealedFile{
		Confine:  len(config.Reached) > 0,
		Policy:   policy(config.Page, style, config.Reached),
		Style:    string(style),
		Script:   string(config.Page),
		Enclosed: []components.Enclosure{{Name: "worker", MediaType: "text/plain", Text: string(config.Worker)}},
	}
	for _, module := range modules {
		packed, err := config.Static.Read(module.file + ".gz")
		if err != nil {
			return nil, fmt.Errorf("reading %s: %w", module.file, err)
		}
		file.Enclosed = append(file.Enclosed, components.Enclosure{
			Name: module.name, MediaType: "application/gzip;base64", Text: base64.StdEncoding.EncodeToString(packed),
		})
	}
	for _, words := range text.Languages {
		view, err := config.view(words)
		if err != nil {
			return nil, err
		}
		file.Versions = append(file.Versions, components.SealedVersion{Frame: view.Frame, Body: config.body(view)})
	}
	file.Title = file.Versions[0].Frame.Title
	if err := mustStandInMarkup(file); err != nil {
		return nil, err
	}
	var whole bytes.Buffer
	if err := components.SealedDocument(file).Render(ctx, &whole); err != nil {
		return nil, fmt.Errorf("rendering the desk: %v", err)
	}
	return whole.Bytes(), nil
}

// style is the text of the styles.
func (c Config) style() ([]byte, error) {
	style, err := c.Static.Read("app.css")
	if err != nil || !c.Many {
		return style, err
	}
	more, err := c.Static.Read("many.css")
	return slices.Concat(style, more), err
}

func (c Config) body(view pages.Task) templ.Component {
	if c.Many {
		return pages.ManyDeskFile(view)
	}
	return pages.DeskFile(view)
}

// view is the page in one language. It names no addresses: the page's script takes the modules from
// the file.
func (c Config) view(words *text.Catalogue) (pages.Task, error) {
	digest, err := c.Static.SHA256(web.Module)
	if err != nil {
		return pages.Task{}, err
	}
	integrity, _ := c.Static.Integrity(web.Module) // the same file
	strength, err := c.Static.Integrity(web.Strength)
	if err != nil {
		return pages.Task{}, err
	}
	return pages.Task{
		Frame: components.Frame{
			Text: words, Title: c.title(words), Page: "desk", Region: c.Region, ModuleSHA256: digest, Version: c.Version, Sealed: true,
			Reached: c.Reached,
		},
		Module:   pages.Module{Integrity: integrity},
		Strength: pages.Module{Integrity: strength},
	}, nil
}

func (c Config) title(words *text.Catalogue) string {
	if len(c.Reached) > 0 {
		return words.DeskLink.Title
	}
	if c.Many {
		return words.Many.Title
	}
	return words.Desk.Title
}

// policy rules the page and the worker, which inherits it: the one script, the one style sheet, a
// worker from this very file, WebAssembly, and no connection to anywhere but what is reached. A
// connected desk confines its workers to no connection at all by a second policy.
func policy(script, style []byte, reached []components.Reached) string {
	connect := "'none'"
	if len(reached) > 0 {
		origins := make([]string, len(reached))
		for i, r := range reached {
			origins[i] = r.Origin
		}
		connect = strings.Join(origins, " ")
	}
	return "default-src 'none'; script-src '" + digest(script) + "' 'wasm-unsafe-eval'; style-src '" + digest(style) + "'; " +
		"worker-src blob:; connect-src " + connect + "; base-uri 'none'; form-action 'none'; " +
		"require-trusted-types-for 'script'; trusted-types keyferry"
}

func digest(text []byte) string {
	sum := sha256.Sum256(text)
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}

// mustStandInMarkup refuses texts that would end their element, or that a browser would read
// otherwise than they are here: then the digests in the policy would not fit.
func mustStandInMarkup(file components.SealedFile) error {
	texts := map[string]string{"the styles": file.Style, "the page's script": file.Script}
	for _, enclosed := range file.Enclosed {
		texts["the "+enclosed.Name] = enclosed.Text
	}
	for what, content := range texts {
		lower := strings.ToLower(content)
		for _, mark := range []string{"</script", "</style", "<!--", "\r", "\x00"} {
			if strings.Contains(lower, mark) {
				return fmt.Errorf("making the desk: %s contains %q", what, mark)
			}
		}
	}
	return nil
}
