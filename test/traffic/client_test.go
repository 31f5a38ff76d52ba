package traffic

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
)

func TestParseVersion(t *testing.T) {
	for header, want := range map[string]string{
		"nginx/1.10":           "1.10",
		"nginx/1.10.3":         "1.10",
		"nginx/1.11.13":        "1.11",
		"nginx":                "",
		"nginx/":               "",
		"Apache/2.4":           "",
		"":                     "",
		"openresty nginx/1.10": "",
	} {
		if got := ParseVersion(header); got != want {
			t.Errorf("ParseVersion(%q) = %q, want %q", header, got, want)
		}
	}
}

func TestClientOpensAConnectionPerRequest(t *testing.T) {
	var connections atomic.Int64
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Server", "nginx/1.10.3")
	}))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connections.Add(1)
		}
	}
	server.Start()
	defer server.Close()

	client := Start(server.URL, 2, 200)
	seen := 0
	if err := client.Await(t.Context(), func(Result) bool { seen++; return seen == 10 }); err != nil {
		t.Fatal(err)
	}
	results := client.Stop()
	if len(results) < 10 || int(connections.Load()) != len(results) {
		t.Errorf("%d results over %d connections", len(results), connections.Load())
	}
	for _, result := range results {
		if result.Err != nil || result.Version != "1.10" || !result.End.After(result.Start) {
			t.Errorf("unexpected %+v", result)
		}
	}
}

func TestClientRecordsFailures(t *testing.T) {
	for name, handler := range map[string]http.HandlerFunc{
		"status":     func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) },
		"no version": func(http.ResponseWriter, *http.Request) {},
		"no answer":  func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(handler)
			defer server.Close()
			client := Start(server.URL, 1, 100)
			if err := client.Await(t.Context(), func(r Result) bool { return r.Err != nil && r.Version == "" }); err != nil {
				t.Fatal(err)
			}
			client.Stop()
		})
	}
}

func TestAwaitEndsWithItsContext(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	client := Start(server.URL, 1, 100)
	defer client.Stop()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := client.Await(ctx, func(Result) bool { return false }); err == nil {
		t.Error("no error")
	}
}
