package manifests

import (
	"context"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

const finalizer = "bluegreen/in-use-protection"

type deploymentChange func(*appsv1.Deployment)

var scaled = map[string]struct {
	before, write []deploymentChange
	want          bool
}{
	"to zero":                                {[]deploymentChange{inUse, replicas(2)}, []deploymentChange{replicas(0)}, true},
	"from one, the default, to zero":         {[]deploymentChange{inUse}, []deploymentChange{replicas(0)}, true},
	"to zero, with a new template":           {[]deploymentChange{inUse, replicas(2)}, []deploymentChange{replicas(0), image("nginx:2")}, true},
	"to zero, with the finalizer stripped":   {[]deploymentChange{inUse, replicas(2)}, []deploymentChange{replicas(0), finalizers()}, true},
	"to zero, with other finalizers":         {[]deploymentChange{finalizers("a/b", finalizer), replicas(2)}, []deploymentChange{replicas(0)}, true},
	"down, but not to zero":                  {[]deploymentChange{inUse, replicas(2)}, []deploymentChange{replicas(1)}, false},
	"up from zero":                           {[]deploymentChange{inUse, replicas(0)}, []deploymentChange{replicas(2)}, false},
	"up":                                     {[]deploymentChange{inUse, replicas(2)}, []deploymentChange{replicas(3)}, false},
	"zero as before":                         {[]deploymentChange{inUse, replicas(0)}, []deploymentChange{image("nginx:2")}, false},
	"replicas left out":                      {[]deploymentChange{inUse, replicas(2)}, []deploymentChange{noReplicas}, false},
	"a new template":                         {[]deploymentChange{inUse, replicas(2)}, []deploymentChange{image("nginx:2")}, false},
	"nothing":                                {[]deploymentChange{inUse, replicas(2)}, nil, false},
	"the finalizer taken off":                {[]deploymentChange{inUse, replicas(2)}, []deploymentChange{finalizers()}, true},
	"the finalizer replaced":                 {[]deploymentChange{inUse, replicas(2)}, []deploymentChange{finalizers("a/b")}, true},
	"one not in use, to zero":                {[]deploymentChange{replicas(2)}, []deploymentChange{replicas(0)}, false},
	"one with a foreign finalizer":           {[]deploymentChange{finalizers("a/b"), replicas(2)}, []deploymentChange{replicas(0)}, false},
	"one that comes into use as it goes out": {[]deploymentChange{replicas(2)}, []deploymentChange{inUse, replicas(0)}, false},
}

// TestWebhookIsAskedAboutScalingDown of Deployments in use, and about nothing else in their life.
func TestWebhookIsAskedAboutScalingDown(t *testing.T) {
	c, ns := as(t, controller), "scaled"
	newNamespace(t, c, ns)
	calls := installWebhook(t, c, ns)
	n := numbers()
	for name, test := range scaled {
		t.Run(name, func(t *testing.T) {
			d := deployment(ns, n(), test.before...)
			createDeployment(t, c, d)
			for _, change := range test.write {
				change(d)
			}
			if err := c.Update(t.Context(), d); err != nil {
				t.Fatal(err)
			}
			checkCalls(t, calls, d, test.want)
		})
	}
	t.Run("kubectl scale", func(t *testing.T) {
		d := deployment(ns, n(), inUse, replicas(2))
		createDeployment(t, c, d)
		scale := &autoscalingv1.Scale{}
		if err := c.SubResource("scale").Update(t.Context(), d, client.WithSubResourceBody(scale)); err != nil {
			t.Fatal(err)
		}
		checkCalls(t, calls, d, false)
	})
	t.Run("status and deletion", func(t *testing.T) {
		d := deployment(ns, n(), inUse, replicas(2))
		createDeployment(t, c, d)
		d.Status.ObservedGeneration = 1
		if err := c.Status().Update(t.Context(), d); err != nil {
			t.Fatal(err)
		}
		if err := c.Delete(t.Context(), d); err != nil {
			t.Fatal(err)
		}
		checkCalls(t, calls, d, false)
	})
}

func checkCalls(t *testing.T, calls *calls, d *appsv1.Deployment, want bool) {
	t.Helper()
	if got := calls.of(d); (got == 1) != want || got > 1 {
		t.Errorf("asked %d times, want asked: %v", got, want)
	}
}

// deployment is one of nginx, changed by the given functions.
func deployment(namespace, name string, changes ...deploymentChange) *appsv1.Deployment {
	pods := map[string]string{"name": name}
	d := &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name, Labels: map[string]string{"name": name}},
		Spec: appsv1.DeploymentSpec{
			Selector: &metav1.LabelSelector{MatchLabels: pods},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: pods},
				Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "nginx", Image: "nginx:1"}}},
			},
		},
	}
	for _, change := range changes {
		change(d)
	}
	return d
}

// createDeployment writes one, and takes it away with its finalizers after the test.
func createDeployment(t *testing.T, c client.Client, d *appsv1.Deployment) {
	t.Helper()
	if err := c.Create(t.Context(), d); err != nil {
		t.Fatalf("creating Deployment %s: %v", d.Name, err)
	}
	t.Cleanup(func() {
		free := client.RawPatch("application/merge-patch+json", []byte(`{"metadata":{"finalizers":null}}`))
		bare := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: d.Namespace, Name: d.Name}}
		if err := c.Patch(context.Background(), bare, free); client.IgnoreNotFound(err) != nil {
			t.Errorf("freeing Deployment %s: %v", d.Name, err)
		}
		if err := c.Delete(context.Background(), bare); client.IgnoreNotFound(err) != nil {
			t.Errorf("deleting Deployment %s: %v", d.Name, err)
		}
	})
}

func inUse(d *appsv1.Deployment) { finalizers(finalizer)(d) }

func finalizers(names ...string) deploymentChange {
	return func(d *appsv1.Deployment) { d.Finalizers = names }
}

func replicas(n int32) deploymentChange {
	return func(d *appsv1.Deployment) { d.Spec.Replicas = new(n) }
}

func noReplicas(d *appsv1.Deployment) { d.Spec.Replicas = nil }

func image(name string) deploymentChange {
	return func(d *appsv1.Deployment) { d.Spec.Template.Spec.Containers[0].Image = name }
}
