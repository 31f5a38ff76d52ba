// Package traffic sends live requests at a Service and judges what came back: whether any failed, and whether answers of
// an old version came after answers of the new one. The demo and the end-to-end tests share it.
package traffic

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"slices"
	"sync"
	"time"
)

// Result is one request and what became of it.
type Result struct {
	Start, End time.Time

	// Version is the version that answered; empty when the request failed.
	Version string

	// Closing is whether the answer said that the server closes the connection after it.
	Closing bool

	// Err is why the request failed: no connection, no answer, a status other than 200, an answer without a version.
	Err error
}

// Settings are how requests are sent. The zero value sends each from this process over a connection of its own, as a Service picks
// a pod per connection.
type Settings struct {
	// KeepAlive has each worker keep one connection as long as the server does.
	KeepAlive bool

	// Dial opens connections; nil is this process's way. The addresses are IP addresses.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// Client sends requests at a steady rate.
type Client struct {
	url      string
	settings Settings
	stop     context.CancelFunc
	done     sync.WaitGroup

	mu      sync.Mutex
	results []Result
	waiters []waiter
}

// waiter is somebody who waits for a result.
type waiter struct {
	match func(Result) bool
	found chan struct{}
}

// requestTimeout is beyond what any request takes that is going to succeed.
const requestTimeout = 5 * time.Second

// Start sends requests from so many workers, rate a second altogether, until Stop.
func Start(url string, workers, rate int) *Client { return Settings{}.Start(url, workers, rate) }

// Start is Start with these settings.
func (s Settings) Start(url string, workers, rate int) *Client {
	ctx, stop := context.WithCancel(context.Background())
	client := &Client{url: url, settings: s, stop: stop}
	interval := time.Duration(workers) * time.Second / time.Duration(rate)
	for i := range workers {
		offset := interval * time.Duration(i) / time.Duration(workers)
		client.done.Go(func() { client.work(ctx, offset, interval) })
	}
	return client
}

// Stop ends the traffic, waits for the requests in flight, and returns all results.
func (c *Client) Stop() []Result {
	c.stop()
	c.done.Wait()
	return c.Results()
}

// Results returns the results so far, in the order in which they came.
func (c *Client) Results() []Result {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.results)
}

// Await returns when a result matches that comes after the call.
func (c *Client) Await(ctx context.Context, match func(Result) bool) error {
	found := make(chan struct{})
	c.mu.Lock()
	c.waiters = append(c.waiters, waiter{match, found})
	c.mu.Unlock()
	select {
	case <-found:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("waiting for an answer of %s: %w", c.url, context.Cause(ctx))
	}
}

// work sends one worker's share of the requests, spread evenly. A late request delays its successors: they are not sent
// in a burst.
func (c *Client) work(ctx context.Context, offset, interval time.Duration) {
	// It is not http.DefaultTransport, which would ask a proxy.
	transport := &http.Transport{DisableKeepAlives: !c.settings.KeepAlive, DialContext: c.settings.Dial}
	defer transport.CloseIdleConnections()
	worker := &http.Client{Timeout: requestTimeout, Transport: transport}
	select {
	case <-time.After(offset):
	case <-ctx.Done():
		return
	}
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		c.record(c.request(worker))
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
	}
}

func (c *Client) record(result Result) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.results = append(c.results, result)
	c.waiters = slices.DeleteFunc(c.waiters, func(w waiter) bool {
		matches := w.match(result)
		if matches {
			close(w.found)
		}
		return matches
	})
}

// request sends one request. It is not cut short by Stop: a request that was sent counts.
func (c *Client) request(worker *http.Client) Result {
	result := Result{Start: time.Now()}
	result.Err = c.post(worker, &result)
	result.End = time.Now()
	return result
}

// post is a POST because net/http sends those once. It repeats a GET without a word if a kept connection fails under it, and many
// another client does not.
func (c *Client) post(worker *http.Client, result *Result) error {
	response, err := worker.Post(c.url, "text/plain", nil)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		return fmt.Errorf("reading the answer: %w", err)
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("status %s", response.Status)
	}
	if result.Version = ParseVersion(response.Header.Get("Server")); result.Version == "" {
		return fmt.Errorf("no version in the answer's header Server: %q", response.Header.Get("Server"))
	}
	result.Closing = response.Close
	return nil
}

var serverHeader = regexp.MustCompile(`^nginx/(\d+\.\d+)(\.\d+)?$`)

// ParseVersion returns the version as the examples label it, from a Server header of real nginx or its stand-in:
// nginx/1.10.3 and nginx/1.10 are both version 1.10.
func ParseVersion(header string) string {
	if match := serverHeader.FindStringSubmatch(header); match != nil {
		return match[1]
	}
	return ""
}
