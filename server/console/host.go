package console

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/idna"

	"keyferry/server/address"
)

// hostNames are DNS names in lower case, as browsers send them: labels of letters, digits and inner
// hyphens. A policy can name nothing else, so an underscore is refused too.
var hostNames = regexp.MustCompile(`^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$`)

// ErrHost reports what cannot be a name of the console.
var ErrHost = errors.New("not a host name")

// ParseHost reads a name that a person allows: a host name or an IP address, also with a port, or
// as an address with http:// or https:// and no path. It returns the name alone, in lower case and
// in ASCII, because the console answers to a name on every port. IPv6 addresses are returned
// without brackets. Its errors wrap ErrHost.
func ParseHost(typed string) (string, error) {
	rest := strings.TrimSpace(typed)
	if scheme, after, found := strings.Cut(rest, "://"); found {
		parsed, err := url.Parse(rest)
		if err != nil || parsed.User != nil || strings.Trim(parsed.Path, "/") != "" || strings.ContainsAny(after, "?#") {
			return "", fmt.Errorf("%w: %q: give scheme, name and port alone", ErrHost, typed)
		}
		if scheme = strings.ToLower(scheme); scheme != "http" && scheme != "https" {
			return "", fmt.Errorf("%w: %q: the scheme must be http or https", ErrHost, typed)
		}
		rest = parsed.Host
	}
	if address, err := netip.ParseAddr(rest); err == nil && address.Zone() == "" {
		return address.Unmap().String(), nil // an IPv6 address without brackets would be taken for a name with a port
	}
	name, port := rest, ""
	if at := strings.LastIndexByte(rest, ':'); at > strings.LastIndexByte(rest, ']') {
		name, port = rest[:at], rest[at:]
	}
	if !strings.HasPrefix(name, "[") {
		ascii, err := idna.Lookup.ToASCII(strings.TrimSuffix(name, "."))
		if err != nil {
			return "", fmt.Errorf("%w: %q", ErrHost, typed)
		}
		name = ascii
	}
	name, _, ok := splitHost(name + port)
	if !ok {
		return "", fmt.Errorf("%w: %q", ErrHost, typed)
	}
	return name, nil
}

// splitHost reads a Host header: a name or an address, and perhaps a port of one to five digits.
// The name is in lower case, an IPv6 address without brackets. It is strict, because the name and
// the port become part of a policy and of links.
func splitHost(host string) (name, port string, ok bool) {
	name = strings.ToLower(host)
	if at := strings.LastIndexByte(name, ':'); at > strings.LastIndexByte(name, ']') {
		name, port = name[:at], name[at+1:]
		if number, err := strconv.ParseUint(port, 10, 16); err != nil || number == 0 {
			return "", "", false
		}
	}
	if inner, found := strings.CutPrefix(name, "["); found {
		inner, closed := strings.CutSuffix(inner, "]")
		address, err := netip.ParseAddr(inner)
		if !closed || err != nil || !address.Is6() || address.Zone() != "" {
			return "", "", false
		}
		return address.String(), port, true
	}
	if len(name) > 253 || !hostNames.MatchString(name) {
		return "", "", false
	}
	if last := name[strings.LastIndexByte(name, '.')+1:]; strings.Trim(last, "0123456789") == "" {
		// A browser takes a name that ends in a number for an IPv4 address.
		if address, err := netip.ParseAddr(name); err != nil || address.String() != name {
			return "", "", false
		}
	}
	return name, port, true
}

// joinHost is the opposite of splitHost. The port is left out where it is empty.
func joinHost(name, port string) string {
	if strings.Contains(name, ":") {
		name = "[" + name + "]"
	}
	if port == "" {
		return name
	}
	return name + ":" + port
}

// answersTo reports whether the console has the name that a request was sent to, and returns the
// Host in its one spelling. This keeps DNS rebinding off: a page of another site that made its own
// name point here still sends that name.
func (c *console) answersTo(host string) (string, bool) {
	name, port, ok := splitHost(host)
	if !ok || !address.Loopback(name) && !slices.Contains(c.Hosts, name) {
		return "", false
	}
	return joinHost(name, port), true
}
