package firefox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/coder/websocket"
)

// patience is how long the browser may take for one command.
const patience = 30 * time.Second

// errEnded reports a command to a browser whose connection is gone.
var errEnded = errors.New("the connection to the browser ended")

// connection speaks WebDriver BiDi: commands with numbered answers, and events in between.
type connection struct {
	socket *websocket.Conn
	event  func(method string, params json.RawMessage) // called in order, from one goroutine
	ended  chan struct{}                               // closed when nothing more will arrive

	mu      sync.Mutex
	last    int
	waiting map[int]chan answer
}

// answer is a message of the browser: the end of a command or an event.
type answer struct {
	Type    string // success, error or event
	ID      int
	Result  json.RawMessage
	Error   string
	Message string
	Method  string
	Params  json.RawMessage
}

// connect opens a connection; every event goes to the given function.
func connect(ctx context.Context, address string, event func(string, json.RawMessage)) (*connection, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	socket, _, err := websocket.Dial(ctx, address, nil)
	if err != nil {
		return nil, fmt.Errorf("connecting to %s: %v", address, err)
	}
	socket.SetReadLimit(64 << 20) // a picture of a whole page is one message
	c := &connection{socket: socket, event: event, ended: make(chan struct{}), waiting: map[int]chan answer{}}
	go c.listen()
	return c, nil
}

// listen hands out what the browser says until the connection ends.
func (c *connection) listen() {
	defer close(c.ended)
	for {
		_, message, err := c.socket.Read(context.Background())
		if err != nil {
			return
		}
		var a answer
		if err := json.Unmarshal(message, &a); err != nil {
			return
		}
		if a.Type == "event" {
			c.event(a.Method, a.Params)
			continue
		}
		c.mu.Lock()
		waiter := c.waiting[a.ID]
		delete(c.waiting, a.ID)
		c.mu.Unlock()
		if waiter != nil {
			waiter <- a
		}
	}
}

// command sends one command and reads its result into out, which may be nil.
func (c *connection) command(ctx context.Context, method string, params, out any) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	waiter := make(chan answer, 1)
	c.mu.Lock()
	c.last++
	id := c.last
	c.waiting[id] = waiter
	c.mu.Unlock()
	message, err := json.Marshal(map[string]any{"id": id, "method": method, "params": params})
	if err != nil {
		return fmt.Errorf("writing %s: %v", method, err)
	}
	if err := c.socket.Write(ctx, websocket.MessageText, message); err != nil {
		return fmt.Errorf("sending %s: %v", method, err)
	}
	select {
	case a := <-waiter:
		if a.Type != "success" {
			return fmt.Errorf("%s: %s: %s", method, a.Error, a.Message)
		}
		if out == nil {
			return nil
		}
		if err := json.Unmarshal(a.Result, out); err != nil {
			return fmt.Errorf("reading the answer to %s: %v", method, err)
		}
		return nil
	case <-c.ended:
		return fmt.Errorf("%s: %w", method, errEnded)
	case <-ctx.Done():
		return fmt.Errorf("waiting for the answer to %s: %w", method, ctx.Err())
	}
}

// close ends the connection without ceremony; the process is ended by whoever started it.
func (c *connection) close() {
	c.socket.CloseNow()
	<-c.ended
}
