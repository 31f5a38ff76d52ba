package random

import (
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// marker is an annotation that every write of the test gives a value of its own. What changes an object and leaves the
// marker is the controller's.
const marker = "test/write"

// write is one write of the test.
type write struct {
	mark    string
	what    string
	id      id
	from    int64 // A resourceVersion from before it.
	serving bool  // The API server asked the webhook, for sure.
	dryRun  bool

	sideDoor bool // It asks for something through services/status, which the policy refuses.

	// user says what became of the users' annotations of a Service against the writer's word; "" for nothing.
	user func(before, after map[string]string) string

	// replicas is what a write of a Deployment asks for; nil for none.
	replicas *int32

	// answer is what the API server said.
	answer client.Object
}

// reading is evidence: when the controller wrote something, it had read all Deployments up to a resourceVersion.
type reading struct{ wrote, upTo int64 }

// checker judges every version of every object, in order.
type checker struct {
	*history
	writes   map[string]*write
	scales   map[int64]*write // Writes through the scale subresource, which have no marker, by resourceVersion.
	judged   int              // How many of the events.
	informed []reading
	stats    map[string]int
	faults   []string
}

func (c *checker) fault(e event, format string, args ...any) {
	c.faults = append(c.faults, fmt.Sprintf("%s at resourceVersion %d: ", e.id, e.rv)+fmt.Sprintf(format, args...)+"\n"+c.story(e))
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

func (c *checker) judge(e event) {
	before := c.at(e.id, e.rv-1)
	if e.object == nil || before == nil {
		return // Created or deleted: by the test, or when the last finalizer went.
	}
	w := c.writer(before, e)
	switch after := e.object.(type) {
	case *corev1.Service:
		if w != nil {
			c.judgeUsers(e, w, before.(*corev1.Service), after)
		} else {
			c.judgeControllers(e, before.(*corev1.Service), after)
		}
	case *appsv1.Deployment:
		if w != nil {
			c.judgeUsersDeployment(e, w, before.(*appsv1.Deployment), after)
		} else {
			c.judgeControllersDeployment(e, before.(*appsv1.Deployment), after)
		}
	}
}

// writer returns the write of the test that made a version, nil for the controller's.
func (c *checker) writer(before client.Object, e event) *write {
	for key, mark := range e.object.GetAnnotations() {
		if strings.HasPrefix(key, marker) && mark != before.GetAnnotations()[key] {
			return c.writes[mark]
		}
	}
	if before.GetDeletionTimestamp() == nil && e.object.GetDeletionTimestamp() != nil {
		return &write{what: "delete"}
	}
	if d, is := e.object.(*appsv1.Deployment); is && reported(before.(*appsv1.Deployment), d) {
		return &write{what: "the Deployment controller"}
	}
	if d, is := e.object.(*appsv1.Deployment); is && *d.Spec.Replicas != *before.(*appsv1.Deployment).Spec.Replicas {
		return c.scales[e.rv]
	}
	return nil
}

// reported says whether nothing but its status differs in a Deployment: bluegreen writes none.
func reported(before, after *appsv1.Deployment) bool {
	bare := func(d *appsv1.Deployment) *appsv1.Deployment {
		rest := d.DeepCopy()
		rest.Status, rest.ManagedFields, rest.ResourceVersion = appsv1.DeploymentStatus{}, nil, ""
		return rest
	}
	return reflect.DeepEqual(bare(before), bare(after))
}

// judgeUsers: nobody but the controller moves the traffic of a managed Service, and nobody else's word is lost.
func (c *checker) judgeUsers(e event, w *write, before, after *corev1.Service) {
	c.stats["writes of Services"]++
	if (managed(before) || managed(after)) && !maps.Equal(before.Spec.Selector, after.Spec.Selector) {
		c.fault(e, "%s moved traffic from %v to %v", w.what, before.Spec.Selector, after.Spec.Selector)
	}
	if lost := w.user(users(before), users(after)); lost != "" {
		c.fault(e, "%s: annotations: %s", w.what, lost)
	}
	if w.serving && (managed(before) || managed(after)) && touched(before, after) {
		c.judgeAdmitted(e, w, before, after)
	}
}

// touched says whether a write changed an annotation of bluegreen: then the webhook was asked for sure.
func touched(before, after *corev1.Service) bool {
	only := func(s *corev1.Service) map[string]string {
		kept := maps.Clone(s.Annotations)
		maps.DeleteFunc(kept, func(key, _ string) bool { return !strings.HasPrefix(key, "bluegreen/") })
		return kept
	}
	return !maps.Equal(only(before), only(after))
}

// judgeAdmitted: what the webhook let pass is valid, says where the Service stands, and makes no applier conflict.
func (c *checker) judgeAdmitted(e event, w *write, before, after *corev1.Service) {
	if !disowned(after) {
		c.fault(e, "%s left an updater its fields: %v", w.what, after.ManagedFields)
	}
	if managed(after) && (!valid(after) || len(after.Spec.Selector) == 0) {
		c.fault(e, "%s was stored: %v %v", w.what, after.Annotations, after.Spec.Selector)
	}
	keyBefore, targetBefore := wanted(before)
	keyAfter, targetAfter := wanted(after)
	if managed(before) == managed(after) && keyBefore == keyAfter && targetBefore == targetAfter {
		if own(before) != own(after) {
			c.fault(e, "%s changed %v to %v", w.what, own(before), own(after))
		}
	} else if after.Annotations[phaseKey] != rightPhase(after) {
		c.fault(e, "%s left phase %q", w.what, after.Annotations[phaseKey])
	}
}

// judgeControllers: the controller writes what is its own, and moves traffic only to what is asked for and ready.
func (c *checker) judgeControllers(e event, before, after *corev1.Service) {
	c.stats["writes of Services by the controller"]++
	if after.Annotations[phaseKey] != rightPhase(after) {
		c.fault(e, "the controller wrote phase %q, want %q", after.Annotations[phaseKey], rightPhase(after))
	}
	if rest := untouched(before); !reflect.DeepEqual(rest, untouched(after)) {
		c.fault(e, "the controller changed more than is its own: %v, was %v", untouched(after), rest)
	}
	c.learn(after)
	if maps.Equal(before.Spec.Selector, after.Spec.Selector) {
		return
	}
	c.stats["switches"]++
	if !pending(before) || !maps.Equal(after.Spec.Selector, candidate(before)) {
		c.fault(e, "the controller moved traffic from %v to %v, annotations %v", before.Spec.Selector, after.Spec.Selector, before.Annotations)
		return
	}
	if problem := c.closed(before, e.rv); problem != "" {
		c.fault(e, "the controller moved traffic although %s", problem)
	}
}

// untouched returns a Service without what the controller may change.
func untouched(s *corev1.Service) map[string]any {
	rest := s.DeepCopy()
	rest.Annotations, rest.Spec.Selector, rest.ManagedFields, rest.ResourceVersion = users(s), nil, nil, ""
	return plain(rest)
}

func plain(object runtime.Object) map[string]any {
	fields, err := runtime.DefaultUnstructuredConverter.ToUnstructured(object)
	if err != nil {
		panic(err)
	}
	return fields
}

var sentinelNamed = regexp.MustCompile(`Deployment (sentinel-\d+): `)

// learn finds out how far the controller has read: it tells of a Deployment that nobody else names.
func (c *checker) learn(s *corev1.Service) {
	if found := sentinelNamed.FindStringSubmatch(s.Annotations[messageKey]); found != nil {
		named := id{"Deployment", client.ObjectKey{Namespace: s.Namespace, Name: found[1]}}
		c.informed = append(c.informed, reading{wrote: revision(s), upTo: c.versions[named][0].rv})
	}
}

// readBy returns the resourceVersion up to which the controller had read all Deployments when that version of a Service was
// written, at least.
func (c *checker) readBy(rv int64) int64 {
	upTo := int64(0)
	for _, evidence := range c.informed {
		if evidence.wrote <= rv {
			upTo = max(upTo, evidence.upTo)
		}
	}
	return upTo
}

// judgeAnswer: what a dry run says is what would be stored, so the same holds for it.
func (c *checker) judgeAnswer(w *write) {
	after, is := w.answer.(*corev1.Service)
	if !is || !w.dryRun {
		return
	}
	c.stats["dry runs"]++
	rv := revision(after)
	before, is := c.at(w.id, rv).(*corev1.Service)
	if is {
		c.judgeUsers(event{w.id, version{rv, after}}, w, before, after)
	}
}
