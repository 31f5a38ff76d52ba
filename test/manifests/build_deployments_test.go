package manifests

import (
	"context"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

const finalizer = "bluegreen/in-use-protection"

// deploymentChange is a change of a Deployment.
type deploymentChange func(*appsv1.Deployment)

type deploymentChanges []deploymentChange

func (c deploymentChanges) to(d *appsv1.Deployment) {
	for _, change := range c {
		change(d)
	}
}

// deployment is one of nginx, changed by the given functions.
func deployment(namespace, name string, with ...deploymentChange) *appsv1.Deployment {
	pods := map[string]string{"name": name}
	d := &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name, Labels: map[string]string{"name": name}},
		Spec: appsv1.DeploymentSpec{
			Selector: &metav1.LabelSelector{MatchLabels: pods},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: pods},
				Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "nginx", Image: "nginx:1"}}},
			},
		},
	}
	deploymentChanges(with).to(d)
	return d
}

// createDeployment writes one, and takes it away with its finalizers after the test.
func createDeployment(t *testing.T, c client.Client, d *appsv1.Deployment) {
	t.Helper()
	if err := c.Create(t.Context(), d); err != nil {
		t.Fatalf("creating Deployment %s: %v", d.Name, err)
	}
	t.Cleanup(func() {
		stripped := client.RawPatch("application/merge-patch+json", []byte(`{"metadata":{"finalizers":null}}`))
		bare := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: d.Namespace, Name: d.Name}}
		if err := c.Patch(context.Background(), bare, stripped); client.IgnoreNotFound(err) != nil {
			t.Errorf("taking the finalizers off Deployment %s: %v", d.Name, err)
		}
		if err := c.Delete(context.Background(), bare); client.IgnoreNotFound(err) != nil {
			t.Errorf("deleting Deployment %s: %v", d.Name, err)
		}
	})
}

func inUse(d *appsv1.Deployment) { finalizers(finalizer)(d) }

func finalizers(names ...string) deploymentChange {
	return func(d *appsv1.Deployment) { d.Finalizers = names }
}

func replicas(count int32) deploymentChange {
	return func(d *appsv1.Deployment) { d.Spec.Replicas = new(count) }
}

func noReplicas(d *appsv1.Deployment) { d.Spec.Replicas = nil }

func image(name string) deploymentChange {
	return func(d *appsv1.Deployment) { d.Spec.Template.Spec.Containers[0].Image = name }
}

func paused(d *appsv1.Deployment) { d.Spec.Paused = true }

func deploymentLabelled(d *appsv1.Deployment) { d.Labels["team"] = "web" }

func stamped(d *appsv1.Deployment) { d.Annotations = map[string]string{"example.com/stamp": "1"} }

func sidecar(d *appsv1.Deployment) {
	pod := &d.Spec.Template.Spec
	pod.Containers = append(pod.Containers, corev1.Container{Name: "evil", Image: "evil:1"})
}

func runsAs(account string) deploymentChange {
	return func(d *appsv1.Deployment) { d.Spec.Template.Spec.ServiceAccountName = account }
}

func restarted(d *appsv1.Deployment) {
	d.Spec.Template.Annotations = map[string]string{"restarted": "now"}
}

func recreated(d *appsv1.Deployment) {
	d.Spec.Strategy = appsv1.DeploymentStrategy{Type: appsv1.RecreateDeploymentStrategyType}
}

func minReady(d *appsv1.Deployment) { d.Spec.MinReadySeconds = 7 }

func history(d *appsv1.Deployment) { d.Spec.RevisionHistoryLimit = new(int32(7)) }

func deadline(d *appsv1.Deployment) { d.Spec.ProgressDeadlineSeconds = new(int32(7)) }

var owner = []metav1.OwnerReference{{APIVersion: "v1", Kind: "ConfigMap", Name: "owner", UID: "1-2-3"}}

func owned(d *appsv1.Deployment) { d.OwnerReferences = owner }

func ownerless(d *appsv1.Deployment) { d.OwnerReferences = nil }

func noted(note string) deploymentChange {
	return func(d *appsv1.Deployment) { d.Annotations = map[string]string{"bluegreen/scale-to-zero-after": note} }
}

func notNoted(d *appsv1.Deployment) { d.Annotations = nil }

func observed(d *appsv1.Deployment) { d.Status.ObservedGeneration = d.Generation }
