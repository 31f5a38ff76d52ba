package ladder

import (
	"testing"
	"time"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
	. "github.com/bluegreen-k8s/bluegreen/pkg/bluegreen/bluegreentest"
)

// opened is a shop in which nginx and what is led by it are on version 1.10, and green starts.
func opened(turns ...turn) []turn {
	return append([]turn{{
		happens: all(
			started(Deployment("1.10"), AdminDeployment("1.10"), Deployment("1.11"), AdminDeployment("1.11", Starting)),
			applied(Service(Asks("1.10")), Follower()),
		),
		writes: []string{"nginx-admin Stable 1.10"},
	}}, turns...)
}

const (
	adminStarts = "Follower nginx-admin: Deployment nginx-admin-1.11: waiting for MinimumReplicasAvailable"
	ownStarts   = "Deployment nginx-admin-1.11: waiting for MinimumReplicasAvailable"
)

func TestALeaderMovesWithItsFollowersOnceAllAreReady(t *testing.T) {
	walkShop(t, opened(
		turn{rewrites("nginx", Asks("1.11")), []string{"nginx Waiting 1.10 " + adminStarts}},
		turn{rewrites("nginx-admin", Selects("name", "nginx-admin")), nil},
		turn{started(AdminDeployment("1.11")), []string{"nginx Stable 1.11", "nginx-admin Stable 1.11"}},
		turn{rewrites("nginx", Asks("1.11")), nil},
		turn{rewrites("nginx", Asks("1.10")), []string{"nginx Stable 1.10", "nginx-admin Stable 1.10"}},
	)...)
}

// TestATwinIsProtectedOnceAndMovesToo: a headless Service beside another one, of the same Deployments.
func TestATwinIsProtectedOnceAndMovesToo(t *testing.T) {
	twin := Service(NamedService("nginx-pods"), Follows("nginx"))
	after := walkShop(t,
		turn{all(started(Deployment("1.10"), Deployment("1.11", Starting)), applied(Service(Asks("1.10")), twin)),
			[]string{"nginx-pods Stable 1.10"}},
		turn{rewrites("nginx", Asks("1.11")), []string{"nginx Waiting 1.10 Deployment nginx-1.11: waiting for MinimumReplicasAvailable"}},
		turn{started(Deployment("1.11")), []string{"nginx Stable 1.11", "nginx-pods Stable 1.11"}},
	)
	if got := after.deployments["nginx-1.11"].Annotations[bluegreen.Serves]; got != "name=nginx,version=1.11" {
		t.Errorf("noted %q", got)
	}
}

func TestTwoFollowersWithLabelsOfTheirOwnMoveInOneGo(t *testing.T) {
	tracked := Service(NamedService("nginx-track"), Follows("nginx"), Annotation(bluegreen.VersionLabel, "track"),
		Selects("name", "nginx", "track", "1.10"))
	green := Deployment("1.11", Labelled("name", "nginx", "version", "1.11", "track", "1.11"))
	green.Spec.Selector.MatchLabels = green.Spec.Template.Labels
	after := walkShop(t,
		turn{all(started(Deployment("1.10", Labelled("name", "nginx", "version", "1.10", "track", "1.10")), green),
			started(AdminDeployment("1.10"), AdminDeployment("1.11")), applied(Service(Asks("1.10")), Follower(), tracked)),
			[]string{"nginx-admin Stable 1.10", "nginx-track Stable 1.10"}},
		turn{rewrites("nginx", Asks("1.11")), []string{"nginx Stable 1.11", "nginx-admin Stable 1.11", "nginx-track Stable 1.11"}},
	)
	EqualMaps(t, "selector", after.services["nginx-track"].Spec.Selector, Pairs("name", "nginx", "track", "1.11"))
	if got := after.deployments["nginx-1.11"].Annotations[bluegreen.Serves]; got != "name=nginx,track=1.11,version=1.11" {
		t.Errorf("noted %q", got)
	}
}

