package watch

import (
	"testing"
	"testing/synctest"
)

func TestADeploymentIsLockedOnceAndOthersAreNot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		letting := NewLetting()
		blue, green, red := ready("nginx-1.10"), ready("nginx-1.11"), ready("nginx-1.12")
		unlock := letting.lock(blue, green)
		letting.lock(red)()

		var locked bool
		go func() {
			defer letting.lock(green, red)()
			locked = true
		}()
		synctest.Wait()
		if locked {
			t.Fatal("a Deployment was locked twice")
		}
		letting.lock(red)() // Who waits for one holds none.
		unlock()
		synctest.Wait()
		if !locked {
			t.Error("nobody got the lock when it was free")
		}
	})
}
