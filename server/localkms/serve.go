package localkms

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"keyferry/server/localkms/wire"
)

// ServeHTTP answers an API request, or shows the inspector to a browser.
func (k *KMS) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if wire.IsCall(r) {
		k.serveCall(w, r)
		return
	}
	k.inspector.ServeHTTP(w, r)
}

// serveCall reads one API request and writes its answer.
func (k *KMS) serveCall(w http.ResponseWriter, r *http.Request) {
	start := time.Now()
	out := &wire.Output{W: w, ID: newRequestID(), Host: r.Host}
	var c *call
	defer func() { k.logRequest(r, c, out, time.Since(start)) }()
	req, err := wire.Decode(w, r)
	asks := req != nil && asksFirst(r, req)
	open := asks || err == nil && byLink(req)
	if refused := k.foreign(r, false); refused != nil && !(open && refused == wire.ErrForeignSite) {
		out.Fail(refused)
		return
	}
	if open {
		letRead(w.Header())
	}
	if asks {
		out.Nothing()
		return
	}
	if req != nil {
		out.XML = req.WantsXML()
	}
	if err == nil {
		c, err = k.admit(r.Context(), req, out.ID)
	}
	if err == nil {
		out.Action = c.action
		err = k.answer(c, out)
	}
	if err != nil {
		out.Fail(err)
	}
}

// answer performs an admitted call under the faults that apply to it.
func (k *KMS) answer(c *call, out *wire.Output) error {
	c.faults = k.faults.take(c.action, c.account, c.get("KeyId"))
	if err := c.faults.before(c.ctx); err != nil {
		return err
	}
	result, err := c.perform(k)
	c.faults.after()
	if err != nil {
		return err
	}
	return out.Succeed(result)
}

func (k *KMS) logRequest(r *http.Request, c *call, out *wire.Output, took time.Duration) {
	attrs := []slog.Attr{
		slog.String("method", r.Method),
		slog.Int("status", out.Status),
		slog.String("requestId", out.ID),
		slog.Duration("took", took),
	}
	if c != nil {
		attrs = append(attrs, slog.String("action", c.action), slog.String("account", c.account))
	}
	if out.Code != "" {
		attrs = append(attrs, slog.String("code", out.Code))
	}
	k.log.LogAttrs(context.WithoutCancel(r.Context()), slog.LevelInfo, "request", attrs...)
}
