// Package api tests bluegreen against a real kube-apiserver and etcd: the manifests that ship, rendered from the chart,
// and the real binary as a process of its own, under its own ServiceAccount. There is no node: the tests play the
// Deployment controller.
package api

import (
	"context"
	"os"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/bluegreen-k8s/bluegreen/test/installation"
)

// patience is how long anything that should happen at once may take on a busy machine.
const patience = 30 * time.Second

var (
	suite   *installation.Suite
	shipped *installation.Installation
	admin   client.WithWatch
)

func TestMain(m *testing.M) {
	os.Exit(installation.Run(m, "../..", func(s *installation.Suite) {
		suite, shipped, admin = s, s.Shipped, s.Admin
	}))
}

// recorded returns a client of a human user whose warnings are kept.
func recorded(t *testing.T) (client.WithWatch, *warnings) {
	t.Helper()
	kept := &warnings{}
	own := rest.CopyConfig(suite.Config)
	own.WarningHandler = kept
	c, err := installation.NewClient(own)
	if err != nil {
		t.Fatal(err)
	}
	return c, kept
}

type warnings struct{ texts []string }

func (w *warnings) HandleWarningHeader(_ int, _, text string) { w.texts = append(w.texts, text) }

// take returns the warnings since the last call.
func (w *warnings) take() []string {
	texts := w.texts
	w.texts = nil
	return texts
}

// until watches a Service until it is as asked, and returns it.
func until(t *testing.T, key client.ObjectKey, what string, is func(*corev1.Service) bool) *corev1.Service {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	only := client.MatchingFields{"metadata.name": key.Name}
	watcher, err := admin.Watch(ctx, &corev1.ServiceList{}, client.InNamespace(key.Namespace), only)
	if err != nil {
		t.Fatal(err)
	}
	defer watcher.Stop()
	var last *corev1.Service
	for event := range watcher.ResultChan() {
		service, ok := event.Object.(*corev1.Service)
		if !ok {
			t.Fatalf("waiting until %s: %v", what, event.Object)
		}
		if last = service; is(service) {
			return service
		}
	}
	t.Fatalf("%s did not come about within %v; last seen: %+v", what, patience, last)
	return nil
}

func get(t *testing.T, key client.ObjectKey) *corev1.Service {
	t.Helper()
	service := &corev1.Service{}
	if err := admin.Get(t.Context(), key, service); err != nil {
		t.Fatal(err)
	}
	return service
}

// deployment creates a Deployment nginx-VERSION with no status.
func deployment(t *testing.T, namespace, version string) *appsv1.Deployment {
	t.Helper()
	labels := map[string]string{"name": "nginx", "version": version}
	made := &appsv1.Deployment{}
	made.Namespace, made.Name = namespace, "nginx-"+version
	made.Spec.Selector = &metav1.LabelSelector{MatchLabels: labels}
	made.Spec.Template.Labels = labels
	made.Spec.Template.Spec.Containers = []corev1.Container{{Name: "nginx", Image: "nginx:" + version}}
	if err := admin.Create(t.Context(), made); err != nil {
		t.Fatal(err)
	}
	return made
}

// available plays the Deployment controller: it reports MinimumReplicasAvailable, or that it is missing.
func available(t *testing.T, deployment *appsv1.Deployment, is bool) {
	t.Helper()
	if err := admin.Get(t.Context(), client.ObjectKeyFromObject(deployment), deployment); err != nil {
		t.Fatal(err)
	}
	base := deployment.DeepCopy()
	condition := appsv1.DeploymentCondition{
		Type:   appsv1.DeploymentAvailable,
		Status: corev1.ConditionFalse,
		Reason: "MinimumReplicasUnavailable",
	}
	deployment.Status = appsv1.DeploymentStatus{ObservedGeneration: deployment.Generation, Replicas: *deployment.Spec.Replicas}
	if is {
		condition.Status, condition.Reason = corev1.ConditionTrue, "MinimumReplicasAvailable"
		deployment.Status.AvailableReplicas, deployment.Status.ReadyReplicas = *deployment.Spec.Replicas, *deployment.Spec.Replicas
	}
	deployment.Status.Conditions = []appsv1.DeploymentCondition{condition}
	patch := client.MergeFrom(base)
	if err := admin.Status().Patch(t.Context(), deployment, patch); err != nil {
		t.Fatal(err)
	}
}
