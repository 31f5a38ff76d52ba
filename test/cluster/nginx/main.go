// Command nginx stands in for the images nginx:1.10, nginx:1.11 and nginx:1.12 of the examples: the local cluster has no
// registry to pull the real ones from. It answers every request with its version and its pod's name.
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
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGQUIT)
	defer stop()
	if err := run(ctx, ":80", os.Getenv("NGINX_VERSION")); err != nil {
		log.Fatal(err)
	}
}

// run serves until the context ends, then stops accepting and lets the requests in flight finish.
func run(ctx context.Context, address, version string) error {
	pod, err := os.Hostname()
	if err != nil {
		return fmt.Errorf("asking for the pod's name: %w", err)
	}
	server := &http.Server{Addr: address, Handler: handler(version, pod), ReadHeaderTimeout: 10 * time.Second}
	drained := make(chan error, 1)
	context.AfterFunc(ctx, func() { drained <- server.Shutdown(context.Background()) })
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serving on %s: %w", address, err)
	}
	return <-drained
}

func handler(version, pod string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Server", "nginx/"+version)
		w.Header().Set("Content-Type", "text/plain")
		fmt.Fprintf(w, "nginx/%s %s\n", version, pod)
	})
}
