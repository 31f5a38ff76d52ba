package random

import (
	"fmt"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// chapters is how many states of an object a story tells at most.
const chapters = 8

// story tells how an object came to be what it is at a resourceVersion.
func (c *checker) story(who id, rv int64) string {
	upTo := rv
	if rv < now {
		upTo = rv + 1
	}
	var lines []string
	states := c.between(who, 0, upTo)
	for i := max(1, len(states)-chapters); i < len(states); i++ {
		lines = append(lines, c.chapter(who, states[i-1].object, states[i]))
	}
	return strings.Join(lines, "\n")
}

func (c *checker) chapter(who id, before client.Object, after state) string {
	if after.object == nil {
		return fmt.Sprintf("  %d gone", after.rv)
	}
	author := "the controller"
	if before == nil {
		author = "created"
	} else if by := c.writer(before, event{id: who, state: after}); by != nil {
		author = by.what
	}
	return fmt.Sprintf("  %d %s: %s", after.rv, author, summary(after.object))
}

// summary tells what matters of an object.
func summary(object client.Object) string {
	switch object := object.(type) {
	case *corev1.Service:
		return fmt.Sprintf("selector %v annotations %v", object.Spec.Selector, object.Annotations)
	case *appsv1.Deployment:
		return fmt.Sprintf("replicas %d generation %d labels %v annotations %v finalizers %v deleted %t status %s",
			*object.Spec.Replicas, object.Generation, object.Spec.Template.Labels, object.Annotations, object.Finalizers,
			object.DeletionTimestamp != nil, statusOf(object))
	}
	return ""
}

func statusOf(d *appsv1.Deployment) string {
	status := d.Status
	reason := "unknown"
	for _, condition := range status.Conditions {
		reason = condition.Reason
	}
	return fmt.Sprintf("observed %d replicas %d/%d/%d %s",
		status.ObservedGeneration, status.Replicas, status.UpdatedReplicas, status.AvailableReplicas, reason)
}
