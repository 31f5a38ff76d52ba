package random

import (
	"maps"
	"reflect"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
)

// judgeUsersService: nobody but the controller moves the traffic of a managed Service, and nobody's word is lost.
func (c *checker) judgeUsersService(e event, by *write, before, after *corev1.Service) {
	c.stats["writes of Services"]++
	isOrWasManaged := managed(before) || managed(after)
	if isOrWasManaged && !maps.Equal(before.Spec.Selector, after.Spec.Selector) {
		c.fault(e, "%s moved traffic from %v to %v", by.what, before.Spec.Selector, after.Spec.Selector)
	}
	if lost := by.lostWords(users(before), users(after)); lost != "" {
		c.fault(e, "%s: the annotations are not as written: %s", by.what, lost)
	}
	if by.serving && isOrWasManaged && bluegreensDiffer(before, after) {
		c.judgeAdmitted(e, by, before, after)
	}
}

// bluegreensDiffer reports whether a write changed an annotation of bluegreen: then the webhook was surely asked.
func bluegreensDiffer(before, after *corev1.Service) bool {
	only := func(s *corev1.Service) map[string]string {
		kept := maps.Clone(s.Annotations)
		maps.DeleteFunc(kept, func(key, _ string) bool { return !strings.HasPrefix(key, "bluegreen/") })
		return kept
	}
	return !maps.Equal(only(before), only(after))
}

// judgeAdmitted: what the webhook lets pass is valid, tells where the Service stands, and makes no applier conflict.
func (c *checker) judgeAdmitted(e event, by *write, before, after *corev1.Service) {
	if !disowned(after) {
		c.fault(e, "%s left an updater the fields that appliers contest: %v", by.what, after.ManagedFields)
	}
	if managed(after) && !sound(after) {
		c.fault(e, "%s was stored although it asks for nonsense: annotations %v, selector %v", by.what, after.Annotations, after.Spec.Selector)
	}
	if sameAsk(before, after) {
		if ownOf(before) != ownOf(after) {
			c.fault(e, "%s changed what bluegreen says from %q to %q", by.what, ownOf(before), ownOf(after))
		}
	} else if phase, want := after.Annotations[phaseKey], rightPhase(after); phase != want {
		c.fault(e, "%s left phase %q, want %q", by.what, phase, want)
	}
}

// judgeControllersService: the controller writes what is its own, and moves traffic only to what is asked for and ready.
func (c *checker) judgeControllersService(e event, before, after *corev1.Service) {
	c.stats["writes of Services by the controller"]++
	paused := after.Annotations[phaseKey] == "Paused" && unapproved(after) && !failed(after) && !rolledBack(after)
	checking := after.Annotations[phaseKey] == "Checking" && unchecked(after) && !failed(after) && !rolledBack(after)
	if phase, want := after.Annotations[phaseKey], rightPhase(after); phase != want && !paused && !checking {
		c.fault(e, "the controller wrote phase %q, want %q", phase, want)
	}
	if was, is := notTheControllers(before), notTheControllers(after); !reflect.DeepEqual(was, is) {
		c.fault(e, "the controller changed more than is its own: from %v to %v", was, is)
	}
	if recorded := after.Annotations[attemptKey] != ""; (sound(after) || !managed(after)) && recorded != pending(after) {
		c.fault(e, "the controller left attempt %q, and a switch is pending: %t", after.Annotations[attemptKey], pending(after))
	}
	if asked := c.askGivenUp(e, before); asked != nil && sameAsk(asked, before) &&
		(failed(before) != failed(after) || rolledBack(before) != rolledBack(after)) {
		c.fault(e, "the controller went on with an ask that was given up: attempt %q, then %q", before.Annotations[attemptKey],
			after.Annotations[attemptKey])
	}
	c.learn(after)
	if strings.HasSuffix(after.Annotations[switchKey], "/Failed") && after.Annotations[switchKey] != before.Annotations[switchKey] {
		c.stats["rollbacks with nothing to return to"]++
	}
	if maps.Equal(before.Spec.Selector, after.Spec.Selector) {
		return
	}
	if back, _ := returning(before); !maps.Equal(after.Spec.Selector, candidate(before)) && back != "" {
		c.judgeReturn(e, before, after, back)
		return
	}
	c.stats["switches"]++
	if !pending(before) || !maps.Equal(after.Spec.Selector, candidate(before)) {
		c.fault(e, "the controller moved traffic from %v to %v, which nobody asked for: annotations %v",
			before.Spec.Selector, after.Spec.Selector, before.Annotations)
	} else if reason := c.closed(before, e.rv); reason != "" {
		c.fault(e, "the controller moved traffic although %s", reason)
	}
	c.judgeFollowers(e, before)
	key, target := wanted(before)
	if record := before.Spec.Selector[key] + "/" + target + "/"; !strings.HasPrefix(after.Annotations[switchKey], record) {
		c.fault(e, "the controller recorded %q, want %s", after.Annotations[switchKey], record)
	}
}

// judgeReturn: traffic returns to what the last switch left, from what is not available any more, or has failed its check, if that can
// carry it. It does so once, and the ask has come to its end, unless it is a newer one.
func (c *checker) judgeReturn(e event, before, after *corev1.Service, back string) {
	c.stats["rollbacks"]++
	if !maps.Equal(after.Spec.Selector, onVersion(before, back)) {
		c.fault(e, "the controller returned traffic from %v to %v, and not to version %s", before.Spec.Selector, after.Spec.Selector, back)
	}
	asked := before.DeepCopy()
	asked.Annotations[targetKey] = back
	delete(asked.Annotations, promoteKey)
	delete(asked.Annotations, checkKey)
	if asked.Annotations[readyKey] == "match-live" {
		delete(asked.Annotations, readyKey)
	}
	if reason := c.closed(asked, e.rv); reason != "" {
		c.fault(e, "the controller returned traffic although %s", reason)
	}
	broken := slices.ContainsFunc(c.ids("Deployment", before.Namespace), func(who id) bool {
		return c.sometimes(who, c.readBy(revision(before)), e.rv, func(d *appsv1.Deployment) bool {
			return d != nil && reaches(before.Spec.Selector, d) && !slices.ContainsFunc(d.Status.Conditions, isAvailable)
		})
	})
	failed := c.failedLive(before, e.rv)
	if failed {
		c.stats["rollbacks of what had failed its check"]++
	}
	if !broken && !failed {
		c.fault(e, "the controller returned traffic from what was available, and has failed no check")
	}
	if again, _ := returning(after); again != "" {
		c.fault(e, "the controller may return what it has returned: %q", after.Annotations[switchKey])
	}
	if !pending(before) != rolledBack(after) {
		c.fault(e, "the controller returned traffic, and left attempt %q", after.Annotations[attemptKey])
	}
}

// askGivenUp returns a Service as it was when its attempt came to the end that is still recorded; nil if none has.
func (c *checker) askGivenUp(e event, before *corev1.Service) *corev1.Service {
	if !managed(before) || !failed(before) && !rolledBack(before) || !sound(before) {
		return nil
	}
	for _, state := range c.between(e.id, 0, e.rv-1) {
		s, is := state.object.(*corev1.Service)
		if is && s.UID == before.UID && s.Annotations[attemptKey] == before.Annotations[attemptKey] {
			return s
		}
	}
	return nil
}

// notTheControllers returns a Service without what the controller may change.
func notTheControllers(s *corev1.Service) map[string]any {
	rest := s.DeepCopy()
	rest.Annotations, rest.Spec.Selector, rest.ManagedFields, rest.ResourceVersion = users(s), nil, nil, ""
	return plain(rest)
}
