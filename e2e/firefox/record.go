package firefox

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
)

// Request is one request that the browser sent.
type Request struct {
	Method, Address string
	Headers         string // one a line
	id              string
	bodySize        int
}

// Said is one message on a page's console, or an error that nobody caught.
type Said struct {
	Level, Text string
}

// take keeps an event of the browser.
func (b *Browser) take(method string, params json.RawMessage) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch method {
	case "network.beforeRequestSent":
		var event struct {
			Request struct {
				Request, URL, Method string
				BodySize             int
				Headers              []struct {
					Name  string
					Value struct{ Value string }
				}
			}
		}
		if json.Unmarshal(params, &event) != nil {
			return
		}
		var headers strings.Builder
		for _, header := range event.Request.Headers {
			fmt.Fprintln(&headers, header.Name, header.Value.Value)
		}
		b.requests = append(b.requests, &Request{
			Method: event.Request.Method, Address: event.Request.URL, Headers: headers.String(),
			id: event.Request.Request, bodySize: event.Request.BodySize,
		})
	case "log.entryAdded":
		var said Said
		if json.Unmarshal(params, &said) == nil {
			b.said = append(b.said, said)
		}
	case "browsingContext.downloadEnd":
		var event struct{ Status, Filepath string }
		if json.Unmarshal(params, &event) == nil && event.Status == "complete" {
			b.saved = append(b.saved, event.Filepath)
		}
	}
}

// Said is everything that pages said so far.
func (b *Browser) Said() []Said {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]Said(nil), b.said...)
}

// Requests is every request so far.
func (b *Browser) Requests() []*Request {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]*Request(nil), b.requests...)
}

// Body is what a request carried, as the browser kept it.
func (b *Browser) Body(ctx context.Context, r *Request) ([]byte, error) {
	if r.bodySize == 0 {
		return nil, nil
	}
	var kept struct{ Bytes struct{ Type, Value string } }
	err := b.connection.command(ctx, "network.getData", map[string]any{
		"dataType": "request", "request": r.id, "collector": b.collector,
	}, &kept)
	if err != nil {
		return nil, err
	}
	if kept.Bytes.Type != "string" {
		return nil, fmt.Errorf("reading the body of %s %s: it is %s", r.Method, r.Address, kept.Bytes.Type)
	}
	return []byte(kept.Bytes.Value), nil
}
