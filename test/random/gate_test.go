package random

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// closed says why the controller could not have found the gate of a Service open when it wrote over that version of it.
//
// That write carries the Service's resourceVersion, so the ask is exactly that version's. The Deployments were read from the
// API server after that version and before the write: one of their states from then must have been ready. Which Deployments
// there are is known from a cache, which was not older than readBy says.
func (c *checker) closed(s *corev1.Service, written int64) string {
	asked, selector, ready := revision(s), candidate(s), 0
	known := c.readBy(asked)
	for _, who := range c.ids("Deployment", s.Namespace) {
		if c.always(who, known, written, func(d *appsv1.Deployment) bool { return selects(selector, d) && !parts(s, d) }) &&
			c.always(who, asked, written, func(d *appsv1.Deployment) bool { return !carries(d, s) }) {
			return fmt.Sprintf("%s was not ready from %d on:\n%s", who, asked, c.story(event{who, version{rv: written}}))
		}
		if !c.always(who, asked, written, func(d *appsv1.Deployment) bool { return !selects(selector, d) || !carries(d, s) }, absent) {
			ready++
		}
	}
	if ready == 0 {
		return "no Deployment of the target was ready"
	}
	if s.Annotations[readyKey] == "match-live" {
		return c.fewerThanLive(s, written)
	}
	return ""
}

// absent lets always hold where the object does not exist.
const absent = true

// always says whether something held of a Deployment in every state from one resourceVersion until another.
func (c *checker) always(who id, from, to int64, is func(*appsv1.Deployment) bool, orAbsent ...bool) bool {
	return !slices.ContainsFunc(c.between(who, from, to), func(v version) bool {
		d, exists := v.object.(*appsv1.Deployment)
		return exists && !is(d) || !exists && len(orAbsent) == 0
	})
}

// fewerThanLive says so if no moment's target had as many available replicas as any moment's live version, where a Deployment
// of both counts for the target.
func (c *checker) fewerThanLive(s *corev1.Service, written int64) string {
	most, least := int32(0), int32(0)
	asked := revision(s)
	for _, who := range c.ids("Deployment", s.Namespace) {
		var targets []int32
		for _, v := range c.between(who, asked, written) {
			targets = append(targets, ownIf(v, candidate(s)))
		}
		most += slices.Max(targets)
		var lives []int32
		for _, v := range c.between(who, c.readBy(asked), written) {
			lives = append(lives, availableIf(v, s.Spec.Selector))
		}
		if slices.Max(targets) == 0 {
			least += slices.Min(lives)
		}
	}
	if most < least {
		return fmt.Sprintf("the target had %d available replicas, and the live version %d", most, least)
	}
	return ""
}

func availableIf(v version, selector map[string]string) int32 {
	if d, exists := v.object.(*appsv1.Deployment); exists && reaches(selector, d) {
		return d.Status.AvailableReplicas
	}
	return 0
}

func ownIf(v version, selector map[string]string) int32 {
	if d, exists := v.object.(*appsv1.Deployment); exists && selects(selector, d) {
		return ofTheTemplate(d)
	}
	return 0
}

// judgeUsersDeployment: a replica count is stored as it was asked for, unless it would take away what serves.
func (c *checker) judgeUsersDeployment(e event, w *write, before, after *appsv1.Deployment) {
	c.stats["writes of Deployments"]++
	want := *before.Spec.Replicas
	if w.replicas != nil {
		want = *w.replicas
	}
	toZero := w.replicas != nil && want == 0 && *before.Spec.Replicas > 0
	rollout := contradicted(after) && after.Spec.Paused && *after.Spec.Replicas == *before.Spec.Replicas
	held := toZero && *after.Spec.Replicas == *before.Spec.Replicas && after.Annotations[noteKey] != ""
	if *after.Spec.Replicas != want && !held && !rollout {
		c.fault(e, "%s: %d replicas, want %d", w.what, *after.Spec.Replicas, want)
	}
	if !held && after.Annotations[noteKey] != before.Annotations[noteKey] && !rollout {
		c.fault(e, "%s: a scale-down was noted", w.what)
	}
	if contradicted(after) && !after.Spec.Paused && !reflect.DeepEqual(before.Spec, after.Spec) && c.scales[e.rv] == nil {
		c.fault(e, "%s took the labels off pods that serve", w.what)
	}
	if rollout {
		c.stats["rollouts held"]++
	}
	if !toZero || w.mark == "" || c.scales[e.rv] != nil || rollout {
		return // kubectl scale is the user's explicit word.
	}
	could, must := false, w.serving && protected(before)
	for _, rv := range c.moments(e.id.Namespace, w.from, e.rv) {
		services := c.services(e.id.Namespace, rv)
		held := slices.ContainsFunc(services, func(s *corev1.Service) bool { return holdsScaleDown(s, after) || holdsScaleDown(s, before) })
		drains := protected(before) && !inUse(before, services) &&
			slices.ContainsFunc(services, func(s *corev1.Service) bool { return maybeLeft(s, before) })
		could, must = could || held || drains, must && held
	}
	if held && !could || !held && must {
		c.fault(e, "%s: held: %t, protected: %t", w.what, held, protected(before))
	}
	if held {
		c.stats["scale-downs held"]++
	}
}

