package pages

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

// site serves a page of a version, whose assets are of that version or not there.
func site(t *testing.T, tls bool, version string, missing ...int) string {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("/page", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Server", "nginx/"+version)
		fmt.Fprintln(w, `<!doctype html><link rel="icon" href="data:,">`)
		for i := range assets {
			fmt.Fprintf(w, "<script defer src=\"/assets/%d.js\"></script>\n", i)
		}
	})
	mux.HandleFunc("/assets/", func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(20 * time.Millisecond) // So that all of a page's connections are wanted at once.
		w.Header().Set("Server", "nginx/"+version)
		for _, i := range missing {
			if r.URL.Path == fmt.Sprintf("/assets/%d.js", i) {
				http.NotFound(w, r)
			}
		}
	})
	server := httptest.NewUnstartedServer(mux)
	if tls {
		server.EnableHTTP2 = true
		server.StartTLS()
	} else {
		server.Start()
	}
	t.Cleanup(server.Close)
	return server.URL
}

func TestClientsHaveAsManyConnectionsAsTheirNameSays(t *testing.T) {
	for name, test := range map[string]struct {
		open        func(origin string) (client, error)
		tls         bool
		connections int
	}{
		"as many as a browser":          {http1, false, browserConnections},
		"one":                           {http2, true, 1},
		"one for each request, at once": {fresh, false, 1 + assets},
	} {
		t.Run(name, func(t *testing.T) {
			client, err := test.open(site(t, test.tls, "1.10"))
			if err != nil {
				t.Fatal(err)
			}
			defer client.close()
			for range 2 {
				if l := client.load(); !l.whole("1.10") || l.connections() != test.connections {
					t.Errorf("failure %v, versions %v, %d connections", l.failure(), l.versions(), l.connections())
				}
			}
		})
	}
}

func TestAClientSeesThatAnAssetIsMissing(t *testing.T) {
	client, err := http1(site(t, false, "1.10", 7))
	if err != nil {
		t.Fatal(err)
	}
	defer client.close()
	if l := client.load(); !l.missing() || l.failure() != nil || l.mixed() || l.whole("1.10") {
		t.Errorf("%+v", l)
	}
}

func TestAClientFailsWithoutAServer(t *testing.T) {
	server := httptest.NewServer(nil)
	server.Close()
	client, err := http1(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	if l := client.load(); l.failure() == nil || l.whole("") {
		t.Errorf("%+v", l)
	}
}
