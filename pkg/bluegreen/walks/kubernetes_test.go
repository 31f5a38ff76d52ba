package walks

import (
	"maps"
	"slices"
	"strconv"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// pods are those of one Deployment.
type pods struct {
	// sets are its ReplicaSets, the newest last.
	sets []set

	// broken reports whether its pods are not available, whatever is done.
	broken bool

	// disowned reports whether the ReplicaSets have no owner any more.
	disowned bool
}

// set is a ReplicaSet.
type set struct {
	template            corev1.PodTemplateSpec
	revision            int
	replicas, available int32
}

func (p *pods) newest() *set {
	if len(p.sets) == 0 {
		return nil
	}
	return &p.sets[len(p.sets)-1]
}

// runs reports whether a Deployment has pods that a selector selects.
func (p *pods) runs(selector map[string]string) bool {
	for _, one := range p.sets {
		if one.replicas > 0 && has(one.template.Labels, selector) {
			return true
		}
	}
	return false
}

// podsOf returns the pods of a Deployment.
func (w *world) podsOf(deployment *appsv1.Deployment) *pods {
	found := w.running[deployment.UID]
	if found == nil {
		found = &pods{sets: w.orphans[deployment.Name]}
		delete(w.orphans, deployment.Name)
		w.running[deployment.UID] = found
	}
	return found
}

// collect is the garbage collector: pods end with their Deployment, unless they were orphaned.
func (w *world) collect(deployment *appsv1.Deployment) {
	if gone := w.podsOf(deployment); gone.disowned {
		w.orphans[deployment.Name] = gone.sets
	}
	delete(w.running, deployment.UID)
}

// roll is what the Deployment controller does. A rollout that is not over has a pod of the new template, and all of the old one.
func (w *world) roll(name string, over bool) {
	deployment := w.deployments[name]
	if deployment == nil {
		return
	}
	running := w.podsOf(deployment)
	newest := running.newest()
	if newest == nil && deployment.Spec.Paused {
		return
	}
	waits := deployment.DeletionTimestamp != nil || deployment.Spec.Paused
	if !waits && (newest == nil || !sameTemplate(&newest.template, &deployment.Spec.Template)) {
		running.begin(deployment)
	}
	if newest = running.newest(); !waits && deployment.Annotations[revisionKey] != strconv.Itoa(newest.revision) {
		deployment = w.noteRevision(deployment, newest.revision)
	}
	running.scale(deployment, over)
	w.report(deployment, running)
}

// begin makes a ReplicaSet of a new template.
func (p *pods) begin(deployment *appsv1.Deployment) {
	next := set{template: deployment.Spec.Template, revision: 1}
	if newest := p.newest(); newest != nil {
		next.revision = newest.revision + 1
	}
	p.sets = append(slices.Clip(p.sets), next)
}

// noteRevision notes which of its templates a Deployment runs, before its status follows.
func (w *world) noteRevision(deployment *appsv1.Deployment, revision int) *appsv1.Deployment {
	after := deployment.DeepCopy()
	if after.Annotations == nil {
		after.Annotations = map[string]string{}
	}
	after.Annotations[revisionKey] = strconv.Itoa(revision)
	w.storeDeployment(act{by: kubernetes}, deployment, after)
	return after
}

// scale brings the pods to the replicas of a Deployment.
func (p *pods) scale(deployment *appsv1.Deployment, over bool) {
	newest, replicas := p.newest(), *deployment.Spec.Replicas
	if newest == nil {
		return
	}
	rolling := !over && len(p.sets) > 1 && p.sets[len(p.sets)-2].replicas > 0
	if deployment.DeletionTimestamp == nil {
		for i := range p.sets {
			p.sets[i].replicas = 0
		}
		newest.replicas = replicas
	}
	if rolling && replicas > 0 && deployment.DeletionTimestamp == nil {
		p.sets[len(p.sets)-2].replicas, newest.replicas = replicas, 1
	}
	for i := range p.sets {
		p.sets[i].available = p.sets[i].replicas
		if p.broken || rolling && i == len(p.sets)-1 {
			p.sets[i].available = 0
		}
	}
}

// report writes the status that the pods come to.
func (w *world) report(deployment *appsv1.Deployment, running *pods) {
	after := deployment.DeepCopy()
	status := &after.Status
	status.ObservedGeneration, status.Replicas, status.AvailableReplicas, status.UpdatedReplicas = deployment.Generation, 0, 0, 0
	for _, one := range running.sets {
		status.Replicas += one.replicas
		status.AvailableReplicas += one.available
	}
	if newest := running.newest(); newest != nil && sameTemplate(&newest.template, &deployment.Spec.Template) {
		status.UpdatedReplicas = newest.replicas
	}
	// A quarter may be missing, rounded down: none of up to three.
	condition := appsv1.DeploymentCondition{Type: appsv1.DeploymentAvailable, Status: corev1.ConditionTrue, Reason: "MinimumReplicasAvailable"}
	if status.AvailableReplicas < *deployment.Spec.Replicas {
		condition.Status, condition.Reason = corev1.ConditionFalse, "MinimumReplicasUnavailable"
	}
	condition.LastTransitionTime = metav1.NewTime(w.now.Truncate(time.Second))
	if len(status.Conditions) > 0 && status.Conditions[0].Status == condition.Status {
		condition.LastTransitionTime = status.Conditions[0].LastTransitionTime
	}
	status.Conditions = []appsv1.DeploymentCondition{condition}
	if !sameStatus(&deployment.Status, status) {
		w.storeDeployment(act{by: kubernetes}, deployment, after)
	}
}

func sameStatus(one, other *appsv1.DeploymentStatus) bool {
	return one.ObservedGeneration == other.ObservedGeneration && one.Replicas == other.Replicas &&
		one.AvailableReplicas == other.AvailableReplicas && one.UpdatedReplicas == other.UpdatedReplicas &&
		len(one.Conditions) == len(other.Conditions) && one.Conditions[0] == other.Conditions[0]
}

// breaks takes all pods of a Deployment away, or gives them back.
func (w *world) breaks(name string, broken bool) {
	if deployment := w.deployments[name]; deployment != nil {
		w.podsOf(deployment).broken = broken
		w.roll(name, true)
	}
}

// orphan deletes a Deployment with --cascade=orphan: its ReplicaSets stay behind.
func (w *world) orphan(name string) {
	if deployment := w.deployments[name]; deployment != nil {
		w.podsOf(deployment).disowned = true
		w.deleteDeployment(name)
	}
}

// newDeployment is one of a user's manifest. The API server sets the defaults.
func newDeployment(name string, podLabels, selector map[string]string, replicas int32) *appsv1.Deployment {
	template := corev1.PodTemplateSpec{Spec: corev1.PodSpec{Containers: []corev1.Container{{Image: "web"}}}}
	template.Labels = maps.Clone(podLabels)
	made := &appsv1.Deployment{Spec: appsv1.DeploymentSpec{
		Replicas: &replicas,
		Selector: &metav1.LabelSelector{MatchLabels: selector},
		Template: template,
		Strategy: quarter,
	}}
	made.Namespace, made.Name, made.Generation = namespace, name, 1
	return made
}

// createDeployment stores a new Deployment, as users do.
func (w *world) createDeployment(made *appsv1.Deployment) {
	if w.deployments[made.Name] == nil {
		made.UID = w.newUID()
		w.storeDeployment(act{by: user}, nil, made)
	}
}
