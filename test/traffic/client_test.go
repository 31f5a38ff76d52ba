package traffic

import (
	"context"
	"errors"
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
	results, connections := requestsOver(t, Settings{})
	if connections != len(results) {
		t.Errorf("%d results over %d connections", len(results), connections)
	}
}

func TestClientKeepsAConnectionPerWorker(t *testing.T) {
	results, connections := requestsOver(t, Settings{KeepAlive: true})
	if connections != 2 {
		t.Errorf("%d results over %d connections, want one for each of 2 workers", len(results), connections)
	}
	for _, result := range results {
		if result.Closing {
			t.Errorf("the server keeps the connection: %+v", result)
		}
	}
}

// TestClientTellsOfAClosedConnection has a server close each connection, once with an answer that says so and once without an answer.
func TestClientTellsOfAClosedConnection(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/at-once" {
			panic(http.ErrAbortHandler)
		}
		w.Header().Set("Server", "nginx/1.10.3")
		w.Header().Set("Connection", "close")
	}))
	defer server.Close()
	for path, told := range map[string]func(Result) bool{
		"/":        func(r Result) bool { return r.Closing && r.Err == nil },
		"/at-once": func(r Result) bool { return !r.Closing && r.Err != nil },
	} {
		client := Settings{KeepAlive: true}.Start(server.URL+path, 1, 100)
		if err := client.Await(t.Context(), told); err != nil {
			t.Error(err)
		}
		for _, result := range client.Stop() {
			if !told(result) {
				t.Errorf("%s: %+v", path, result)
			}
		}
	}
}

func TestClientDialsAsItIsTold(t *testing.T) {
	refuse := errors.New("no way")
	client := Settings{Dial: func(context.Context, string, string) (net.Conn, error) { return nil, refuse }}.Start("http://192.0.2.1", 1, 100)
	defer client.Stop()
	if err := client.Await(t.Context(), func(r Result) bool { return errors.Is(r.Err, refuse) }); err != nil {
		t.Fatal(err)
	}
}

// requestsOver returns what came of some requests of two workers, all of which succeed, and over how many connections they went.
func requestsOver(t *testing.T, settings Settings) ([]Result, int) {
	t.Helper()
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

	client := settings.Start(server.URL, 2, 200)
	seen := 0
	if err := client.Await(t.Context(), func(Result) bool { seen++; return seen == 10 }); err != nil {
		t.Fatal(err)
	}
	results := client.Stop()
	for _, result := range results {
		if result.Err != nil || result.Version != "1.10" || !result.End.After(result.Start) {
			t.Errorf("unexpected %+v", result)
		}
	}
	return results, int(connections.Load())
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
