package account

import (
	"io"
	"net/http"
)

// usualPage makes the browser send a request of every kind that the console's pages make it send.
func usualPage(w http.ResponseWriter, r *http.Request) {
	kind, body := "text/html", ""
	switch r.URL.Path {
	case "/":
		http.Redirect(w, r, "/page", http.StatusFound)
		return
	case "/page":
		body = `<!doctype html><title>Usual</title><script src="/p.js"></script><link rel="icon" href="/i.svg" type="image/svg+xml"><link rel="stylesheet" href="/s.css">` +
			`<script type="module" src="/a.js"></script><p>Usual`
	case "/a.js":
		kind, body = "text/javascript", `import "./b.js"
fetch("/post", { method: "POST", headers: { "Content-Type": "application/json", "Accept-Language": "en" }, body: "{}", credentials: "same-origin", redirect: "error" })
fetch("/api", { method: "POST", headers: { "Accept": "application/json", "Accept-Language": "en", "Keyferry-Request": "1", "Content-Type": "application/json" }, body: "{}", credentials: "same-origin", redirect: "error" })
const worker = new Worker("/w.js", { type: "module", name: "usual" })
worker.onmessage = () => document.body.append(Object.assign(document.createElement("a"), { id: "done", textContent: "Done", href: "/other" }))`
	case "/other":
		body = `<!doctype html><title>Other</title><link rel="icon" href="/i.svg">` +
			`<form method="post" action="/form"><button id="other" name="x" value="1">Other</button></form>`
	case "/form":
		kind, body = "text/calendar", "x"
		w.Header().Set("Content-Disposition", `attachment; filename="x"`)
	case "/b.js", "/p.js", "/x.js":
		kind = "text/javascript"
	case "/w.js":
		kind, body = "text/javascript", `import "./x.js"
fetch("/m.wasm", { integrity: "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=" }).then(() => postMessage("done"))`
	case "/s.css":
		kind = "text/css"
	case "/i.svg":
		kind, body = "image/svg+xml", `<svg xmlns="http://www.w3.org/2000/svg"/>`
	}
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Referrer-Policy", "no-referrer") // as the console says
	io.WriteString(w, body)
}
