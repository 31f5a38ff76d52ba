package pages

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"time"
)

// client loads a page, all of it anew each time: as a browser does whose cache is empty. It keeps its connections.
type client interface {
	load() load
	close()
}

// patience is how long a page may take before it counts as failed.
const patience = 10 * time.Second

// browserConnections is how many connections browsers have to one server where they speak HTTP/1.1 (fetch.spec.whatwg.org leaves it to
// them; Chromium's kDefaultMaxSocketsPerGroup is 6).
const browserConnections = 6

// goClient loads pages as a browser does, without one.
type goClient struct {
	base *url.URL
	http *http.Client
}

func newGoClient(origin string, transport *http.Transport) (client, error) {
	base, err := url.Parse(origin)
	if err != nil {
		return nil, err
	}
	return &goClient{base: base, http: &http.Client{Transport: transport, Timeout: patience}}, nil
}

// http1 has as many connections as a browser.
func http1(origin string) (client, error) {
	return newGoClient(origin, &http.Transport{MaxConnsPerHost: browserConnections, MaxIdleConnsPerHost: browserConnections})
}

// http2 has one connection.
func http2(origin string) (client, error) {
	protocols := new(http.Protocols)
	protocols.SetHTTP2(true)
	return newGoClient(origin, &http.Transport{Protocols: protocols, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}})
}

// fresh has a connection for each request, as has a proxy in front of the Service that chooses a pod for each.
func fresh(origin string) (client, error) {
	return newGoClient(origin, &http.Transport{DisableKeepAlives: true})
}

func (c *goClient) close() { c.http.CloseIdleConnections() }

var source = regexp.MustCompile(`<script [^>]*src="([^"]+)"`)

// load is not cut short: what was begun counts.
func (c *goClient) load() load {
	l := load{start: time.Now()}
	html, first := c.get(pagePath)
	scripts := source.FindAllStringSubmatch(html, -1)
	l.parts = make([]part, 1+len(scripts))
	l.parts[0] = first
	var all sync.WaitGroup
	for i, script := range scripts {
		all.Go(func() { _, l.parts[1+i] = c.get(script[1]) })
	}
	all.Wait()
	l.end = time.Now()
	return l
}

// get returns an answer's body, and what else came of a request for what a page refers to.
func (c *goClient) get(reference string) (string, part) {
	target, err := c.base.Parse(reference)
	if err != nil {
		return "", part{err: err}
	}
	connection := ""
	trace := &httptrace.ClientTrace{GotConn: func(info httptrace.GotConnInfo) { connection = info.Conn.LocalAddr().String() }}
	ctx := httptrace.WithClientTrace(context.Background(), trace)
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, target.String(), nil)
	if err != nil {
		return "", part{err: err}
	}
	response, err := c.http.Do(request)
	if err != nil {
		return "", part{err: err}
	}
	defer response.Body.Close()
	var body strings.Builder
	if _, err := io.Copy(&body, response.Body); err != nil {
		return "", part{err: fmt.Errorf("reading the answer: %w", err)}
	}
	return body.String(), answered(response.Header.Get("Server"), connection, response.StatusCode)
}
