package random

import (
	"fmt"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// edit patches a Deployment, of whose metadata more may be changed besides the marker.
func (w *world) edit(d *appsv1.Deployment, body string, metadata ...string) {
	w.t.Helper()
	w.editFor(w.begin(deploymentID(d), "patch of "+body), d, body, metadata...)
}

func (w *world) editFor(this *write, d *appsv1.Deployment, body string, metadata ...string) {
	w.t.Helper()
	metadata = append([]string{fmt.Sprintf(`"annotations":{%q:%q}`, marker, this.mark)}, metadata...)
	patch := client.RawPatch(types.StrategicMergePatchType, []byte(`{"metadata":{`+strings.Join(metadata, ",")+`},`+body+`}`))
	w.endDeployment(this, w.client.Patch(w.t.Context(), d, patch))
	w.saw(d)
}

// endDeployment notes what became of a write of a Deployment. It may be refused where nobody was there to hold its effect, and come
// too late.
func (w *world) endDeployment(this *write, err error) {
	w.t.Helper()
	refused := apierrors.IsForbidden(err) && !this.serving
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

// deleteInBackground deletes a Deployment. One in use may not be deleted in the foreground, which would take its pods first.
func (w *world) deleteInBackground(d *appsv1.Deployment) {
	w.t.Helper()
	this := w.begin(deploymentID(d), "delete")
	if protected(d) {
		err := w.client.Delete(w.t.Context(), d.DeepCopy(), client.PropagationPolicy(metav1.DeletePropagationForeground),
			client.DryRunAll, client.Preconditions{ResourceVersion: &d.ResourceVersion})
		w.mustBeForbidden(this, err)
	}
	w.endDeployment(this, w.client.Delete(w.t.Context(), d, client.PropagationPolicy(metav1.DeletePropagationBackground)))
}

// getDeployment reads a Deployment from the API server, and reports whether it exists.
func (w *world) getDeployment(key client.ObjectKey) (*appsv1.Deployment, bool) {
	w.t.Helper()
	d := &appsv1.Deployment{}
	err := w.client.Get(w.t.Context(), key, d)
	if client.IgnoreNotFound(err) != nil {
		w.t.Fatal(err)
	}
	return d, err == nil
}

// matching reads the Deployments whose template a selector selects.
func (w *world) matching(selector map[string]string, namespace string) []*appsv1.Deployment {
	w.t.Helper()
	var list appsv1.DeploymentList
	if err := w.client.List(w.t.Context(), &list, client.InNamespace(namespace)); err != nil {
		w.t.Fatal(err)
	}
	var found []*appsv1.Deployment
	for i := range list.Items {
		if selects(selector, &list.Items[i]) {
			found = append(found, &list.Items[i])
		}
	}
	return found
}
