//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
)

// asks is a stream of writes to managed Services, in which each asks for something else than the one before. The phase in
// the answer to a write shows whether the webhook has seen that write: without it, the phase is that of the ask before.
type asks struct {
	stop context.CancelFunc
	done sync.WaitGroup

	mu       sync.Mutex
	count    int
	failed   []error
	bypassed []string
	slowest  time.Duration
}

// streamAsks asks in turn for another version and for the live one, on a number of Services at once.
func streamAsks(t *testing.T, namespace string, services int) *asks {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	a := &asks{stop: stop}
	t.Cleanup(stop)
	for i := range services {
		name := fmt.Sprintf("asked-%d", i)
		createService(t, namespace, name, "live", "live")
		a.done.Go(func() { a.stream(ctx, namespace, name) })
	}
	return a
}

func (a *asks) stream(ctx context.Context, namespace, name string) {
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	for i := 0; ; i++ {
		if i%2 == 0 {
			a.one(namespace, name, fmt.Sprintf("v%d", i), bluegreen.Waiting)
		} else {
			a.one(namespace, name, "live", bluegreen.Stable)
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
	}
}

// one sends an ask. It is not cut short by the end of the stream: a write that was sent counts.
func (a *asks) one(namespace, name, version string, want bluegreen.Phase) {
	start := time.Now()
	service, err := cluster.Ask(context.Background(), namespace, name, version)
	took := time.Since(start)

	a.mu.Lock()
	defer a.mu.Unlock()
	a.count++
	a.slowest = max(a.slowest, took)
	switch {
	case err != nil:
		a.failed = append(a.failed, err)
	case phaseOf(service) != want:
		a.bypassed = append(a.bypassed, fmt.Sprintf("%s, asked for %s at %s, answered with phase %s after %s",
			name, version, start.Format(time.StampMilli), phaseOf(service), milliseconds(took)))
	}
}

// end stops the stream and logs what came of it.
func (a *asks) end(t *testing.T) {
	t.Helper()
	a.stop()
	a.done.Wait()
	t.Logf("%d asks: %d failed, %d bypassed the webhook, slowest %s", a.count, len(a.failed), len(a.bypassed), milliseconds(a.slowest))
}

// assertAllAdmitted ends the stream, and fails the test if a write failed or went past the webhook.
func (a *asks) assertAllAdmitted(t *testing.T) {
	t.Helper()
	a.end(t)
	for _, err := range a.failed {
		t.Errorf("a write failed: %v", err)
	}
	for _, what := range a.bypassed {
		t.Errorf("a write went past the webhook: %s", what)
	}
}
