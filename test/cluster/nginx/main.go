// Command nginx stands in for the images nginx:1.10, nginx:1.11 and nginx:1.12 of the examples: the local cluster has no
// registry to pull the real ones from. It answers every request with its version and its pod's name; after a while, where the request
// says ?wait=2s. Under /page it has a page with the assets of its version.
//
// It speaks HTTP/1.1 on port 80, and on port 443, under a certificate of its own making, HTTP/2 too.
package main

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

func main() {
	if err := run(); err != nil {
		log.Fatal(err)
	}
}

// run serves until SIGTERM, and then ends at once, with whatever is in flight: as nginx does, and many a server without a thought about it.
func run() error {
	server, err := newServer()
	if err != nil {
		return err
	}
	plain, err := net.Listen("tcp", ":80")
	if err != nil {
		return err
	}
	secure, err := net.Listen("tcp", ":443")
	if err != nil {
		return err
	}
	end := make(chan os.Signal, 1)
	signal.Notify(end, syscall.SIGTERM)
	go func() {
		<-end
		_ = server.Close()
	}()
	ended := make(chan error, 2)
	go func() { ended <- server.Serve(plain) }()
	go func() { ended <- server.ServeTLS(secure, "", "") }()
	if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serving: %w", err)
	}
	return nil
}

// newServer returns the server that the environment describes.
func newServer() (*http.Server, error) {
	pod, err := os.Hostname()
	if err != nil {
		return nil, fmt.Errorf("asking for the pod's name: %w", err)
	}
	certificate, err := selfSigned()
	if err != nil {
		return nil, fmt.Errorf("making a certificate: %w", err)
	}
	keepAlive, err := durationOf("NGINX_KEEPALIVE_TIMEOUT")
	if err != nil {
		return nil, err
	}
	return &http.Server{
		Handler:           handler(os.Getenv("NGINX_VERSION"), pod, strings.Fields(os.Getenv("NGINX_ASSETS_OF"))...),
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       keepAlive,
		TLSConfig:         &tls.Config{Certificates: []tls.Certificate{certificate}},
	}, nil
}

// durationOf reads a variable of the environment; 0 if it is not set.
func durationOf(variable string) (time.Duration, error) {
	value, set := os.LookupEnv(variable)
	if !set {
		return 0, nil
	}
	duration, err := time.ParseDuration(value)
	if err != nil {
		return 0, fmt.Errorf("%s: %q: must be a duration, such as 5s", variable, value)
	}
	return duration, nil
}

// handler answers as a pod of a version, which has the assets of some other versions besides its own.
func handler(version, pod string, others ...string) http.Handler {
	assets := assetsOf(append(others, version)...)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if wait, err := time.ParseDuration(r.URL.Query().Get("wait")); err == nil {
			time.Sleep(wait)
		}
		w.Header().Set("Server", "nginx/"+version)
		switch {
		case r.URL.Path == "/page":
			page(version).serve(w, r)
		case strings.HasPrefix(r.URL.Path, "/assets/"):
			assets.serve(w, r)
		default:
			w.Header().Set("Content-Type", "text/plain")
			fmt.Fprintf(w, "nginx/%s %s\n", version, pod)
		}
	})
}
