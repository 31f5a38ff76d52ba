package random

import (
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
)

// happening is what becomes of a Deployment.
type happening func(w *world, d *appsv1.Deployment)

// happenings are the writes of Deployments, their owners' and the Deployment controller's, as often as the weights say.
var happenings = []weighted[happening]{
	{weight: 40, what: reportFully},
	{weight: 8, what: reportMinimally},
	{weight: 10, what: reportUnavailable},
	{weight: 8, what: changeImage},
	{weight: 4, what: relabel},
	{weight: 4, what: relabelAndScale},
	{weight: 3, what: pauseOrResume},
	{weight: 2, what: renamePort},
	{weight: 10, what: func(w *world, d *appsv1.Deployment) { w.scale(d, int32(1+w.dice.IntN(4))) }},
	{weight: 8, what: func(w *world, d *appsv1.Deployment) { w.scale(d, 0) }},
	{weight: 5, what: func(w *world, d *appsv1.Deployment) { w.scaleSubresource(d, int32(w.dice.IntN(4))) }},
	{weight: 5, what: (*world).deleteInBackground},
	{weight: 2, what: dropFinalizers},
	{weight: 5, what: forgeNotes},
}

// happen makes something happen to a Deployment; one that is gone is created again.
func (w *world) happen(key client.ObjectKey, what happening) {
	w.t.Helper()
	d, exists := w.getDeployment(key)
	if !exists {
		w.create(newDeployment(key, ofVersion(pick(w.dice, versions...))))
		return
	}
	w.saw(d)
	what(w, d)
}

// changeImage makes a new template; the status is of the one before.
func changeImage(w *world, d *appsv1.Deployment) {
	w.edit(d, fmt.Sprintf(`"spec":{"template":{"spec":{"containers":[{"name":"web","image":"web:%d"}]}}}`, w.written))
}

// relabel makes another version of the same Deployment.
func relabel(w *world, d *appsv1.Deployment) {
	version := pick(w.dice, versions...)
	w.edit(d, fmt.Sprintf(`"spec":{"template":{"metadata":{"labels":{"version":%q,%q:%q}}}}`, version, otherLabel, version))
}

// relabelAndScale is a slot of a chart: version and replicas at once.
func relabelAndScale(w *world, d *appsv1.Deployment) {
	this := w.begin(deploymentID(d), "a slot's version and replicas")
	version, replicas := pick(w.dice, versions...), int32(w.dice.IntN(3))
	this.replicas = &replicas
	w.editFor(this, d, fmt.Sprintf(`"spec":{"replicas":%d,"template":{"metadata":{"labels":{"version":%q,%q:%q}}}}`,
		replicas, version, otherLabel, version))
}

func pauseOrResume(w *world, d *appsv1.Deployment) {
	w.edit(d, fmt.Sprintf(`"spec":{"paused":%t}`, w.dice.IntN(2) == 0))
}

func renamePort(w *world, d *appsv1.Deployment) {
	port := fmt.Sprintf(`{"containerPort":80,"name":%q}`, pick(w.dice, "http", "http", "web"))
	w.edit(d, `"spec":{"template":{"spec":{"containers":[{"name":"web","ports":[`+port+`]}]}}}`)
}

// dropFinalizers does what kubectl replace does.
func dropFinalizers(w *world, d *appsv1.Deployment) { w.edit(d, `"spec":{}`, `"finalizers":null`) }

// forgeNotes writes through deployments/status what only bluegreen may write, which the policy refuses.
func forgeNotes(w *world, d *appsv1.Deployment) {
	w.t.Helper()
	this := w.begin(deploymentID(d), "status write of bluegreen's annotations")
	forged := d.DeepCopy()
	switch w.dice.IntN(3) {
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
	w.mustBeForbidden(this, w.client.Status().Update(w.t.Context(), forged))
}

// mustBeForbidden fails unless a write of a Deployment was forbidden, or never got that far because the Deployment has changed.
func (w *world) mustBeForbidden(this *write, err error) {
	w.t.Helper()
	if !apierrors.IsForbidden(err) && !apierrors.IsConflict(err) && !apierrors.IsNotFound(err) {
		w.t.Fatalf("%s: got %v, want it forbidden", this.what, err)
	}
}

// upgrade is a chart with blue in it: in one breath it asks for a version, scales every other to 0 or deletes it, and starts the new
// one.
func (w *world) upgrade(key client.ObjectKey) {
	w.t.Helper()
	target, scalesAway := pick(w.dice, versions...), w.dice.IntN(2) == 0
	w.writeService(key, annotations(map[string]any{targetKey: target}))
	for _, name := range w.deployments {
		if name.Namespace != key.Namespace {
			continue
		}
		w.happen(name, func(w *world, d *appsv1.Deployment) {
			isTarget := d.Spec.Template.Labels["version"] == target
			switch {
			case isTarget && w.dice.IntN(2) == 0:
				w.scale(d, 3)
				reportFully(w, d)
			case !isTarget && scalesAway:
				w.scale(d, 0)
			case !isTarget && w.dice.IntN(2) == 0:
				w.deleteInBackground(d)
			}
		})
	}
}
