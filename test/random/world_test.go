package random

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/bluegreen-k8s/bluegreen/test/installation"
)

const otherLabel = "app.kubernetes.io/version"

var versions = []string{"1", "2", "3"}

// world is what the random test writes to, and what it knows of it.
type world struct {
	t       *testing.T
	client  client.Client // Its warnings are not printed: there are thousands.
	r       *rand.Rand    // Of this step alone.
	checker *checker
	replica *installation.Replica // nil while the process is stopped
	killed  *installation.Replica // One that nobody took out of the webhook's Service yet.
	joined  bool                  // The replica is in the webhook's Service.
	resume  int                   // The step at which an outage ends.
	step    int
	latest  int64 // The highest resourceVersion of an answer.
	written int

	services    []client.ObjectKey
	deployments []client.ObjectKey
	sentinels   int
	applied     map[string]map[string]string // By Service and applier, the annotations applied.
	disowned    map[client.ObjectKey]bool    // Services whose contested fields no updater has owned since the last outage.
}

func newWorld(t *testing.T) *world {
	t.Helper()
	first, second := suite.Namespace(t), suite.Namespace(t)
	w := &world{t: t, client: unwarned(t), applied: map[string]map[string]string{}, disowned: map[client.ObjectKey]bool{}}
	w.checker = &checker{history: watchHistory(t, first, second), writes: map[string]*write{}, scales: map[int64]*write{}, stats: map[string]int{}}
	t.Cleanup(w.leave)
	probe := newService(client.ObjectKey{Namespace: suite.Namespace(t), Name: "probe"}, "1", "1")
	if err := suite.Admin.Create(t.Context(), probe); err != nil {
		t.Fatal(err)
	}
	if err := suite.AwaitPolicy(t.Context(), probe); err != nil {
		t.Fatal(err)
	}
	if err := suite.Admin.Delete(t.Context(), probe); err != nil {
		t.Fatal(err)
	}
	w.startReplica()
	for _, ns := range []string{first, second} {
		for i, v := range []string{"1", "2", "2", "3"} {
			w.addDeployment(client.ObjectKey{Namespace: ns, Name: fmt.Sprintf("web-%d", i)}, ofVersion(v))
		}
		w.addService(client.ObjectKey{Namespace: ns, Name: "web"}, "1", "1")
	}
	w.addService(client.ObjectKey{Namespace: first, Name: "admin"}, "", "")
	w.addService(client.ObjectKey{Namespace: first, Name: "api"}, "2", "1")
	w.createSentinel(first)
	return w
}

func unwarned(t *testing.T) client.Client {
	t.Helper()
	own := rest.CopyConfig(suite.Config)
	own.WarningHandler = rest.NoWarnings{}
	c, err := installation.NewClient(own)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// leave gives the cluster IPs back, of which the API server has 254.
func (w *world) leave() {
	for _, ns := range w.checker.namespaces {
		if err := w.client.DeleteAllOf(context.WithoutCancel(w.t.Context()), &corev1.Service{}, client.InNamespace(ns)); err != nil {
			w.t.Error(err)
		}
	}
}

func (w *world) addService(key client.ObjectKey, target, live string) {
	w.t.Helper()
	w.services = append(w.services, key)
	w.create(newService(key, target, live))
}

// create creates an object, as a write of its own.
func (w *world) create(object client.Object) {
	w.t.Helper()
	object.GetAnnotations()[marker] = w.mark()
	if err := w.client.Create(w.t.Context(), object); err != nil {
		w.t.Fatal(err)
	}
	w.saw(object)
	if s, is := object.(*corev1.Service); is && w.serving() && s.Annotations[phaseKey] != rightPhase(s) {
		w.t.Fatalf("step %d: created with phase %q: %s", w.step, s.Annotations[phaseKey], summary(s))
	}
}

func (w *world) mark() string {
	w.written++
	return fmt.Sprintf("%d-%d", w.step, w.written)
}

func (w *world) saw(object client.Object) { w.latest = max(w.latest, revision(object)) }

func (w *world) addDeployment(key client.ObjectKey, labels map[string]string) {
	w.t.Helper()
	w.deployments = append(w.deployments, key)
	w.create(newDeployment(key, labels))
}

// The sentinel is a Service that waits for ever, and tells which Deployment it waits for: a new one each time it is asked.

// get reads a Service from the API server.
func (w *world) get(key client.ObjectKey) *corev1.Service {
	w.t.Helper()
	s := &corev1.Service{}
	if err := w.client.Get(w.t.Context(), key, s); err != nil {
		w.t.Fatal(err)
	}
	return s
}

func (w *world) createSentinel(ns string) {
	s := newService(client.ObjectKey{Namespace: ns, Name: "sentinel"}, "never", "none")
	s.Spec.Selector["name"] = "sentinel"
	w.create(s)
}

// sentinel replaces the Deployment that the sentinel waits for, and returns its name.
func (w *world) sentinel() string {
	w.t.Helper()
	ns := w.services[0].Namespace
	old := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: fmt.Sprintf("sentinel-%d", w.sentinels)}}
	if err := w.client.Delete(w.t.Context(), old); client.IgnoreNotFound(err) != nil {
		w.t.Fatal(err)
	}
	w.sentinels++
	name := fmt.Sprintf("sentinel-%d", w.sentinels)
	w.create(newDeployment(client.ObjectKey{Namespace: ns, Name: name}, map[string]string{"name": "sentinel", "version": "never"}))
	return name
}

// roundTrip waits until the controller has read, and told, something that is written now.
func (w *world) roundTrip() {
	w.t.Helper()
	name := w.sentinel()
	sentinel := id{"Service", client.ObjectKey{Namespace: w.services[0].Namespace, Name: "sentinel"}}
	w.await("the sentinel tells of "+name, func() string {
		s, _ := w.checker.at(sentinel, 1<<62).(*corev1.Service)
		if s != nil {
			if found := sentinelNamed.FindStringSubmatch(s.Annotations[messageKey]); found != nil && found[1] == name {
				return ""
			}
		}
		return "the controller does not tell of " + name
	})
}

func (w *world) await(what string, lacking func() string) {
	w.t.Helper()
	if err := w.checker.until(w.t, lacking); err != nil {
		w.t.Fatalf("step %d: %s: %v", w.step, what, err)
	}
}

// barrier waits until the history has everything that was written before, and judges it.
func (w *world) barrier() {
	w.t.Helper()
	ns := w.services[0].Namespace
	probe := &corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: ns, GenerateName: "barrier-"},
		Spec: corev1.ServiceSpec{ClusterIP: "None", Ports: []corev1.ServicePort{{Port: 80}}}}
	if err := w.client.Create(w.t.Context(), probe); err != nil {
		w.t.Fatal(err)
	}
	w.sentinel()
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
	w.checker.mu.Lock()
	defer w.checker.mu.Unlock()
	w.checker.judgeUntil(upTo)
	for _, written := range w.checker.writes {
		if written.answer != nil {
			w.checker.judgeAnswer(written)
			written.answer = nil
		}
	}
	if faults := w.checker.faults; len(faults) > 0 {
		w.t.Fatalf("by step %d, %d faults; the first:\n%s", w.step, len(faults), faults[0])
	}
}
