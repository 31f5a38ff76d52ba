// Package plugin tests kubectl bluegreen as people run it: the built program, as a process, against a real kube-apiserver with bluegreen
// installed from the chart. There is no node: the tests play the Deployment controller and the kubelet.
package plugin

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	. "github.com/bluegreen-k8s/bluegreen/pkg/bluegreen/bluegreentest"
	"github.com/bluegreen-k8s/bluegreen/test/harness"
	"github.com/bluegreen-k8s/bluegreen/test/installation"
)

// patience is how long anything that should happen at once may take on a busy machine.
const patience = time.Minute

var (
	suite   *installation.Suite
	shipped *installation.Installation
	admin   client.WithWatch
)

func TestMain(m *testing.M) {
	os.Exit(installation.Run(m, "../..", func(s *installation.Suite) {
		suite, shipped, admin = s, s.Shipped, s.Admin
	}, "checks.enabled=true"))
}

// program is the path of the plugin, built once.
var program = sync.OnceValues(func() (string, error) { return suite.Build("kubectl-bluegreen") })

// shop is a namespace in which bluegreen works, and what people run there.
type shop struct {
	t                              *testing.T
	namespace, program, kubeconfig string
}

// open starts bluegreen and opens a shop with the Service nginx on version 1.10, with options, and the Deployment of that.
func open(t *testing.T, options ...ServiceOption) *shop {
	t.Helper()
	built, err := program()
	if err != nil {
		t.Fatal(err)
	}
	shipped.StartFor(t)
	s := &shop{t: t, namespace: suite.Namespace(t), program: built, kubeconfig: filepath.Join(t.TempDir(), "kubeconfig")}
	if err := suite.WriteKubeconfig(s.kubeconfig, nil); err != nil {
		t.Fatal(err)
	}
	if err := suite.AwaitWebhook(t.Context(), s.namespace); err != nil {
		t.Fatal(err)
	}
	s.deploy("1.10", true)
	s.create(Service(slices.Concat([]ServiceOption{Asks("1.10")}, options)...))
	return s
}

// create creates an object in the shop.
func (s *shop) create(object client.Object) {
	s.t.Helper()
	object.SetNamespace(s.namespace)
	object.SetUID("")
	if err := admin.Create(s.t.Context(), object); err != nil {
		s.t.Fatal(err)
	}
}

// deploy creates the Deployment of a version, available or not.
func (s *shop) deploy(version string, ready bool) *appsv1.Deployment {
	s.t.Helper()
	made := Deployment(version, Revision("1"))
	made.Spec.Template.Spec.Containers = []corev1.Container{{Name: "nginx", Image: "nginx:" + version}}
	s.create(made)
	s.report(made, ready)
	return made
}

// report plays the Deployment controller: it reports a Deployment as available, or not.
func (s *shop) report(deployment *appsv1.Deployment, ready bool) {
	s.t.Helper()
	if err := report(s.t.Context(), deployment, ready); err != nil {
		s.t.Fatal(err)
	}
}

func report(ctx context.Context, deployment *appsv1.Deployment, ready bool) error {
	current := &appsv1.Deployment{}
	if err := admin.Get(ctx, client.ObjectKeyFromObject(deployment), current); err != nil {
		return err
	}
	base := current.DeepCopy()
	current.Status = appsv1.DeploymentStatus{ObservedGeneration: current.Generation, Replicas: *current.Spec.Replicas}
	available := appsv1.DeploymentCondition{Type: appsv1.DeploymentAvailable, Status: corev1.ConditionFalse,
		Reason: "MinimumReplicasUnavailable"}
	if ready {
		available.Status, available.Reason = corev1.ConditionTrue, "MinimumReplicasAvailable"
		current.Status.UpdatedReplicas = *current.Spec.Replicas
		current.Status.ReadyReplicas, current.Status.AvailableReplicas = *current.Spec.Replicas, *current.Spec.Replicas
	}
	current.Status.Conditions = []appsv1.DeploymentCondition{available}
	return admin.Status().Patch(ctx, current, client.MergeFrom(base))
}

// annotate does what kubectl annotate --overwrite does to the Service.
func (s *shop) annotate(key, value string) {
	s.t.Helper()
	patch := client.RawPatch(types.MergePatchType, []byte(`{"metadata":{"annotations":{"`+key+`":"`+value+`"}}}`))
	if err := admin.Patch(s.t.Context(), s.service(), patch, client.FieldOwner("kubectl-annotate")); err != nil {
		s.t.Fatal(err)
	}
}

