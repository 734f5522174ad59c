package limit

import (
	"net"
	"sync"
)

// Listener limits the connections of a listener: to total at once, beyond which further ones wait, and
// to so many for each address, beyond which further ones are closed. The latter does not count for
// proxies. Zero means no limit.
func Listener(inner net.Listener, total, perAddress int, p Proxies) net.Listener {
	if total == 0 && perAddress == 0 {
		return inner
	}
	l := &listener{Listener: inner, most: perAddress, proxies: p, open: map[string]int{}, closed: make(chan struct{})}
	if total > 0 {
		l.places = make(chan struct{}, total)
	}
	return l
}

type listener struct {
	net.Listener
	places  chan struct{} // one for each connection; nil without a limit
	most    int           // connections of one address; zero without a limit
	proxies Proxies
	closed  chan struct{}
	close   sync.Once

	mu   sync.Mutex
	open map[string]int // connections by address
}

// Accept returns the next connection of an address that does not have too many, once there is a place
// for it.
func (l *listener) Accept() (net.Conn, error) {
	if !l.enter() {
		return nil, net.ErrClosed
	}
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			l.leave()
			return nil, err
		}
		remote := c.RemoteAddr().String()
		if ip, err := parse(remote); l.most == 0 || err != nil || l.proxies.trusts(ip) {
			return &counted{Conn: c, end: sync.OnceFunc(l.leave)}, nil
		}
		name := Name(remote)
		if !l.take(name) {
			c.Close()
			continue
		}
		return &counted{Conn: c, end: sync.OnceFunc(func() { l.give(name); l.leave() })}, nil
	}
}

// Close closes the listener. It ends an Accept that waits for a place.
func (l *listener) Close() error {
	l.close.Do(func() { close(l.closed) })
	return l.Listener.Close()
}

// enter waits for a place, and reports whether there is one. There is none once the listener is closed.
func (l *listener) enter() bool {
	if l.places == nil {
		return true
	}
	select {
	case l.places <- struct{}{}:
		return true
	case <-l.closed:
		return false
	}
}

func (l *listener) leave() {
	if l.places != nil {
		<-l.places
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

// CloseWrite ends what goes to the client, who thereby gets an answer to a request that is not read to
// its end. [http.Server] asks for it.
func (c *counted) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}
