package random

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/client-go/rest"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/bluegreen-k8s/bluegreen/test/installation"
)

// versions are those of the world's Deployments.
var versions = []string{"1", "2", "3"}

// world is what the random test writes to, and what it knows of it.
type world struct {
	t       *testing.T
	client  client.Client // Its warnings are not printed: there are thousands.
	dice    *rand.Rand    // Of this step alone.
	checker *checker
	step    int
	latest  int64 // The highest resourceVersion of an answer.
	written int

	replica  *installation.Replica // nil while the process is stopped.
	killed   *installation.Replica // One that nobody took out of the webhook's Service yet.
	joined   bool                  // The replica is in the webhook's Service.
	resumeAt int                   // The step at which an outage ends.

	services    []client.ObjectKey
	led         []client.ObjectKey // A follower and a preview of one of them, which nobody writes.
	deployments []client.ObjectKey
	sentinels   int

	applied  applied
	applier  string                    // Who applies in this step.
	disowned map[client.ObjectKey]bool // Services whose contested fields no updater has owned since the last outage.
}

func newWorld(t *testing.T) *world {
	t.Helper()
	first, second := suite.Namespace(t), suite.Namespace(t)
	w := &world{
		t:        t,
		client:   newClient(t),
		checker:  newChecker(watchHistory(t, first, second)),
		applied:  applied{},
		disowned: map[client.ObjectKey]bool{},
	}
	t.Cleanup(w.leave)
	w.awaitPolicy()
	w.startReplica()
	for _, ns := range []string{first, second} {
		for _, name := range []string{smoke, probe} {
			if err := w.client.Create(t.Context(), cronJob(ns, name)); err != nil {
				t.Fatal(err)
			}
		}
		for i, version := range []string{"1", "2", "2", "3"} {
			w.addDeployment(client.ObjectKey{Namespace: ns, Name: fmt.Sprintf("web-%d", i)}, ofVersion(version))
		}
		w.addService(client.ObjectKey{Namespace: ns, Name: "web"}, "1", "1")
	}
	w.addLed(second)
	w.addService(client.ObjectKey{Namespace: first, Name: "admin"}, "", "")
	w.addService(client.ObjectKey{Namespace: first, Name: "api"}, "2", "1")
	w.createSentinel()
	return w
}

func newClient(t *testing.T) client.Client {
	t.Helper()
	own := rest.CopyConfig(suite.Config)
	own.WarningHandler = rest.NoWarnings{}
	made, err := installation.NewClient(own)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// awaitPolicy waits until the API server enforces the policy, while no webhook is there to mend what the policy refuses.
func (w *world) awaitPolicy() {
	w.t.Helper()
	probe := newService(client.ObjectKey{Namespace: suite.Namespace(w.t), Name: "probe"}, "1", "1")
	if err := w.client.Create(w.t.Context(), probe); err != nil {
		w.t.Fatal(err)
	}
	if err := suite.AwaitPolicy(w.t.Context(), probe); err != nil {
		w.t.Fatal(err)
	}
	if err := w.client.Delete(w.t.Context(), probe); err != nil {
		w.t.Fatal(err)
	}
}

// leave returns the cluster IPs, of which the API server has 254.
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

// addLed adds a follower and a preview of the Service web in a namespace.
func (w *world) addLed(namespace string) {
	w.t.Helper()
	for _, led := range []struct{ name, key string }{{"twin", followsKey}, {"peek", previewKey}} {
		made := newService(client.ObjectKey{Namespace: namespace, Name: led.name}, "", "1")
		made.Annotations[led.key] = "web"
		w.led = append(w.led, client.ObjectKeyFromObject(made))
		w.create(made)
	}
}

func (w *world) addDeployment(key client.ObjectKey, labels map[string]string) {
	w.t.Helper()
	w.deployments = append(w.deployments, key)
	w.create(newDeployment(key, labels))
}

// get reads a Service from the API server.
func (w *world) get(key client.ObjectKey) *corev1.Service {
	w.t.Helper()
	s := &corev1.Service{}
	if err := w.client.Get(w.t.Context(), key, s); err != nil {
		w.t.Fatal(err)
	}
	return s
}

// await waits for something that is seen in the history; lacking returns what is missing, "" for nothing.
func (w *world) await(what string, lacking func() string) {
	w.t.Helper()
	if err := w.checker.until(w.t, lacking); err != nil {
		w.t.Fatalf("step %d: %s: %v", w.step, what, err)
	}
}

// newService returns a Service that asks for a target ("" for no ask), with a version in its selector ("" for none).
func newService(key client.ObjectKey, target, live string) *corev1.Service {
	made := &corev1.Service{}
	made.Namespace, made.Name = key.Namespace, key.Name
	made.Annotations = map[string]string{"team": key.Name}
	made.Spec.Selector = map[string]string{"name": "web"}
	made.Spec.Ports = []corev1.ServicePort{{Port: 80, TargetPort: intstr.FromInt32(80)}}
	if key.Name == "api" {
		made.Spec.Ports[0].TargetPort = intstr.FromString("http")
		made.Annotations[checkKey] = smoke
	}
	if key.Name == "web" {
		made.Annotations[returnKey], made.Annotations[afterKey] = "1h", probe
	}
	if live != "" {
		made.Spec.Selector["version"] = live
	}
	if target != "" {
		made.Annotations[targetKey] = target
	}
	return made
}

// newDeployment returns a Deployment of 2 replicas, whose pods have some labels besides that of their slot.
func newDeployment(key client.ObjectKey, labels map[string]string) *appsv1.Deployment {
	made := &appsv1.Deployment{}
	made.Namespace, made.Name = key.Namespace, key.Name
	made.Annotations = map[string]string{"team": key.Name, "deployment.kubernetes.io/revision": "1"} // As Kubernetes' controller notes it.
	made.Spec.Replicas = ptr.To[int32](2)
	made.Spec.Selector = &metav1.LabelSelector{MatchLabels: map[string]string{"slot": key.Name}}
	made.Spec.Template.Labels = with(labels, map[string]any{"slot": key.Name})
	made.Spec.Template.Spec.Containers = []corev1.Container{{
		Name:  "web",
		Image: "web:1",
		Ports: []corev1.ContainerPort{{Name: "http", ContainerPort: 80}},
	}}
	return made
}

// ofVersion returns the pod labels of a version of web, under both keys that a Service may look for.
func ofVersion(version string) map[string]string {
	return map[string]string{"name": "web", "version": version, otherLabel: version}
}
