package bluegreen

import (
	"maps"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// A Deployment serves a Service as long as its pods do. Its template may say otherwise: while a rollout is paused or under way,
// under deletion, and whenever a slot is relabelled. So bluegreen notes on the Deployment, together with the finalizer, by
// which labels its pods are selected (Serves), and template or note count.

// selectsPods says whether a selector selects the pods that a Deployment has, or those that its template makes. Under deletion
// it makes none.
func selectsPods(selector map[string]string, deployment *appsv1.Deployment) bool {
	note := noted(deployment)
	if deployment.DeletionTimestamp != nil && note != nil {
		return matches(selector, note)
	}
	return matches(selector, deployment.Spec.Template.Labels) || matches(selector, note)
}

// matches says whether a Service's selector selects pods with some labels. A Service without one selects none.
func matches(selector, podLabels map[string]string) bool {
	return len(selector) > 0 && labels.Set(selector).AsSelectorPreValidated().Matches(labels.Set(podLabels))
}

// Notes returns what bluegreen noted on a Deployment; nil where that is nothing.
func Notes(deployment *appsv1.Deployment) map[string]string {
	var notes map[string]string
	for _, key := range deploymentKeys {
		if note, noted := deployment.Annotations[key]; noted {
			if notes == nil {
				notes = map[string]string{}
			}
			notes[key] = note
		}
	}
	return notes
}

// noted returns what the note Serves says; nothing where bluegreen cannot have written it: it comes with the finalizer.
func noted(deployment *appsv1.Deployment) map[string]string {
	note, found := deployment.Annotations[Serves]
	pairs, err := labels.ConvertSelectorToLabelsMap(note)
	if !found || err != nil || !Protected(deployment) {
		return nil
	}
	return pairs
}

// relabelled says whether the template of a Deployment contradicts what its pods carry.
func relabelled(deployment *appsv1.Deployment) bool {
	for key, value := range noted(deployment) {
		if carried, exists := deployment.Spec.Template.Labels[key]; !exists || carried != value {
			return true
		}
	}
	return false
}

// leaves says whether the template of a Deployment, once rolled out, would take its pods out of a Service.
func leaves(selector map[string]string, deployment *appsv1.Deployment) bool {
	return matches(selector, noted(deployment)) && !matches(selector, deployment.Spec.Template.Labels)
}

// Renoted returns the note of a Deployment whose new labels roll out: those by which Services select its pods before and after; empty
// where there are none.
func Renoted(deployment *appsv1.Deployment, services []*corev1.Service) string {
	found := labels.Set{}
	for _, service := range services {
		if Selected(service, deployment) && matches(service.Spec.Selector, deployment.Spec.Template.Labels) {
			maps.Copy(found, service.Spec.Selector)
		}
	}
	return found.String()
}

// noteFor returns the note of a Deployment that a selector selects as well; false where it says so already, or where a template that
// waits contradicts it: it then speaks of pods that are still there.
func noteFor(selector map[string]string, deployment *appsv1.Deployment) (string, bool) {
	waits := deployment.Spec.Paused || deployment.DeletionTimestamp != nil
	if relabelled(deployment) && waits || !matches(selector, deployment.Spec.Template.Labels) {
		return "", false
	}
	return noteOn(selector, deployment)
}

// noteOn returns the note of a Deployment that has pods which a selector selects; false where it says so already.
func noteOn(selector map[string]string, deployment *appsv1.Deployment) (string, bool) {
	before := noted(deployment)
	if matches(selector, before) {
		return "", false
	}
	after := labels.Set{}
	maps.Copy(after, before)
	maps.Copy(after, selector)
	return after.String(), true
}

// PodLabels returns the labels, in the form of Label, that the pods of a Deployment carry, or will once its template is rolled
// out.
func PodLabels(deployment *appsv1.Deployment) []string {
	var found []string
	for _, pairs := range []map[string]string{deployment.Spec.Template.Labels, noted(deployment)} {
		for key, value := range pairs {
			if label := Label(key, value); !slices.Contains(found, label) {
				found = append(found, label)
			}
		}
	}
	return found
}

// Selected says whether a Service that is managed and protected selects the pods that a Deployment has: by its note, or by its template
// where it has none.
func Selected(service *corev1.Service, deployment *appsv1.Deployment) bool {
	policy, managed := managing(service)
	pods := noted(deployment)
	if pods == nil {
		pods = deployment.Spec.Template.Labels
	}
	return managed && policy.Protect && matches(service.Spec.Selector, pods)
}

// LeftBy returns those of some Services that may have left a Deployment: they select its pods but for the version.
func LeftBy(deployment *appsv1.Deployment, services []*corev1.Service) []*corev1.Service {
	return slices.DeleteFunc(slices.Clone(services), func(service *corev1.Service) bool {
		policy, managed := managing(service)
		return !managed || !policy.Protect || !sharesAllBut(policy.VersionLabel, service, deployment)
	})
}

// sharesAllBut says whether a Service selects the pods of a Deployment but for the version.
func sharesAllBut(versionLabel string, service *corev1.Service, deployment *appsv1.Deployment) bool {
	others := maps.Clone(service.Spec.Selector)
	delete(others, versionLabel)
	return len(others) == 0 || selectsPods(others, deployment)
}

// OwnPods returns selectors of pods that are both of a Deployment, by its own selector, and of one of some Services. Neither template
// nor note knows of pods that an older template made; one of them that a Service selects serves.
func OwnPods(deployment *appsv1.Deployment, services []*corev1.Service) []labels.Set {
	if deployment.Spec.Selector == nil {
		return nil
	}
	var found []labels.Set
	own := labels.Set(deployment.Spec.Selector.MatchLabels)
	for _, service := range LeftBy(deployment, services) {
		if !labels.Conflicts(own, service.Spec.Selector) {
			found = append(found, labels.Merge(own, service.Spec.Selector))
		}
	}
	return found
}
