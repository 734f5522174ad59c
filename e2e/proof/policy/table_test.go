package policy

// attack is one thing that hostile code or markup could try. The names in a script are those of the
// prelude: name, elsewhere (an address that writes down who asks for it, to which an ending is
// added), own (the same at the page's own origin), element and put.
//
// What the policy does not refuse either reaches elsewhere, or sets attackRan.
type attack struct {
	name   string // one word, which comes in addresses
	what   string // for the report
	script string
	// report is the violation that the browser reports, as "directive blocked"; {to} is an address
	// with the name in it.
	report string
	fox    string // the same in Firefox, where it differs
	throws string // for what is refused without a report: the error that the script meets
	only   string // the one page on which this can be tried; empty means all
}

// inline is code that shows that it ran.
const inline = `"globalThis.attackRan = true"`

// Reports that many attacks share.
const (
	needsTrustedType = "require-trusted-types-for trusted-types-sink"
	noPolicyName     = "trusted-types trusted-types-policy"
)

// pageAttacks are what a script could try that came to run in a page.
var pageAttacks = []attack{
	{name: "script-text", what: "script element, by its text", script: `put(element("script", {textContent: ` + inline + `}))`, report: needsTrustedType},
	{name: "script-node", what: "script element, by a text node", script: `const s = element("script"); s.append(` + inline + `); put(s)`, report: needsTrustedType},
	{name: "inner-html", what: "innerHTML", script: `put(element("div", {innerHTML: "<img src=x onerror='globalThis.attackRan = true'>"}))`, report: needsTrustedType},
	{name: "outer-html", what: "outerHTML", script: `put(element("div", {id: "o"})); document.querySelector("#o").outerHTML = "<img src=x onerror='globalThis.attackRan = true'>"`, report: needsTrustedType},
	{name: "insert-html", what: "insertAdjacentHTML", script: `document.body.insertAdjacentHTML("beforeend", "<img src=x onerror='globalThis.attackRan = true'>")`, report: needsTrustedType},
	{name: "document-write", what: "document.write into a frame of its own", script: `const f = element("iframe"); put(f); hear(f.contentWindow); f.contentDocument.write("<script>parent.attackRan = true</script>")`, report: needsTrustedType},
	{name: "fragment", what: "createContextualFragment", script: `document.body.append(document.createRange().createContextualFragment("<script>globalThis.attackRan = true</script>"))`, report: needsTrustedType},
	{name: "handler", what: "event handler, as an attribute", script: `const d = element("button"); d.setAttribute("onclick", ` + inline + `); put(d); d.click()`, report: needsTrustedType},
	{name: "handler-by-node", what: "event handler, as an attribute node", script: `const d = element("button"), a = document.createAttribute("onclick"); a.value = ` + inline + `; d.setAttributeNode(a); put(d); d.click()`, report: needsTrustedType},
	{name: "style-element", what: "style element", script: `put(element("style", {textContent: "body { --attack: 1 }"})); await pause(50); if (getComputedStyle(document.body).getPropertyValue("--attack")) attackRan = true`, report: "style-src-elem inline"},
	{name: "style-attribute", what: "style attribute", script: `const d = element("p"); d.setAttribute("style", "--attack: 1"); put(d); if (getComputedStyle(d).getPropertyValue("--attack")) attackRan = true`, report: "style-src-attr inline"},
	{name: "javascript-url", what: "javascript: address in a link", script: `const a = element("a", {href: "javascript:void(globalThis.attackRan = true)"}); put(a); a.click()`, report: "script-src-elem inline", fox: needsTrustedType},
	{name: "javascript-location", what: "javascript: address as location", script: `location.href = "javascript:void(globalThis.attackRan = true)"`, report: "script-src-elem inline", fox: needsTrustedType},
	{name: "eval", what: "eval", script: `(0, eval)(` + inline + `)`, report: needsTrustedType},
	{name: "function", what: "new Function", script: `new Function(` + inline + `)()`, report: needsTrustedType},
	{name: "timeout", what: "setTimeout with a string", script: `setTimeout(` + inline + `)`, report: needsTrustedType},
	{name: "wasm", what: "WebAssembly.compile on the page", script: `await WebAssembly.compile(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0])); attackRan = true`, report: "script-src wasm-eval"},
	{name: "script", what: "script from elsewhere", script: `put(element("script", {type: "module", src: elsewhere + ".js"}))`, report: needsTrustedType},
	{name: "import", what: "import() from elsewhere", script: `await import(elsewhere + ".js")`, report: "script-src-elem {to}"},
	{name: "import-data", what: "import() of a data: address", script: `await import("data:text/javascript,globalThis.attackRan=true")`, report: "script-src-elem data"},
	{name: "import-blob", what: "import() of a blob: address", script: `await import(URL.createObjectURL(new Blob([` + inline + `], {type: "text/javascript"})))`, report: "script-src-elem blob"},
	{name: "stylesheet", what: "style sheet from elsewhere", script: `put(element("link", {rel: "stylesheet", href: elsewhere + ".css"}))`, report: "style-src-elem {to}"},
	{name: "image", what: "image from elsewhere", script: `put(element("img", {src: elsewhere + ".svg"}))`, report: "img-src {to}"},
	{name: "image-data", what: "image from a data: address", script: `await element("img", {src: "data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAA="}).decode(); attackRan = true`, report: "img-src data"},
	{name: "css-url", what: "url() in a rule", script: `const d = element("p", {textContent: "."}); put(d); d.style.backgroundImage = "url(" + elsewhere + ".svg)"; await frame()`, report: "img-src {to}"},
	{name: "css-sheet", what: "url() in a constructed style sheet", script: `const s = new CSSStyleSheet(); s.replaceSync("body { border-image: url(" + elsewhere + ".svg) 1 }"); document.adoptedStyleSheets.push(s); await frame()`, report: "img-src {to}"},
	{name: "css-import", what: "font of a constructed style sheet", script: `const s = new CSSStyleSheet(); s.replaceSync("@font-face { font-family: fontattack; src: url(" + elsewhere + ".svg) } .fontattack { font-family: fontattack }"); document.adoptedStyleSheets.push(s); put(element("p", {className: "fontattack", textContent: "a"})); await frame()`, report: "font-src {to}"},
	{name: "font", what: "FontFace from elsewhere", script: `await new FontFace("attack", "url(" + elsewhere + ".svg)").load()`, report: "font-src {to}"},
	{name: "video", what: "video from elsewhere", script: `put(element("video", {src: elsewhere + ".svg"}))`, report: "media-src {to}"},
	{name: "audio", what: "audio from elsewhere", script: `new Audio(elsewhere + ".svg").load()`, report: "media-src {to}"},
	{name: "object", what: "object from elsewhere", script: `put(element("object", {data: elsewhere + ".svg"}))`, report: needsTrustedType, fox: "object-src {origin}"},
	{name: "embed", what: "embed from elsewhere", script: `const e = element("embed"); e.src = elsewhere + ".svg"; put(e)`, report: needsTrustedType, fox: "object-src {origin}"},
	{name: "frame", what: "frame from elsewhere", script: `put(element("iframe", {src: elsewhere + ".html"}))`, report: "frame-src {origin}"},
	{name: "frame-self", what: "frame of the page itself", script: `const f = element("iframe", {src: location.href}); put(f); await pause(300); if (f.contentDocument?.querySelector("title")?.textContent) attackRan = true`, report: "frame-src {self}"},
	{name: "frame-blob", what: "frame of a blob: address", script: `const f = element("iframe", {src: URL.createObjectURL(new Blob(["<script>parent.attackRan = true</script>"], {type: "text/html"}))}); put(f)`, report: "frame-src blob"},
	{name: "fetch", what: "fetch from elsewhere", script: `await fetch(elsewhere + ".txt")`, report: "connect-src {to}"},
	{name: "fetch-no-cors", what: "fetch that wants no answer", script: `await fetch(elsewhere + ".txt", {mode: "no-cors", method: "POST", body: "x", keepalive: true})`, report: "connect-src {to}"},
	{name: "xhr", what: "XMLHttpRequest", script: `const x = new XMLHttpRequest(); x.open("GET", elsewhere + ".txt"); x.send()`, report: "connect-src {to}"},
	{name: "websocket", what: "WebSocket", script: `new WebSocket(elsewhere.replace("http", "ws") + ".txt")`, report: "connect-src {to}"},
	{name: "event-source", what: "EventSource", script: `const e = new EventSource(elsewhere + ".txt"); await pause(200); e.close()`, report: "connect-src {to}"},
	{name: "beacon", what: "sendBeacon", script: `navigator.sendBeacon(elsewhere + ".txt", "x")`, report: "connect-src {to}"},
	{name: "prefetch", what: "link for prefetching", script: `put(element("link", {rel: "prefetch", href: elsewhere + ".css"}))`, report: "default-src {to}"},
	{name: "preload", what: "link for preloading", script: `put(element("link", {rel: "preload", as: "image", href: elsewhere + ".svg"}))`, report: "img-src {to}", fox: silently},
	{name: "modulepreload", what: "link for preloading a module", script: `put(element("link", {rel: "modulepreload", href: elsewhere + ".js"}))`, report: "script-src-elem {to}", fox: silently},
	{name: "worker", what: "worker from elsewhere", script: `new Worker(elsewhere + ".js", {type: "module"})`, report: needsTrustedType},
	{name: "worker-own", what: "worker from another address of the console", script: `new Worker(own + ".js", {type: "module"})`, report: needsTrustedType},
	{name: "worker-blob", what: "worker from a blob: address", script: `const w = new Worker(URL.createObjectURL(new Blob(["postMessage(1)"], {type: "text/javascript"}))); w.onmessage = () => { attackRan = true }`, report: needsTrustedType},
	{name: "worker-data", what: "worker from a data: address", script: `const w = new Worker("data:text/javascript,postMessage(1)"); w.onmessage = () => { attackRan = true }`, report: needsTrustedType},
	{name: "shared-worker", what: "shared worker", script: `new SharedWorker(own + ".js", {type: "module"})`, report: needsTrustedType},
	{name: "service-worker", what: "service worker", script: `await navigator.serviceWorker.register(own + ".js", {type: "module"})`, report: needsTrustedType},
	{name: "base", what: "base element", script: `const b = element("base", {href: elsewhere + "/"}); document.head.append(b); if (new URL("x", document.baseURI).href.startsWith(elsewhere)) attackRan = true; b.remove()`, report: "base-uri {to}"},
	{name: "form", what: "form to elsewhere", script: `put(element("iframe", {name: "attack"})); const f = element("form", {action: elsewhere + ".html", method: "post", target: "attack"}); put(f); f.submit()`, report: "form-action {to}"},
	{name: "form-action", what: "button that sends the console's form elsewhere", script: `put(element("iframe", {name: "attack"})); const f = element("form", {action: "/en/calendar", method: "post"}), b = element("button", {formAction: elsewhere + ".html", formTarget: "attack"}); f.append(b); put(f); b.click()`, report: "form-action {to}"},
	{name: "ping", what: "ping of a link", script: `const a = element("a", {href: "#attack", ping: elsewhere + ".txt"}); put(a); a.click()`, report: "connect-src {to}", fox: absent},
	{name: "other-policy", what: "Trusted Types policy of another name", script: `trustedTypes.createPolicy("other", {}); attackRan = true`, report: noPolicyName},
	{name: "default-policy", what: "Trusted Types policy for everything", script: `trustedTypes.createPolicy("default", {createHTML: (s) => s}); attackRan = true`, report: noPolicyName},
	{name: "second-policy", what: "second Trusted Types policy of the console's name", script: `trustedTypes.createPolicy("keyferry", {createScriptURL: (s) => s}); attackRan = true`, report: noPolicyName, only: "scripted"},
}
