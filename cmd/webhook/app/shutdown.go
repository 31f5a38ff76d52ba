package app

import (
	"context"
	"errors"
	"net/http"
	"time"
)

// errShuttingDown is what /readyz says during the delay.
var errShuttingDown = errors.New("shutting down")

// shutdown lets a process serve on for a while after it was told to end, as kube-apiserver's --shutdown-delay-duration does:
// until every API server has learnt to go elsewhere.
type shutdown struct {
	asked context.Context
	delay time.Duration
}

// context returns one that ends the delay after the process was asked to end.
func (s shutdown) context() (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(s.asked))
	stop := context.AfterFunc(s.asked, func() {
		defer cancel()
		select {
		case <-time.After(s.delay):
		case <-ctx.Done():
		}
	})
	return ctx, func() { stop(); cancel() }
}

// ready is a check that fails once the process was asked to end.
func (s shutdown) ready(*http.Request) error {
	if s.asked.Err() != nil {
		return errShuttingDown
	}
	return nil
}

// handler closes the connection with every answer during the delay. API servers keep connections, speak HTTP/1.1
// to webhooks, and do not repeat a POST: one that is sent on a connection just being closed would bypass the webhook.
func (s shutdown) handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.asked.Err() != nil {
			w.Header().Set("Connection", "close")
		}
		next.ServeHTTP(w, r)
	})
}