// service returns the Service as it is stored.
func (s *shop) service() *corev1.Service {
	s.t.Helper()
	service := &corev1.Service{}
	if err := admin.Get(s.t.Context(), client.ObjectKey{Namespace: s.namespace, Name: "nginx"}, service); err != nil {
		s.t.Fatal(err)
	}
	return service
}

// until watches the Service until it is as asked.
func (s *shop) until(what string, is func(*corev1.Service) bool) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), patience)
	defer cancel()
	watcher, err := admin.Watch(ctx, &corev1.ServiceList{}, client.InNamespace(s.namespace), client.MatchingFields{"metadata.name": "nginx"})
	if err != nil {
		s.t.Fatal(err)
	}
	defer watcher.Stop()
	for event := range watcher.ResultChan() {
		if service, ok := event.Object.(*corev1.Service); ok && is(service) {
			return
		}
	}
	s.t.Fatalf("%s did not come about within %v; the Service is %+v", what, patience, s.service())
}

// untilPhase watches the Service until it has a phase, as told by the controller: with its record.
func (s *shop) untilPhase(phase string) {
	s.t.Helper()
	s.until("phase "+phase, func(service *corev1.Service) bool {
		pending := service.Annotations["bluegreen/target-version"] != service.Spec.Selector["version"]
		return service.Annotations["bluegreen/phase"] == phase && pending == (service.Annotations["bluegreen/attempt"] != "")
	})
}

// untilLive watches the Service until a version is live.
func (s *shop) untilLive(version string) {
	s.t.Helper()
	s.until("version "+version+" live", func(service *corev1.Service) bool { return service.Spec.Selector["version"] == version })
}

// plugin runs kubectl bluegreen in the shop.
func (s *shop) plugin(args ...string) harness.Output {
	s.t.Helper()
	return harness.TryWith(s.t, []string{"KUBECONFIG=" + s.kubeconfig}, s.program, append(args, "-n", s.namespace)...)
}

// path is a PATH with the plugin, kubectl, and more directories.
func (s *shop) path(more ...string) string {
	first := append(more, filepath.Dir(s.program), os.Getenv("KUBEBUILDER_ASSETS"), os.Getenv("PATH"))
	return strings.Join(first, string(os.PathListSeparator))
}

// in returns a text with NAMESPACE as the shop's.
func (s *shop) in(text string) string { return strings.ReplaceAll(text, "NAMESPACE", s.namespace) }

// prints fails the test unless a command that was run succeeded, and printed this and nothing else to stdout and stderr.
func (s *shop) prints(output harness.Output, stdout, stderr string) {
	s.t.Helper()
	if output.Err != nil || output.Stdout != s.in(stdout) || output.Stderr != s.in(stderr) {
		s.t.Fatalf("%v\nstdout %q\n  want %q\nstderr %q\n  want %q", output.Err, output.Stdout, s.in(stdout), output.Stderr, s.in(stderr))
	}
}

// fails fails the test unless a command that was run ended with code 1 and printed this and nothing else to stderr.
func (s *shop) fails(output harness.Output, stderr string) {
	s.t.Helper()
	if output.Err == nil || output.Err.Error() != "exit status 1" || output.Stderr != s.in(stderr) {
		s.t.Fatalf("%v\nstderr %q\n  want %q", output.Err, output.Stderr, s.in(stderr))
	}
}

// scale sets the replicas of a Deployment, as kubectl scale does.
func (s *shop) scale(name string, replicas int32) {
	s.t.Helper()
	scale := &autoscalingv1.Scale{Spec: autoscalingv1.ScaleSpec{Replicas: replicas}}
	deployment := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: s.namespace, Name: name}}
	if err := admin.SubResource("scale").Update(s.t.Context(), deployment, client.WithSubResourceBody(scale)); err != nil {
		s.t.Fatal(err)
	}
}

// fieldsOf returns the fields of a Service that a field manager owns.
func fieldsOf(service *corev1.Service, manager string) string {
	for _, entry := range service.ManagedFields {
		if entry.Manager == manager {
			return entry.FieldsV1.GetRawString()
		}
	}
	return ""
}
