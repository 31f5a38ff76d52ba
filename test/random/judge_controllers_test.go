package random

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
)

// judgeControllersDeployment: the controller protects, unprotects what nothing uses, and does what was held when it is due.
func (c *checker) judgeControllersDeployment(e event, before, after *appsv1.Deployment) {
	c.stats["writes of Deployments by the controller"]++
	if was, is := notTheControllersDeployment(before), notTheControllersDeployment(after); !reflect.DeepEqual(was, is) {
		c.fault(e, "the controller changed more than is its own: from %v to %v", was, is)
	}
	scaled := *before.Spec.Replicas != *after.Spec.Replicas
	rolloutHeld := before.Annotations[resumeKey] != ""
	if scaled && !rolloutHeld {
		c.judgeScaleDown(e, before, after)
	}
	if before.Spec.Paused != after.Spec.Paused || scaled && rolloutHeld {
		c.judgeResumption(e, before, after)
	}
	if after.Annotations[leftKey] != "" && before.Annotations[leftKey] != after.Annotations[leftKey] {
		c.judgeLeft(e, before, after)
	}
	if before.Annotations[noteKey] == "" && after.Annotations[noteKey] != "" && before.Annotations[leftKey] == "" {
		c.fault(e, "the controller noted a scale-down that nobody asked for")
	}
	if protected(before) && !protected(after) && !c.sometimesUnused(e, before) {
		c.fault(e, "the controller unprotected what was in use")
	}
}

// judgeLeft: what is noted to have been left is unused, and of a Service that says how long it stays, or whose leader does.
func (c *checker) judgeLeft(e event, before, after *appsv1.Deployment) {
	c.stats["Deployments that are to retire"]++
	name, _, _ := strings.Cut(after.Annotations[leftKey], "/")
	asked := slices.ContainsFunc(c.moments(e.id.Namespace, revision(before), e.rv), func(rv int64) bool {
		services := c.services(e.id.Namespace, rv)
		return !inUse(before, services) &&
			slices.ContainsFunc(services, func(s *corev1.Service) bool { return s.Name == name && retires(s) })
	})
	if !asked {
		c.fault(e, "the controller has a Deployment retire that is in use, or that nobody wants to retire")
	}
}

// sometimesUnused reports whether nothing used a Deployment at some moment between its state and an event, and traffic could not return
// to it. What is over by now may have been over then.
func (c *checker) sometimesUnused(e event, d *appsv1.Deployment) bool {
	return slices.ContainsFunc(c.moments(e.id.Namespace, revision(d), e.rv), func(rv int64) bool {
		services := c.services(e.id.Namespace, rv)
		return !inUse(d, services) && !slices.ContainsFunc(services, func(s *corev1.Service) bool { return mayReturn(s, d, time.Now()) })
	})
}

// judgeResumption: the controller resumes only what bluegreen paused, once no Service has its traffic there by labels that go, or where
// nothing else can become what such a Service asks for.
func (c *checker) judgeResumption(e event, before, after *appsv1.Deployment) {
	c.stats["rollouts resumed"]++
	note := strings.Split(before.Annotations[resumeKey], "/")
	staysPaused := before.Spec.Paused && after.Spec.Paused
	if len(note) != 3 || staysPaused && fmt.Sprint(*after.Spec.Replicas) != note[2] {
		c.fault(e, "the controller resumed or scaled what it had not paused")
		return
	}
	heldSince := c.before(e.id, e.rv).rv
	free := slices.ContainsFunc(c.moments(e.id.Namespace, heldSince, e.rv), func(rv int64) bool {
		return !slices.ContainsFunc(c.services(e.id.Namespace, rv), func(s *corev1.Service) bool { return holdsRollout(s, before) })
	})
	if !free {
		c.fault(e, "the controller resumed a rollout that takes the labels off pods that serve")
	}
}

// judgeScaleDown: it was noted, due at a moment since the note was written, and takes nothing away that has traffic since.
func (c *checker) judgeScaleDown(e event, before, after *appsv1.Deployment) {
	c.stats["scale-downs done"]++
	if before.Annotations[noteKey] == "" || *after.Spec.Replicas != 0 {
		c.fault(e, "the controller scaled from %d to %d, which nobody asked for", *before.Spec.Replicas, *after.Spec.Replicas)
		return
	}
	since := c.notedAt(e.id, e.rv)
	wasDue := slices.ContainsFunc(c.moments(e.id.Namespace, since, e.rv), func(rv int64) bool {
		return due(before, c.services(e.id.Namespace, rv))
	})
	if !wasDue {
		c.fault(e, "the controller did a scale-down that was not due")
	}
	for _, s := range c.services(e.id.Namespace, e.rv) {
		if serves(s, before) && c.controllerMoved(s, since, e.rv) {
			c.fault(e, "the controller scaled to 0 what serves %s:\n%s\nthe Deployment:", s.Name, c.story(serviceID(s), e.rv))
		}
	}
}

// notedAt returns when the note of a scale-down came to be what it is just before a resourceVersion: the controller looks at the
// Services only then.
func (c *checker) notedAt(who id, rv int64) int64 {
	states := c.between(who, 0, rv)
	note := noteOf(states[len(states)-1])
	for i := len(states) - 1; i > 0; i-- {
		if before := states[i-1]; before.deployment() == nil || noteOf(before) != note {
			return states[i].rv
		}
	}
	return 0
}

func noteOf(one state) string { return one.deployment().Annotations[noteKey] }

// controllerMoved reports whether the controller was the last to move the traffic of a Service between two resourceVersions. A
// Service that was created anew, or moved while nobody managed it, is where its owner wanted it.
func (c *checker) controllerMoved(s *corev1.Service, from, to int64) bool {
	states := c.between(serviceID(s), from, to)
	for i := len(states) - 1; i > 0; i-- {
		before, existed := states[i-1].object.(*corev1.Service)
		after, exists := states[i].object.(*corev1.Service)
		if !existed || !exists {
			return false
		}
		if !maps.Equal(before.Spec.Selector, after.Spec.Selector) {
			return managed(before) && managed(after)
		}
	}
	return false
}

// notTheControllersDeployment returns a Deployment without what the controller may change.
func notTheControllersDeployment(d *appsv1.Deployment) map[string]any {
	rest := d.DeepCopy()
	for _, key := range []string{noteKey, servesKey, resumeKey, leftKey} {
		delete(rest.Annotations, key)
	}
	rest.Spec.Paused = false
	rest.Finalizers = slices.DeleteFunc(rest.Finalizers, func(name string) bool { return name == finalizer })
	if len(rest.Finalizers) == 0 {
		rest.Finalizers = nil
	}
	rest.Spec.Replicas, rest.Generation, rest.ManagedFields, rest.ResourceVersion = nil, 0, nil, ""
	return plain(rest)
}
