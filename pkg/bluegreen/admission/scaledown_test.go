package admission

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
	. "github.com/bluegreen-k8s/bluegreen/pkg/bluegreen/bluegreentest"
)

func TestAScaleDownWaitsForTheSwitchAwayThatIsPendingAndForTheDrain(t *testing.T) {
	const (
		pending = "bluegreen: spec.replicas: stays 3 while Deployment nginx-1.10 serves Service nginx; " +
			"it goes to 0 once traffic has moved to version 1.11"
		drains = "bluegreen: spec.replicas: stays 3 until Deployment nginx-1.10 has drained; " +
			"traffic of Service nginx has just moved from it, and then it goes to 0"
	)
	for name, test := range map[string]struct {
		services []*corev1.Service
		warning  string
	}{
		"pending":                  {services: Services(Waiting()), warning: pending},
		"pending, beside others":   {services: Services(Service(), Managed(), Waiting()), warning: pending},
		"left":                     {services: Services(OnGreen()), warning: drains},
		"left, others wait":        {services: Services(Waiting(SelectsVersion("1.09"))), warning: drains},
		"asked back":               {services: Services(Managed(SelectsVersion("1.11")))},
		"at rest":                  {services: Services(Managed())},
		"a plain Service":          {services: Services(Service())},
		"protection is not wanted": {services: Services(Waiting(Unprotected))},
		"a bad ask":                {services: Services(Managed(Asks("?")))},
		"serves nothing":           {services: Services(Waiting(Selects("name", "other", "version", "1.09")))},
	} {
		t.Run(name, func(t *testing.T) {
			wanted := Deployment("1.10", Protected, Replicas(0))
			answer := admitDeployment(deploymentWrite{old: Deployment("1.10", Protected), new: wanted, services: test.services})
			held := answer.Deployment
			if got := strings.Join(answer.Warnings, "\n"); got != test.warning {
				t.Fatalf("got %q", got)
			}
			if test.warning != "" && (*held.Spec.Replicas != 3 || held.Annotations[bluegreen.ScaleToZeroAfter] != "nginx/3/3") {
				t.Errorf("got %d replicas, %v", *held.Spec.Replicas, held.Annotations)
			}
			if test.warning == "" && (*held.Spec.Replicas != 0 || held.Annotations[bluegreen.ScaleToZeroAfter] != "") {
				t.Errorf("it is the writer's right: got %d replicas, %v", *held.Spec.Replicas, held.Annotations)
			}
			if *wanted.Spec.Replicas != 0 || len(wanted.Annotations) != 1 {
				t.Error("the write was changed in place")
			}
		})
	}
}

// TestAScaleDownOfWhatNeverHadTrafficDoesNotWait: a target whose ask was withdrawn. If it waited, the next ask for it could come in
// between, with the replicas that it still has, which is no change: it would then go to 0 in spite of that.
func TestAScaleDownOfWhatNeverHadTrafficDoesNotWait(t *testing.T) {
	old, wanted := Deployment("1.11", Protected, Unnoted), Deployment("1.11", Protected, Unnoted, Replicas(0))
	answer := admitDeployment(deploymentWrite{old: old, new: wanted, services: Services(Managed())})
	if held := answer.Deployment; *held.Spec.Replicas != 0 || len(answer.Warnings) > 0 {
		t.Errorf("got %d replicas, %v, warnings %q", *held.Spec.Replicas, held.Annotations, answer.Warnings)
	}
}
