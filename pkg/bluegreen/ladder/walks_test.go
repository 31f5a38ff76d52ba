package ladder

import (
	"slices"
	"testing"

	appsv1 "k8s.io/api/apps/v1"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
	. "github.com/bluegreen-k8s/bluegreen/pkg/bluegreen/bluegreentest"
)

func TestWalksEndWhereTheyShouldAndWriteNoMoreThanNeeded(t *testing.T) {
	blue, green := Deployment("1.10"), Deployment("1.11")
	greenStarts := Deployment("1.11", Starting)
	began := []step{runs(blue), create(Service(Asks("1.10")))}
	atRest := stop{"Stable", bluegreen.ReasonStable, "1.10", 0}

	for name, test := range map[string]struct {
		steps []step
		want  []stop // after those of began
	}{
		"the target is ready when asked: one write in all": {
			[]step{runs(green), write(Asks("1.11"))},
			[]stop{atRest, {"Stable", bluegreen.ReasonStable, "1.11", 1}}},
		"the target starts after the ask: one write of what it waits for, one that moves traffic": {
			[]step{runs(greenStarts), write(Asks("1.11")), runs(greenStarts), runs(green), runs(green)},
			[]stop{atRest, {"Waiting", bluegreen.ReasonNotAvailable, "1.10", 1}, {"Waiting", bluegreen.ReasonNotAvailable, "1.10", 0}, {"Stable", bluegreen.ReasonStable, "1.11", 1}, {"Stable", bluegreen.ReasonStable, "1.11", 0}}},
		"asked before anything of it exists": {
			[]step{write(Asks("1.11")), runs(Deployment("1.11", Replicas(0))), runs(greenStarts), runs(green)},
			[]stop{{"Waiting", bluegreen.ReasonDeploymentNotFound, "1.10", 1}, {"Waiting", bluegreen.ReasonScaledToZero, "1.10", 1}, {"Waiting", bluegreen.ReasonNotAvailable, "1.10", 1}, {"Stable", bluegreen.ReasonStable, "1.11", 1}}},
		"progress within a reason writes nothing": {
			[]step{write(Asks("1.11")), runs(greenStarts),
				runs(Deployment("1.11", Starting, func(d *appsv1.Deployment) { d.Status.AvailableReplicas = 1 })),
				runs(Deployment("1.11", Starting, func(d *appsv1.Deployment) { d.Status.AvailableReplicas = 2 })), runs(green)},
			[]stop{{"Waiting", bluegreen.ReasonDeploymentNotFound, "1.10", 1}, {"Waiting", bluegreen.ReasonNotAvailable, "1.10", 1}, {"Waiting", bluegreen.ReasonNotAvailable, "1.10", 0}, {"Waiting", bluegreen.ReasonNotAvailable, "1.10", 0}, {"Stable", bluegreen.ReasonStable, "1.11", 1}}},
		"the selector alone never moves traffic": {
			[]step{runs(green), write(Selects("name", "nginx", "version", "1.11")), write(Selects("name", "nginx"))},
			[]stop{atRest, atRest, atRest}},
		"both places, then the old selector again": {
			[]step{runs(green), write(Asks("1.11"), Selects("name", "nginx", "version", "1.11")), write(Selects("name", "nginx", "version", "1.10"))},
			[]stop{atRest, {"Stable", bluegreen.ReasonStable, "1.11", 1}, {"Stable", bluegreen.ReasonStable, "1.11", 0}}},
		"withdrawn in time, and the target becomes ready after that": {
			[]step{write(Asks("1.11")), write(Asks("1.10")), runs(green)},
			[]stop{{"Waiting", bluegreen.ReasonDeploymentNotFound, "1.10", 1}, atRest, atRest}},
		"a newer ask outruns the one before": {
			[]step{write(Asks("1.11")), write(Asks("1.12")), runs(green), runs(Deployment("1.12"))},
			[]stop{{"Waiting", bluegreen.ReasonDeploymentNotFound, "1.10", 1}, {"Waiting", bluegreen.ReasonDeploymentNotFound, "1.10", 1}, {"Waiting", bluegreen.ReasonDeploymentNotFound, "1.10", 0}, {"Stable", bluegreen.ReasonStable, "1.12", 1}}},
		"back again": {
			[]step{runs(green), write(Asks("1.11")), write(Asks("1.10"))},
			[]stop{atRest, {"Stable", bluegreen.ReasonStable, "1.11", 1}, {"Stable", bluegreen.ReasonStable, "1.10", 1}}},
		"after the switch traffic stays, whatever becomes of the version": {
			[]step{runs(green), write(Asks("1.11")), runs(greenStarts), gone("nginx-1.11")},
			[]stop{atRest, {"Stable", bluegreen.ReasonStable, "1.11", 1}, {"Stable", bluegreen.ReasonStable, "1.11", 0}, {"Stable", bluegreen.ReasonStable, "1.11", 0}}},
		"the target goes away while it is waited for": {
			[]step{runs(greenStarts), write(Asks("1.11")), runs(Deployment("1.11", Deleting)), gone("nginx-1.11"), runs(green)},
			[]stop{atRest, {"Waiting", bluegreen.ReasonNotAvailable, "1.10", 1}, {"Waiting", bluegreen.ReasonDeploymentDeleting, "1.10", 1}, {"Waiting", bluegreen.ReasonDeploymentNotFound, "1.10", 1}, {"Stable", bluegreen.ReasonStable, "1.11", 1}}},
		"one of two Deployments of the target starts late": {
			[]step{runs(green, Deployment("1.11", Named("nginx-extra"), Starting)), write(Asks("1.11")), runs(Deployment("1.11", Named("nginx-extra")))},
			[]stop{atRest, {"Waiting", bluegreen.ReasonNotAvailable, "1.10", 1}, {"Stable", bluegreen.ReasonStable, "1.11", 1}}},
		"released while pending: nothing moves, nothing is left to write": {
			[]step{write(Asks("1.11")), write(Lacks(bluegreen.TargetVersion)), runs(green)},
			[]stop{{"Waiting", bluegreen.ReasonDeploymentNotFound, "1.10", 1}, {"", bluegreen.ReasonNotManaged, "1.10", 0}, {"", bluegreen.ReasonNotManaged, "1.10", 0}}},
		"released with a selector change, and taken back": {
			[]step{runs(green), write(Lacks(bluegreen.TargetVersion), Selects("name", "nginx", "version", "1.11")), write(Asks("1.11"))},
			[]stop{atRest, {"", bluegreen.ReasonNotManaged, "1.10", 0}, {"Stable", bluegreen.ReasonStable, "1.11", 1}}},
		"asked while the webhook is away": {
			[]step{runs(greenStarts), unanswered(write(Asks("1.11"))), runs(green)},
			[]stop{atRest, {"Waiting", bluegreen.ReasonNotAvailable, "1.10", 1}, {"Stable", bluegreen.ReasonStable, "1.11", 1}}},
		"asked for nonsense while the webhook is away": {
			[]step{runs(green), unanswered(write(Asks("not a label!"))), write(Asks("1.11"))},
			[]stop{atRest, {"Waiting", bluegreen.ReasonInvalid, "1.10", 1}, {"Stable", bluegreen.ReasonStable, "1.11", 1}}},
		"released while the webhook is away: one write cleans up": {
			[]step{unanswered(write(Lacks(bluegreen.TargetVersion)))},
			[]stop{{"", bluegreen.ReasonNotManaged, "1.10", 1}}},
		"phase and message edited while the webhook is away: put back": {
			[]step{unanswered(write(Annotation(bluegreen.PhaseKey, "Waiting"), Annotation(bluegreen.MessageKey, "haha")))},
			[]stop{{"Stable", bluegreen.ReasonStable, "1.10", 1}}},
		"the version label changes while a switch is pending": {
			[]step{write(Asks("1.11")), write(Annotation(bluegreen.VersionLabel, "name"), Asks("nginx"))},
			[]stop{{"Waiting", bluegreen.ReasonDeploymentNotFound, "1.10", 1}, atRest}},
	} {
		t.Run(name, func(t *testing.T) {
			got := walk(t, append(slices.Clone(began), test.steps...)...)
			want := append([]stop{atRest}, test.want...)
			if !slices.Equal(got, want) {
				t.Errorf("\n got %v\nwant %v", got, want)
			}
		})
	}
}

func TestAWalkFromAdoptionOfASelectorWithoutVersion(t *testing.T) {
	got := walk(t,
		create(Service(Selects("name", "nginx"))),
		write(Asks("1.10")),
		runs(Deployment("1.10")),
	)
	want := []stop{{"", bluegreen.ReasonNotManaged, "", 0}, {"Waiting", bluegreen.ReasonDeploymentNotFound, "", 1}, {"Stable", bluegreen.ReasonStable, "1.10", 1}}
	if !slices.Equal(got, want) {
		t.Errorf("\n got %v\nwant %v", got, want)
	}
}

func TestAWalkFromACreationThatIsPending(t *testing.T) {
	got := walk(t,
		create(Service(Asks("1.11"))),
		runs(Deployment("1.10")),
		runs(Deployment("1.11")),
	)
	want := []stop{{"Waiting", bluegreen.ReasonDeploymentNotFound, "1.10", 1}, {"Waiting", bluegreen.ReasonDeploymentNotFound, "1.10", 0}, {"Stable", bluegreen.ReasonStable, "1.11", 1}}
	if !slices.Equal(got, want) {
		t.Errorf("\n got %v\nwant %v", got, want)
	}
}
