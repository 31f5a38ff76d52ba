package command

import (
	"fmt"
	"io"
	"net/http"
	"sync"
)

// connection tells of a connection that was there and is lost, and when there is one again. Whoever sends decides what comes of that.
type connection struct {
	mu   sync.Mutex
	out  io.Writer
	had  bool
	lost error
}

// quiet has the connection tell nothing: it is asked what was lost.
func (c *connection) quiet() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.out = io.Discard
}

// problem returns why there is no connection any more; nil if there is one.
func (c *connection) problem() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.lost
}

// wrap returns a transport that notes what becomes of the requests of another one.
func (c *connection) wrap(next http.RoundTripper) http.RoundTripper {
	return roundTripper(func(request *http.Request) (*http.Response, error) {
		response, err := next.RoundTrip(request)
		if request.Context().Err() == nil {
			c.note(err)
		}
		return response, err
	})
}

func (c *connection) note(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case err == nil && c.lost != nil:
		fmt.Fprintln(c.out, "Note: connected to the server again")
	case err != nil && c.had && c.lost == nil:
		fmt.Fprintln(c.out, "Warning: the connection to the server is lost:", err)
	}
	if c.had = c.had || err == nil; c.had {
		c.lost = err
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

// RoundTrip implements http.RoundTripper.
func (r roundTripper) RoundTrip(request *http.Request) (*http.Response, error) { return r(request) }
