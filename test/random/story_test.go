package random

import (
	"fmt"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// story tells how an object came to be what it is.
func (c *checker) story(e event) string {
	var lines []string
	versions := c.between(e.id, 0, e.rv+1)
	for i := max(1, len(versions)-8); i < len(versions); i++ {
		v, who := versions[i], "the controller"
		if v.object == nil {
			lines = append(lines, fmt.Sprintf("  %d gone", v.rv))
			continue
		}
		if versions[i-1].object == nil {
			who = "created"
		} else if w := c.writer(versions[i-1].object, event{e.id, v}); w != nil {
			who = w.what
		}
		lines = append(lines, fmt.Sprintf("  %d %s: %s", v.rv, who, summary(v.object)))
	}
	return strings.Join(lines, "\n")
}

func summary(object client.Object) string {
	switch o := object.(type) {
	case *corev1.Service:
		return fmt.Sprintf("selector %v annotations %v", o.Spec.Selector, o.Annotations)
	case *appsv1.Deployment:
		return fmt.Sprintf("replicas %d generation %d labels %v annotations %v finalizers %v deleted %t status %+v", *o.Spec.Replicas,
			o.Generation, o.Spec.Template.Labels, o.Annotations, o.Finalizers, o.DeletionTimestamp != nil, statusOf(o))
	}
	return ""
}

func statusOf(d *appsv1.Deployment) string {
	s := d.Status
	condition := "unknown"
	for _, c := range s.Conditions {
		condition = c.Reason
	}
	return fmt.Sprintf("observed %d replicas %d/%d/%d %s", s.ObservedGeneration, s.Replicas, s.UpdatedReplicas, s.AvailableReplicas, condition)
}
