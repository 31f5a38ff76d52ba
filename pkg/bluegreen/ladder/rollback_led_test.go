package ladder

import (
	"testing"
	"time"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
	. "github.com/bluegreen-k8s/bluegreen/pkg/bluegreen/bluegreentest"
)

// since is when something breaks in these walks: a minute after the switch, and 30 s before it is looked at again.
var since = now.Add(90 * time.Second)

const (
	brokenSince = " since 2026-11-28T08:01:30Z"
	backAgain   = ": traffic stays on version 1.10; ask for another version, or for this one again: kubectl annotate service nginx -n shop " +
		"bluegreen/retry="
)

// together is a shop in which nginx and its follower have moved to 1.11 together, which is watched.
func together(turns ...turn) []turn {
	return opened(append([]turn{{
		happens: all(started(AdminDeployment("1.11")), rewrites("nginx", Asks("1.11"), forTenMinutes)),
		writes:  []string{"nginx Stable 1.11", "nginx-admin Stable 1.11"},
	}}, turns...)...)
}

func TestFollowersReturnWithTheirLeader(t *testing.T) {
	again := turn{rewrites("nginx", Annotation(bluegreen.Retry, "2")), []string{"nginx Stable 1.11", "nginx-admin Stable 1.11"}}
	unchanged := turn{all(rewrites("nginx", Asks("1.11")), rewrites("nginx-admin", Selects("name", "nginx-admin"))), nil}
	for name, breaks := range map[string]func(*shop){
		"nginx-1.11":       started(Deployment("1.11", Broken(0, since))),
		"nginx-admin-1.11": started(AdminDeployment("1.11", Broken(0, since))),
	} {
		t.Run(name, func(t *testing.T) {
			rolled := "nginx RolledBack 1.10 Version 1.11 was rolled back 1m0s after the switch (Deployment " + name + ": not available" +
				brokenSince + ")" + backAgain + "1795852920 --overwrite"
			walkShop(t, together(
				turn{breaks, []string{rolled, "nginx-admin Stable 1.10"}},
				unchanged,
				turn{started(Deployment("1.11"), AdminDeployment("1.11")), nil},
				again,
			)...)
		})
	}
}

// TestAFollowerReturnsAfterACrash of the controller between both writes, ready or not.
func TestAFollowerReturnsAfterACrash(t *testing.T) {
	walkShop(t, together(
		turn{all(crashesAfter(1), started(Deployment("1.11", Broken(0, since)))), []string{
			"nginx RolledBack 1.10 Version 1.11 was rolled back 1m0s after the switch (Deployment nginx-1.11: not available" + brokenSince + ")" +
				backAgain + "1795852920 --overwrite",
			"nginx-admin Stable 1.10"}},
	)...)
}

// TestNothingReturnsIfAFollowerCannot: traffic of all stays where it is.
func TestNothingReturnsIfAFollowerCannot(t *testing.T) {
	walkShop(t, together(
		turn{all(started(AdminDeployment("1.10", Starting), Deployment("1.11", Broken(0, since)))), []string{
			"nginx Failed 1.11 Version 1.11 has broken 1m0s after the switch (Deployment nginx-1.11: not available" + brokenSince +
				"), and traffic could not return to version 1.10 (Follower nginx-admin: Deployment nginx-admin-1.10: waiting for " +
				"MinimumReplicasAvailable): traffic stays, and does not return by itself any more; once version 1.10 is ready: kubectl annotate " +
				"service nginx -n shop bluegreen/target-version=1.10 --overwrite"}},
		turn{started(AdminDeployment("1.10")), nil},
	)...)
}

// TestARefusedFollowerHoldsTheReturnUntilItMayMove: a refusal says nothing of the version that was left.
func TestARefusedFollowerHoldsTheReturnUntilItMayMove(t *testing.T) {
	walkShop(t, together(
		turn{all(refuses("nginx-admin"), started(Deployment("1.11", Broken(0, since)))), []string{
			"nginx Stable 1.11 Version 1.11 has broken (Deployment nginx-1.11: not available" + brokenSince + "), and traffic cannot return to " +
				"version 1.10 yet (Follower nginx-admin: the write that moves its traffic is refused: policy says no)"}},
		turn{func(*shop) {}, nil},
		turn{refuses(""), []string{
			"nginx RolledBack 1.10 Version 1.11 was rolled back 3m0s after the switch (Deployment nginx-1.11: not available" + brokenSince + ")" +
				backAgain + "1795853040 --overwrite",
			"nginx-admin Stable 1.10"}},
	)...)
}

// TestAFollowerThatJoinsAfterTheSwitchReturnsToo, if it can, and is no reason for its leader to return.
func TestAFollowerThatJoinsAfterTheSwitchReturnsToo(t *testing.T) {
	joins := turn{all(started(AdminDeployment("1.10"), AdminDeployment("1.11")), applied(Follower())), []string{"nginx-admin Stable 1.11"}}
	alone := []turn{
		{all(started(Deployment("1.10"), Deployment("1.11")), applied(Service(Asks("1.10"), forTenMinutes))), nil},
		{rewrites("nginx", Asks("1.11")), []string{"nginx Stable 1.11"}},
		joins,
	}
	broken := now.Add(150 * time.Second)
	t.Run("its leader breaks", func(t *testing.T) {
		walkShop(t, append(alone, turn{started(Deployment("1.11", Broken(0, broken))), []string{
			"nginx RolledBack 1.10 Version 1.11 was rolled back 2m0s after the switch (Deployment nginx-1.11: not available since " +
				"2026-11-28T08:02:30Z)" + backAgain + "1795852980 --overwrite",
			"nginx-admin Stable 1.10"}})...)
	})
	t.Run("it breaks", func(t *testing.T) {
		walkShop(t, append(alone, turn{started(AdminDeployment("1.11", Broken(0, broken))), nil})...)
	})
}

// TestWhatAFollowerLeftIsKeptAsLongAsItsLeaderMayReturn.
func TestWhatAFollowerLeftIsKeptAsLongAsItsLeaderMayReturn(t *testing.T) {
	after := walkShop(t, together()...)
	leader, follower := bluegreen.Read(after.services["nginx"]), bluegreen.Read(after.services["nginx-admin"])
	blue := after.deployments["nginx-admin-1.10"]
	if until := follower.NextBy(leader).ReturnsUntil(blue); !until.Equal(now.Add(11 * time.Minute)) {
		t.Errorf("it is kept until %s", until)
	}
	plain := bluegreen.Read(Service(Asks("1.11"), SelectsVersion("1.11")))
	if until := follower.NextBy(plain).ReturnsUntil(blue); !until.IsZero() {
		t.Errorf("with no auto-rollback, it is kept until %s", until)
	}
}
