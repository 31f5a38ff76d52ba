package app

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"
)

func TestTheProcessServesOnForTheDelay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked, ask := context.WithCancel(t.Context())
		ending := shutdown{asked: asked, delay: 5 * time.Second}
		ctx, cancel := ending.context()
		defer cancel()
		if err := ending.ready(nil); err != nil {
			t.Errorf("not ready before it was asked to end: %v", err)
		}

		ask()
		start := time.Now()
		if err := ending.ready(nil); err == nil {
			t.Error("ready although it was asked to end")
		}
		<-ctx.Done()
		if served := time.Since(start); served != ending.delay {
			t.Errorf("served on for %s, want %s", served, ending.delay)
		}
	})
}

func TestAProcessThatFailsEndsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked, ask := context.WithCancel(t.Context())
		_, cancel := shutdown{asked: asked, delay: time.Hour}.context()
		ask()
		synctest.Wait()
		start := time.Now()
		cancel()
		synctest.Wait()
		if waited := time.Since(start); waited != 0 {
			t.Errorf("waited for %s", waited)
		}
	})
}

// TestConnectionsCloseWithTheirLastAnswer checks that a client never has to write to a connection that is about to be closed.
func TestConnectionsCloseWithTheirLastAnswer(t *testing.T) {
	asked, ask := context.WithCancel(t.Context())
	ending := shutdown{asked: asked}
	server := httptest.NewServer(ending.handler(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})))
	defer server.Close()

	nobodyAsks := func() {}
	for _, test := range []struct {
		before func()
		closes bool
	}{
		{before: nobodyAsks, closes: false},
		{before: ask, closes: true},
	} {
		test.before()
		response, err := server.Client().Post(server.URL, "application/json", nil)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.Close != test.closes {
			t.Errorf("the answer says that the connection closes: %t, want %t", response.Close, test.closes)
		}
	}
}