func TestAPreviewIsOnTheTargetFromTheAskAndBackWhenThatIsWithdrawn(t *testing.T) {
	walkShop(t,
		turn{all(started(Deployment("1.10")), applied(Service(Asks("1.10")), Preview(Selects("name", "nginx")))),
			[]string{"nginx-preview Stable 1.10"}},
		turn{rewrites("nginx", Asks("1.11")), []string{
			"nginx Waiting 1.10 No Deployment has pods labelled name=nginx,version=1.11: create it, or set bluegreen/target-version to a " +
				"version that runs",
			"nginx-preview Stable 1.11"}},
		turn{rewrites("nginx-preview", Selects("name", "nginx")), nil},
		turn{rewrites("nginx", Asks("1.10")), []string{"nginx-preview Stable 1.10"}},
		turn{all(rewrites("nginx", Asks("1.11")), started(Deployment("1.11"))), []string{"nginx Stable 1.11", "nginx-preview Stable 1.11"}},
	)
}

// TestAPreviewShowsWhatWaitsForApprovalOrHasFailed, and followers stay.
func TestAPreviewShowsWhatWaitsForApprovalOrHasFailed(t *testing.T) {
	walkShop(t, append(opened(),
		turn{applied(Preview()), []string{"nginx-preview Stable 1.10"}},
		turn{rewrites("nginx", Asks("1.11"), Annotation(bluegreen.Promote, "manual"), Annotation(bluegreen.Deadline, "90s")), []string{
			"nginx Waiting 1.10 " + adminStarts, "nginx-preview Stable 1.11"}},
		turn{started(AdminDeployment("1.11")), []string{"nginx Paused 1.10 Version 1.11 is ready, and waits for approval: kubectl annotate " +
			"service nginx -n shop bluegreen/approved-version=1.11 --overwrite"}},
		turn{rewrites("nginx-admin", Selects("name", "nginx-admin")), nil},
		turn{rewrites("nginx", Asks("1.12")), []string{
			"nginx Waiting 1.10 No Deployment has pods labelled name=nginx,version=1.12: create it, or set bluegreen/target-version to a " +
				"version that runs", "nginx-preview Stable 1.12"}},
		turn{func(*shop) {}, nil},
		turn{func(*shop) {}, []string{"nginx Failed 1.10 Version 1.12 was not ready 2m0s after it was asked for (No Deployment has pods " +
			"labelled name=nginx,version=1.12: create it, or set bluegreen/target-version to a version that runs): traffic stays on version " +
			"1.10; ask for another version, or for this one again: kubectl annotate service nginx -n shop bluegreen/retry=1795853100 --overwrite"}},
		turn{rewrites("nginx", Asks("1.11"), Annotation(bluegreen.ApprovedVersion, "1.11")),
			[]string{"nginx Stable 1.11", "nginx-admin Stable 1.11", "nginx-preview Stable 1.11"}},
	)...)
}

// TestAFollowerThatIsNeverReadyHoldsItsLeader, which fails when it has a deadline, and says because of whom.
func TestAFollowerThatIsNeverReadyHoldsItsLeader(t *testing.T) {
	walkShop(t, opened(
		turn{rewrites("nginx", Asks("1.11"), Annotation(bluegreen.Deadline, "90s")), []string{"nginx Waiting 1.10 " + adminStarts}},
		turn{func(*shop) {}, nil},
		turn{func(*shop) {}, []string{"nginx Failed 1.10 Version 1.11 was not ready 2m0s after it was asked for (" + adminStarts + "): traffic " +
			"stays on version 1.10; ask for another version, or for this one again: kubectl annotate service nginx -n shop " +
			"bluegreen/retry=1795852860 --overwrite"}},
		turn{started(AdminDeployment("1.11")), nil},
		turn{rewrites("nginx", Annotation(bluegreen.Retry, "2")), []string{"nginx Stable 1.11", "nginx-admin Stable 1.11"}},
	)...)
}

