// Package api tests bluegreen against a real kube-apiserver and etcd: the manifests that ship, rendered from the chart,
// and the real binary as a process of its own, under its own ServiceAccount. There is no node: the tests play the
// Deployment controller.
package api

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"

	"github.com/bluegreen-k8s/bluegreen/test/release"
)

// patience is how long anything that should happen at once may take on a busy machine.
const patience = 30 * time.Second

var (
	config  *rest.Config
	cluster *release.Cluster
	admin   client.WithWatch
	program string
	shipped *installation
)

func TestMain(m *testing.M) {
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "test/api:", err)
		os.Exit(1)
	}
	os.Exit(code)
}

func run(m *testing.M) (int, error) {
	ctrl.SetLogger(zap.New())
	dir, err := os.MkdirTemp("", "bluegreen-api-test")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	program = filepath.Join(dir, "webhook")
	if output, err := exec.Command("go", "build", "-o", program, "../../cmd/webhook").CombinedOutput(); err != nil {
		return 0, fmt.Errorf("building the program: %w\n%s", err, output)
	}

	environment := &envtest.Environment{}
	// The API server then finds a Service's pods by its EndpointSlices, where no kube-proxy is.
	environment.ControlPlane.GetAPIServer().Configure().Set("enable-aggregator-routing", "true")
	if config, err = environment.Start(); err != nil {
		return 0, fmt.Errorf("starting kube-apiserver and etcd (make test-tools builds them): %w", err)
	}
	defer func() { _ = environment.Stop() }()
	if cluster, err = release.Connect(config); err != nil {
		return 0, err
	}
	admin = cluster.Admin
	if shipped, err = install(context.Background(), dir, "bluegreen", "bluegreen-system", "drain=1s"); err != nil {
		return 0, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	if err := observeGenerations(ctx); err != nil {
		return 0, err
	}
	return m.Run(), nil
}

// observeGenerations plays a part of the Deployment controller: what was reported of a generation is reported of the next one that
// differs in annotations only, as every note of bluegreen's does.
func observeGenerations(ctx context.Context) error {
	watcher, err := admin.Watch(ctx, &appsv1.DeploymentList{})
	if err != nil {
		return err
	}
	go func() {
		specs := map[types.UID]map[int64]appsv1.DeploymentSpec{} // by generation
		for event := range watcher.ResultChan() {
			now, is := event.Object.(*appsv1.Deployment)
			if !is {
				continue
			}
			if specs[now.UID] == nil {
				specs[now.UID] = map[int64]appsv1.DeploymentSpec{}
			}
			specs[now.UID][now.Generation] = now.Spec
			reported, known := specs[now.UID][now.Status.ObservedGeneration]
			if !known || now.Status.ObservedGeneration == now.Generation || !equality.Semantic.DeepEqual(reported, now.Spec) {
				continue
			}
			patch := fmt.Appendf(nil, `{"metadata":{"resourceVersion":%q},"status":{"observedGeneration":%d}}`, now.ResourceVersion, now.Generation)
			_ = admin.Status().Patch(ctx, now.DeepCopy(), client.RawPatch(types.MergePatchType, patch)) // Who was faster brings another event.
		}
	}()
	return nil
}

// recorded returns a client of a human user whose warnings are kept.
func recorded(t *testing.T) (client.WithWatch, *warnings) {
	t.Helper()
	kept := &warnings{}
	own := rest.CopyConfig(config)
	own.WarningHandler = kept
	c, err := release.NewClient(own)
	if err != nil {
		t.Fatal(err)
	}
	return c, kept
}

type warnings struct{ texts []string }

func (w *warnings) HandleWarningHeader(_ int, _, text string) { w.texts = append(w.texts, text) }

// take returns the warnings since the last call.
func (w *warnings) take() []string {
	texts := w.texts
	w.texts = nil
	return texts
}

// namespace makes a namespace for one test.
func namespace(t *testing.T) string {
	t.Helper()
	made := &corev1.Namespace{}
	made.GenerateName = "test-"
	if err := admin.Create(t.Context(), made); err != nil {
		t.Fatal(err)
	}
	return made.Name
}

// until watches a Service until it is as asked, and returns it.
func until(t *testing.T, key client.ObjectKey, what string, is func(*corev1.Service) bool) *corev1.Service {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	watcher, err := admin.Watch(ctx, &corev1.ServiceList{}, client.InNamespace(key.Namespace), client.MatchingFields{"metadata.name": key.Name})
	if err != nil {
		t.Fatal(err)
	}
	defer watcher.Stop()
	var last *corev1.Service
	for event := range watcher.ResultChan() {
		service, ok := event.Object.(*corev1.Service)
		if !ok {
			t.Fatalf("waiting until %s: %v", what, event.Object)
		}
		if last = service; is(service) {
			return service
		}
	}
	t.Fatalf("%s did not come about within %v; last seen: %+v", what, patience, last)
	return nil
}

func get(t *testing.T, key client.ObjectKey) *corev1.Service {
	t.Helper()
	service := &corev1.Service{}
	if err := admin.Get(t.Context(), key, service); err != nil {
		t.Fatal(err)
	}
	return service
}

// deployment creates a Deployment nginx-VERSION with no status.
func deployment(t *testing.T, namespace, version string) *appsv1.Deployment {
	t.Helper()
	labels := map[string]string{"name": "nginx", "version": version}
	made := &appsv1.Deployment{}
	made.Namespace, made.Name = namespace, "nginx-"+version
	made.Spec.Selector = &metav1.LabelSelector{MatchLabels: labels}
	made.Spec.Template.Labels = labels
	made.Spec.Template.Spec.Containers = []corev1.Container{{Name: "nginx", Image: "nginx:" + version}}
	if err := admin.Create(t.Context(), made); err != nil {
		t.Fatal(err)
	}
	return made
}

// available plays the Deployment controller: it reports MinimumReplicasAvailable, or that it is missing.
func available(t *testing.T, deployment *appsv1.Deployment, is bool) {
	t.Helper()
	if err := admin.Get(t.Context(), client.ObjectKeyFromObject(deployment), deployment); err != nil {
		t.Fatal(err)
	}
	base := deployment.DeepCopy()
	condition := appsv1.DeploymentCondition{Type: appsv1.DeploymentAvailable, Status: corev1.ConditionFalse, Reason: "MinimumReplicasUnavailable"}
	deployment.Status = appsv1.DeploymentStatus{ObservedGeneration: deployment.Generation, Replicas: *deployment.Spec.Replicas}
	if is {
		condition.Status, condition.Reason = corev1.ConditionTrue, "MinimumReplicasAvailable"
		deployment.Status.AvailableReplicas, deployment.Status.ReadyReplicas = *deployment.Spec.Replicas, *deployment.Spec.Replicas
	}
	deployment.Status.Conditions = []appsv1.DeploymentCondition{condition}
	patch := client.MergeFrom(base)
	if err := admin.Status().Patch(t.Context(), deployment, patch); err != nil {
		t.Fatal(err)
	}
}
