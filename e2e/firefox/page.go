package firefox

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

// Page is one tab.
type Page struct {
	browser *Browser
	context string
}

// Preload has every page that is loaded from now on run a function before its own scripts.
func (b *Browser) Preload(ctx context.Context, function string) error {
	return b.connection.command(ctx, "script.addPreloadScript", map[string]any{"functionDeclaration": function}, nil)
}

// Open opens a new tab at an address.
func (b *Browser) Open(ctx context.Context, address string) (*Page, error) {
	var created struct{ Context string }
	if err := b.connection.command(ctx, "browsingContext.create", map[string]any{"type": "tab"}, &created); err != nil {
		return nil, err
	}
	p := &Page{browser: b, context: created.Context}
	return p, p.Navigate(ctx, address)
}

// Navigate goes to an address and waits until the page is loaded.
func (p *Page) Navigate(ctx context.Context, address string) error {
	return p.browser.connection.command(ctx, "browsingContext.navigate", map[string]any{
		"context": p.context, "url": address, "wait": "complete",
	}, nil)
}

// Close closes the tab.
func (p *Page) Close(ctx context.Context) error {
	return p.browser.connection.command(ctx, "browsingContext.close", map[string]any{"context": p.context}, nil)
}

// evaluated is the outcome of a script.
type evaluated struct {
	Type   string // success or exception
	Result struct {
		Type, SharedID string
		Value          json.RawMessage
	}
	ExceptionDetails struct{ Text string }
}

func (p *Page) evaluate(ctx context.Context, expression string) (*evaluated, error) {
	return p.browser.evaluate(ctx, map[string]string{"context": p.context}, expression)
}

func (b *Browser) evaluate(ctx context.Context, target map[string]string, expression string) (*evaluated, error) {
	var e evaluated
	err := b.connection.command(ctx, "script.evaluate", map[string]any{
		"expression": expression, "target": target, "awaitPromise": true, "userActivation": true,
	}, &e)
	if err != nil {
		return nil, err
	}
	if e.Type != "success" {
		return nil, fmt.Errorf("script: %s", e.ExceptionDetails.Text)
	}
	return &e, nil
}

// text is the string that a script came to.
func (e *evaluated) text() (string, error) {
	var value string
	if e.Result.Type != "string" || json.Unmarshal(e.Result.Value, &value) != nil {
		return "", fmt.Errorf("script: it came to a value of the type %s, not to a string", e.Result.Type)
	}
	return value, nil
}

// Evaluate runs an expression in the page and returns the string that it, or its promise, comes to.
func (p *Page) Evaluate(ctx context.Context, expression string) (string, error) {
	e, err := p.evaluate(ctx, expression)
	if err != nil {
		return "", err
	}
	return e.text()
}

// pause is how long to wait before looking again.
const pause = 50 * time.Millisecond

// element waits for the element that a script finds, if it is there for a person to see, and
// returns its reference.
func (p *Page) element(ctx context.Context, selector, text string, visible bool) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	find := fmt.Sprintf(`[...document.querySelectorAll(%s)].find((found) => found.textContent.includes(%s)
		&& (!%t || found.checkVisibility() && !found.disabled)) ?? null`, quoted(selector), quoted(text), visible)
	for {
		e, err := p.evaluate(ctx, find)
		if err != nil {
			return "", fmt.Errorf("looking for %s %q: %w", selector, text, err)
		}
		if e.Result.SharedID != "" {
			return e.Result.SharedID, nil
		}
		select {
		case <-ctx.Done():
			return "", fmt.Errorf("looking for %s %q: %w", selector, text, ctx.Err())
		case <-time.After(pause):
		}
	}
}

// See waits until an element with this text in it can be seen.
func (p *Page) See(ctx context.Context, selector, text string) error {
	_, err := p.element(ctx, selector, text, true)
	return err
}

// Click presses the first element with this text in it, as a mouse does.
func (p *Page) Click(ctx context.Context, selector, text string) error {
	found, err := p.element(ctx, selector, text, true)
	if err != nil {
		return err
	}
	err = p.browser.connection.command(ctx, "script.callFunction", map[string]any{
		"functionDeclaration": `(found) => found.scrollIntoView({block: "center", behavior: "instant"})`,
		"arguments":           []any{map[string]string{"sharedId": found}},
		"target":              map[string]string{"context": p.context}, "awaitPromise": false,
	}, nil)
	if err != nil {
		return fmt.Errorf("pressing %s %q: %w", selector, text, err)
	}
	origin := map[string]any{"type": "element", "element": map[string]string{"sharedId": found}}
	return p.act(ctx, map[string]any{"type": "pointer", "id": "mouse", "actions": []any{
		map[string]any{"type": "pointerMove", "x": 0, "y": 0, "origin": origin},
		map[string]any{"type": "pointerDown", "button": 0},
		map[string]any{"type": "pointerUp", "button": 0},
	}})
}

// Type presses a field and types into it, key by key.
func (p *Page) Type(ctx context.Context, selector, text string) error {
	if err := p.Click(ctx, selector, ""); err != nil {
		return err
	}
	var keys []any
	for _, key := range text {
		keys = append(keys, map[string]string{"type": "keyDown", "value": string(key)}, map[string]string{"type": "keyUp", "value": string(key)})
	}
	return p.act(ctx, map[string]any{"type": "key", "id": "keyboard", "actions": keys})
}

func (p *Page) act(ctx context.Context, source map[string]any) error {
	return p.browser.connection.command(ctx, "input.performActions", map[string]any{
		"context": p.context, "actions": []any{source},
	}, nil)
}

// SetFiles chooses files in a field for files.
func (p *Page) SetFiles(ctx context.Context, selector string, files ...string) error {
	found, err := p.element(ctx, selector, "", false)
	if err != nil {
		return err
	}
	return p.browser.connection.command(ctx, "input.setFiles", map[string]any{
		"context": p.context, "element": map[string]string{"sharedId": found}, "files": files,
	}, nil)
}

// Download presses a link and returns the file that it saved.
func (p *Page) Download(ctx context.Context, selector string) (string, error) {
	before := p.browser.downloads()
	if err := p.Click(ctx, selector, ""); err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		if now := p.browser.downloads(); len(now) > len(before) {
			return now[len(now)-1], nil
		}
		select {
		case <-ctx.Done():
			return "", fmt.Errorf("waiting for what %s saves: %w", selector, ctx.Err())
		case <-time.After(pause):
		}
	}
}

func (b *Browser) downloads() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.saved)
}

// Screenshot is a picture of the whole page, as a PNG file.
func (p *Page) Screenshot(ctx context.Context) ([]byte, error) {
	var taken struct{ Data string }
	err := p.browser.connection.command(ctx, "browsingContext.captureScreenshot", map[string]any{
		"context": p.context, "origin": "document",
	}, &taken)
	if err != nil {
		return nil, err
	}
	return base64.StdEncoding.DecodeString(taken.Data)
}

// quoted writes a text as JavaScript reads it.
func quoted(text string) string {
	written, err := json.Marshal(text)
	if err != nil {
		panic(err) // a string can always be written
	}
	return string(written)
}
