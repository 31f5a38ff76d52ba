package bluegreen

import (
	"maps"
	"slices"
	"time"

	appsv1 "k8s.io/api/apps/v1"
)

// How a Service and a Deployment stand to each other:
//
//	Selects       its selector selects pods of the Deployment     the Deployment is live
//	Targets       it would, after the switch that is pending      the Deployment is the target
//	Involves      one of both
//	Uses          one of both, and the Service protects           the Deployment is in use
//	HasTrafficOn  it sends traffic to pods that are there         they drain once that ends
//	MayHaveLeft   it selects all but the version                  they may be draining
//	LeftAt        its last switch took traffic from them          they may retire
//	MayReturnTo   traffic may return to it from what is live      it is kept until that is over
//	WouldLose     a rollout would take the pods out of it         new pod labels are held

// Selects reports whether the Service selects pods that a Deployment has, or that its template makes.
func (s Service) Selects(deployment *appsv1.Deployment) bool {
	return SelectsPods(s.Spec.Selector, deployment)
}

// Targets reports whether a switch to the pods of a Deployment's template is pending. One that was rolled back is to come no more.
func (s Service) Targets(deployment *appsv1.Deployment) bool {
	return s.Pending() && Matches(s.TargetSelector(), deployment.Spec.Template.Labels) && !s.RolledBack()
}

// Involves reports whether a Deployment is live in the Service, or its target. A preview involves none: nothing is kept for it.
func (s Service) Involves(deployment *appsv1.Deployment) bool {
	return s.Switchable() && !s.Preview && (s.Selects(deployment) || s.Targets(deployment))
}

// Protects reports whether Deployments in use by the Service are protected.
func (s Service) Protects() bool { return s.Protect && s.Switchable() }

// Uses reports whether a Deployment is to be protected for the Service. A target under deletion is not kept for a switch to come.
func (s Service) Uses(deployment *appsv1.Deployment) bool {
	return s.Protects() && (s.Selects(deployment) || deployment.DeletionTimestamp == nil && s.Targets(deployment))
}

// HasTrafficOn reports whether the Service, which protects, selects the pods that a Deployment has: by its note, or by its
// template if it has none.
func (s Service) HasTrafficOn(deployment *appsv1.Deployment) bool {
	pods := notedLabels(deployment)
	if pods == nil {
		pods = deployment.Spec.Template.Labels
	}
	return s.Protects() && Matches(s.Spec.Selector, pods)
}

// MayHaveLeft reports whether the Service, which protects, selects the pods of a Deployment but for the version.
func (s Service) MayHaveLeft(deployment *appsv1.Deployment) bool {
	if !s.Protects() {
		return false
	}
	others := s.otherLabels()
	return len(others) == 0 || SelectsPods(others, deployment)
}

// LeftAt returns when the last switch of the Service, which protects, took traffic from a Deployment; false if it did not.
func (s Service) LeftAt(deployment *appsv1.Deployment) (time.Time, bool) {
	last, found := s.LastSwitch()
	if !found || !s.Protects() || s.Selects(deployment) {
		return time.Time{}, false
	}
	before := s.otherLabels()
	if last.From != "" {
		before = s.selectorOf(last.From)
	}
	return last.At, Matches(before, notedLabels(deployment))
}

// WouldLose reports whether the template of a Deployment, once rolled out, takes pods out of the Service.
func (s Service) WouldLose(deployment *appsv1.Deployment) bool {
	return Leaves(s.Spec.Selector, deployment)
}

// otherLabels returns the selector without the version.
func (s Service) otherLabels() map[string]string {
	others := maps.Clone(s.Spec.Selector)
	delete(others, s.VersionLabel)
	return others
}

// IndexKeys returns keys under which every Deployment that the Service involves is found (see PodLabels). It prefers a label
// other than the version, because versions repeat across Services.
func (s Service) IndexKeys() []string {
	if !s.Switchable() || s.Preview {
		return nil
	}
	if others := s.otherLabels(); len(others) > 0 {
		return []string{indexKey(others)}
	}
	keys := []string{indexKey(s.Spec.Selector)}
	if s.Pending() {
		keys = append(keys, indexKey(s.TargetSelector()))
	}
	if last, _, found := s.Window(); found {
		keys = append(keys, indexKey(s.selectorOf(last.From)))
	}
	return keys
}

// indexKey returns the label of a selector with the longest value, which is the least likely to be shared by many.
func indexKey(selector map[string]string) string {
	key := slices.MaxFunc(slices.Sorted(maps.Keys(selector)), func(a, b string) int { return len(selector[a]) - len(selector[b]) })
	return key + "=" + selector[key]
}
