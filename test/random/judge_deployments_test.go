package random

import (
	"reflect"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
)

// deploymentWrite is what a write of the test made of a Deployment.
type deploymentWrite struct {
	event
	by            *write
	before, after *appsv1.Deployment
}

// judgeUsersDeployment: a replica count is stored as it was asked for, unless it would take away what serves.
func (c *checker) judgeUsersDeployment(e event, by *write, before, after *appsv1.Deployment) {
	c.stats["writes of Deployments"]++
	stored := deploymentWrite{event: e, by: by, before: before, after: after}
	if stored.rolloutHeld() {
		c.stats["rollouts held"]++
	} else {
		c.judgeStoredReplicas(stored)
	}
	throughScale := c.scales[e.rv] != nil
	if contradicted(after) && !after.Spec.Paused && !reflect.DeepEqual(before.Spec, after.Spec) && !throughScale {
		c.fault(e, "%s took the labels off pods that serve", by.what)
	}
	// kubectl scale is the user's explicit word.
	if stored.toZero() && by.mark != "" && !throughScale && !stored.rolloutHeld() {
		c.judgeHeldScaleDown(stored)
	}
}

func (c *checker) judgeStoredReplicas(stored deploymentWrite) {
	if stored.scaleDownHeld() {
		return
	}
	if got, want := *stored.after.Spec.Replicas, stored.wantedReplicas(); got != want {
		c.fault(stored.event, "%s: stored %d replicas, want %d", stored.by.what, got, want)
	}
	if stored.before.Annotations[noteKey] != stored.after.Annotations[noteKey] {
		c.fault(stored.event, "%s: a scale-down was noted, and not held", stored.by.what)
	}
}

// judgeHeldScaleDown: a scale-down to 0 is held where it would take away what serves, and nowhere else. The webhook may have seen any
// state of the Services between the start of the write and its end.
func (c *checker) judgeHeldScaleDown(stored deploymentWrite) {
	mayBeHeld, mustBeHeld := false, stored.by.serving && protected(stored.before)
	for _, rv := range c.moments(stored.id.Namespace, stored.by.from, stored.rv) {
		services := c.services(stored.id.Namespace, rv)
		kept := slices.ContainsFunc(services, func(s *corev1.Service) bool {
			return holdsScaleDown(s, stored.after) || holdsScaleDown(s, stored.before)
		})
		mayBeHeld = mayBeHeld || kept || mayDrain(stored.before, services)
		mustBeHeld = mustBeHeld && kept
	}
	held := stored.scaleDownHeld()
	if held {
		c.stats["scale-downs held"]++
	}
	if held && !mayBeHeld {
		c.fault(stored.event, "%s was held although nothing needs the pods", stored.by.what)
	}
	if !held && mustBeHeld {
		c.fault(stored.event, "%s was not held although a Service has its traffic there and waits for its target", stored.by.what)
	}
}

// mayDrain reports whether traffic may just have left a Deployment.
func mayDrain(d *appsv1.Deployment, services []*corev1.Service) bool {
	return protected(d) && !inUse(d, services) &&
		slices.ContainsFunc(services, func(s *corev1.Service) bool { return maybeLeft(s, d) })
}

// wantedReplicas returns what is to be stored, unless it is held.
func (stored deploymentWrite) wantedReplicas() int32 {
	if stored.by.replicas != nil {
		return *stored.by.replicas
	}
	return *stored.before.Spec.Replicas
}

func (stored deploymentWrite) sameReplicas() bool {
	return *stored.after.Spec.Replicas == *stored.before.Spec.Replicas
}

// toZero reports whether the write asked for a scale-down to 0.
func (stored deploymentWrite) toZero() bool {
	return stored.by.replicas != nil && *stored.by.replicas == 0 && *stored.before.Spec.Replicas > 0
}

// rolloutHeld reports whether a rollout is held that would take labels off pods that serve.
func (stored deploymentWrite) rolloutHeld() bool {
	return contradicted(stored.after) && stored.after.Spec.Paused && stored.sameReplicas()
}

// scaleDownHeld reports whether a scale-down to 0 was held.
func (stored deploymentWrite) scaleDownHeld() bool {
	return stored.toZero() && stored.sameReplicas() && stored.after.Annotations[noteKey] != ""
}
