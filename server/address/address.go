// Package address says once, for the whole server, what counts as a loopback host, what a region
// looks like, and how a host name is read that a person gives.
package address

import (
	"errors"
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"strings"

	"golang.org/x/net/idna"
)

// Loopback reports whether a host is this computer and cannot be reached from another: localhost in
// any case, 127.0.0.0/8, ::1, and the IPv4 ones mapped into IPv6. The host has no port and may have
// brackets. Other names are not resolved and do not count, since who answers for them can change.
func Loopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip, ok := parseIP(host)
	return ok && ip.IsLoopback()
}

// parseIP takes an IP address with or without brackets, and no zone.
func parseIP(host string) (netip.Addr, bool) {
	if inner, found := strings.CutPrefix(host, "["); found {
		if host, found = strings.CutSuffix(inner, "]"); !found {
			return netip.Addr{}, false
		}
	}
	ip, err := netip.ParseAddr(host)
	if err != nil || ip.Zone() != "" {
		return netip.Addr{}, false
	}
	return ip.Unmap(), true
}

const maxRegion = 64

var regionForm = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)

// Region reports whether a name has the form of a region's id, such as cn-hangzhou. Endpoints are
// made from it, so it holds nothing that could lead to another host.
func Region(name string) bool { return len(name) <= maxRegion && regionForm.MatchString(name) }

// hostForm is a host name as browsers send it. Underscores are no part of DNS host names, but
// container networks have them.
var hostForm = regexp.MustCompile(`^[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*$`)

// Host returns the host of what a person gives as one: a name, an IP address, host:port, or the
// address of a site such as https://keyferry.example:8443/. The result is in lower case, in ASCII
// (Punycode) and has no port, no brackets and no final dot, as the Host header names it.
func Host(input string) (string, error) {
	text := strings.TrimSpace(input)
	if strings.Contains(text, "://") {
		site, err := url.Parse(text)
		switch {
		case err != nil || site.Scheme != "http" && site.Scheme != "https":
			return "", errors.New("is not the address of a site: give a host name, such as keyferry.example")
		case site.User != nil:
			return "", errors.New("has a user name: give a host name alone, such as keyferry.example")
		case site.Path != "" && site.Path != "/" || site.RawQuery != "" || site.Fragment != "":
			return "", errors.New("has a path: the console answers for a whole host, so give its name alone")
		}
		text = site.Host
	}
	if ip, ok := parseIP(text); ok {
		return ip.String(), nil
	}
	name := text
	if strings.Contains(text, ":") {
		host, port, err := net.SplitHostPort(text)
		if err != nil || port == "" || strings.Trim(port, "0123456789") != "" {
			return "", errors.New("is not host or host:port")
		}
		if ip, ok := parseIP(host); ok {
			return ip.String(), nil
		}
		name = host
	}
	name = strings.TrimSuffix(strings.ToLower(name), ".")
	if strings.Contains(name, "*") {
		return "", errors.New("has a wildcard: give each name by itself")
	}
	if ascii, err := idna.Lookup.ToASCII(name); err == nil {
		name = ascii
	}
	if len(name) > 253 || !hostForm.MatchString(name) {
		return "", errors.New("is not a host name, such as keyferry.example")
	}
	return name, nil
}
