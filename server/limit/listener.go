package limit

import (
	"net"
	"sync"

	"golang.org/x/net/netutil"
)

// Listener limits the connections of a listener: to total at once, beyond which further ones wait, and
// to so many for each address, beyond which further ones are closed. The latter does not count for
// proxies. Zero means no limit.
func Listener(inner net.Listener, total, perAddress int, p Proxies) net.Listener {
	if total > 0 {
		inner = netutil.LimitListener(inner, total)
	}
	if perAddress == 0 {
		return inner
	}
	return &listener{Listener: inner, most: perAddress, proxies: p, open: map[string]int{}}
}

type listener struct {
	net.Listener
	most    int
	proxies Proxies

	mu   sync.Mutex
	open map[string]int // connections by address
}

// Accept returns the next connection of an address that does not have too many.
func (l *listener) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		remote := c.RemoteAddr().String()
		if ip, err := parse(remote); err != nil || l.proxies.trusts(ip) {
			return c, nil
		}
		name := Name(remote)
		if !l.take(name) {
			c.Close()
			continue
		}
		return &counted{Conn: c, end: sync.OnceFunc(func() { l.give(name) })}, nil
	}
}

func (l *listener) take(name string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.open[name] >= l.most {
		return false
	}
	l.open[name]++
	return true
}

func (l *listener) give(name string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.open[name]--; l.open[name] == 0 {
		delete(l.open, name)
	}
}

// counted is a connection that counts for its address until it is closed.
type counted struct {
	net.Conn
	end func()
}

// Close closes the connection.
func (c *counted) Close() error {
	defer c.end()
	return c.Conn.Close()
}
