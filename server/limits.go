package main

import (
	"errors"
	"fmt"
	"net"

	"keyferry/server/console"
	"keyferry/server/limit"
)

// limitFlags are the flags that keep one client from taking what is there for all.
type limitFlags struct {
	TrustedProxy          []string `placeholder:"ADDRESS" help:"Address or network of a reverse proxy, such as 10.0.0.0/8. What it writes into X-Forwarded-For says who asks, for the limits. May be given several times."`
	RequestsPerAddress    float64  `default:"1000" help:"How many requests a second to take from one address, after a burst of three times as many. 0 means no limit. Behind a proxy that is not trusted, everybody has its address."`
	RequestsPerPerson     float64  `default:"50" help:"How many requests a second to take from one person who has signed in, after a burst of three times as many. 0 means no limit."`
	Connections           int      `default:"8192" help:"How many connections to hold at once. Further ones wait. 0 means no limit."`
	ConnectionsPerAddress int      `default:"2048" help:"How many connections to hold at once from one address that is no trusted proxy. Further ones are closed. 0 means no limit."`
}

// burst is how much of a limit may be used at once: loading a page takes some dozens of requests.
const burst = 3

// limits are what the flags say.
type limits struct {
	console console.Limits
	proxies limit.Proxies
	flags   limitFlags
}

func (f limitFlags) limits() (limits, error) {
	if f.RequestsPerAddress < 0 || f.RequestsPerPerson < 0 || f.Connections < 0 || f.ConnectionsPerAddress < 0 {
		return limits{}, errors.New("--requests-per-address, --requests-per-person, --connections and --connections-per-address must not be below 0")
	}
	proxies, err := limit.ParseProxies(f.TrustedProxy)
	if err != nil {
		return limits{}, fmt.Errorf("--trusted-proxy: %w", err)
	}
	return limits{console.Limits{
		Addresses: limit.NewEach(f.RequestsPerAddress, int(burst*f.RequestsPerAddress)+1),
		People:    limit.NewEach(f.RequestsPerPerson, int(burst*f.RequestsPerPerson)+1),
	}, proxies, f}, nil
}

// listener limits the connections of a listener.
func (l limits) listener(inner net.Listener) net.Listener {
	return limit.Listener(inner, l.flags.Connections, l.flags.ConnectionsPerAddress, l.proxies)
}