// judgeControllersDeployment: the controller protects, lets go of what nothing uses, and does scale-downs that are due.
func (c *checker) judgeControllersDeployment(e event, before, after *appsv1.Deployment) {
	c.stats["writes of Deployments by the controller"]++
	if rest := untouchedDeployment(before); !reflect.DeepEqual(rest, untouchedDeployment(after)) {
		c.fault(e, "the controller changed more than is its own")
	}
	if *before.Spec.Replicas != *after.Spec.Replicas && before.Annotations[resumeKey] == "" {
		c.judgeScaleDown(e, before, after)
	}
	if before.Spec.Paused != after.Spec.Paused || *before.Spec.Replicas != *after.Spec.Replicas && before.Annotations[resumeKey] != "" {
		c.judgeResumption(e, before, after)
	}
	if !protected(before) || protected(after) {
		return
	}
	unused := slices.ContainsFunc(c.moments(e.id.Namespace, revision(before), e.rv), func(rv int64) bool {
		return !inUse(before, c.services(e.id.Namespace, rv))
	})
	if !unused {
		c.fault(e, "the controller let go of what was in use")
	}
}

// judgeResumption: the controller resumes only what bluegreen paused, once no Service has its traffic there by labels that go, or where
// nothing else can become what such a Service asks for.
func (c *checker) judgeResumption(e event, before, after *appsv1.Deployment) {
	c.stats["rollouts resumed"]++
	note := strings.Split(before.Annotations[resumeKey], "/")
	if len(note) != 3 || after.Spec.Paused && before.Spec.Paused == after.Spec.Paused && fmt.Sprint(*after.Spec.Replicas) != note[2] {
		c.fault(e, "the controller resumed, or scaled, what it had not paused")
		return
	}
	free := slices.ContainsFunc(c.moments(e.id.Namespace, c.heldAt(e.id, e.rv), e.rv), func(rv int64) bool {
		return !slices.ContainsFunc(c.services(e.id.Namespace, rv), func(s *corev1.Service) bool {
			return guards(s) && parts(s, before) && !(pending(s) && selects(candidate(s), before))
		})
	})
	if !free {
		c.fault(e, "the controller resumed a rollout that takes the labels off pods that serve")
	}
}

// heldAt returns when the resumption of a Deployment came to be held as it was just before a resourceVersion.
func (c *checker) heldAt(who id, rv int64) int64 {
	states := c.between(who, 0, rv)
	return states[len(states)-1].rv
}

// judgeScaleDown: it was noted, due at a moment since the note was bound, and takes nothing away that has traffic since.
func (c *checker) judgeScaleDown(e event, before, after *appsv1.Deployment) {
	c.stats["scale-downs done"]++
	since := c.boundAt(e.id, e.rv)
	if before.Annotations[noteKey] == "" || *after.Spec.Replicas != 0 {
		c.fault(e, "the controller scaled from %d to %d", *before.Spec.Replicas, *after.Spec.Replicas)
		return
	}
	isDue := slices.ContainsFunc(c.moments(e.id.Namespace, since, e.rv), func(rv int64) bool {
		return due(before, c.services(e.id.Namespace, rv))
	})
	if !isDue {
		c.fault(e, "the controller did a scale-down that was not due")
	}
	for _, s := range c.services(e.id.Namespace, e.rv) {
		if serves(s, before) && c.movedSince(s, since, e.rv) {
			c.fault(e, "the controller scaled to 0 what serves %s:\n%s\nthe Deployment", s.Name, c.story(event{id{"Service", client.ObjectKeyFromObject(s)}, version{rv: e.rv}}))
		}
	}
}

// boundAt returns when the note of a scale-down came to say what it says just before a resourceVersion: the controller looks
// at the Services only then.
func (c *checker) boundAt(who id, rv int64) int64 {
	states := c.between(who, 0, rv)
	bound, _ := states[len(states)-1].object.(*appsv1.Deployment)
	for i := len(states) - 1; i > 0; i-- {
		if d, exists := states[i-1].object.(*appsv1.Deployment); !exists || d.Annotations[noteKey] != bound.Annotations[noteKey] {
			return states[i].rv
		}
	}
	return 0
}

// movedSince says whether the last that moved the traffic of a Service, between two resourceVersions, was the controller. A
// Service that was created anew, or moved while it was released, is where its owner wanted it.
func (c *checker) movedSince(s *corev1.Service, from, to int64) bool {
	states := c.between(id{"Service", client.ObjectKeyFromObject(s)}, from, to)
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

// untouchedDeployment returns a Deployment without what the controller may change.
func untouchedDeployment(d *appsv1.Deployment) map[string]any {
	rest := d.DeepCopy()
	for _, key := range []string{noteKey, servesKey, resumeKey} {
		delete(rest.Annotations, key)
	}
	rest.Spec.Paused = false
	rest.Finalizers = slices.DeleteFunc(rest.Finalizers, func(f string) bool { return f == finalizer })
	if len(rest.Finalizers) == 0 {
		rest.Finalizers = nil
	}
	rest.Spec.Replicas, rest.Generation, rest.ManagedFields, rest.ResourceVersion = nil, 0, nil, ""
	return plain(rest)
}
