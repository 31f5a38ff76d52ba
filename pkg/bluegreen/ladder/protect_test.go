package ladder

import (
	"slices"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
	. "github.com/bluegreen-k8s/bluegreen/pkg/bluegreen/bluegreentest"
)

func TestWhatServesIsProtectedAndATargetBeforeTrafficMoves(t *testing.T) {
	for name, test := range map[string]struct {
		service     *corev1.Service
		deployments []*appsv1.Deployment
		want        []string
	}{
		"at rest": {
			service:     Managed(),
			deployments: List(Deployment("1.10"), Deployment("1.11")),
			want:        []string{"nginx-1.10"},
		},
		"at rest, done": {service: Managed(), deployments: List(Deployment("1.10", Protected))},
		"held": {
			service:     Waiting(),
			deployments: List(Deployment("1.10"), Deployment("1.11", Starting)),
			want:        []string{"nginx-1.10", "nginx-1.11"},
		},
		"about to move": {
			service:     Waiting(),
			deployments: List(Deployment("1.10", Protected), Deployment("1.11")),
			want:        []string{"nginx-1.11"},
		},
		"a bad ask": {
			service:     Managed(Asks("?")),
			deployments: List(Deployment("1.10")),
			want:        []string{"nginx-1.10"},
		},
		"too late":   {service: Managed(), deployments: List(Deployment("1.10", Deleting))},
		"not wanted": {service: Managed(Unprotected), deployments: List(Deployment("1.10"))},
		"not wanted, and moves": {
			service:     Waiting(Unprotected),
			deployments: List(Deployment("1.11")),
		},
		"not managed": {service: Service(), deployments: List(Deployment("1.10"))},
		"the note is missing": {
			service:     Managed(),
			deployments: List(Deployment("1.10", Protected, func(d *appsv1.Deployment) { d.Annotations = nil })),
			want:        []string{"nginx-1.10"},
		},
		"every one that is to go": {
			service:     Waiting(),
			deployments: List(Deployment("1.11"), Deployment("1.11", Named("more"))),
			want:        []string{"more", "nginx-1.11"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, each := range decide(test.service, test.deployments...).Protect {
				got = append(got, each.Deployment.Name)
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

// TestARolloutInPlaceIsNotedAnewOnceTrafficHasMoved: until then the Deployment serves by its note.
func TestARolloutInPlaceIsNotedAnewOnceTrafficHasMoved(t *testing.T) {
	rolls := Slot(Version("1.12"))
	if action := decide(Managed(Asks("1.12")), rolls); len(action.Protect) != 0 {
		t.Errorf("noted too early: %v", action.Protect)
	}
	on := Managed(Asks("1.12"), SelectsVersion("1.12"))
	if action := decide(on, rolls); len(action.Protect) != 1 || action.Protect[0].Serves != "name=nginx,version=1.12" {
		t.Errorf("got %v", action.Protect)
	}
}

// TestWhatIsWaitedForIsNotNotedBeforeItServes: until then its labels are its owner's to change.
func TestWhatIsWaitedForIsNotNotedBeforeItServes(t *testing.T) {
	action := decide(Waiting(), Slot(), Deployment("1.11", Starting))
	if len(action.Protect) != 1 || action.Protect[0].Deployment.Name != "nginx-1.11" || action.Protect[0].Serves != "" {
		t.Errorf("got %v", action.Protect)
	}
	ready := Deployment("1.11", Unnoted)
	if action := decide(Waiting(), Slot(), ready); len(action.Protect) != 1 || action.Protect[0].Serves != "name=nginx,version=1.11" {
		t.Errorf("as traffic moves: %v", action.Protect)
	}
}

// TestWhatTrafficMovesToIsNotedWhateverItsNoteSaid: its gate has counted the pods.
func TestWhatTrafficMovesToIsNotedWhateverItsNoteSaid(t *testing.T) {
	for name, option := range map[string]DeploymentOption{
		"in the middle of a rollout in place": func(*appsv1.Deployment) {},
		"paused there by its owner":           Paused,
		"deleted there":                       DeletedSlot,
	} {
		rolls := Slot(Version("1.11"), RollingOut, option)
		action := decide(Managed(Asks("1.11")), rolls)
		if action.Reason != ReasonSwitched || len(action.Protect) != 1 || action.Protect[0].Serves != "name=nginx,version=1.11" {
			t.Errorf("%s: %s: %s, %v", name, action.Reason, action.Message, action.Protect)
		}
	}
}

// TestAnotherServiceLeavesTheNoteOfTheFirst while a rollout in place is under way.
func TestAnotherServiceLeavesTheNoteOfTheFirst(t *testing.T) {
	rolls := Slot(Labelled("name", "nginx", "version", "1.11", "track", "stable"))
	another := Managed(Selects("name", "nginx", "track", "stable"), Annotation(bluegreen.VersionLabel, "track"), Asks("stable"))
	action := decide(another, rolls)
	if len(action.Protect) != 1 || action.Protect[0].Serves != "name=nginx,track=stable,version=1.10" {
		t.Errorf("got %v", action.Protect)
	}
}

// TestAFollowerProtectsNoTargetThatItsLeaderIsAboutToLeave: nothing uses that, so the finalizer would be put on and taken off for ever.
func TestAFollowerProtectsNoTargetThatItsLeaderIsAboutToLeave(t *testing.T) {
	for name, test := range map[string]struct {
		leader *corev1.Service
		want   bool
	}{
		"its leader stays":           {leader: OnGreen(), want: true},
		"its leader is asked back":   {leader: OnGreen(Asks("1.10"))},
		"its leader is asked onward": {leader: OnGreen(Asks("1.12"))},
	} {
		t.Run(name, func(t *testing.T) {
			leader, target := bluegreen.Read(test.leader), AdminDeployment("1.11", Starting)
			state := Observe(bluegreen.Read(Follower()).DueBy(leader), List(target), true, now).LedBy(leader)
			got := slices.ContainsFunc(Decide(state).Writes, func(write bluegreen.Write) bool {
				change, is := write.Change.(bluegreen.Protect)
				return is && change.Deployment == target
			})
			if got != test.want {
				t.Errorf("protects its target: %t, want %t", got, test.want)
			}
		})
	}
}
