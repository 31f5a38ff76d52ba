package bluegreentest

import (
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
)

// DeploymentOption changes a Deployment that is being built.
type DeploymentOption func(*appsv1.Deployment)

// Deployment is one of version's, named nginx-<version>, with 3 of 3 replicas available.
func Deployment(version string, options ...DeploymentOption) *appsv1.Deployment {
	built := &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "nginx-" + version, UID: "3", Generation: 2},
		Spec: appsv1.DeploymentSpec{
			Replicas: ptr.To[int32](3),
			Selector: &metav1.LabelSelector{MatchLabels: Pairs("name", "nginx", "version", version)},
			Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: Pairs("name", "nginx", "version", version)}},
		},
		Status: appsv1.DeploymentStatus{ObservedGeneration: 2, Replicas: 3, AvailableReplicas: 3, Conditions: []appsv1.DeploymentCondition{
			{Type: appsv1.DeploymentProgressing, Status: corev1.ConditionTrue, Reason: "NewReplicaSetAvailable"},
			{Type: appsv1.DeploymentAvailable, Status: corev1.ConditionTrue, Reason: "MinimumReplicasAvailable"},
		}},
	}
	for _, option := range options {
		option(built)
	}
	return built
}

// Named gives a Deployment another name.
func Named(name string) DeploymentOption {
	return func(d *appsv1.Deployment) { d.Name = name }
}

// Labelled gives the template of a Deployment other pod labels.
func Labelled(keysAndValues ...string) DeploymentOption {
	return func(d *appsv1.Deployment) { d.Spec.Template.Labels = Pairs(keysAndValues...) }
}

// Starting has pods, none of them available.
func Starting(d *appsv1.Deployment) {
	d.Status.AvailableReplicas = 0
	d.Status.Conditions = []appsv1.DeploymentCondition{
		{Type: appsv1.DeploymentAvailable, Status: corev1.ConditionFalse, Reason: "MinimumReplicasUnavailable"},
	}
}

// Replicas sets the replicas that are asked for.
func Replicas(count int32) DeploymentOption {
	return func(d *appsv1.Deployment) { d.Spec.Replicas = new(count) }
}

// Deleting is under deletion, kept by a finalizer of somebody else.
func Deleting(d *appsv1.Deployment) {
	d.DeletionTimestamp = &metav1.Time{}
	d.Finalizers = []string{"example.org/slow"}
}

// Protected has finalizer and note, as bluegreen leaves them.
func Protected(d *appsv1.Deployment) {
	d.Finalizers = append(d.Finalizers, "bluegreen/in-use-protection")
	d.Annotations = Pairs("bluegreen/serves", "name=nginx,version="+d.Spec.Template.Labels["version"])
}

// Kept is under deletion, and only bluegreen keeps it.
func Kept(d *appsv1.Deployment) {
	Deleting(d)
	d.Finalizers = nil
	Protected(d)
}

// Slot is a Deployment whose selector does not name the version, serving 1.10.
func Slot(options ...DeploymentOption) *appsv1.Deployment {
	built := Deployment("1.10", append([]DeploymentOption{Named("nginx-blue"), Protected}, options...)...)
	built.Spec.Selector.MatchLabels = Pairs("name", "nginx", "slot", "blue")
	return built
}

// HeldSlot is one whose new version waits.
func HeldSlot(options ...DeploymentOption) *appsv1.Deployment {
	return Slot(append([]DeploymentOption{Version("1.12"), Paused, Noting("bluegreen/resume-after", "3/3/2")}, options...)...)
}

// Version gives the template of a Deployment another version.
func Version(version string) DeploymentOption {
	return func(d *appsv1.Deployment) { d.Spec.Template.Labels = Pairs("name", "nginx", "version", version) }
}

// Noting writes a note.
func Noting(key, value string) DeploymentOption {
	return func(d *appsv1.Deployment) { d.Annotations = with(d.Annotations, key, value) }
}

func with(annotations map[string]string, key, value string) map[string]string {
	copied := Pairs(key, value)
	for k, v := range annotations {
		if k != key {
			copied[k] = v
		}
	}
	return copied
}

// DeletedSlot is a slot under deletion that only bluegreen keeps.
func DeletedSlot(d *appsv1.Deployment) {
	note := d.Annotations
	Kept(d)
	d.Annotations = note
}

// RollingOut has 3 pods of the new template and one of the old.
func RollingOut(d *appsv1.Deployment) {
	d.Spec.Strategy.RollingUpdate = &appsv1.RollingUpdateDeployment{}
	d.Status.Replicas, d.Status.UpdatedReplicas, d.Status.AvailableReplicas = 4, 3, 4
}

// Paused has a rollout that is paused.
func Paused(d *appsv1.Deployment) { d.Spec.Paused = true }

// HeldScaleDown notes a scale-down, on a Deployment whose UID is 3 and whose generation is 2.
func HeldScaleDown(text string) DeploymentOption {
	return func(d *appsv1.Deployment) {
		Protected(d)
		d.Annotations = Pairs("bluegreen/scale-to-zero-after", text)
	}
}

// List lists Deployments.
func List(deployments ...*appsv1.Deployment) []*appsv1.Deployment { return deployments }