func TestARefusedFollowerHoldsItsLeaderUntilItMayMove(t *testing.T) {
	walkShop(t, opened(
		turn{all(refuses("nginx-admin"), started(AdminDeployment("1.11")), rewrites("nginx", Asks("1.11"))),
			[]string{"nginx Waiting 1.10 Follower nginx-admin: the write that moves its traffic is refused: policy says no"}},
		turn{func(*shop) {}, nil},
		turn{refuses(""), []string{"nginx Stable 1.11", "nginx-admin Stable 1.11"}},
	)...)
}

// TestAFollowerThatACrashLeftBehindGoesForward, also if its target is not ready any more: its leader is there.
func TestAFollowerThatACrashLeftBehindGoesForward(t *testing.T) {
	walkShop(t, opened(
		turn{all(started(AdminDeployment("1.11")), rewrites("nginx", Asks("1.11")), crashesAfter(1)),
			[]string{"nginx Stable 1.11", "nginx-admin Stable 1.11"}},
		turn{all(rewrites("nginx", Asks("1.10")), crashesAfter(1), func(s *shop) {
			s.reconcileOnly("nginx")
			started(AdminDeployment("1.10", Starting))(s)
		}), []string{"nginx Stable 1.10", "nginx-admin Stable 1.10"}},
	)...)
}

// reconcileOnly runs the controller on one Service, until it crashes.
func (s *shop) reconcileOnly(name string) {
	for s.early >= 0 {
		if _, err := s.reconcile(name); err != nil {
			s.early = -1
		}
	}
}

// TestAFollowerFromElsewhereIsGatedUntilItIsInStep: what it has is not what its leader has just left.
func TestAFollowerFromElsewhereIsGatedUntilItIsInStep(t *testing.T) {
	elsewhere := Follower(Selects("name", "nginx-admin", "version", "1.9"))
	walkShop(t,
		turn{all(started(Deployment("1.10"), AdminDeployment("1.9"), AdminDeployment("1.10", Starting)),
			applied(Service(Asks("1.10")), elsewhere)),
			[]string{"nginx-admin Waiting 1.9 Deployment nginx-admin-1.10: waiting for MinimumReplicasAvailable"}},
		turn{started(AdminDeployment("1.10")), []string{"nginx-admin Stable 1.10"}},
	)
}

// TestAFollowerThatIsAddedWhileItsLeaderWaits is waited for, too.
func TestAFollowerThatIsAddedWhileItsLeaderWaits(t *testing.T) {
	const notFound = "No Deployment has pods labelled name=nginx-admin,version=1.11: create it, or set bluegreen/target-version to a " +
		"version that runs"
	walkShop(t,
		turn{all(started(Deployment("1.10"), AdminDeployment("1.10"), Deployment("1.11", Starting)), applied(Service(Asks("1.10")))), nil},
		turn{rewrites("nginx", Asks("1.11")), []string{"nginx Waiting 1.10 Deployment nginx-1.11: waiting for MinimumReplicasAvailable"}},
		turn{applied(Follower(Selects("name", "nginx-admin"))), []string{"nginx-admin Stable 1.10"}},
		turn{started(Deployment("1.11")), []string{"nginx Waiting 1.10 Follower nginx-admin: " + notFound}},
		turn{deleted("nginx-admin"), []string{"nginx Stable 1.11"}},
	)
}

