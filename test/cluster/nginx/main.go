// Command nginx stands in for the images nginx:1.10, nginx:1.11 and nginx:1.12 of the examples: the local cluster has no
// registry to pull the real ones from. It answers every request with its version and its pod's name; after a while, where the request
// says ?wait=2s.
package main

import (
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
	if err := run(":80", os.Getenv("NGINX_VERSION")); err != nil {
		log.Fatal(err)
	}
}

// run serves until SIGTERM, and then ends at once, with whatever is in flight: as nginx does, and many a server without a thought about it.
func run(address, version string) error {
	pod, err := os.Hostname()
	if err != nil {
		return fmt.Errorf("asking for the pod's name: %w", err)
	}
	server := &http.Server{Addr: address, Handler: handler(version, pod), ReadHeaderTimeout: 10 * time.Second}
	end := make(chan os.Signal, 1)
	signal.Notify(end, syscall.SIGTERM)
	go func() {
		<-end
		_ = server.Close()
	}()
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serving on %s: %w", address, err)
	}
	return nil
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
