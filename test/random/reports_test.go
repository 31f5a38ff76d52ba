package random

import (
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// reportFully plays the Deployment controller after a rollout: every pod is of the template, and available.
func reportFully(w *world, d *appsv1.Deployment) {
	w.t.Helper()
	replicas := *d.Spec.Replicas
	w.report(d, appsv1.DeploymentStatus{
		Replicas:          replicas,
		UpdatedReplicas:   replicas,
		ReadyReplicas:     replicas,
		AvailableReplicas: replicas,
		Conditions:        available(corev1.ConditionTrue, "MinimumReplicasAvailable"),
	})
}

// reportMinimally plays the Deployment controller amid a rolling update.
func reportMinimally(w *world, d *appsv1.Deployment) {
	w.t.Helper()
	replicas := *d.Spec.Replicas
	w.report(d, appsv1.DeploymentStatus{
		Replicas:          replicas + 1,
		UpdatedReplicas:   1,
		ReadyReplicas:     replicas,
		AvailableReplicas: replicas,
		Conditions:        available(corev1.ConditionTrue, "MinimumReplicasAvailable"),
	})
}

// reportUnavailable plays the Deployment controller when the pods are there, and none is available.
func reportUnavailable(w *world, d *appsv1.Deployment) {
	w.t.Helper()
	w.report(d, appsv1.DeploymentStatus{
		Replicas:        *d.Spec.Replicas,
		UpdatedReplicas: *d.Spec.Replicas,
		Conditions:      available(corev1.ConditionFalse, "MinimumReplicasUnavailable"),
	})
}

func available(status corev1.ConditionStatus, reason string) []appsv1.DeploymentCondition {
	return []appsv1.DeploymentCondition{{Type: appsv1.DeploymentAvailable, Status: status, Reason: reason}}
}

// report writes a status, of the generation that there is now.
func (w *world) report(d *appsv1.Deployment, status appsv1.DeploymentStatus) {
	w.t.Helper()
	this := w.begin(deploymentID(d), "status report")
	base := d.DeepCopy()
	d.Annotations[marker] = this.mark
	d.Status = status
	d.Status.ObservedGeneration = d.Generation
	if d.Spec.Paused && contradicted(d) {
		d.Status.UpdatedReplicas = 0 // The new template waits.
	}
	w.endDeployment(this, w.client.Status().Patch(w.t.Context(), d, client.MergeFrom(base)))
}
