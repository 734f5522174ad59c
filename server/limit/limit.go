// Package limit keeps one client from taking what is there for all: it limits requests and connections
// by address and person, in bounded memory.
package limit

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// maxKnown is how many names are remembered of each generation.
const maxKnown = 10_000

// Each limits how often something may be done by each of many, such as addresses. The nil Each has no
// limit.
//
// It remembers those who came lately, at most twice maxKnown. An attacker with more addresses than that
// makes it forget, which lets each of them begin anew: so something else has to limit them all
// together where that matters.
type Each struct {
	perSecond rate.Limit
	burst     int

	mu         sync.Mutex
	young, old map[string]*rate.Limiter
}

// NewEach returns a limit of so many a second for each, after a burst. Zero a second means no limit.
func NewEach(perSecond float64, burst int) *Each {
	if perSecond == 0 {
		return nil
	}
	return &Each{perSecond: rate.Limit(perSecond), burst: burst, young: map[string]*rate.Limiter{}}
}

// Allow reports whether the one of this name may do it now.
func (e *Each) Allow(name string) bool {
	if e == nil {
		return true
	}
	return e.limiter(name).Allow()
}

// AllowMore is Allow for so many more than one that was allowed. No more count than what is left of a
// burst then.
func (e *Each) AllowMore(name string, count int) bool {
	if e == nil {
		return true
	}
	return e.limiter(name).AllowN(time.Now(), min(count, e.burst-1))
}

func (e *Each) limiter(name string) *rate.Limiter {
	e.mu.Lock()
	defer e.mu.Unlock()
	found := e.young[name]
	if found != nil {
		return found
	}
	if found = e.old[name]; found == nil {
		found = rate.NewLimiter(e.perSecond, e.burst)
	}
	if len(e.young) >= maxKnown {
		e.old, e.young = e.young, map[string]*rate.Limiter{}
	}
	e.young[name] = found
	return found
}

// Wait is what a client should wait that was refused, in whole seconds.
const Wait = time.Second

// Name returns what a request's address is known by: an IPv4 address, or the 64 bits of an IPv6 one
// that a client has for itself.
func Name(remote string) string {
	ip, err := parse(remote)
	if err != nil {
		return remote
	}
	if ip.Is4() {
		return ip.String()
	}
	prefix, err := ip.WithZone("").Prefix(64)
	if err != nil {
		return remote
	}
	return prefix.String()
}

// parse reads an address with or without a port.
func parse(remote string) (netip.Addr, error) {
	host, _, err := net.SplitHostPort(remote)
	if err != nil {
		host = strings.Trim(remote, "[]")
	}
	ip, err := netip.ParseAddr(host)
	return ip.Unmap(), err
}

// Proxies are the addresses of reverse proxies whose word counts for who asks.
type Proxies []netip.Prefix

// ParseProxies reads addresses and networks, such as 10.0.0.0/8.
func ParseProxies(texts []string) (p Proxies, err error) {
	for _, text := range texts {
		prefix, err := netip.ParsePrefix(text)
		if err != nil {
			ip, failed := netip.ParseAddr(text)
			if failed != nil || ip.Zone() != "" {
				return nil, &net.ParseError{Type: "IP address or network", Text: text}
			}
			prefix = netip.PrefixFrom(ip, ip.BitLen())
		}
		p = append(p, prefix.Masked())
	}
	return p, nil
}

// trusts reports whether an address is one of the proxies.
func (p Proxies) trusts(ip netip.Addr) bool {
	for _, prefix := range p {
		if prefix.Contains(ip.WithZone("")) {
			return true
		}
	}
	return false
}

// Handler gives each request that came from a proxy the address of its client: the last one in
// X-Forwarded-For that is not a proxy too. What others write there does not count.
func (p Proxies) Handler(next http.Handler) http.Handler {
	if len(p) == 0 {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if peer, err := parse(r.RemoteAddr); err == nil && p.trusts(peer) {
			if client, known := p.client(r.Header.Values("X-Forwarded-For")); known {
				copied := *r
				copied.RemoteAddr = netip.AddrPortFrom(client, 0).String()
				r = &copied
			}
		}
		next.ServeHTTP(w, r)
	})
}

func (p Proxies) client(headers []string) (client netip.Addr, known bool) {
	hops := strings.Split(strings.Join(headers, ","), ",")
	for i := len(hops) - 1; i >= 0; i-- {
		ip, err := parse(strings.TrimSpace(hops[i]))
		if err != nil {
			return client, known // what comes before was not written by a proxy of ours
		}
		client, known = ip, true
		if !p.trusts(ip) {
			return client, true
		}
	}
	return client, known
}
