// Command nginx stands in for the images nginx:1.10, nginx:1.11 and nginx:1.12 of the examples: the local cluster has no
// registry to pull the real ones from. It answers every request with its version and its pod's name; after a while, where the request
// says ?wait=2s.
//
// As nginx does, it ends at once on SIGTERM, with whatever is in flight, as many a server without a thought about it; and gracefully
// on SIGQUIT, which images of nginx ask for. NGINX_STOPSIGNAL=SIGQUIT has it take a SIGTERM for that.
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	if err := run(":80", os.Getenv("NGINX_VERSION"), os.Getenv("NGINX_STOPSIGNAL") == "SIGQUIT"); err != nil {
		log.Fatal(err)
	}
}

// run serves until it is told to end. Gracefully means that it answers what is in flight, with Connection: close.
func run(address, version string, gracefully bool) error {
	pod, err := os.Hostname()
	if err != nil {
		return fmt.Errorf("asking for the pod's name: %w", err)
	}
	server := &http.Server{Addr: address, Handler: handler(version, pod), ReadHeaderTimeout: 10 * time.Second}
	end, ended := make(chan os.Signal, 1), make(chan error, 1)
	signal.Notify(end, syscall.SIGTERM, syscall.SIGQUIT)
	go func() {
		if received := <-end; gracefully || received == syscall.SIGQUIT {
			ended <- server.Shutdown(context.Background())
		} else {
			ended <- server.Close()
		}
	}()
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serving on %s: %w", address, err)
	}
	return <-ended
}

func handler(version, pod string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if wait, err := time.ParseDuration(r.URL.Query().Get("wait")); err == nil {
			time.Sleep(wait)
		}
		w.Header().Set("Server", "nginx/"+version)
		w.Header().Set("Content-Type", "text/plain")
		fmt.Fprintf(w, "nginx/%s %s\n", version, pod)
	})
}
