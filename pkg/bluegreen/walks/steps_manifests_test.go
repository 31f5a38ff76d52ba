package walks

import (
	"maps"

	corev1 "k8s.io/api/core/v1"
)

// What tools do that have manifests of Services.

// manifest is what a GitOps tool or a chart has of a Service.
type manifest struct{ annotations, selector map[string]string }

// apply applies a manifest: what the one before had, and this one does not, goes.
func (w *world) apply(name string, wanted manifest) {
	before := w.manifests[name]
	w.manifests[name] = wanted
	w.writeService(name, func(service *corev1.Service) {
		for key := range before.annotations {
			delete(service.Annotations, key)
		}
		maps.Copy(service.Annotations, wanted.annotations)
		service.Spec.Selector = maps.Clone(wanted.selector)
	})
}

func appliesAgain(w *world) {
	name := w.someService()
	if applied, found := w.manifests[name]; found {
		w.apply(name, applied)
	}
}

// upgrades is a chart with the version in annotation and selector, or an old one in the selector: in one breath it asks for a version,
// deploys it, and deletes the others or scales them to 0.
func upgrades(w *world) {
	name, version := w.someAsked(), pick(w.dice, versions)
	service := w.services[name]
	if service == nil {
		return
	}
	wanted := manifest{annotations: maps.Clone(w.manifests[name].annotations), selector: onVersion(service, pick(w.dice, versions))}
	if wanted.annotations == nil {
		wanted.annotations = map[string]string{}
	}
	wanted.annotations[targetKey] = version
	w.apply(name, wanted)
	ends := w.dice.IntN(3)
	for _, deployment := range inOrder(w.deployments) {
		old := deployment.Spec.Template.Labels["version"] != version && deployment.Spec.Selector.MatchLabels["version"] != ""
		switch {
		case old && ends == 0:
			w.deleteDeployment(deployment.Name)
		case old && ends == 1:
			w.scaleByChart(deployment.Name, 0)
		}
	}
	w.deploy(version)
}

func recreatesService(w *world) {
	name := w.someService()
	if before := w.services[name]; before != nil {
		w.deleteService(name)
		w.createService(newService(name, users(before.Annotations, ownKeys), before.Spec.Selector))
	}
}

func joinsOrLeaves(w *world) {
	name := pick(w.dice, ledNames)
	service := w.services[name]
	switch {
	case service == nil:
		w.createService(newService(name, map[string]string{roles[name]: "web"}, map[string]string{"name": podsNamed(name)}))
	case managed(service):
		w.annotate(name, roles[name], "")
	default:
		w.annotate(name, roles[name], "web")
	}
}

// podsNamed is the label by which a Service selects.
func podsNamed(service string) string {
	if service == "admin" {
		return "admin"
	}
	return "web"
}

func newService(name string, annotations, selector map[string]string) *corev1.Service {
	made := &corev1.Service{Spec: corev1.ServiceSpec{Type: corev1.ServiceTypeClusterIP, Selector: maps.Clone(selector)}}
	made.Namespace, made.Name, made.Annotations = namespace, name, maps.Clone(annotations)
	return made
}
