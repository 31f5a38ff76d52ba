package api

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"syscall"
	"testing"
	"time"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes/scheme"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	ctrlconfig "sigs.k8s.io/controller-runtime/pkg/config"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"
	"sigs.k8s.io/controller-runtime/pkg/webhook"

	"github.com/bluegreen-k8s/bluegreen/pkg/certs"
	"github.com/bluegreen-k8s/bluegreen/pkg/mutate"
	"github.com/bluegreen-k8s/bluegreen/test/installation"
)

// bundle returns the CA bundle that the API server trusts for an installation's webhook.
func bundle(t *testing.T, r *installation.Installation) []byte {
	t.Helper()
	var configuration admissionregistrationv1.MutatingWebhookConfiguration
	if err := admin.Get(t.Context(), client.ObjectKey{Name: r.Name}, &configuration); err != nil {
		t.Fatal(err)
	}
	return configuration.Webhooks[0].ClientConfig.CABundle
}

func TestReplicasAgreeOnOneCAThatOutlivesThem(t *testing.T) {
	ns := suite.Namespace(t)
	r := suite.InstallFor(t, "agreed", "watchNamespaces={"+ns+"}")
	first := r.StartFor(t)
	second := r.StartFor(t)
	serving(t, ns)
	before := bundle(t, r)
	first.End(t.Context(), syscall.SIGTERM)
	second.End(t.Context(), syscall.SIGTERM)
	r.StartFor(t)
	serving(t, ns)
	if !bytes.Equal(before, bundle(t, r)) {
		t.Error("the CA changed with the replicas")
	}
}

func TestNamespacedModeWorksInItsNamespacesOnly(t *testing.T) {
	without(t, "ValidatingAdmissionPolicyBinding") // It knows the controller of the whole cluster only.
	inside, outside := suite.Namespace(t), suite.Namespace(t)
	r := suite.InstallFor(t, "scoped", "watchNamespaces={"+inside+"}")
	r.StartFor(t)
	serving(t, inside)
	for _, ns := range []string{outside, inside} {
		available(t, deployment(t, ns, "1.11"), true)
		if err := admin.Create(t.Context(), service(ns, "1.11", "1.10")); err != nil {
			t.Fatal(err)
		}
	}
	until(t, client.ObjectKey{Namespace: inside, Name: "nginx"}, "traffic moves", live("1.11"))
	untouched := get(t, client.ObjectKey{Namespace: outside, Name: "nginx"})
	if untouched.Annotations["bluegreen/phase"] != "" || !live("1.10")(untouched) {
		t.Errorf("a Service outside watchNamespaces was touched: %v %v", untouched.Annotations, untouched.Spec.Selector)
	}
}

// TestARotationFailsNoRequest rotates the CA every few seconds, where 90 days are the default, while writes go on whose
// webhook must answer.
func TestARotationFailsNoRequest(t *testing.T) {
	ns := suite.Namespace(t)
	r := suite.InstallFor(t, "rotated", "watchNamespaces={"+ns+"}")
	rotation := certs.Rotation{Every: 3 * time.Second, Overlap: time.Second}
	for range 2 {
		serveRotated(t, r, rotation)
	}
	serving(t, ns)
	mustAnswer(t, r)

	seen := map[string]bool{}
	deadline := time.Now().Add(5 * rotation.Every)
	for i := 0; time.Now().Before(deadline) || len(seen) < 4; i++ {
		probe := service(ns, "1.10", "1.10")
		probe.Name = fmt.Sprintf("probe-%d", i)
		if err := admin.Create(t.Context(), probe, client.DryRunAll); err != nil {
			t.Fatalf("after %d writes and %d CA bundles: %v", i, len(seen), err)
		}
		seen[string(bundle(t, r))] = true
	}
}

// mustAnswer makes a webhook that does not answer fail the write.
func mustAnswer(t *testing.T, r *installation.Installation) {
	t.Helper()
	var configuration admissionregistrationv1.MutatingWebhookConfiguration
	if err := admin.Get(t.Context(), client.ObjectKey{Name: r.Name}, &configuration); err != nil {
		t.Fatal(err)
	}
	base := configuration.DeepCopy()
	fail := admissionregistrationv1.Fail
	configuration.Webhooks[0].FailurePolicy = &fail
	if err := admin.Patch(t.Context(), &configuration, client.StrategicMergeFrom(base)); err != nil {
		t.Fatal(err)
	}
}

// serveRotated runs a replica's webhook and keeper in this process, where its rotation can be hurried.
func serveRotated(t *testing.T, r *installation.Installation, rotation certs.Rotation) {
	t.Helper()
	keeper := &certs.Keeper{Options: certs.Options{
		Secret:               types.NamespacedName{Namespace: r.Namespace, Name: r.Name + "-ca"},
		WebhookConfiguration: r.Name, ServiceName: r.Name + "-webhook", Rotation: rotation,
	}}
	ports, err := installation.FreePorts(1)
	if err != nil {
		t.Fatal(err)
	}
	mgr, err := ctrl.NewManager(user(t, r), ctrl.Options{
		Scheme: scheme.Scheme,
		// Both replicas' keepers live in one process here.
		Controller: ctrlconfig.Controller{SkipNameValidation: new(true)},
		Metrics:    metricsserver.Options{BindAddress: "0"},
		Cache:      cache.Options{ByObject: keeper.CacheByObject()},
		WebhookServer: webhook.NewServer(webhook.Options{Port: ports[0], TLSOpts: []func(*tls.Config){
			func(c *tls.Config) { c.GetCertificate = keeper.GetCertificate },
		}}),
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := keeper.SetupWithManager(mgr); err != nil {
		t.Fatal(err)
	}
	webhook := mutate.ForServices(scheme.Scheme, mgr.GetAPIReader(), mgr.GetEventRecorder("test"), "nobody", true, false)
	mgr.GetWebhookServer().Register(mutate.ServicesPath, webhook)
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- mgr.Start(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	err = wait.PollUntilContextTimeout(ctx, 20*time.Millisecond, patience, true, func(context.Context) (bool, error) {
		return mgr.GetWebhookServer().StartedChecker()(nil) == nil, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Join(t.Context(), ports[0]); err != nil {
		t.Fatal(err)
	}
}
