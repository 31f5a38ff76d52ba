package walks

import (
	"strconv"

	appsv1 "k8s.io/api/apps/v1"
)

// What users and Kubernetes do with Deployments.

// applyDeployment applies a manifest of a Deployment, or creates it.
func (w *world) applyDeployment(made *appsv1.Deployment) {
	if w.deployments[made.Name] == nil {
		w.createDeployment(made)
		return
	}
	w.writeDeployment(made.Name, func(deployment *appsv1.Deployment) {
		deployment.Spec.Template.Labels, deployment.Spec.Replicas = made.Spec.Template.Labels, made.Spec.Replicas
	})
}

// someDeployment returns the name of one that exists, if one does.
func (w *world) someDeployment() string {
	all := inOrder(w.deployments)
	if len(all) == 0 {
		return ""
	}
	return pick(w.dice, all).Name
}

func appliesDeployment(w *world) {
	version, replicas := pick(w.dice, versions), int32(w.dice.IntN(4))
	if w.services["admin"] != nil && w.dice.IntN(3) == 0 {
		w.applyDeployment(adminDeployment(version, replicas))
	} else {
		w.applyDeployment(w.webDeployment(version, replicas))
	}
}

// targetGetsReady makes what web asks for carry traffic.
func targetGetsReady(w *world) {
	if web := w.services["web"]; web != nil && web.Annotations[targetKey] != "" {
		for _, deployment := range w.targets(web) {
			w.breaks(deployment.Name, false)
		}
		w.breaks("admin-"+web.Annotations[targetKey], false)
	}
}

func anyRolls(w *world) { w.roll(w.someDeployment(), w.dice.IntN(3) > 0) }

// liveBreaks takes all pods of what is live, and sometimes makes sure that there is something to return to.
func liveBreaks(w *world) {
	web := w.services["web"]
	if web == nil {
		return
	}
	if last, found := recordOf(web); found && w.dice.IntN(3) > 0 {
		for _, deployment := range targetsOf(w.objects, web, onVersion(web, last.from)) {
			w.breaks(deployment.Name, false)
		}
	}
	for _, deployment := range inOrder(w.deployments) {
		if has(deployment.Spec.Template.Labels, web.Spec.Selector) {
			w.breaks(deployment.Name, true)
		}
	}
}

// scaleByChart writes replicas as a chart does: in the Deployment.
func (w *world) scaleByChart(name string, replicas int32) {
	w.writeDeployment(name, func(deployment *appsv1.Deployment) { deployment.Spec.Replicas = &replicas })
}

func scalesByChart(w *world) { w.scaleByChart(w.someDeployment(), int32(w.dice.IntN(4))) }

func scalesByHand(w *world) { w.scale(w.someDeployment(), int32(w.dice.IntN(4))) }

func relabels(w *world) {
	version := pick(w.dice, versions)
	w.writeDeployment(w.someDeployment(), func(deployment *appsv1.Deployment) {
		if deployment.Spec.Selector.MatchLabels["version"] == "" {
			deployment.Spec.Template.Labels["version"] = version
		}
	})
}

func changesImage(w *world) {
	w.writeDeployment(w.someDeployment(), func(deployment *appsv1.Deployment) {
		deployment.Spec.Template.Spec.Containers[0].Image = "web:" + strconv.FormatInt(w.revision, 10)
	})
}

func pausesOrResumes(w *world) {
	paused := w.dice.IntN(2) == 0
	w.writeDeployment(w.someDeployment(), func(deployment *appsv1.Deployment) { deployment.Spec.Paused = paused })
}

// replacesDeployment is kubectl replace of a manifest: it has neither finalizer nor notes.
func replacesDeployment(w *world) {
	w.writeDeployment(w.someDeployment(), func(deployment *appsv1.Deployment) {
		deployment.Finalizers = nil
		deployment.Annotations = users(deployment.Annotations, noteKeys)
	})
}