func TestAFollowerIsCreatedBeforeItsLeaderAndOutlivesIt(t *testing.T) {
	const gone = "Service nginx, the value of bluegreen/follows, does not exist: create it: traffic stays on "
	walkShop(t,
		turn{all(started(Deployment("1.10"), AdminDeployment("1.10"), Deployment("1.11"), AdminDeployment("1.11", Starting)),
			applied(Follower(Selects("name", "nginx-admin")))),
			[]string{"nginx-admin Waiting  " + gone + "selector name=nginx-admin,version="}},
		turn{applied(Service(Asks("1.10"))), []string{"nginx-admin Stable 1.10"}},
		turn{rewrites("nginx", Asks("1.11")), []string{"nginx Waiting 1.10 " + adminStarts}},
		turn{deleted("nginx"), []string{"nginx-admin Waiting 1.10 " + gone + "version 1.10"}},
		turn{applied(Service(Asks("1.11"), SelectsVersion("1.11"))), []string{"nginx-admin Waiting 1.10 " + ownStarts}},
		turn{started(AdminDeployment("1.11")), []string{"nginx-admin Stable 1.11"}},
	)
}

// TestWhatSelectsNothingGoesToAVersionThatIsNotReady: that is no worse than nothing.
func TestWhatSelectsNothingGoesToAVersionThatIsNotReady(t *testing.T) {
	walkShop(t, turn{all(started(AdminDeployment("1.10", Starting)), applied(Service(Asks("1.10")), Follower(Selects("name", "nginx-admin")))),
		[]string{"nginx-admin Stable 1.10"}})
}

func TestWhatDoesNotLeadIsToldAndTrafficStays(t *testing.T) {
	says := func(of, what string) string {
		return "nginx-admin Waiting 1.10 Service " + of + ", the value of bluegreen/follows, " + what + ": traffic stays on version 1.10"
	}
	walkShop(t, opened(
		turn{rewrites("nginx", Lacks(bluegreen.TargetVersion)), []string{says("nginx", "is not managed: give it bluegreen/target-version")}},
		turn{all(rewrites("nginx", Asks("1.10")), rewrites("nginx", Asks("1.11"))),
			[]string{"nginx Waiting 1.10 " + adminStarts, "nginx-admin Stable 1.10"}},
		turn{rewrites("nginx", Lacks(bluegreen.TargetVersion), Follows("nginx-admin")), []string{
			"nginx Waiting 1.10 Service nginx-admin, the value of bluegreen/follows, takes its own version from Service nginx: name that one: " +
				"traffic stays on version 1.10",
			says("nginx", "takes its own version from Service nginx-admin: name that one")}},
		turn{rewrites("nginx", Lacks(bluegreen.Follows), Asks("1.11")), []string{"nginx Waiting 1.10 " + adminStarts, "nginx-admin Stable 1.10"}},
		turn{func(s *shop) { Annotation(bluegreen.Ready, "soon")(s.services["nginx"]) }, []string{
			`nginx Waiting 1.10 metadata.annotations[bluegreen/ready]: Unsupported value: "soon": supported values: "minimum", "complete", ` +
				`"match-live"`,
			says("nginx", "asks for nothing that can be done: see its annotation bluegreen/message")}},
	)...)
}

func TestAFollowerThatIsGivenBackHoldsNobody(t *testing.T) {
	walkShop(t, opened(
		turn{rewrites("nginx", Asks("1.11")), []string{"nginx Waiting 1.10 " + adminStarts}},
		turn{rewrites("nginx-admin", Lacks(bluegreen.Follows)), []string{"nginx Stable 1.11"}},
		turn{rewrites("nginx-admin", Follows("nginx")), []string{"nginx-admin Waiting 1.10 " + ownStarts}},
		turn{started(AdminDeployment("1.11")), []string{"nginx-admin Stable 1.11"}},
	)...)
}

