package random

import (
	"fmt"
	"math/rand/v2"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
)

// What becomes of Deployments: their owners' writes, and those of the Deployment controller, which the test plays.
var happenings = []weighted[func(w *world, d *appsv1.Deployment)]{
	{40, func(w *world, d *appsv1.Deployment) { w.report(d, fully) }},
	{8, func(w *world, d *appsv1.Deployment) { w.report(d, minimally) }},
	{10, func(w *world, d *appsv1.Deployment) { w.report(d, unavailable) }},
	{8, func(w *world, d *appsv1.Deployment) { // A new template; the status is of the one before.
		w.edit(d, fmt.Sprintf(`"spec":{"template":{"spec":{"containers":[{"name":"web","image":"web:%d"}]}}}`, w.written))
	}},
	{4, func(w *world, d *appsv1.Deployment) { // Another version in the same Deployment.
		v := pick(w.r, versions...)
		w.edit(d, `"spec":{"template":{"metadata":{"labels":{"version":"`+v+`","`+otherLabel+`":"`+v+`"}}}}`)
	}},
	{4, func(w *world, d *appsv1.Deployment) { // A slot of a chart: version and replicas at once.
		this := w.begin(deploymentID(d), "a slot's version and replicas")
		v, n := pick(w.r, versions...), int32(w.r.IntN(3))
		this.replicas = &n
		w.editFor(this, d, fmt.Sprintf(`"spec":{"replicas":%d,"template":{"metadata":{"labels":{"version":%q,%q:%q}}}}`, n, v, otherLabel, v))
	}},
	{3, func(w *world, d *appsv1.Deployment) {
		w.edit(d, fmt.Sprintf(`"spec":{"paused":%t}`, w.r.IntN(2) == 0))
	}},
	{2, func(w *world, d *appsv1.Deployment) {
		port := fmt.Sprintf(`{"containerPort":80,"name":%q}`, pick(w.r, "http", "http", "web"))
		w.edit(d, `"spec":{"template":{"spec":{"containers":[{"name":"web","ports":[`+port+`]}]}}}`)
	}},
	{10, func(w *world, d *appsv1.Deployment) { w.scale(d, int32(1+w.r.IntN(4))) }},
	{8, func(w *world, d *appsv1.Deployment) { w.scale(d, 0) }},
	{5, func(w *world, d *appsv1.Deployment) { w.scaleSubresource(d, int32(w.r.IntN(4))) }},
	{5, func(w *world, d *appsv1.Deployment) { w.deleteInBackground(d) }},
	{2, func(w *world, d *appsv1.Deployment) { // As kubectl replace does.
		w.edit(d, `"spec":{}`, `"finalizers":null`)
	}},
	{5, func(w *world, d *appsv1.Deployment) { w.sideDoor(d) }},
}

// happen makes something happen to a Deployment; one that is gone is created again.
func (w *world) happen(key client.ObjectKey, what func(w *world, d *appsv1.Deployment)) {
	w.t.Helper()
	d := &appsv1.Deployment{}
	err := w.client.Get(w.t.Context(), key, d)
	if apierrors.IsNotFound(err) {
		v := pick(w.r, versions...)
		w.create(newDeployment(key, map[string]string{"name": "web", "version": v, otherLabel: v}))
		return
	}
	if err != nil {
		w.t.Fatal(err)
	}
	w.saw(d)
	what(w, d)
}

// edit patches a Deployment, of whose metadata more may be changed besides the marker.
func (w *world) edit(d *appsv1.Deployment, body string, metadata ...string) {
	w.t.Helper()
	w.editFor(w.begin(deploymentID(d), "patch of "+body), d, body, metadata...)
}

func (w *world) editFor(this *write, d *appsv1.Deployment, body string, metadata ...string) {
	w.t.Helper()
	meta := fmt.Sprintf(`"annotations":{%q:%q}`, marker, this.mark)
	for _, more := range metadata {
		meta += "," + more
	}
	patch := client.RawPatch(types.StrategicMergePatchType, []byte(`{"metadata":{`+meta+`},`+body+`}`))
	w.endDeployment(this, w.client.Patch(w.t.Context(), d, patch))
	w.saw(d)
}

func deploymentID(d *appsv1.Deployment) id { return id{"Deployment", client.ObjectKeyFromObject(d)} }

// endDeployment: the only thing that may come between is that the Deployment is gone at last.
func (w *world) endDeployment(this *write, err error) {
	w.t.Helper()
	refused := apierrors.IsForbidden(err) && !this.serving // Nobody was there to hold it.
	if err != nil && !apierrors.IsNotFound(err) && !refused {
		w.t.Fatalf("%s: %v", this.what, err)
	}
	w.checker.stats["writes to Deployments"]++
}

// scale writes a replica count as a chart does: in the Deployment.
func (w *world) scale(d *appsv1.Deployment, replicas int32) {
	w.t.Helper()
	this := w.begin(deploymentID(d), fmt.Sprintf("patch of replicas to %d", replicas))
	this.replicas = &replicas
	w.editFor(this, d, fmt.Sprintf(`"spec":{"replicas":%d}`, replicas))
}

