package ladder

import (
	"slices"
	"testing"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
	. "github.com/bluegreen-k8s/bluegreen/pkg/bluegreen/bluegreentest"
)

func TestWalksEndWhereTheyShouldAndWriteNoMoreThanNeeded(t *testing.T) {
	blue, green := Deployment("1.10"), Deployment("1.11")
	greenStarts := Deployment("1.11", Starting)
	began := []step{runs(blue), create(Service(Asks("1.10")))}
	atRest := rests("1.10", noWrite)

	for name, test := range map[string]struct {
		steps []step
		want  []stop // after those of began
	}{
		"the target is ready when asked: one write in all": {
			steps: []step{runs(green), write(Asks("1.11"))},
			want: []stop{
				atRest,
				rests("1.11", oneWrite),
			},
		},
		"the target starts after the ask: one write of what it waits for, one that moves traffic": {
			steps: []step{
				runs(greenStarts),
				write(Asks("1.11")),
				runs(greenStarts),
				runs(green),
				runs(green),
			},
			want: []stop{
				atRest,
				waits(ReasonNotAvailable, "1.10", oneWrite),
				waits(ReasonNotAvailable, "1.10", noWrite),
				rests("1.11", oneWrite),
				rests("1.11", noWrite),
			},
		},
		"asked before anything of it exists": {
			steps: []step{
				write(Asks("1.11")),
				runs(Deployment("1.11", Replicas(0))),
				runs(greenStarts),
				runs(green),
			},
			want: []stop{
				waits(ReasonDeploymentNotFound, "1.10", oneWrite),
				waits(ReasonScaledToZero, "1.10", oneWrite),
				waits(ReasonNotAvailable, "1.10", oneWrite),
				rests("1.11", oneWrite),
			},
		},
		"progress within a reason writes nothing": {
			steps: []step{
				write(Asks("1.11")),
				runs(greenStarts),
				runs(Deployment("1.11", Starting, Available(1))),
				runs(Deployment("1.11", Starting, Available(2))),
				runs(green),
			},
			want: []stop{
				waits(ReasonDeploymentNotFound, "1.10", oneWrite),
				waits(ReasonNotAvailable, "1.10", oneWrite),
				waits(ReasonNotAvailable, "1.10", noWrite),
				waits(ReasonNotAvailable, "1.10", noWrite),
				rests("1.11", oneWrite),
			},
		},
		"the selector alone never moves traffic": {
			steps: []step{
				runs(green),
				write(SelectsVersion("1.11")),
				write(Selects("name", "nginx")),
			},
			want: []stop{
				atRest,
				atRest,
				atRest,
			},
		},
		"both places, then the old selector again": {
			steps: []step{
				runs(green),
				write(Asks("1.11"), SelectsVersion("1.11")),
				write(SelectsVersion("1.10")),
			},
			want: []stop{
				atRest,
				rests("1.11", oneWrite),
				rests("1.11", noWrite),
			},
		},
		"withdrawn in time, and the target becomes ready after that": {
			steps: []step{
				write(Asks("1.11")),
				write(Asks("1.10")),
				runs(green),
			},
			want: []stop{
				waits(ReasonDeploymentNotFound, "1.10", oneWrite),
				atRest,
				atRest,
			},
		},
		"a newer ask outruns the one before": {
			steps: []step{
				write(Asks("1.11")),
				write(Asks("1.12")),
				runs(green),
				runs(Deployment("1.12")),
			},
			want: []stop{
				waits(ReasonDeploymentNotFound, "1.10", oneWrite),
				waits(ReasonDeploymentNotFound, "1.10", oneWrite),
				waits(ReasonDeploymentNotFound, "1.10", noWrite),
				rests("1.12", oneWrite),
			},
		},
		"back again": {
			steps: []step{
				runs(green),
				write(Asks("1.11")),
				write(Asks("1.10")),
			},
			want: []stop{
				atRest,
				rests("1.11", oneWrite),
				rests("1.10", oneWrite),
			},
		},
		"after the switch traffic stays, whatever becomes of the version": {
			steps: []step{
				runs(green),
				write(Asks("1.11")),
				runs(greenStarts),
				gone("nginx-1.11"),
			},
			want: []stop{
				atRest,
				rests("1.11", oneWrite),
				rests("1.11", noWrite),
				rests("1.11", noWrite),
			},
		},
		"the target goes away while it is waited for": {
			steps: []step{
				runs(greenStarts),
				write(Asks("1.11")),
				runs(Deployment("1.11", Deleting)),
				gone("nginx-1.11"),
				runs(green),
			},
			want: []stop{
				atRest,
				waits(ReasonNotAvailable, "1.10", oneWrite),
				waits(ReasonDeploymentDeleting, "1.10", oneWrite),
				waits(ReasonDeploymentNotFound, "1.10", oneWrite),
				rests("1.11", oneWrite),
			},
		},
		"one of two Deployments of the target starts late": {
			steps: []step{
				runs(green, Deployment("1.11", Named("nginx-extra"), Starting)),
				write(Asks("1.11")),
				runs(Deployment("1.11", Named("nginx-extra"))),
			},
			want: []stop{
				atRest,
				waits(ReasonNotAvailable, "1.10", oneWrite),
				rests("1.11", oneWrite),
			},
		},
		"given back while pending: nothing moves, nothing is left to write": {
			steps: []step{
				write(Asks("1.11")),
				write(Lacks(bluegreen.TargetVersion)),
				runs(green),
			},
			want: []stop{
				waits(ReasonDeploymentNotFound, "1.10", oneWrite),
				unmanaged("1.10", noWrite),
				unmanaged("1.10", noWrite),
			},
		},
		"given back with a selector change, and taken back": {
			steps: []step{
				runs(green),
				write(Lacks(bluegreen.TargetVersion), SelectsVersion("1.11")),
				write(Asks("1.11")),
			},
			want: []stop{
				atRest,
				unmanaged("1.10", noWrite),
				rests("1.11", oneWrite),
			},
		},
		"asked while the webhook is away": {
			steps: []step{
				runs(greenStarts),
				unanswered(write(Asks("1.11"))),
				runs(green),
			},
			want: []stop{
				atRest,
				waits(ReasonNotAvailable, "1.10", oneWrite),
				rests("1.11", oneWrite),
			},
		},
		"asked for nonsense while the webhook is away": {
			steps: []step{
				runs(green),
				unanswered(write(Asks("not a label!"))),
				write(Asks("1.11")),
			},
			want: []stop{
				atRest,
				waits(ReasonInvalid, "1.10", oneWrite),
				rests("1.11", oneWrite),
			},
		},
		"given back while the webhook is away: one write cleans up": {
			steps: []step{unanswered(write(Lacks(bluegreen.TargetVersion)))},
			want:  []stop{unmanaged("1.10", oneWrite)},
		},
		"phase and message edited while the webhook is away: put back": {
			steps: []step{
				unanswered(write(Annotation(bluegreen.PhaseKey, "Waiting"), Annotation(bluegreen.MessageKey, "haha"))),
			},
			want: []stop{rests("1.10", oneWrite)},
		},
		"the version label changes while a switch is pending": {
			steps: []step{write(Asks("1.11")), write(Annotation(bluegreen.VersionLabel, "name"), Asks("nginx"))},
			want: []stop{
				waits(ReasonDeploymentNotFound, "1.10", oneWrite),
				atRest,
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			want := append([]stop{atRest}, test.want...)
			expectWalk(t, walk(t, append(slices.Clone(began), test.steps...)...), want...)
		})
	}
}
