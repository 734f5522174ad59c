package console

import (
	"net/http"
	"strings"

	"keyferry/web"
)

// pagePolicy is the policy of a page: it may load files of this origin, send to its endpoints and
// start its workers. Nothing is inline. A string becomes a script's address only by the one Trusted
// Types policy, which accepts the address of the worker's script alone.
const pagePolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
	"worker-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; " +
	"require-trusted-types-for 'script'; trusted-types keyferry"

// quietPagePolicy is the policy of the pages that never send: they may connect nowhere.
var quietPagePolicy = strings.Replace(pagePolicy, "connect-src 'self'", "connect-src 'none'", 1)

// quietPolicy is the policy of answers that are not documents: a browser that shows one as a
// document lets it do nothing.
const quietPolicy = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox"

// workerPolicy is the policy of the worker that holds plaintext. A worker obeys the policy on the
// answer that carried its own script, not the page's, so this is what keeps key material from
// leaving the worker: it may compile WebAssembly, load the script that starts modules, fetch the
// modules, and reach nothing else.
//
// Only a source with a host can name single files, so the policy depends on the host, and the
// answer must not be shared between hosts. The host must be one that the console answers to.
func workerPolicy(host, prefix string) string {
	runtime := host + prefix + "/" + web.Runtime
	var modules []string
	for _, module := range web.Modules {
		modules = append(modules, host+prefix+"/"+module)
	}
	if strings.HasPrefix(host, "[") { // a policy cannot name an IPv6 address
		runtime, modules = "'self'", []string{"'self'"}
	}
	return "default-src 'none'; script-src " + runtime + " 'wasm-unsafe-eval'; connect-src " + strings.Join(modules, " ") + "; " +
		"base-uri 'none'; form-action 'none'; frame-ancestors 'none'; " +
		"require-trusted-types-for 'script'; trusted-types 'none'"
}

// workerHeaders sets the policy of the worker's script, and names the host that the policy allows:
// where a proxy passes another one to the console than the browser has, the browser loads no
// module, and the page can say why. Server-Timing is the one header that a page can read which may
// connect nowhere. Caches that several people share may not
// keep that answer, and one that does must keep the hosts apart: the other static files are the
// same for everybody, this one is not.
type workerHeaders struct {
	http.ResponseWriter
	host   string // that the request was sent to
	prefix string // of static files
}

// WriteHeader sets the headers over those of a static file.
func (w workerHeaders) WriteHeader(status int) {
	header := w.Header()
	header.Set("Content-Security-Policy", workerPolicy(w.host, w.prefix))
	header.Set("Server-Timing", `host;desc="`+w.host+`"`)
	header.Set("Cache-Control", strings.Replace(header.Get("Cache-Control"), "public", "private", 1))
	header.Set("Vary", header.Get("Vary")+", Host")
	w.ResponseWriter.WriteHeader(status)
}

// deniedFeatures are the browser's features that no page of the console needs.
var deniedFeatures = strings.Join([]string{
	"accelerometer=()", "autoplay=()", "browsing-topics=()", "camera=()", "clipboard-read=()",
	"display-capture=()", "encrypted-media=()", "fullscreen=()", "geolocation=()", "gyroscope=()", "hid=()",
	"idle-detection=()", "local-fonts=()", "magnetometer=()", "microphone=()", "midi=()", "payment=()",
	"picture-in-picture=()", "publickey-credentials-get=()", "screen-wake-lock=()", "serial=()",
	"storage-access=()", "usb=()", "window-management=()", "xr-spatial-tracking=()",
}, ", ")

// secure sets the headers that every answer has. The handlers of pages and of the worker's script
// replace the policy by their own.
func secure(header http.Header) {
	header.Set("Content-Security-Policy", quietPolicy)
	header.Set("Cross-Origin-Opener-Policy", "same-origin")
	header.Set("Cross-Origin-Embedder-Policy", "require-corp")
	header.Set("Cross-Origin-Resource-Policy", "same-origin")
	header.Set("Permissions-Policy", deniedFeatures)
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("X-Content-Type-Options", "nosniff")
}