// scaleSubresource is kubectl scale, and an autoscaler.
func (w *world) scaleSubresource(d *appsv1.Deployment, replicas int32) {
	w.t.Helper()
	this := w.begin(deploymentID(d), fmt.Sprintf("kubectl scale to %d", replicas))
	this.replicas = &replicas
	scale := &autoscalingv1.Scale{}
	patch := client.RawPatch(types.MergePatchType, fmt.Appendf(nil, `{"spec":{"replicas":%d}}`, replicas))
	err := w.client.SubResource("scale").Patch(w.t.Context(), d, patch, client.WithSubResourceBody(scale))
	w.endDeployment(this, err)
	if err != nil || scale.ResourceVersion == "" {
		return
	}
	w.checker.mu.Lock()
	defer w.checker.mu.Unlock()
	w.checker.scales[revision(scale)] = this
	w.saw(scale)
}

func (w *world) deleteInBackground(d *appsv1.Deployment) {
	w.t.Helper()
	this := w.begin(deploymentID(d), "delete")
	if protected(d) {
		err := w.client.Delete(w.t.Context(), d.DeepCopy(), client.PropagationPolicy("Foreground"), client.DryRunAll, client.Preconditions{ResourceVersion: &d.ResourceVersion})
		if !apierrors.IsForbidden(err) && !apierrors.IsConflict(err) && !apierrors.IsNotFound(err) {
			w.t.Fatalf("%s in the foreground, while in use: %v", this.what, err)
		}
	}
	w.endDeployment(this, w.client.Delete(w.t.Context(), d, client.PropagationPolicy(metav1.DeletePropagationBackground)))
}

// The Deployment controller's reports, each of the generation that there is now.

func (w *world) report(d *appsv1.Deployment, how func(*appsv1.Deployment)) {
	w.t.Helper()
	this := w.begin(deploymentID(d), "status report")
	base := d.DeepCopy()
	d.Annotations[marker] = this.mark
	d.Status = appsv1.DeploymentStatus{ObservedGeneration: d.Generation}
	how(d)
	if d.Spec.Paused && contradicted(d) {
		d.Status.UpdatedReplicas = 0 // The new template waits.
	}
	w.endDeployment(this, w.client.Status().Patch(w.t.Context(), d, client.MergeFrom(base)))
}

// sideDoor writes through deployments/status what only bluegreen may write, which the policy refuses.
func (w *world) sideDoor(d *appsv1.Deployment) {
	w.t.Helper()
	this := w.begin(deploymentID(d), "status write of bluegreen's annotations")
	forged := d.DeepCopy()
	switch w.r.IntN(3) {
	case 0:
		forged.Annotations[bluegreen.ScaleToZeroAfter] = "web/" + string(d.UID) + "/77"
	case 1:
		forged.Annotations[bluegreen.Serves] = "name=web,version=forged"
	case 2:
		forged.Finalizers = nil
		if !protected(d) {
			forged.Finalizers = []string{bluegreen.InUseProtection}
		}
	}
	if err := w.client.Status().Update(w.t.Context(), forged); !apierrors.IsForbidden(err) && !apierrors.IsConflict(err) && !apierrors.IsNotFound(err) {
		w.t.Fatalf("%s: got %v", this.what, err)
	}
}

func condition(d *appsv1.Deployment, status corev1.ConditionStatus, reason string) {
	d.Status.Conditions = []appsv1.DeploymentCondition{{Type: appsv1.DeploymentAvailable, Status: status, Reason: reason}}
}

func fully(d *appsv1.Deployment) {
	n := *d.Spec.Replicas
	d.Status.Replicas, d.Status.UpdatedReplicas, d.Status.ReadyReplicas, d.Status.AvailableReplicas = n, n, n, n
	condition(d, corev1.ConditionTrue, "MinimumReplicasAvailable")
}

// minimally is amid a rolling update.
func minimally(d *appsv1.Deployment) {
	n := *d.Spec.Replicas
	d.Status.Replicas, d.Status.UpdatedReplicas = n+1, 1
	d.Status.ReadyReplicas, d.Status.AvailableReplicas = n, n
	condition(d, corev1.ConditionTrue, "MinimumReplicasAvailable")
}

func unavailable(d *appsv1.Deployment) {
	d.Status.Replicas, d.Status.UpdatedReplicas = *d.Spec.Replicas, *d.Spec.Replicas
	condition(d, corev1.ConditionFalse, "MinimumReplicasUnavailable")
}

// upgrade is a chart with blue in it: one breath asks for a version, scales every other to 0 or deletes it, and starts the new one.
func (w *world) upgrade(r *rand.Rand, key client.ObjectKey) {
	w.t.Helper()
	target, away := pick(r, versions...), r.IntN(2)
	w.writeService(key, change{annotations: map[string]any{targetKey: target}, selector: map[string]any{}})
	for _, name := range w.deployments {
		if name.Namespace != key.Namespace {
			continue
		}
		w.happen(name, func(w *world, d *appsv1.Deployment) {
			switch {
			case d.Spec.Template.Labels["version"] == target && r.IntN(2) == 0:
				w.scale(d, 3)
				w.report(d, fully)
			case d.Spec.Template.Labels["version"] != target && away == 0:
				w.scale(d, 0)
			case d.Spec.Template.Labels["version"] != target && r.IntN(2) == 0:
				w.deleteInBackground(d)
			}
		})
	}
}
