package uninstall

import (
	. "github.com/bluegreen-k8s/bluegreen/pkg/watch/watchtest"

	"context"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	apiwatch "k8s.io/apimachinery/pkg/watch"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// bluegreenItself is the Deployment of bluegreen.
var bluegreenItself = client.ObjectKey{Namespace: "bluegreen-system", Name: "bluegreen"}

// installed is the Deployment of bluegreen, with so many replicas.
func installed(replicas int32) *appsv1.Deployment {
	return &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Namespace: bluegreenItself.Namespace, Name: bluegreenItself.Name},
		Spec: appsv1.DeploymentSpec{
			Replicas: new(replicas),
			Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": "bluegreen"}},
		},
	}
}

// ownPod is one of bluegreen's that nothing ends.
func ownPod(phase corev1.PodPhase) *corev1.Pod {
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: bluegreenItself.Namespace,
			Name:      strings.ToLower(string(phase)),
			Labels:    map[string]string{"app": "bluegreen"},
		},
		Status: corev1.PodStatus{Phase: phase},
	}
}

// watching ends with its context, which that of the fake client does not.
func watching(ctx context.Context, _ client.WithWatch, _ client.ObjectList, _ ...client.ListOption) (apiwatch.Interface, error) {
	fake := apiwatch.NewFake()
	context.AfterFunc(ctx, fake.Stop)
	return fake, nil
}

// replicasOfBluegreen returns how many replicas bluegreen is to have.
func replicasOfBluegreen(t *testing.T, server client.Client) int32 {
	t.Helper()
	return *Stored(t, server, installed(0)).Spec.Replicas
}
