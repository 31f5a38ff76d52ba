package manifests

import (
	"context"
	"fmt"
	"os"
	"sync"
	"testing"
	"time"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
)

const (
	controller = "system:serviceaccount:bluegreen-system:bluegreen"
	somebody   = "somebody"
)

// environment is the API server of all tests; it runs from the first test that asks for it.
var environment struct {
	envtest.Environment
	start  sync.Once
	config *rest.Config
	err    error
}

func TestMain(m *testing.M) {
	code := m.Run()
	if environment.config != nil {
		if err := environment.Stop(); err != nil {
			fmt.Fprintln(os.Stderr, "stopping the API server:", err)
		}
	}
	os.Exit(code)
}

// as writes to the API server in a user's name.
func as(t *testing.T, user string, changes ...func(*rest.Config)) client.Client {
	t.Helper()
	environment.start.Do(func() { environment.config, environment.err = environment.Start() })
	if environment.err != nil {
		t.Fatalf("starting the API server of KUBEBUILDER_ASSETS=%q (run these tests by `make test`, which builds it): %v",
			os.Getenv("KUBEBUILDER_ASSETS"), environment.err)
	}
	config := rest.CopyConfig(environment.config)
	config.QPS = -1
	config.Impersonate = rest.ImpersonationConfig{UserName: user, Groups: []string{"system:masters"}}
	for _, change := range changes {
		change(config)
	}
	c, err := client.New(config, client.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// create writes an object, and takes it away after the test.
func create(t *testing.T, c client.Client, object client.Object) {
	t.Helper()
	if err := c.Create(t.Context(), object); err != nil {
		t.Fatalf("creating %T %s: %v", object, object.GetName(), err)
	}
	t.Cleanup(func() {
		if err := c.Delete(context.Background(), object); client.IgnoreNotFound(err) != nil {
			t.Errorf("deleting %T %s: %v", object, object.GetName(), err)
		}
	})
}

// newNamespace makes one for the Services of a test; with -count it is there already, for it is never quite gone without
// the controllers of a cluster.
func newNamespace(t *testing.T, c client.Client, name string) string {
	t.Helper()
	err := c.Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}})
	if client.IgnoreAlreadyExists(err) != nil {
		t.Fatal(err)
	}
	return name
}

// installPolicy installs the policy and its binding as rendered.
func installPolicy(t *testing.T, c client.Client, all objects, name string) {
	t.Helper()
	create(t, c, get[admissionv1.ValidatingAdmissionPolicy](t, all, "ValidatingAdmissionPolicy/"+name))
	create(t, c, get[admissionv1.ValidatingAdmissionPolicyBinding](t, all, "ValidatingAdmissionPolicyBinding/"+name))
}

// installPolicyAlone installs the policy once that of an earlier test is gone, and waits until it is in force.
func installPolicyAlone(t *testing.T, c client.Client, all objects, name string, refuses func() bool) {
	t.Helper()
	eventually(t, "the policy of the test before is gone", func() bool { return !refuses() })
	installPolicy(t, c, all, name)
	eventually(t, "the policy is in force", refuses)
}

// eventually waits for an effect: the API server enforces new policies and webhooks after a moment.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	poll := func(context.Context) (bool, error) { return holds(), nil }
	if err := wait.PollUntilContextTimeout(t.Context(), 50*time.Millisecond, 30*time.Second, true, poll); err != nil {
		t.Fatalf("waiting until %s: %v", what, err)
	}
}
