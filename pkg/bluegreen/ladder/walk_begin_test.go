package ladder

import (
	"testing"

	. "github.com/bluegreen-k8s/bluegreen/pkg/bluegreen/bluegreentest"
)

func TestAWalkFromAdoptionOfASelectorWithoutVersion(t *testing.T) {
	got := walk(t,
		create(Service(Selects("name", "nginx"))),
		write(Asks("1.10")),
		runs(Deployment("1.10")),
	)
	want := []stop{
		unmanaged("", noWrite),
		waits(ReasonDeploymentNotFound, "", oneWrite),
		rests("1.10", oneWrite),
	}
	expectWalk(t, got, want...)
}

func TestAWalkFromACreationThatIsPending(t *testing.T) {
	got := walk(t,
		create(Service(Asks("1.11"))),
		runs(Deployment("1.10")),
		runs(Deployment("1.11")),
	)
	want := []stop{
		waits(ReasonDeploymentNotFound, "1.10", oneWrite),
		waits(ReasonDeploymentNotFound, "1.10", noWrite),
		rests("1.11", oneWrite),
	}
	expectWalk(t, got, want...)
}
