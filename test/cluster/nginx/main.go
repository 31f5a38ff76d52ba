// Command nginx stands in for the images nginx:1.10, nginx:1.11 and nginx:1.12 of the examples: the local cluster has no
// registry to pull the real ones from. It answers every request with its version and its pod's name; after a while, where the request
// says ?wait=2s.
//
// As nginx does, it ends at once on SIGTERM, with whatever is in flight, as many a server without a thought about it; and gracefully
// on SIGQUIT, which images of nginx ask for. NGINX_STOPSIGNAL=SIGQUIT has it take a SIGTERM for that.
//
// Under /page it has a page with the assets of its version, and with those of the versions in NGINX_ASSETS_OF too. It speaks HTTP/1.1
// on port 80, and on port 443, under a certificate of its own making, HTTP/2 too.
//
// As nginx check [VERSION] it is the client that an image with curl would be: see check.go.
package main

import (
	"context"
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
	work := run
	if len(os.Args) > 1 && os.Args[1] == "check" {
		work = func() error { return check(os.Getenv, os.Args[2:]...) }
	}
	if err := work(); err != nil {
		log.Fatal(err)
	}
}

// run serves until it is told to end. Gracefully means that it answers what is in flight, with Connection: close.
func run() error {
	pod, err := os.Hostname()
	if err != nil {
		return fmt.Errorf("asking for the pod's name: %w", err)
	}
	certificate, err := selfSigned()
	if err != nil {
		return fmt.Errorf("making a certificate: %w", err)
	}
	server := &http.Server{
		Handler:           handler(os.Getenv("NGINX_VERSION"), pod, strings.Fields(os.Getenv("NGINX_ASSETS_OF"))...),
		ReadHeaderTimeout: 10 * time.Second,
		// Whichever port is served first, net/http looks here for whether it is to speak HTTP/2.
		TLSConfig: &tls.Config{Certificates: []tls.Certificate{certificate}, NextProtos: []string{"h2", "http/1.1"}},
	}
	end := make(chan os.Signal, 1)
	signal.Notify(end, syscall.SIGTERM, syscall.SIGQUIT)
	failed := make(chan error, 2)
	if err := listen(":80", server.Serve, failed); err != nil {
		return err
	}
	serveTLS := func(l net.Listener) error { return server.ServeTLS(l, "", "") }
	if err := listen(":443", serveTLS, failed); err != nil {
		return err
	}
	select {
	case err := <-failed:
		return err
	case received := <-end:
		if received == syscall.SIGQUIT || os.Getenv("NGINX_STOPSIGNAL") == "SIGQUIT" {
			return server.Shutdown(context.Background())
		}
		return server.Close()
	}
}

// listen serves on an address in the background, and tells of a failure.
func listen(address string, serve func(net.Listener) error, failed chan<- error) error {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	go func() {
		if err := serve(listener); !errors.Is(err, http.ErrServerClosed) {
			failed <- fmt.Errorf("serving on %s: %w", address, err)
		}
	}()
	return nil
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
