package bluegreen

import (
	"maps"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// State is what has been observed of one Service.
type State struct {
	Service *corev1.Service

	// Target are the Deployments, by name, whose pods the Service would select on its target. None when no switch is
	// pending. They decide about the switch.
	Target []*appsv1.Deployment

	// Left are the Deployments, by name, that have pods which the Service would select on its target, but another template.
	Left []*appsv1.Deployment

	// Live are the Deployments, by name, whose pods the Service selects.
	Live []*appsv1.Deployment
}

// Observe picks those Deployments of the Service's namespace that matter to it.
func Observe(service *corev1.Service, deployments []*appsv1.Deployment) State {
	state := State{Service: service}
	policy, managed := managing(service)
	if !managed {
		return state
	}
	state.Live = selected(deployments, func(deployment *appsv1.Deployment) bool { return selectsPods(service.Spec.Selector, deployment) })
	if policy.pending(service) {
		candidate := policy.candidate(service)
		state.Target = targets(service, candidate, deployments)
		state.Left = selected(deployments, func(deployment *appsv1.Deployment) bool { return leaves(candidate, deployment) })
	}
	return state
}

// targets returns the Deployments that a candidate selector would select. One whose pods serve under other labels until traffic
// has moved is among them only where there is no other to move to.
func targets(service *corev1.Service, candidate labels.Set, deployments []*appsv1.Deployment) []*appsv1.Deployment {
	all := selected(deployments, func(deployment *appsv1.Deployment) bool { return matches(candidate, deployment.Spec.Template.Labels) })
	others := selected(all, func(deployment *appsv1.Deployment) bool { return !leaves(service.Spec.Selector, deployment) })
	if len(others) > 0 {
		return others
	}
	return all
}

// Matters says whether a Deployment serves a Service, or would on its target.
func Matters(service *corev1.Service, deployment *appsv1.Deployment) bool {
	policy, managed := managing(service)
	return managed && (selectsPods(service.Spec.Selector, deployment) ||
		policy.pending(service) && matches(policy.candidate(service), deployment.Spec.Template.Labels))
}

// selected returns some of the Deployments, by name, so that the same state always leads to the same message.
func selected(deployments []*appsv1.Deployment, is func(*appsv1.Deployment) bool) []*appsv1.Deployment {
	var matching []*appsv1.Deployment
	for _, deployment := range deployments {
		if is(deployment) {
			matching = append(matching, deployment)
		}
	}
	slices.SortFunc(matching, func(a, b *appsv1.Deployment) int { return strings.Compare(a.Name, b.Name) })
	return matching
}

// Refresh returns the state with its target Deployments as they have been read since.
func (s State) Refresh(target []*appsv1.Deployment) State {
	return Observe(s.Service, append(without(s.Live, s.Target), target...))
}

// without returns the Deployments that are not among others. What serves and what is asked for overlap where the selector
// does not name a version yet.
func without(deployments, others []*appsv1.Deployment) []*appsv1.Deployment {
	return slices.DeleteFunc(slices.Clone(deployments), func(deployment *appsv1.Deployment) bool {
		return slices.ContainsFunc(others, func(other *appsv1.Deployment) bool { return other.Name == deployment.Name })
	})
}

// Labels returns labels in the form of Label, such that the pods of every Deployment that matters to the Service carry one of
// them: one besides the version, which other Services have too (v1, blue), if there is one.
func Labels(service *corev1.Service) []string {
	policy, managed := managing(service)
	if !managed {
		return nil
	}
	others := maps.Clone(service.Spec.Selector)
	delete(others, policy.VersionLabel)
	if len(others) > 0 {
		return []string{mark(others)}
	}
	found := []string{mark(service.Spec.Selector)}
	if policy.pending(service) {
		found = append(found, mark(policy.candidate(service)))
	}
	return found
}

// mark returns the label of a selector with the longest value, which is the least likely to be shared by many.
func mark(selector map[string]string) string {
	key := slices.MaxFunc(slices.Sorted(maps.Keys(selector)), func(a, b string) int { return len(selector[a]) - len(selector[b]) })
	return Label(key, selector[key])
}

// Label writes a label as key=value.
func Label(key, value string) string { return key + "=" + value }

// managing returns what a Service asks for; false when it is not managed, or has no selector to switch.
func managing(service *corev1.Service) (Policy, bool) {
	policy, _ := Parse(service.Annotations)
	return policy, policy.Managed && len(switchable(service)) == 0
}

// candidate returns the selector that the Service would have on its target.
func (p Policy) candidate(service *corev1.Service) labels.Set {
	selector := labels.Set{p.VersionLabel: p.Target}
	for key, value := range service.Spec.Selector {
		if key != p.VersionLabel {
			selector[key] = value
		}
	}
	return selector
}

// Pointers returns the items of a list in the form in which this package takes them.
func Pointers[T any](items []T) []*T {
	all := make([]*T, 0, len(items))
	for i := range items {
		all = append(all, &items[i])
	}
	return all
}
