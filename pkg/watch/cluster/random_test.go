package cluster_test

import (
	"github.com/bluegreen-k8s/bluegreen/pkg/watch/cluster"
	. "github.com/bluegreen-k8s/bluegreen/pkg/watch/watchtest"

	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
)

func TestEveryDecisionOnWhatTheCacheKeepsIsThatOnTheWholeObjects(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	reasons := map[bluegreen.Reason]int{}
	for range 20000 {
		service := anyService(random)
		var deployments, kept []*appsv1.Deployment
		for i := range random.IntN(4) {
			deployment := anyDeployment(random, fmt.Sprint("d", i))
			deployments = append(deployments, deployment)
			kept = append(kept, deploymentInCache(t, deployment))
		}
		keptService := serviceInCache(t, service)
		whole := decide(service, deployments)
		reduced := decide(keptService, kept)
		reasons[whole.reason]++
		expectSameDecision(t, whole, reduced, bluegreen.Concerns(service))
		if t.Failed() {
			t.Fatalf("on %+v, %+v", keptService, kept)
		}
		sameKeys := slices.Equal(cluster.KeysOfService(service), cluster.KeysOfService(keptService))
		if bluegreen.Concerns(service) != bluegreen.Concerns(keptService) || !sameKeys {
			t.Fatalf("the cache hides a concern: %v", service)
		}
	}
	for _, reason := range []bluegreen.Reason{
		bluegreen.ReasonNotManaged,
		bluegreen.ReasonStable,
		bluegreen.ReasonSwitched,
		bluegreen.ReasonInvalid,
		bluegreen.ReasonDeploymentNotFound,
		bluegreen.ReasonDeploymentDeleting,
		bluegreen.ReasonScaledToZero,
		bluegreen.ReasonNotAvailable,
		bluegreen.ReasonRolledBack,
		bluegreen.ReasonFailed,
	} {
		if reasons[reason] < 20 {
			t.Errorf("%s came up %d times only", reason, reasons[reason])
		}
	}
}

// expectSameDecision compares what is decided, and what becomes of a Service that concerns bluegreen.
func expectSameDecision(t *testing.T, whole, reduced decided, concerns bool) {
	t.Helper()
	if whole.reason != reduced.reason || whole.message != reduced.message || whole.writes != reduced.writes {
		t.Errorf("on the whole %s %q, writes: %t; reduced %s %q, writes: %t",
			whole.reason, whole.message, whole.writes, reduced.reason, reduced.message, reduced.writes)
	}
	if concerns && !maps.Equal(whole.selector, reduced.selector) {
		t.Errorf("selectors: %v and %v", whole.selector, reduced.selector)
	}
	if concerns && !maps.Equal(whole.annotations, reduced.annotations) {
		t.Errorf("annotations: %v and %v", whole.annotations, reduced.annotations)
	}
}

func anyOf[T any](random *rand.Rand, values ...T) T { return values[random.IntN(len(values))] }

// oneIn is true once in so many times.
func oneIn(times int, random *rand.Rand) bool { return random.IntN(times) == 0 }

func anyService(random *rand.Rand) *corev1.Service {
	service := Nginx()
	if oneIn(3, random) {
		return watched(random)
	}
	for range random.IntN(4) {
		key := anyOf(random, bluegreen.TargetVersion, bluegreen.TargetVersion, bluegreen.TargetVersion,
			bluegreen.PhaseKey, bluegreen.MessageKey, bluegreen.VersionLabel, "bluegreen/odd")
		service.Annotations[key] = anyOf(random, Green, Green, Green, Blue, "version", "-", "")
	}
	if oneIn(10, random) {
		service.Spec.Type = corev1.ServiceTypeExternalName
	}
	if oneIn(10, random) {
		service.Spec.Selector = nil
	}
	return service
}

// watched was switched to green a minute ago.
func watched(random *rand.Rand) *corev1.Service {
	service := OnVersion(Green)
	service.Annotations[bluegreen.TargetVersion] = anyOf(random, Green, Green, "1.12")
	service.Annotations[bluegreen.AutoRollback] = "10m"
	switched := bluegreen.Read(Asking(Green)).Switched(time.Unix(-60, 0))
	service.Annotations[bluegreen.LastSwitchKey] = switched.Watching([]*appsv1.Deployment{Ready("d0"), Ready("d1")}).String()
	return service
}

func anyDeployment(random *rand.Rand, name string) *appsv1.Deployment {
	deployment := Ready(name)
	if oneIn(8, random) {
		deployment.DeletionTimestamp = new(metav1.NewTime(time.Unix(1, 0)))
	}
	deployment.Spec.Replicas = anyOf(random, nil, ptr.To[int32](0), ptr.To[int32](1),
		ptr.To[int32](3), ptr.To[int32](3), ptr.To[int32](3))
	deployment.Generation = int64(random.IntN(3))
	deployment.Status.AvailableReplicas = int32(random.IntN(4))
	if oneIn(16, random) {
		deployment.Annotations = map[string]string{"deployment.kubernetes.io/revision": "2"}
	}
	if oneIn(16, random) {
		deployment.Spec.MinReadySeconds = 60
	}
	if oneIn(3, random) {
		deployment.Spec.Template.Labels["version"] = Blue
	}
	if oneIn(3, random) {
		deployment.Status.AvailableReplicas = 0
		deployment.Status.Conditions = []appsv1.DeploymentCondition{{
			Type: appsv1.DeploymentAvailable, Status: corev1.ConditionFalse, LastTransitionTime: metav1.NewTime(time.Unix(-random.Int64N(60), 0)),
		}}
	} else if oneIn(2, random) {
		deployment.Status.Conditions = nil
		for range random.IntN(4) {
			deployment.Status.Conditions = append(deployment.Status.Conditions, anyCondition(random))
		}
	}
	return deployment
}

func anyCondition(random *rand.Rand) appsv1.DeploymentCondition {
	return appsv1.DeploymentCondition{
		Type:               anyOf(random, appsv1.DeploymentAvailable, appsv1.DeploymentProgressing),
		Status:             anyOf(random, corev1.ConditionTrue, corev1.ConditionTrue, corev1.ConditionFalse),
		Reason:             anyOf(random, "MinimumReplicasAvailable", "MinimumReplicasAvailable", "MinimumReplicasUnavailable"),
		LastTransitionTime: metav1.NewTime(time.Unix(-random.Int64N(60), 0)),
	}
}
