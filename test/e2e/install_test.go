//go:build e2e

package e2e

import (
	"sync"
	"testing"
	"time"
)

// installation is the one that all tests share: the first to need it makes it.
var installation struct {
	once           sync.Once
	ready, serving time.Duration
}

// TestInstall installs the chart into a cluster with nothing else in it.
func TestInstall(t *testing.T) {
	install(t)
	if installation.serving == 0 || installation.serving > 30*time.Second {
		t.Errorf("from helm install, pods ready after %v, webhook serving after %v; want both within 30 s",
			installation.ready, installation.serving)
	}
}

// install removes what an earlier run left, and installs the chart anew.
func install(t *testing.T) {
	t.Helper()
	installation.once.Do(func() {
		helm(t, "uninstall", release, "--namespace", installed, "--ignore-not-found", "--wait")
		kubectl(t, "delete", "namespace", installed, "--ignore-not-found")

		start := time.Now()
		helm(t, append([]string{"install"}, installArgs()...)...)
		awaitAvailable(t, installed, release, 2)
		installation.ready = time.Since(start)
		cluster.AwaitWebhook(t)
		installation.serving = time.Since(start)
		t.Logf("from helm install: pods ready after %.1f s, webhook serving after %.1f s",
			installation.ready.Seconds(), installation.serving.Seconds())
	})
}
