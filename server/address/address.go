// Package address says once, for the whole server, what counts as a loopback host and what a region
// looks like.
package address

import (
	"net/netip"
	"regexp"
	"strings"
)

// Loopback reports whether a host is this computer and cannot be reached from another: localhost in
// any case, 127.0.0.0/8, ::1, and the IPv4 ones mapped into IPv6. The host has no port and may have
// brackets. Other names are not resolved and do not count, since who answers for them can change.
func Loopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	if inner, found := strings.CutPrefix(host, "["); found {
		if host, found = strings.CutSuffix(inner, "]"); !found {
			return false
		}
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Zone() == "" && ip.Unmap().IsLoopback()
}

const maxRegion = 64

var regionForm = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)

// Region reports whether a name has the form of a region's id, such as cn-hangzhou. Endpoints are
// made from it, so it holds nothing that could lead to another host.
func Region(name string) bool { return len(name) <= maxRegion && regionForm.MatchString(name) }
