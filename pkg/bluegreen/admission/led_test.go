package admission

import (
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
	. "github.com/bluegreen-k8s/bluegreen/pkg/bluegreen/bluegreentest"
)

const askedToFollow = "Asked to take the version of Service nginx: waiting for the controller to look at it"

// asksToFollow are the annotations of a Service that has just been asked to follow nginx.
func asksToFollow() map[string]string {
	return Pairs(bluegreen.Follows, "nginx", bluegreen.PhaseKey, "Waiting", bluegreen.MessageKey, askedToFollow)
}

// follows are those of a Service that does.
func follows() map[string]string {
	return Pairs(bluegreen.Follows, "nginx", bluegreen.PhaseKey, "Stable")
}

func TestAServiceThatIsLedIsCreatedOnItsOwnVersionOrOnNone(t *testing.T) {
	previews := asksToFollow()
	delete(previews, bluegreen.Follows)
	previews[bluegreen.PreviewOf] = "nginx"
	labelled := asksToFollow()
	labelled[bluegreen.VersionLabel] = "track"
	admitAll(t, map[string]serviceCase{
		"without a version: it selects nothing yet": {
			new:         Service(Selects("name", "nginx"), Follows("nginx"), NamedService("nginx-pods")),
			selector:    Pairs("name", "nginx", "version", ""),
			annotations: asksToFollow(),
		},
		"by a label of its own": {
			new: Service(Selects("name", "nginx"), Follows("nginx"), NamedService("nginx-pods"),
				Annotation(bluegreen.VersionLabel, "track")),
			selector:    Pairs("name", "nginx", "track", ""),
			annotations: labelled,
		},
		"with a version": {
			new:         Service(Follows("nginx"), NamedService("nginx-pods")),
			selector:    PodsOf("1.10"),
			annotations: asksToFollow(),
		},
		"a preview": {
			new:         Service(Selects("name", "nginx"), PreviewOf("nginx"), NamedService("nginx-preview")),
			selector:    Pairs("name", "nginx", "version", ""),
			annotations: previews,
		},
		"from a copy": {
			new:         Follower(Annotation(bluegreen.LastSwitchKey, "1.9/1.10/2026-11-28T08:00:00Z//version")),
			selector:    Pairs("name", "nginx-admin", "version", "1.10"),
			annotations: asksToFollow(),
			warnings: []string{inVain(bluegreen.PhaseKey, "Stable"),
				inVain(bluegreen.LastSwitchKey, "1.9/1.10/2026-11-28T08:00:00Z//version")},
		},
	})
}

func TestOfAServiceThatIsLedNobodyButTheControllerMovesTraffic(t *testing.T) {
	const left = "1.9/1.10/2026-11-28T07:00:00Z//version"
	blue := Pairs("name", "nginx-admin", "version", "1.10")
	onGreen := Selects("name", "nginx-admin", "version", "1.11")
	waits := asksToFollow()
	waits[bluegreen.LastSwitchKey] = left
	switched := follows()
	switched[bluegreen.LastSwitchKey] = left
	ofAnother := asksToFollow()
	ofAnother[bluegreen.Follows] = "other"
	ofAnother[bluegreen.MessageKey] = "Asked to take the version of Service other: waiting for the controller to look at it"
	ofAnother[bluegreen.LastSwitchKey] = left
	asks := WaitingFor("1.11", asked)
	asks[bluegreen.LastSwitchKey] = left

	admitAll(t, map[string]serviceCase{
		"adopted": {
			old:         Follower(Lacks(bluegreen.Follows, bluegreen.PhaseKey)),
			new:         Follower(Lacks(bluegreen.PhaseKey)),
			selector:    blue,
			annotations: asksToFollow(),
		},
		"applied again": {
			old:         Follower(Annotation(bluegreen.LastSwitchKey, left)),
			new:         Follower(Selects("name", "nginx-admin")),
			selector:    blue,
			annotations: switched,
		},
		"applied again while nothing of it can be done": {
			old:         Follower(Annotation(bluegreen.PhaseKey, "Waiting"), Annotation(bluegreen.MessageKey, askedToFollow)),
			new:         Follower(Lacks(bluegreen.PhaseKey)),
			selector:    blue,
			annotations: asksToFollow(),
		},
		"a selector of another version": {
			old:         Follower(),
			new:         Follower(onGreen),
			selector:    blue,
			annotations: follows(),
			warnings: []string{"bluegreen: spec.selector[version]: traffic stays on version 1.10, because bluegreen/follows says that it " +
				"moves with Service nginx"},
		},
		"to follow another one": {
			old:         Follower(Annotation(bluegreen.LastSwitchKey, left)),
			new:         Follower(Annotation(bluegreen.LastSwitchKey, left), Follows("other")),
			selector:    blue,
			annotations: ofAnother,
		},
		"to be asked itself from now on": {
			old:         Follower(Annotation(bluegreen.LastSwitchKey, left)),
			new:         Follower(Lacks(bluegreen.Follows), Asks("1.11")),
			selector:    blue,
			annotations: asks,
		},
		"to follow from now on": {
			old:         Follower(Lacks(bluegreen.Follows), Asks("1.11"), Annotation(bluegreen.LastSwitchKey, left)),
			new:         Follower(),
			selector:    blue,
			annotations: waits,
		},
		"given back": {
			old:      Follower(),
			new:      Follower(Lacks(bluegreen.Follows), onGreen),
			selector: blue,
			warnings: []string{"bluegreen: bluegreen/follows removed: bluegreen no longer manages this Service; " +
				"traffic stays on version 1.10, and from now on every change of spec.selector moves it at once"},
		},
	})
}

