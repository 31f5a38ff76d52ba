package random

import (
	"fmt"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
)

// closed returns why the controller could not have found the gate of a Service open when it wrote over that state of it, "" if it
// could.
//
// That write carries the Service's resourceVersion, so the ask is exactly that state's. The Deployments were read from the API
// server after that state and before the write: one of their states from then must have been ready. Which Deployments there are is
// known from a cache, which was not older than readBy says.
func (c *checker) closed(s *corev1.Service, written int64) string {
	if unapproved(s) {
		return "nobody approved that"
	}
	if unchecked(s) && !c.succeeded(s, written) {
		return "no check of that has succeeded"
	}
	asked, selector := revision(s), candidate(s)
	isTarget := func(d *appsv1.Deployment) bool { return d != nil && selects(selector, d) && !parts(s, d) }
	isUnready := func(d *appsv1.Deployment) bool { return d != nil && !carries(d, s) }
	isReadyTarget := func(d *appsv1.Deployment) bool { return d != nil && selects(selector, d) && carries(d, s) }

	known, ready := c.readBy(asked), 0
	for _, who := range c.ids("Deployment", s.Namespace) {
		if c.always(who, known, written, isTarget) && c.always(who, asked, written, isUnready) {
			return fmt.Sprintf("%s was not ready from resourceVersion %d on:\n%s", who, asked, c.story(who, written))
		}
		if c.sometimes(who, asked, written, isReadyTarget) {
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

// sometimes reports whether something held of a Deployment, nil where it did not exist, in some state from one resourceVersion until
// another.
func (c *checker) sometimes(who id, from, to int64, held func(*appsv1.Deployment) bool) bool {
	return slices.ContainsFunc(c.between(who, from, to), func(one state) bool { return held(one.deployment()) })
}

// always reports whether something held of a Deployment in every such state.
func (c *checker) always(who id, from, to int64, held func(*appsv1.Deployment) bool) bool {
	return !c.sometimes(who, from, to, func(d *appsv1.Deployment) bool { return !held(d) })
}

// deployment returns the Deployment that a state is of, nil where it did not exist.
func (one state) deployment() *appsv1.Deployment {
	d, _ := one.object.(*appsv1.Deployment)
	return d
}

// fewerThanLive returns that no moment's target had as many available replicas as any moment's live version, "" if one had. A
// Deployment of both counts for the target.
func (c *checker) fewerThanLive(s *corev1.Service, written int64) string {
	asked := revision(s)
	mostOfTarget, leastOfLive := int32(0), int32(0)
	for _, who := range c.ids("Deployment", s.Namespace) {
		most := int32(0)
		for i, one := range c.between(who, asked, written) {
			if replicas := targetReplicas(one.deployment(), candidate(s)); i == 0 || replicas > most {
				most = replicas
			}
		}
		mostOfTarget += most
		if most == 0 {
			leastOfLive += c.leastLive(who, s, written)
		}
	}
	if mostOfTarget < leastOfLive {
		return fmt.Sprintf("the target had %d available replicas, and the live version %d", mostOfTarget, leastOfLive)
	}
	return ""
}

// leastLive returns how many available replicas of a Deployment a Service selected in every moment that the controller may have read.
func (c *checker) leastLive(who id, s *corev1.Service, written int64) int32 {
	least := int32(0)
	for i, one := range c.between(who, c.readBy(revision(s)), written) {
		replicas := int32(0)
		if d := one.deployment(); d != nil && reaches(s.Spec.Selector, d) {
			replicas = d.Status.AvailableReplicas
		}
		if i == 0 || replicas < least {
			least = replicas
		}
	}
	return least
}

// targetReplicas returns how many available replicas of a Deployment a selector will surely select.
func targetReplicas(d *appsv1.Deployment, selector map[string]string) int32 {
	if d == nil || !selects(selector, d) {
		return 0
	}
	return ofTheTemplate(d)
}
