package protection

import (
	. "github.com/bluegreen-k8s/bluegreen/pkg/watch/watchtest"

	"errors"
	"slices"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
)

func TestTheFinalizerGoesOnlyWhenTheAPIServerItselfKnowsOfNoUse(t *testing.T) {
	for name, test := range map[string]struct {
		cached      *corev1.Service
		stored      *corev1.Service
		kept        bool
		looksAgain  bool
		switchedOff bool
	}{
		"in use": {
			cached: OnVersion(Blue),
			stored: OnVersion(Blue),
			kept:   true,
		},
		"left": {
			cached: OnVersion(Green),
			stored: OnVersion(Green),
		},
		"left, and the cache is behind": {
			cached: OnVersion(Blue),
			stored: OnVersion(Green),
			kept:   true,
		},
		"come back, and the cache does not know": {
			cached:     OnVersion(Green),
			stored:     OnVersion(Blue),
			kept:       true,
			looksAgain: true,
		},
		"asked for again, and the cache does not know": {
			cached:     OnVersion(Green),
			stored:     Switching{From: Green, To: Blue}.Service(),
			kept:       true,
			looksAgain: true,
		},
		"no Service": {
			cached: nil,
			stored: nil,
		},
		"switched off": {
			cached:      OnVersion(Blue),
			stored:      OnVersion(Blue),
			switchedOff: true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			deployment := InUse(Blue)
			server := NewAPIServer(t, withService(test.stored, deployment)...)
			server.CacheHolds(withService(test.cached, deployment)...)
			lookAgain, err := reconcileDeployment(t, drainedProtection(server, !test.switchedOff), server.Stored(deployment))
			if err != nil {
				t.Fatal(err)
			}
			if looksAgain := lookAgain > 0; looksAgain != test.looksAgain {
				t.Errorf("looked at again later: %t, want %t", looksAgain, test.looksAgain)
			}
			want := []string{Theirs}
			if test.kept {
				want = append(want, bluegreen.InUseProtection)
			}
			if got := server.Stored(deployment).Finalizers; !slices.Equal(got, want) {
				t.Errorf("finalizers %q, want %q", got, want)
			}
		})
	}
}

// withService returns copies of a Deployment and a Service, if there is one.
func withService(service *corev1.Service, deployment *appsv1.Deployment) []client.Object {
	objects := []client.Object{deployment.DeepCopy()}
	if service != nil {
		objects = append(objects, service.DeepCopy())
	}
	return objects
}

// TestPodsThatAnOlderTemplateMadeKeepADeployment: its ReplicaSets tell whether there are any. Pods of others may carry the same
// labels.
func TestPodsThatAnOlderTemplateMadeKeepADeployment(t *testing.T) {
	for name, test := range map[string]struct {
		owner types.UID
		pods  int32
		kept  bool
	}{
		"its own": {
			owner: DeploymentUID,
			pods:  1,
			kept:  true,
		},
		"ended": {
			owner: DeploymentUID,
			pods:  0,
			kept:  false,
		},
		"of another": {
			owner: "9",
			pods:  1,
			kept:  false,
		},
	} {
		deployment := InUse("1.12")
		deployment.Spec.Selector.MatchLabels = map[string]string{"name": "nginx"}
		server := NewAPIServer(t, deployment, OnVersion(Green), oldReplicaSet(test.owner, test.pods))
		for _, protects := range []bool{enabled, disabled} {
			if _, err := reconcileDeployment(t, drainedProtection(server, protects), server.Stored(deployment)); err != nil {
				t.Fatal(err)
			}
			if got := bluegreen.Protected(server.Stored(deployment)); got != (test.kept && protects) {
				t.Errorf("%s: kept is %t", name, got)
			}
		}
	}
}

// oldReplicaSet has pods of green.
func oldReplicaSet(owner types.UID, pods int32) *appsv1.ReplicaSet {
	return &appsv1.ReplicaSet{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: "shop",
			Name:      "old",
			Labels:    PodsOf(Green),
			OwnerReferences: []metav1.OwnerReference{{
				Kind:       "Deployment",
				Name:       "owner",
				UID:        owner,
				Controller: new(true),
			}},
		},
		Status: appsv1.ReplicaSetStatus{Replicas: pods},
	}
}

// TestAWriteThatAnotherWebhookRefusesIsSaidAndTriedAgain: nothing else would wake the Deployment.
func TestAWriteThatAnotherWebhookRefusesIsSaidAndTriedAgain(t *testing.T) {
	deployment := InUse(Blue)
	server := NewAPIServer(t, deployment, OnVersion(Green))
	server.Refusal = apierrors.NewNotFound(corev1.Resource("configmaps"), "rules")
	_, err := reconcileDeployment(t, drainedProtection(server, enabled), server.Stored(deployment))
	if !errors.Is(err, server.Refusal) {
		t.Errorf("got %v", err)
	}
	ExpectOneEvent(t, server.Said(), "Warning WriteFailed", `configmaps "rules"`)
}
