package console

import (
	"net/http"
	"strings"

	"keyferry/web"
)

// pagePolicy rules a page: its own files, its own endpoints, workers of its own. Nothing is inline, and a string
// becomes a script's address through the one Trusted Types policy, which lets the worker's address pass and no other.
const pagePolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
	"worker-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; " +
	"require-trusted-types-for 'script'; trusted-types keyferry"

// quietPagePolicy is the same for the pages that never send.
var quietPagePolicy = strings.Replace(pagePolicy, "connect-src 'self'", "connect-src 'none'", 1)

// quietPolicy is for answers that are not documents: should a browser show one as a document, it can do nothing.
const quietPolicy = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox"

// workerPolicy rules the worker that holds plaintext. A worker obeys the policy on its own script's answer and not the
// page's, so this is the wall that keeps the material in: the worker may compile WebAssembly, load the module's
// start-up script, fetch the modules, and reach nothing else.
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

// deniedFeatures are what no page of the console needs, so that nothing that slipped into one could use it.
var deniedFeatures = strings.Join([]string{
	"accelerometer=()", "autoplay=()", "browsing-topics=()", "camera=()", "clipboard-read=()",
	"display-capture=()", "encrypted-media=()", "fullscreen=()", "geolocation=()", "gyroscope=()", "hid=()",
	"idle-detection=()", "local-fonts=()", "magnetometer=()", "microphone=()", "midi=()", "payment=()",
	"picture-in-picture=()", "publickey-credentials-get=()", "screen-wake-lock=()", "serial=()",
	"storage-access=()", "usb=()", "window-management=()", "xr-spatial-tracking=()",
}, ", ")

// secure puts the headers of the house on an answer. The handlers of pages and of the worker's script set a policy of
// their own over the quiet one.
func secure(header http.Header) {
	header.Set("Content-Security-Policy", quietPolicy)
	header.Set("Cross-Origin-Opener-Policy", "same-origin")
	header.Set("Cross-Origin-Embedder-Policy", "require-corp")
	header.Set("Cross-Origin-Resource-Policy", "same-origin")
	header.Set("Permissions-Policy", deniedFeatures)
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("X-Content-Type-Options", "nosniff")
}
