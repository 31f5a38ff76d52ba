package cluster_test

import (
	"github.com/bluegreen-k8s/bluegreen/pkg/watch/cluster"
	. "github.com/bluegreen-k8s/bluegreen/pkg/watch/watchtest"

	"testing"
	"testing/synctest"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

func TestAFailedItemNeverWaitsLong(t *testing.T) {
	failed := cluster.Failures()
	for i := range 40 {
		if wait := failed.When(reconcile.Request{}); wait > 15*time.Second {
			t.Fatalf("waits %s after %d failures", wait, i+1)
		}
	}
}

func TestADeploymentIsLockedOnceAndOthersAreNot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lock := cluster.Locking()
		blue, green, red := Ready("nginx-1.10"), Ready("nginx-1.11"), Ready("nginx-1.12")
		unlock := lock(blue, green)
		lock(red)()

		var locked bool
		go func() {
			defer lock(green, red)()
			locked = true
		}()
		synctest.Wait()
		if locked {
			t.Fatal("a Deployment was locked twice")
		}
		lock(red)() // Whoever waits for one holds none.
		unlock()
		synctest.Wait()
		if !locked {
			t.Error("nobody got the lock when it was free")
		}
	})
}