// TestAnInvalidFollowerHoldsItsLeader: it was written while the webhook was away.
func TestAnInvalidFollowerHoldsItsLeader(t *testing.T) {
	const invalid = `metadata.annotations: Unsupported value: "bluegreen/drain": supported values: "bluegreen/follows", ` +
		`"bluegreen/version-label"`
	walkShop(t, opened(
		turn{func(s *shop) { Annotation(bluegreen.Drain, "1m")(s.services["nginx-admin"]) }, []string{"nginx-admin Waiting 1.10 " + invalid}},
		turn{all(started(AdminDeployment("1.11")), rewrites("nginx", Asks("1.11"))),
			[]string{"nginx Waiting 1.10 Follower nginx-admin: " + invalid}},
		turn{rewrites("nginx-admin", Lacks(bluegreen.Drain)), []string{"nginx Stable 1.11", "nginx-admin Stable 1.11"}},
	)...)
}

// TestAFollowerOfAServiceWithoutAVersionWaitsForItsFirstSwitch.
func TestAFollowerOfAServiceWithoutAVersionWaitsForItsFirstSwitch(t *testing.T) {
	adopted := Service(Selects("name", "nginx"))
	walkShop(t,
		turn{all(started(Deployment("1.10", Starting), AdminDeployment("1.10")), func(s *shop) { s.services["nginx"] = adopted },
			rewrites("nginx", Asks("1.10")), applied(Follower(Selects("name", "nginx-admin")))), []string{
			"nginx Waiting  Deployment nginx-1.10: waiting for MinimumReplicasAvailable",
			"nginx-admin Waiting  Service nginx, the value of bluegreen/follows, selects no version yet, which its first switch changes: " +
				"traffic stays on selector name=nginx-admin,version="}},
		turn{started(Deployment("1.10")), []string{"nginx Stable 1.10", "nginx-admin Stable 1.10"}},
	)
}

// TestTheTargetOfAFollowerIsProtectedWhileItWaits, like that of its leader.
func TestTheTargetOfAFollowerIsProtectedWhileItWaits(t *testing.T) {
	after := walkShop(t, opened(
		turn{rewrites("nginx", Asks("1.11")), []string{"nginx Waiting 1.10 " + adminStarts}},
	)...)
	for name, want := range map[string]string{
		"nginx-1.10": "name=nginx,version=1.10", "nginx-admin-1.10": "name=nginx-admin,version=1.10", "nginx-1.11": "", "nginx-admin-1.11": "",
	} {
		if deployment := after.deployments[name]; !bluegreen.Protected(deployment) || deployment.Annotations[bluegreen.Serves] != want {
			t.Errorf("%s: %q, %q", name, deployment.Finalizers, deployment.Annotations)
		}
	}
}

// TestAFollowerInPlaceIsProtectedByWhatServes: its target is the Deployment that serves.
func TestAFollowerInPlaceIsProtectedByWhatServes(t *testing.T) {
	rolls := AdminDeployment("1.11", Named("nginx-admin"), Starting, Unnoted, Noting(bluegreen.Serves, "name=nginx-admin,version=1.10"))
	after := walkShop(t, turn{
		all(started(Deployment("1.10"), Deployment("1.11"), rolls), applied(Service(Asks("1.10")), Follower()), rewrites("nginx", Asks("1.11"))),
		[]string{"nginx Waiting 1.10 Follower nginx-admin: Deployment nginx-admin: waiting for MinimumReplicasAvailable",
			"nginx-admin Stable 1.10 Deployment nginx-admin: serves name=nginx-admin,version=1.10, and its new pod labels would take its pods " +
				"out of the Service, which its rollout does: put the labels back"},
	})
	if got := after.deployments["nginx-admin"].Annotations[bluegreen.Serves]; got != "name=nginx-admin,version=1.10" {
		t.Errorf("noted %q", got)
	}
}

// TestAPreviewIsNotToldWhatServes: that is its leader's business.
func TestAPreviewIsNotToldWhatServes(t *testing.T) {
	walkShop(t, turn{all(started(Deployment("1.10", Replicas(0))), applied(Service(Asks("1.10")), Preview())), []string{
		"nginx Stable 1.10 Deployment nginx-1.10: serves and has 0 replicas: scale it up, or ask for another version",
		"nginx-preview Stable 1.10"}})
}

