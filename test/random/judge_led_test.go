package random

import (
	"maps"
	"reflect"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// judgeLed: the controller moves what is led to a version that its leader was on, or of a preview was asked for, since it looked.
func (c *checker) judgeLed(e event, before, after *corev1.Service) {
	c.stats["writes of led Services by the controller"]++
	if was, is := notTheControllers(before), notTheControllers(after); !reflect.DeepEqual(was, is) {
		c.fault(e, "the controller changed more than is its own: from %v to %v", was, is)
	}
	if after.Annotations[attemptKey] != "" {
		c.fault(e, "the controller left attempt %q on what is led", after.Annotations[attemptKey])
	}
	from, to := before.Spec.Selector["version"], after.Spec.Selector["version"]
	if from == to {
		return
	}
	c.stats["switches of led Services"]++
	leader := id{kind: "Service", ObjectKey: client.ObjectKey{Namespace: e.id.Namespace, Name: leaderOf(before)}}
	due := slices.ContainsFunc(c.between(leader, revision(before), e.rv), func(one state) bool {
		s, _ := one.object.(*corev1.Service)
		return dueOf(before, s) == to
	})
	if !due {
		c.fault(e, "the controller moved it from %q to %q, where its leader was not:\n%s", from, to, c.story(leader, e.rv))
	}
	if want := maps.Clone(before.Spec.Selector); with(want, map[string]any{"version": to})["name"] != after.Spec.Selector["name"] {
		c.fault(e, "the controller changed more of the selector than the version: %v", after.Spec.Selector)
	}
	if after.Annotations[phaseKey] != "Stable" || !strings.HasPrefix(after.Annotations[switchKey], from+"/"+to+"/") {
		c.fault(e, "the controller left phase %q and record %q", after.Annotations[phaseKey], after.Annotations[switchKey])
	}
}

// judgeFollowers: a leader moves only when its followers can.
func (c *checker) judgeFollowers(e event, leader *corev1.Service) {
	for _, s := range c.stored(e.id.Namespace, e.rv-1) {
		if s.Annotations[followsKey] != leader.Name {
			continue
		}
		if follower := asAsked(s, leader); pending(follower) {
			c.stats["followers that a leader waited for"]++
			if reason := c.closed(follower, e.rv); reason != "" {
				c.fault(e, "the controller moved traffic although of follower %s %s", s.Name, reason)
			}
		}
	}
}
