package bluegreentest

import (
	"maps"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"
)

// DeploymentOption changes one thing of a Deployment.
type DeploymentOption func(*appsv1.Deployment)

// Deployment is one of version's, named nginx-<version>, with 3 of 3 replicas available. Its UID is 3, its generation 2.
func Deployment(version string, options ...DeploymentOption) *appsv1.Deployment {
	built := &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "nginx-" + version, UID: "3", Generation: 2},
		Spec: appsv1.DeploymentSpec{
			Replicas: ptr.To[int32](3),
			Selector: &metav1.LabelSelector{MatchLabels: PodsOf(version)},
			Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: PodsOf(version)}},
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

// AdminDeployment is one of version's that the Service nginx-admin selects, named nginx-admin-<version>.
func AdminDeployment(version string, options ...DeploymentOption) *appsv1.Deployment {
	labels := Pairs("name", "nginx-admin", "version", version)
	built := Deployment(version, Named("nginx-admin-"+version), Labelled("name", "nginx-admin", "version", version))
	built.Spec.Selector.MatchLabels = labels
	for _, option := range options {
		option(built)
	}
	return built
}

// List is the Deployments of a namespace.
func List(deployments ...*appsv1.Deployment) []*appsv1.Deployment { return deployments }

// Named gives a Deployment another name.
func Named(name string) DeploymentOption {
	return func(d *appsv1.Deployment) { d.Name = name }
}

// Labelled replaces the labels of a Deployment's pod template.
func Labelled(keysAndValues ...string) DeploymentOption {
	return func(d *appsv1.Deployment) { d.Spec.Template.Labels = Pairs(keysAndValues...) }
}

// Version makes a Deployment's pod template one of another version.
func Version(version string) DeploymentOption { return Labelled("name", "nginx", "version", version) }

// Starting has pods, none of them available.
func Starting(d *appsv1.Deployment) {
	d.Status.AvailableReplicas = 0
	d.Status.Conditions = []appsv1.DeploymentCondition{
		{Type: appsv1.DeploymentAvailable, Status: corev1.ConditionFalse, Reason: "MinimumReplicasUnavailable"},
	}
}

// Broken has lost so many of its 3 pods that it is not available any more, since an instant.
func Broken(left int32, since time.Time) DeploymentOption {
	return func(d *appsv1.Deployment) {
		Starting(d)
		d.Status.AvailableReplicas = left
		d.Status.Conditions[0].LastTransitionTime = metav1.NewTime(since)
	}
}

// Revision is which of its templates a Deployment runs.
func Revision(revision string) DeploymentOption {
	return Noting("deployment.kubernetes.io/revision", revision)
}

// Replicas is how many replicas a Deployment is to have; its status stays.
func Replicas(count int32) DeploymentOption {
	return func(d *appsv1.Deployment) { d.Spec.Replicas = new(count) }
}

// Available is how many replicas a Deployment reports as available.
func Available(count int32) DeploymentOption {
	return func(d *appsv1.Deployment) { d.Status.AvailableReplicas = count }
}

// Rolled is a rollout with so many replicas updated, there, and available.
func Rolled(updated, all, available int32) DeploymentOption {
	return func(d *appsv1.Deployment) {
		d.Status.UpdatedReplicas, d.Status.Replicas, d.Status.AvailableReplicas = updated, all, available
	}
}

// RollingOut has 3 pods of the new template and one of the old.
func RollingOut(d *appsv1.Deployment) {
	d.Spec.Strategy.RollingUpdate = &appsv1.RollingUpdateDeployment{}
	Rolled(3, 4, 4)(d)
}

// MaxUnavailable sets how many pods may be missing in a rolling update; one more may be there.
func MaxUnavailable(value intstr.IntOrString) DeploymentOption {
	return func(d *appsv1.Deployment) {
		d.Spec.Strategy.RollingUpdate = &appsv1.RollingUpdateDeployment{MaxUnavailable: &value, MaxSurge: new(intstr.FromInt32(1))}
	}
}

// Paused has its rollout paused.
func Paused(d *appsv1.Deployment) { d.Spec.Paused = true }

// Resumed has it paused no more.
func Resumed(d *appsv1.Deployment) { d.Spec.Paused = false }

// Deleting is under deletion, and somebody else's finalizer keeps it.
func Deleting(d *appsv1.Deployment) {
	d.DeletionTimestamp = &metav1.Time{}
	d.Finalizers = []string{"example.org/slow"}
}

// Protected has finalizer and note, as bluegreen leaves them.
func Protected(d *appsv1.Deployment) {
	d.Finalizers = append(d.Finalizers, inUseProtection)
	d.Annotations = Pairs(serves, "name=nginx,version="+d.Spec.Template.Labels["version"])
}

// Kept is under deletion, and only bluegreen keeps it.
func Kept(d *appsv1.Deployment) {
	Deleting(d)
	d.Finalizers = nil
	Protected(d)
}

// Unnoted has the finalizer, but no note.
func Unnoted(d *appsv1.Deployment) {
	d.Finalizers, d.Annotations = []string{inUseProtection}, nil
}

// Noting gives a Deployment one of bluegreen's notes, beside those that it has.
func Noting(key, value string) DeploymentOption {
	return func(d *appsv1.Deployment) {
		noted := maps.Clone(d.Annotations)
		if noted == nil {
			noted = map[string]string{}
		}
		noted[key] = value
		d.Annotations = noted
	}
}

// ScaleDownNoted is protected, and has the note of a held scale-down alone.
func ScaleDownNoted(note string) DeploymentOption {
	return func(d *appsv1.Deployment) {
		Protected(d)
		d.Annotations = Pairs(scaleToZeroAfter, note)
	}
}

// Exposes adds a container with a named port 80.
func Exposes(name string, protocol corev1.Protocol) DeploymentOption {
	return func(d *appsv1.Deployment) {
		d.Spec.Template.Spec.Containers = append(d.Spec.Template.Spec.Containers,
			corev1.Container{Ports: []corev1.ContainerPort{{Name: name, Protocol: protocol, ContainerPort: 80}}})
	}
}

// Spanning is a Deployment whose selector does not name the version, relabelled in place to version 1.11.
func Spanning(options ...DeploymentOption) *appsv1.Deployment {
	built := Deployment("1.11", options...)
	built.Spec.Selector.MatchLabels = Pairs("name", "nginx")
	return built
}

// Slot is a protected Deployment whose selector does not name the version, live on version 1.10.
func Slot(options ...DeploymentOption) *appsv1.Deployment {
	built := Deployment("1.10", append([]DeploymentOption{Named("nginx-blue"), Protected}, options...)...)
	built.Spec.Selector.MatchLabels = Pairs("name", "nginx", "slot", "blue")
	return built
}

// HeldSlot is a Slot whose new version, 1.12, is held with 2 replicas asked for.
func HeldSlot(options ...DeploymentOption) *appsv1.Deployment {
	return Slot(append([]DeploymentOption{Version("1.12"), Paused, Noting(resumeAfter, "3/3/2")}, options...)...)
}

// DeletedSlot is under deletion, and only bluegreen keeps it; its notes stay.
func DeletedSlot(d *appsv1.Deployment) {
	notes := d.Annotations
	Kept(d)
	d.Annotations = notes
}
