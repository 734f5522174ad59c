package localkms

import (
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// knownHost lets those requests pass that name this machine, or a host that
// the Config allows: a page elsewhere that has its own name resolve to this
// address would otherwise be of the same origin.
func (k *KMS) knownHost(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host := r.Host
		if name, _, err := net.SplitHostPort(host); err == nil {
			host = name
		}
		if !loopbackName(host) && !slices.Contains(k.config.Hosts, host) {
			http.Error(w, "This host name is not allowed here.", http.StatusMisdirectedRequest)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// loopbackName reports whether a host can only mean the machine itself.
func loopbackName(host string) bool {
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	addr, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil && addr.IsLoopback()
}