func TestOfAServiceThatIsLedTheControllerMovesTrafficAsItRecords(t *testing.T) {
	const record = "1.10/1.11/2026-11-28T08:00:00Z//version"
	onGreen, recorded := Selects("name", "nginx-admin", "version", "1.11"), Annotation(bluegreen.LastSwitchKey, record)
	blue, green := Pairs("name", "nginx-admin", "version", "1.10"), Pairs("name", "nginx-admin", "version", "1.11")
	switched := follows()
	switched[bluegreen.LastSwitchKey] = record
	admitAll(t, map[string]serviceCase{
		"with a record": {
			byController: true,
			old:          Follower(),
			new:          Follower(onGreen, recorded),
			selector:     green,
			annotations:  switched,
		},
		"which another webhook led elsewhere": {
			byController: true,
			old:          Follower(),
			new:          Follower(Selects("name", "other", "version", "6.66"), recorded),
			selector:     green,
			annotations:  switched,
		},
		"without a record": {
			byController: true,
			old:          Follower(),
			new:          Follower(onGreen),
			selector:     blue,
			annotations:  follows(),
		},
		"with the record of before": {
			byController: true,
			old:          Follower(recorded),
			new:          Follower(onGreen, recorded),
			selector:     blue,
			annotations:  switched,
		},
		"with a record of another Service": {
			byController: true,
			old:          Follower(),
			new:          Follower(onGreen, Annotation(bluegreen.LastSwitchKey, "1.10/1.11/2026-11-28T08:00:00Z/9/version")),
			selector:     blue,
			annotations: Pairs(bluegreen.Follows, "nginx", bluegreen.PhaseKey, "Stable",
				bluegreen.LastSwitchKey, "1.10/1.11/2026-11-28T08:00:00Z/9/version"),
		},
	})
}

func TestWhatAServiceThatIsLedMayNotAskForIsRefused(t *testing.T) {
	admitAll(t, map[string]serviceCase{
		"itself": {
			new:    Follower(Follows("nginx-admin")),
			errors: [][]string{{"metadata.annotations[bluegreen/follows]", `"nginx-admin"`, "must be the name of another Service"}},
		},
		"an option of its own": {
			old:    Follower(),
			new:    Follower(Annotation(bluegreen.Deadline, "10m")),
			errors: [][]string{{`"bluegreen/deadline"`, `supported values: "bluegreen/follows", "bluegreen/version-label"`}},
		},
		"a target as well": {
			old:    Managed(),
			new:    Managed(PreviewOf("other")),
			errors: [][]string{{"metadata.annotations[bluegreen/preview-of]", "remove one of both"}},
		},
		"with a selector of the version alone": {
			new:    Follower(Selects("version", "1.10")),
			errors: [][]string{{"spec.selector", "a Service with bluegreen/follows needs a key besides version"}},
		},
		"with no selector": {
			new:    Follower(Selects()),
			errors: [][]string{{"spec.selector", "a Service with bluegreen/follows needs a selector to switch"}},
		},
		"another key in its selector": {
			old:    Follower(),
			new:    Follower(Selects("name", "nginx", "version", "1.10")),
			errors: [][]string{{"spec.selector", `all keys but "version" must stay name=nginx-admin while the Service has bluegreen/follows`}},
		},
		"given back and made external at once": {
			old:    Follower(),
			new:    Follower(Lacks(bluegreen.Follows), ExternalName),
			errors: [][]string{{"spec.type", "removing bluegreen/follows moves no traffic"}},
		},
	})
}

