package cluster

import (
	"net/http"
	"sync/atomic"
	"time"
)

// Clock tells the time as the API server has it: a record that one process wrote, another reads, and their clocks may differ. The zero
// Clock is that of this machine.
type Clock struct {
	// ahead is how much the API server's clock is ahead of this machine's, in nanoseconds.
	ahead atomic.Int64
}

// tolerance is what a Date, which has whole seconds and was on its way, says nothing about.
const tolerance = 2 * time.Second

// Now returns the time.
func (c *Clock) Now() time.Time { return time.Now().Add(time.Duration(c.ahead.Load())) }

// Listen wraps a client's transport, and reads the Date of every answer that was quick, and not a proxy's about an API server that it
// did not reach.
func (c *Clock) Listen(next http.RoundTripper) http.RoundTripper {
	return roundTripper(func(request *http.Request) (*http.Response, error) {
		asked := time.Now().Round(0) // Without the monotonic clock, which stops while a machine sleeps.
		response, err := next.RoundTrip(request)
		if err == nil && response.StatusCode < http.StatusInternalServerError && time.Now().Round(0).Sub(asked) < tolerance {
			c.hear(response.Header.Get("Date"))
		}
		return response, err
	})
}

// hear sets the clock by a Date.
func (c *Clock) hear(date string) {
	at, err := http.ParseTime(date)
	if err != nil {
		return
	}
	ahead := time.Until(at)
	if ahead.Abs() < tolerance {
		ahead = 0
	}
	c.ahead.Store(int64(ahead))
}

// roundTripper is a function as an http.RoundTripper.
type roundTripper func(*http.Request) (*http.Response, error)

// RoundTrip implements http.RoundTripper.
func (f roundTripper) RoundTrip(request *http.Request) (*http.Response, error) { return f(request) }
