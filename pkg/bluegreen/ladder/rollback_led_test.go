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
	const stays = "nginx Failed 1.11 Version 1.11 has broken 1m0s after the switch (Deployment nginx-1.11: not available" + brokenSince +
		"), and traffic could not return to version 1.10 (Follower nginx-admin: "
	const byHand = "): traffic stays, and does not return by itself any more; once version 1.10 is ready: kubectl annotate service nginx -n shop " +
		"bluegreen/target-version=1.10 --overwrite"
	for name, test := range map[string]struct {
		hinders func(*shop)
		why     string
	}{
		"its pods of before are gone": {
			hinders: started(AdminDeployment("1.10", Starting)),
			why:     "Deployment nginx-admin-1.10: waiting for MinimumReplicasAvailable",
		},
		"its write is refused": {
			hinders: refuses("nginx-admin"),
			why:     "the write that moves its traffic is refused: policy says no",
		},
	} {
		t.Run(name, func(t *testing.T) {
			walkShop(t, together(
				turn{all(test.hinders, started(Deployment("1.11", Broken(0, since)))), []string{stays + test.why + byHand}},
				turn{all(refuses(""), started(AdminDeployment("1.10"))), nil},
			)...)
		})
	}
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
