package localkms

import (
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"keyferry/server/address"
	"keyferry/server/localkms/wire"
)

// A web site can make the browser of a visitor send requests to this machine. The local KMS has
// no sign-in and its AccessKey is public, so those requests are refused by what browsers say of
// them: the host name that the page was loaded under (a site may let its own name resolve to this
// machine), the origin of the page, and how that origin relates to this one. Clients of the API
// send neither Origin nor Sec-Fetch-Site.

// foreign returns why a request is refused, or nil. Pages of another port of this machine
// (same-site) may link to the inspector, and may do nothing else.
func (k *KMS) foreign(r *http.Request, linked bool) *wire.Error {
	if !knownHost(r, k.config.Hosts) {
		return wire.ErrForeignHost
	}
	switch r.Header.Get("Sec-Fetch-Site") {
	case "", "none", "same-origin":
	case "same-site":
		if !linked || r.Method != http.MethodGet && r.Method != http.MethodHead {
			return wire.ErrForeignSite
		}
	default:
		return wire.ErrForeignSite
	}
	if origins := r.Header.Values("Origin"); len(origins) > 0 {
		origin, err := url.Parse(origins[0])
		if err != nil || len(origins) > 1 || origin.Host == "" || !strings.EqualFold(origin.Host, r.Host) {
			return wire.ErrForeignSite
		}
	}
	return nil
}

// guarded refuses foreign requests to the control API, in plain text.
func (k *KMS) guarded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := k.foreign(r, false); err != nil {
			http.Error(w, err.Message, err.Status)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// knownHost reports whether a request names this machine, the address at which it arrived, or a
// host that the Config allows.
func knownHost(r *http.Request, allowed []string) bool {
	host := r.Host
	if name, port, err := net.SplitHostPort(host); err == nil {
		if strings.ContainsFunc(port, func(c rune) bool { return c < '0' || c > '9' }) {
			return false
		}
		host = name
	} else if inner, found := strings.CutPrefix(host, "["); found {
		if host, found = strings.CutSuffix(inner, "]"); !found {
			return false
		}
	}
	if address.Loopback(host) {
		return true
	}
	if ip, err := netip.ParseAddr(host); err == nil && isLocal(r, ip) {
		return true
	}
	return slices.ContainsFunc(allowed, func(name string) bool { return strings.EqualFold(strings.Trim(name, "[]"), host) })
}

// isLocal reports whether the request arrived at an address.
func isLocal(r *http.Request, address netip.Addr) bool {
	local, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	if !ok {
		return false
	}
	at, err := netip.ParseAddrPort(local.String())
	return err == nil && at.Addr().Unmap() == address.Unmap()
}
