package cluster

import (
	"testing"
	"testing/synctest"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	. "github.com/bluegreen-k8s/bluegreen/pkg/watch/watchtest"
)

func TestADeploymentIsLockedOnceAndOthersAreNot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		locks := NewLocks()
		blue, green, red := Ready("nginx-1.10"), Ready("nginx-1.11"), Ready("nginx-1.12")
		unlock := locks.Lock(blue, green)
		locks.Lock(red)()

		var locked bool
		go func() {
			defer locks.Lock(green, red)()
			locked = true
		}()
		synctest.Wait()
		if locked {
			t.Fatal("a Deployment was locked twice")
		}
		locks.Lock(red)() // Who waits for one holds none.
		unlock()
		synctest.Wait()
		if !locked {
			t.Error("nobody got the lock when it was free")
		}
	})
}

func TestAFailedItemNeverWaitsLong(t *testing.T) {
	limiter := Options(1).RateLimiter
	for i := range 40 {
		if wait := limiter.When(reconcile.Request{}); wait > 15*time.Second {
			t.Fatalf("waits %s after %d failures", wait, i+1)
		}
	}
}
