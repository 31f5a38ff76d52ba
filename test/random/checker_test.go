package random

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// checker judges every state of every object, in order.
type checker struct {
	*history
	writes   map[string]*write
	scales   map[int64]*write // Writes through the scale subresource, which have no marker, by resourceVersion.
	judged   int              // How many of the events.
	readings []reading
	checked  []checkedJob
	stats    map[string]int
	faults   []string
}

func newChecker(h *history) *checker {
	return &checker{history: h, writes: map[string]*write{}, scales: map[int64]*write{}, stats: map[string]int{}}
}

// fault notes that a rule was broken, with the story of the object.
func (c *checker) fault(e event, format string, args ...any) {
	c.faults = append(c.faults, fmt.Sprintf("%s, resourceVersion %d: %s\n%s", e.id, e.rv, fmt.Sprintf(format, args...), c.story(e.id, e.rv)))
}

// judgeUntil judges what happened up to a resourceVersion, which the history is complete to.
func (c *checker) judgeUntil(rv int64) {
	rest := c.events[c.judged:]
	slices.SortStableFunc(rest, func(a, b event) int { return int(a.rv - b.rv) })
	for _, e := range rest {
		if e.rv > rv {
			return
		}
		c.judged++
		c.judge(e)
	}
}

// judge judges who wrote a state of an object. Creations are the test's; deletions are too, or come with the last finalizer's end.
func (c *checker) judge(e event) {
	before := c.at(e.id, e.rv-1)
	if e.object == nil || before == nil {
		return
	}
	by := c.writer(before, e)
	switch after := e.object.(type) {
	case *corev1.Service:
		if before := before.(*corev1.Service); by != nil {
			c.judgeUsersService(e, by, before, after)
		} else if leaderOf(before) != "" {
			c.judgeLed(e, before, after)
		} else {
			c.judgeControllersService(e, before, after)
		}
	case *appsv1.Deployment:
		if before := before.(*appsv1.Deployment); by != nil {
			c.judgeUsersDeployment(e, by, before, after)
		} else {
			c.judgeControllersDeployment(e, before, after)
		}
	}
}

// judgeAnswer judges what a dry run returned: it is what would be stored, so the same holds for it.
func (c *checker) judgeAnswer(by *write) {
	after, is := by.answer.(*corev1.Service)
	if !is || !by.dryRun {
		return
	}
	c.stats["dry runs"]++
	rv := revision(after)
	if before, is := c.at(by.id, rv).(*corev1.Service); is {
		c.judgeUsersService(event{id: by.id, state: state{rv: rv, object: after}}, by, before, after)
	}
}

// writer returns the write of the test that made a state of an object, nil for the controller's.
func (c *checker) writer(before client.Object, e event) *write {
	for key, mark := range e.object.GetAnnotations() {
		if strings.HasPrefix(key, marker) && mark != before.GetAnnotations()[key] {
			return c.writes[mark]
		}
	}
	if before.GetDeletionTimestamp() == nil && e.object.GetDeletionTimestamp() != nil {
		return &write{what: "delete"}
	}
	after, is := e.object.(*appsv1.Deployment)
	if !is {
		return nil
	}
	if before := before.(*appsv1.Deployment); onlyStatusDiffers(before, after) {
		return &write{what: "the Deployment controller"}
	} else if *after.Spec.Replicas != *before.Spec.Replicas {
		return c.scales[e.rv]
	}
	return nil
}

// onlyStatusDiffers reports whether nothing but its status differs in a Deployment: bluegreen writes none.
func onlyStatusDiffers(before, after *appsv1.Deployment) bool {
	withoutStatus := func(d *appsv1.Deployment) *appsv1.Deployment {
		rest := d.DeepCopy()
		rest.Status, rest.ManagedFields, rest.ResourceVersion = appsv1.DeploymentStatus{}, nil, ""
		return rest
	}
	return reflect.DeepEqual(withoutStatus(before), withoutStatus(after))
}

// plain returns the fields of an object, for comparisons and for people.
func plain(object runtime.Object) map[string]any {
	fields, err := runtime.DefaultUnstructuredConverter.ToUnstructured(object)
	if err != nil {
		panic(err)
	}
	return fields
}