// TestAFollowerThatWaitsForApprovalNamesItsLeader: a slot of its own is relabelled.
func TestAFollowerThatWaitsForApprovalNamesItsLeader(t *testing.T) {
	slot := AdminDeployment("1.11", Named("nginx-admin"), Paused, Unnoted, Noting(bluegreen.Serves, "name=nginx-admin,version=1.10"),
		Noting(bluegreen.ResumeAfter, "3/3/3"))
	leader := bluegreen.Read(Waiting(Annotation(bluegreen.Promote, "manual")))
	state := Observe(leader, List(Deployment("1.11"), slot), true, now).With([]bluegreen.Service{bluegreen.Read(Follower())}, List(slot))
	held(ReasonNotApproved, "Follower nginx-admin: Deployment nginx-admin: serves, and its rollout to version 1.11 waits for approval: "+
		"kubectl annotate service nginx -n shop bluegreen/approved-version=1.11 --overwrite").expect(t, decideOn(state))
	if next := state.Followers[0].Service; !next.Holds() {
		t.Error("its slot would be rolled out before that")
	}
}

// TestARefusalIsLookedAtAgain: nothing tells when it ends. The deadline counts all the same.
func TestARefusalIsLookedAtAgain(t *testing.T) {
	refused := func(options ...ServiceOption) bluegreen.Decision {
		leader := bluegreen.Read(Waiting(options...))
		state := Observe(leader, List(Deployment("1.10"), Deployment("1.11"), AdminDeployment("1.11")), true, now)
		state = state.With([]bluegreen.Service{bluegreen.Read(Follower())}, List(AdminDeployment("1.11")))
		return Decide(state.Refuse("nginx-admin", "no"))
	}
	for name, test := range map[string]struct {
		decision bluegreen.Decision
		want     time.Duration
	}{
		"without a deadline":  {decision: refused(), want: 15 * time.Second},
		"before the deadline": {decision: refused(Annotation(bluegreen.Deadline, "10m")), want: 15 * time.Second},
		"at the deadline":     {decision: refused(Annotation(bluegreen.Deadline, "5s")), want: 5 * time.Second},
	} {
		if got := test.decision.LookAgain.Sub(now); got != test.want || test.decision.MovesTraffic() {
			t.Errorf("%s: looked at again after %s, want %s", name, got, test.want)
		}
	}
}

// TestALeaderWithOneDeploymentSaysThatItsRolloutIsHeld while its follower has pods of its own.
func TestALeaderWithOneDeploymentSaysThatItsRolloutIsHeld(t *testing.T) {
	follower := bluegreen.Read(Follower())
	deployments := List(HeldSlot(), AdminDeployment("1.10"), AdminDeployment("1.12"))
	state := Observe(bluegreen.Read(Managed(Asks("1.12"))), deployments, true, now).With([]bluegreen.Service{follower}, deployments)
	const want = "serves, and its rollout to version 1.12 is held: its pods would end before all that go together can move; use a " +
		"Deployment for each version, or let the other Service follow no more"
	if why := gate(state); why == nil || why.message != "Deployment nginx-blue: "+want {
		t.Errorf("got %+v", why)
	}
}

// TestADeadlineFailsNothingWhileAFollowerHasNoPods: to wait is the only way out, as for the leader itself.
func TestADeadlineFailsNothingWhileAFollowerHasNoPods(t *testing.T) {
	walkShop(t, opened(
		turn{all(started(AdminDeployment("1.10", Starting, Available(0))),
			rewrites("nginx", Asks("1.11"), Annotation(bluegreen.Deadline, "90s"))), []string{"nginx Waiting 1.10 " + adminStarts}},
		turn{func(*shop) {}, nil},
		turn{func(*shop) {}, nil},
		turn{started(AdminDeployment("1.11")), []string{"nginx Stable 1.11", "nginx-admin Stable 1.11"}},
	)...)
}
