package kms

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"regexp"
	"strconv"
	"strings"

	"keyferry/server/address"
)

var endpointHost = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$`)

// checkEndpoint refuses what would send requests astray, and returns the endpoint, a host or
// host:port, in the form that goes into a URL.
func checkEndpoint(config Config) (string, error) {
	switch {
	case !address.Region(config.Region):
		return "", fmt.Errorf("configuring the KMS client: region %q is not one, such as cn-hangzhou", config.Region)
	case config.Network != "" && config.Network != "vpc":
		return "", fmt.Errorf("configuring the KMS client: network %q is neither empty nor vpc", config.Network)
	case config.Endpoint == "" && config.PlainHTTP:
		return "", errors.New("configuring the KMS client: plain http needs a loopback endpoint, and none is given")
	case config.Endpoint == "" && config.Network == "vpc":
		return "kms-vpc." + config.Region + ".aliyuncs.com", nil
	case config.Endpoint == "":
		return "kms." + config.Region + ".aliyuncs.com", nil
	case config.Network != "":
		return "", errors.New("configuring the KMS client: an endpoint says where to go already, so leave the network out")
	}
	endpoint, host, err := parseEndpoint(config.Endpoint)
	if err != nil {
		return "", fmt.Errorf("configuring the KMS client: endpoint %q %w", config.Endpoint, err)
	}
	if config.PlainHTTP && !address.Loopback(host) {
		return "", fmt.Errorf("configuring the KMS client: plain http is for a loopback endpoint only, and %q is none", config.Endpoint)
	}
	return endpoint, nil
}

// parseEndpoint takes host, host:port, [v6] or [v6]:port.
func parseEndpoint(input string) (endpoint, host string, err error) {
	switch {
	case strings.Contains(input, "://"):
		return "", "", errors.New("has a scheme: give host or host:port alone")
	case strings.ContainsAny(input, "/?#"):
		return "", "", errors.New("has a path or a query: give host or host:port alone")
	case strings.Contains(input, "@"):
		return "", "", errors.New("has a user name: give host or host:port alone")
	}
	// An IPv6 address without a port has colons too.
	if ip, err := netip.ParseAddr(strings.Trim(input, "[]")); err == nil && ip.Zone() == "" {
		host = ip.String()
		if ip.Is6() {
			return "[" + host + "]", host, nil
		}
		return host, host, nil
	}
	host = input
	if strings.Contains(input, ":") {
		var port string
		if host, port, err = net.SplitHostPort(input); err != nil {
			return "", "", errors.New("is not host or host:port")
		}
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
			return "", "", errors.New("has no port from 1 to 65535 after the colon")
		}
	}
	ip, err := netip.ParseAddr(host)
	if (err != nil || ip.Zone() != "") && !endpointHost.MatchString(host) {
		return "", "", errors.New("is not host or host:port")
	}
	return input, host, nil
}
