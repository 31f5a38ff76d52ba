package ladder

import (
	"fmt"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
	. "github.com/bluegreen-k8s/bluegreen/pkg/bluegreen/bluegreentest"
)

func TestADeploymentWhoseSelectorSpansVersionsIsJudgedByThePodsOfTheTargetAlone(t *testing.T) {
	const sentence = "Deployment nginx-1.11: waiting for %s of version 1.11 (its selector spans versions; " +
		"with one Deployment for each version, the old one serves until then)"
	one := fmt.Sprintf(sentence, "an available pod")
	three := fmt.Sprintf(sentence, "3 available pods")
	eight := fmt.Sprintf(sentence, "8 available pods")
	goesDownToOne, quarter := MaxUnavailable(intstr.FromInt32(2)), MaxUnavailable(intstr.FromString("25%"))
	for name, test := range map[string]struct {
		rollout DeploymentOption
		of      int32
		keeps   DeploymentOption
		want    decided
	}{
		"only pods of before": {
			rollout: Rolled(0, 3, 3),
			of:      3,
			keeps:   goesDownToOne,
			want:    held(ReasonNotAvailable, one),
		},
		"one more, not available yet": {
			rollout: Rolled(1, 4, 3),
			of:      3,
			keeps:   goesDownToOne,
			want:    held(ReasonNotAvailable, one),
		},
		"one more, available, all that it asks for": {
			rollout: Rolled(1, 4, 4),
			of:      3,
			keeps:   goesDownToOne,
			want:    movedTo("1.11"),
		},
		"one that may be of before": {
			rollout: Rolled(1, 3, 2),
			of:      3,
			keeps:   goesDownToOne,
			want:    held(ReasonNotAvailable, one),
		},
		"one more, available, of three": {
			rollout: Rolled(1, 4, 4),
			of:      3,
			keeps:   quarter,
			want:    held(ReasonNotAvailable, three),
		},
		"all there": {
			rollout: Rolled(3, 3, 3),
			of:      3,
			keeps:   quarter,
			want:    movedTo("1.11"),
		},
		"one of ten, which a warm slot's nine hide": {
			rollout: Rolled(5, 13, 9),
			of:      10,
			keeps:   quarter,
			want:    held(ReasonNotAvailable, eight),
		},
		"eight of ten, a quarter may be unavailable": {
			rollout: Rolled(10, 13, 11),
			of:      10,
			keeps:   quarter,
			want:    movedTo("1.11"),
		},
		"seven of ten": {
			rollout: Rolled(10, 13, 10),
			of:      10,
			keeps:   quarter,
			want:    held(ReasonNotAvailable, eight),
		},
		"recreated, all there": {
			rollout: Rolled(3, 3, 3),
			of:      3,
			keeps:   func(*appsv1.Deployment) {},
			want:    movedTo("1.11"),
		},
		"recreated, two of three": {
			rollout: Rolled(3, 3, 2),
			of:      3,
			keeps:   func(*appsv1.Deployment) {},
			want:    held(ReasonNotAvailable, three),
		},
	} {
		t.Run(name, func(t *testing.T) {
			test.want.expect(t, decide(Waiting(), Spanning(test.rollout, Replicas(test.of), test.keeps)))
		})
	}
}

// TestAMissingLabelThatIsAddedDoesNotMoveTrafficToPodsWithoutIt: the Deployment's selector names the version, but not all that the
// Service's does.
func TestAMissingLabelThatIsAddedDoesNotMoveTrafficToPodsWithoutIt(t *testing.T) {
	partly := func(rollout, labels DeploymentOption) *appsv1.Deployment {
		built := Deployment("1.11", rollout, labels, MaxUnavailable(intstr.FromString("25%")))
		built.Spec.Selector.MatchLabels = Pairs("version", "1.11")
		return built
	}
	bare, whole := Labelled("version", "1.11"), Version("1.11")
	got := walk(t,
		runs(Deployment("1.10"), partly(Rolled(3, 3, 3), bare)),
		create(Service(Asks("1.10"))),
		write(Asks("1.11")),
		runs(partly(Rolled(0, 3, 3), whole)),
		runs(partly(Rolled(1, 4, 3), whole)),
		runs(partly(Rolled(2, 4, 4), whole)),
		runs(partly(Rolled(3, 4, 4), whole)),
	)
	want := []stop{
		rests("1.10", noWrite),
		waits(ReasonDeploymentNotFound, "1.10", oneWrite),
		waits(ReasonNotAvailable, "1.10", oneWrite),
		waits(ReasonNotAvailable, "1.10", noWrite),
		waits(ReasonNotAvailable, "1.10", noWrite),
		rests("1.11", oneWrite),
	}
	expectWalk(t, got, want...)
}

func TestMatchLiveCountsPodsOfTheTargetOnly(t *testing.T) {
	for name, test := range map[string]struct {
		rollout DeploymentOption
		reason  Reason
	}{
		"nine available, one of the target":  {rollout: Rolled(5, 13, 9), reason: ReasonNotAvailable},
		"eight of the target, nine are live": {rollout: Rolled(10, 13, 11), reason: ReasonFewerThanLive},
		"nine of the target":                 {rollout: Rolled(10, 11, 10), reason: ReasonSwitched},
	} {
		t.Run(name, func(t *testing.T) {
			green := Spanning(test.rollout, Replicas(10), MaxUnavailable(intstr.FromString("25%")))
			live := Deployment("1.10", Rolled(9, 9, 9), Replicas(9))
			expectReason(t, decide(Waiting(Annotation(bluegreen.Ready, string(bluegreen.MatchLive))), live, green), test.reason)
		})
	}
}
