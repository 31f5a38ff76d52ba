package bluegreen

import (
	"maps"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/utils/ptr"
)

// A Deployment serves a Service as long as its pods do. Its template may say otherwise: while a rollout is paused or under way,
// under deletion, and whenever a slot is relabelled. So bluegreen notes on the Deployment, together with the finalizer, by
// which labels its pods are selected (Serves). Template or note count.

// Protected reports whether a Deployment carries the finalizer.
func Protected(deployment *appsv1.Deployment) bool {
	return slices.Contains(deployment.Finalizers, InUseProtection)
}

// Unfinished reports whether bluegreen has something to finish on a Deployment: a finalizer to take off, or a scale-down to do.
func Unfinished(deployment *appsv1.Deployment) bool {
	_, held := deployment.Annotations[ScaleToZeroAfter]
	_, left := deployment.Annotations[LeftKey]
	return held || left || Protected(deployment)
}

// Notes returns what bluegreen noted on a Deployment, and what Kubernetes did: which of its templates it runs. Nil if that is nothing.
func Notes(deployment *appsv1.Deployment) map[string]string {
	notes := keep(deployment.Annotations, func(key string) bool { return key == revision || slices.Contains(NoteKeys, key) })
	if len(notes) == 0 {
		return nil
	}
	return notes
}

// notedLabels returns what the note Serves says; nil if bluegreen cannot have written it, because the finalizer is missing.
func notedLabels(deployment *appsv1.Deployment) map[string]string {
	note, found := deployment.Annotations[Serves]
	if !found || !Protected(deployment) {
		return nil
	}
	noted, err := labels.ConvertSelectorToLabelsMap(note)
	if err != nil {
		return nil
	}
	return noted
}

// Relabelled reports whether the template of a Deployment contradicts what its pods carry.
func Relabelled(deployment *appsv1.Deployment) bool {
	for key, value := range notedLabels(deployment) {
		if carried, exists := deployment.Spec.Template.Labels[key]; !exists || carried != value {
			return true
		}
	}
	return false
}

// Matches reports whether a Service's selector selects pods with some labels. A Service without a selector selects none.
func Matches(selector, podLabels map[string]string) bool {
	return len(selector) > 0 && labels.Set(selector).AsSelectorPreValidated().Matches(labels.Set(podLabels))
}

// SelectsPods reports whether a selector selects the pods that a Deployment has, or those that its template makes. Under deletion
// it makes none.
func SelectsPods(selector map[string]string, deployment *appsv1.Deployment) bool {
	noted := notedLabels(deployment)
	if deployment.DeletionTimestamp != nil && noted != nil {
		return Matches(selector, noted)
	}
	return Matches(selector, deployment.Spec.Template.Labels) || Matches(selector, noted)
}

// Leaves reports whether a selector selects the pods that a Deployment has, but not those of its template.
func Leaves(selector map[string]string, deployment *appsv1.Deployment) bool {
	return Matches(selector, notedLabels(deployment)) && !Matches(selector, deployment.Spec.Template.Labels)
}

// PodLabels returns the labels, as key=value, that the pods of a Deployment carry, or will once its template is rolled out.
func PodLabels(deployment *appsv1.Deployment) []string {
	var found []string
	for _, pairs := range []map[string]string{deployment.Spec.Template.Labels, notedLabels(deployment)} {
		for key, value := range pairs {
			if label := key + "=" + value; !slices.Contains(found, label) {
				found = append(found, label)
			}
		}
	}
	return found
}

// NoteOfLive returns the note of a Deployment that a selector selects as well; false if it says so already, or if a template that
// waits contradicts it: it then speaks of pods that are still there.
func NoteOfLive(selector map[string]string, deployment *appsv1.Deployment) (string, bool) {
	waits := deployment.Spec.Paused || deployment.DeletionTimestamp != nil
	if Relabelled(deployment) && waits || !Matches(selector, deployment.Spec.Template.Labels) {
		return "", false
	}
	return NoteOfTarget(selector, deployment)
}

// NoteOfTarget returns the note of a Deployment that has pods which a selector selects; false if it says so already.
func NoteOfTarget(selector map[string]string, deployment *appsv1.Deployment) (string, bool) {
	before := notedLabels(deployment)
	if Matches(selector, before) {
		return "", false
	}
	after := labels.Set{}
	maps.Copy(after, before)
	maps.Copy(after, selector)
	return after.String(), true
}

// NoteOfRollout returns the note of a Deployment whose new labels roll out: those by which Services select its pods before and
// after; empty if there are none.
func NoteOfRollout(deployment *appsv1.Deployment, services []Service) string {
	found := labels.Set{}
	for _, service := range services {
		if service.HasTrafficOn(deployment) && Matches(service.Spec.Selector, deployment.Spec.Template.Labels) {
			maps.Copy(found, service.Spec.Selector)
		}
	}
	return found.String()
}

// Frozen returns the live Deployments that are under deletion and that only the finalizer keeps. Their controller ignores changes
// of their spec, and only replaces lost pods.
func Frozen(live []*appsv1.Deployment) []*appsv1.Deployment {
	return Pick(live, func(deployment *appsv1.Deployment) bool {
		return deployment.DeletionTimestamp != nil && Protected(deployment)
	})
}

// Replicas returns the replicas that a Deployment is to have; 1 if it does not say.
func Replicas(deployment *appsv1.Deployment) int32 { return ptr.Deref(deployment.Spec.Replicas, 1) }

// Pick returns some of the Deployments, by name, so that the same state always leads to the same message.
func Pick(deployments []*appsv1.Deployment, wanted func(*appsv1.Deployment) bool) []*appsv1.Deployment {
	var picked []*appsv1.Deployment
	for _, deployment := range deployments {
		if wanted(deployment) {
			picked = append(picked, deployment)
		}
	}
	slices.SortFunc(picked, func(a, b *appsv1.Deployment) int { return strings.Compare(a.Name, b.Name) })
	return picked
}

// Names returns the names of Deployments, for people.
func Names(deployments []*appsv1.Deployment) string {
	names := make([]string, 0, len(deployments))
	for _, deployment := range deployments {
		names = append(names, deployment.Name)
	}
	return strings.Join(names, ", ")
}