// TestAScaleDownWaitsForAFollowerThatIsAboutToMove with its leader: it is of Deployments that the leader does not select.
func TestAScaleDownWaitsForAFollowerThatIsAboutToMove(t *testing.T) {
	serves := func(options ...DeploymentOption) *appsv1.Deployment {
		noted := []DeploymentOption{Unnoted, Noting(bluegreen.Serves, "name=nginx-admin,version=1.10")}
		return AdminDeployment("1.10", append(noted, options...)...)
	}
	for name, test := range map[string]struct {
		services []*corev1.Service
		held     bool
	}{
		"its leader waits":      {services: Services(Waiting(), Follower()), held: true},
		"its leader is at rest": {services: Services(Managed(), Follower())},
		"it has just moved":     {services: Services(OnGreen(), Follower(Selects("name", "nginx-admin", "version", "1.11"))), held: true},
	} {
		answer := admitDeployment(deploymentWrite{old: serves(), new: serves(Replicas(0)), services: test.services})
		if held := *answer.Deployment.Spec.Replicas != 0; held != test.held {
			t.Errorf("%s: held: %t", name, held)
		}
	}
}

// TestAFollowerIsNotGivenBackUnderADeploymentThatOnlyBluegreenKeeps, nor made a preview, nor given to a leader that may not protect.
func TestAFollowerIsNotGivenBackUnderADeploymentThatOnlyBluegreenKeeps(t *testing.T) {
	serves := AdminDeployment("1.10", Kept, Noting(bluegreen.Serves, "name=nginx-admin,version=1.10"))
	for name, test := range map[string]struct {
		write serviceWrite
		want  int
	}{
		"given back":       {write: serviceWrite{old: Follower(), new: Follower(Lacks(bluegreen.Follows))}, want: 1},
		"made a preview":   {write: serviceWrite{old: Follower(), new: Follower(Lacks(bluegreen.Follows), PreviewOf("nginx"))}, want: 1},
		"to follow others": {write: serviceWrite{old: Follower(), new: Follower(Follows("other"))}, want: 1},
		"asked for itself": {write: serviceWrite{old: Follower(), new: Follower(Lacks(bluegreen.Follows), Asks("1.10"))}},
	} {
		t.Run(name, func(t *testing.T) {
			test.write.deployments = List(serves)
			if !endsProtection(test.write) && test.want > 0 {
				t.Error("Deployments would not be looked at")
			}
			if answer := admit(test.write); len(answer.Errors) != test.want {
				t.Errorf("got %v", answer.Errors)
			}
		})
	}
}

// TestTheProtectionOfAFollowerIsNotEndedUnderADeploymentThatOnlyBluegreenKeeps: it ends with that of the leader, but not when the leader
// is given back.
func TestTheProtectionOfAFollowerIsNotEndedUnderADeploymentThatOnlyBluegreenKeeps(t *testing.T) {
	kept := AdminDeployment("1.10", Kept, Noting(bluegreen.Serves, "name=nginx-admin,version=1.10"))
	for name, test := range map[string]struct {
		new       *corev1.Service
		followers []*corev1.Service
		want      int
	}{
		"disabled":                {new: Managed(Unprotected), followers: Services(Follower()), want: 1},
		"disabled, of none":       {new: Managed(Unprotected)},
		"given back":              {new: Service(), followers: Services(Follower())},
		"disabled, of another's":  {new: Managed(Unprotected), followers: Services(Follower(Selects("name", "other", "version", "1.10")))},
		"made a preview of other": {new: Service(PreviewOf("other")), followers: Services(Follower())},
	} {
		write := serviceWrite{old: Managed(), new: test.new, deployments: List(kept), followers: test.followers}
		if answer := admit(write); len(answer.Errors) != test.want {
			t.Errorf("%s: %v", name, answer.Errors)
		}
	}
}
