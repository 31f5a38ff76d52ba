package random

import (
	"fmt"
	"regexp"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// The Service sentinel waits for ever, and tells for which Deployment. A new Deployment takes the place of the former one now and
// then, so what the Service tells shows how far the controller has read.

func (w *world) sentinelKey() client.ObjectKey {
	return client.ObjectKey{Namespace: w.checker.namespaces[0], Name: "sentinel"}
}

func (w *world) createSentinel() {
	w.t.Helper()
	s := newService(w.sentinelKey(), "never", "none")
	s.Spec.Selector["name"] = "sentinel"
	w.create(s)
}

// replaceSentinel replaces the Deployment that the sentinel waits for, and returns the new one's name.
func (w *world) replaceSentinel() string {
	w.t.Helper()
	key := client.ObjectKey{Namespace: w.checker.namespaces[0], Name: fmt.Sprintf("sentinel-%d", w.sentinels)}
	old := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: key.Namespace, Name: key.Name}}
	if err := w.client.Delete(w.t.Context(), old); client.IgnoreNotFound(err) != nil {
		w.t.Fatal(err)
	}
	w.sentinels++
	key.Name = fmt.Sprintf("sentinel-%d", w.sentinels)
	w.create(newDeployment(key, map[string]string{"name": "sentinel", "version": "never"}))
	return key.Name
}

// roundTrip waits until the controller has read, and told, something that is written now.
func (w *world) roundTrip() {
	w.t.Helper()
	name := w.replaceSentinel()
	w.await("the sentinel tells of "+name, func() string {
		s, exists := w.checker.at(id{kind: "Service", ObjectKey: w.sentinelKey()}, now).(*corev1.Service)
		if exists && namedSentinel(s) == name {
			return ""
		}
		return "the controller does not tell of " + name
	})
}

// barrier waits until the history has everything that was written before, and judges it.
func (w *world) barrier() {
	w.t.Helper()
	probe := w.createProbe()
	w.replaceSentinel()
	upTo := revision(probe)
	w.await("the history is complete", func() string {
		if w.checker.seen["Service"] < upTo || w.checker.seen["Deployment"] < upTo {
			return fmt.Sprintf("%v, want %d", w.checker.seen, upTo)
		}
		return ""
	})
	if err := w.client.Delete(w.t.Context(), probe); err != nil {
		w.t.Fatal(err)
	}
	w.judge(upTo)
}

// createProbe creates a Service that bluegreen has nothing to do with.
func (w *world) createProbe() *corev1.Service {
	w.t.Helper()
	probe := &corev1.Service{}
	probe.Namespace, probe.GenerateName = w.checker.namespaces[0], "barrier-"
	probe.Spec.ClusterIP = "None"
	probe.Spec.Ports = []corev1.ServicePort{{Port: 80}}
	if err := w.client.Create(w.t.Context(), probe); err != nil {
		w.t.Fatal(err)
	}
	return probe
}

// judge judges what happened up to a resourceVersion, and the answers to dry runs.
func (w *world) judge(upTo int64) {
	w.t.Helper()
	w.checker.mu.Lock()
	defer w.checker.mu.Unlock()
	w.checker.judgeUntil(upTo)
	for _, this := range w.checker.writes {
		if this.answer != nil {
			w.checker.judgeAnswer(this)
			this.answer = nil
		}
	}
	if faults := w.checker.faults; len(faults) > 0 {
		w.t.Fatalf("by step %d, %d faults; the first:\n%s", w.step, len(faults), faults[0])
	}
}

// reading is evidence: when the controller wrote something, it had read all Deployments up to a resourceVersion.
type reading struct{ wrote, upTo int64 }

var sentinelNamed = regexp.MustCompile(`Deployment (sentinel-\d+): `)

// namedSentinel returns which sentinel a Service tells of, "" for none.
func namedSentinel(s *corev1.Service) string {
	found := sentinelNamed.FindStringSubmatch(s.Annotations[messageKey])
	if found == nil {
		return ""
	}
	return found[1]
}

// learn finds out how far the controller has read: it tells of a Deployment that nobody else names.
func (c *checker) learn(s *corev1.Service) {
	if name := namedSentinel(s); name != "" {
		sentinel := id{kind: "Deployment", ObjectKey: client.ObjectKey{Namespace: s.Namespace, Name: name}}
		c.readings = append(c.readings, reading{wrote: revision(s), upTo: c.states[sentinel][0].rv})
	}
}

// readBy returns the resourceVersion up to which the controller had read all Deployments, at least, when somebody wrote that
// resourceVersion.
func (c *checker) readBy(rv int64) int64 {
	upTo := int64(0)
	for _, evidence := range c.readings {
		if evidence.wrote <= rv {
			upTo = max(upTo, evidence.upTo)
		}
	}
	return upTo
}
