package plugin

import (
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"k8s.io/client-go/rest"
)

// proxy is a server between the plugin and the API server, as an administrator. It sees what is asked, and its connections can be cut.
type proxy struct {
	t       *testing.T
	address string
	handler http.Handler
	server  *httptest.Server

	// meanwhile is done once, before the next patch reaches the API server.
	meanwhile func()

	mu       sync.Mutex
	requests []string
	seen     chan struct{}
}

// newProxy starts a proxy for the length of a test.
func newProxy(t *testing.T) *proxy {
	t.Helper()
	transport, err := rest.TransportFor(suite.Config)
	if err != nil {
		t.Fatal(err)
	}
	target, err := url.Parse(suite.Config.Host)
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{t: t, address: "127.0.0.1:0", seen: make(chan struct{}, 1)}
	forward := &httputil.ReverseProxy{
		Rewrite: func(request *httputil.ProxyRequest) {
			request.SetURL(target)
			if meanwhile := p.meanwhile; request.In.Method == http.MethodPatch && meanwhile != nil {
				p.meanwhile = nil
				meanwhile()
			}
		},
		Transport:     transport,
		FlushInterval: -1,
	}
	forward.ModifyResponse = func(response *http.Response) error {
		p.note(response.Request)
		return nil
	}
	p.handler = forward
	p.restore()
	t.Cleanup(func() { p.cut() })
	return p
}

// restore lets connections in.
func (p *proxy) restore() {
	p.t.Helper()
	listener, err := net.Listen("tcp", p.address)
	if err != nil {
		p.t.Fatal(err)
	}
	p.address = listener.Addr().String()
	p.server = httptest.NewUnstartedServer(p.handler)
	_ = p.server.Listener.Close()
	p.server.Listener = listener
	p.server.Start()
}

// cut ends all connections, and lets no new one in.
func (p *proxy) cut() {
	_ = p.server.Listener.Close()
	p.server.CloseClientConnections()
}

// note keeps what the API server has answered: LIST, WATCH or another verb, and the last part of the path.
func (p *proxy) note(request *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	verb, query := request.Method, request.URL.Query()
	parts := strings.Split(request.URL.Path, "/")
	switch {
	case query.Get("watch") != "":
		verb = "WATCH"
	case verb == http.MethodGet && !strings.Contains(request.URL.Path, "/services/"):
		verb = "LIST"
	}
	p.requests = append(p.requests, verb+" "+parts[len(parts)-1])
	select {
	case p.seen <- struct{}{}:
	default:
	}
}

// asked returns what the API server has answered so far.
func (p *proxy) asked() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string(nil), p.requests...)
}

// awaits waits until the API server has answered a request.
func (p *proxy) awaits(request string) {
	p.t.Helper()
	late := time.After(patience)
	for !strings.Contains(strings.Join(p.asked(), "\n")+"\n", request+"\n") {
		select {
		case <-p.seen:
		case <-late:
			p.t.Fatalf("nobody asked for %q within %v; what was asked is %q", request, patience, p.asked())
		}
	}
}

// flag is the flag by which the plugin uses the proxy.
func (p *proxy) flag() string { return "--server=http://" + p.address }
