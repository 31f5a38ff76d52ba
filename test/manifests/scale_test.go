package manifests

import (
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// scaled are updates of Deployments, and whether the webhook is asked about them.
var scaled = map[string]struct {
	before deploymentChanges
	write  deploymentChanges
	asked  bool
}{
	"to zero": {
		before: deploymentChanges{inUse, replicas(2)},
		write:  deploymentChanges{replicas(0)},
		asked:  true,
	},
	"from one, the default, to zero": {
		before: deploymentChanges{inUse},
		write:  deploymentChanges{replicas(0)},
		asked:  true,
	},
	"to zero, with a new template": {
		before: deploymentChanges{inUse, replicas(2)},
		write:  deploymentChanges{replicas(0), image("nginx:2")},
		asked:  true,
	},
	"to zero, with the finalizer taken off": {
		before: deploymentChanges{inUse, replicas(2)},
		write:  deploymentChanges{replicas(0), finalizers()},
		asked:  true,
	},
	"to zero, with other finalizers": {
		before: deploymentChanges{finalizers("a/b", finalizer), replicas(2)},
		write:  deploymentChanges{replicas(0)},
		asked:  true,
	},
	"down, but not to zero": {
		before: deploymentChanges{inUse, replicas(2)},
		write:  deploymentChanges{replicas(1)},
	},
	"up from zero": {
		before: deploymentChanges{inUse, replicas(0)},
		write:  deploymentChanges{replicas(2)},
	},
	"up": {
		before: deploymentChanges{inUse, replicas(2)},
		write:  deploymentChanges{replicas(3)},
	},
	"zero as before": {
		before: deploymentChanges{inUse, replicas(0)},
		write:  deploymentChanges{image("nginx:2")},
	},
	"replicas left out": {
		before: deploymentChanges{inUse, replicas(2)},
		write:  deploymentChanges{noReplicas},
	},
	"a new template": {
		before: deploymentChanges{inUse, replicas(2)},
		write:  deploymentChanges{image("nginx:2")},
	},
	"nothing": {
		before: deploymentChanges{inUse, replicas(2)},
	},
	"the finalizer taken off": {
		before: deploymentChanges{inUse, replicas(2)},
		write:  deploymentChanges{finalizers()},
		asked:  true,
	},
	"the finalizer replaced": {
		before: deploymentChanges{inUse, replicas(2)},
		write:  deploymentChanges{finalizers("a/b")},
		asked:  true,
	},
	"one not in use, to zero": {
		before: deploymentChanges{replicas(2)},
		write:  deploymentChanges{replicas(0)},
	},
	"one with a foreign finalizer": {
		before: deploymentChanges{finalizers("a/b"), replicas(2)},
		write:  deploymentChanges{replicas(0)},
	},
	"one that comes into use as it goes out": {
		before: deploymentChanges{replicas(2)},
		write:  deploymentChanges{inUse, replicas(0)},
	},
}

// TestWebhookIsAskedAboutScalingDown of Deployments in use, and about nothing else in their life.
func TestWebhookIsAskedAboutScalingDown(t *testing.T) {
	c, ns := as(t, controller), "scaled"
	newNamespace(t, c, ns)
	calls := installWebhook(t, c, ns)
	next := names()
	for name, test := range scaled {
		t.Run(name, func(t *testing.T) {
			d := deployment(ns, next(), test.before...)
			createDeployment(t, c, d)
			test.write.to(d)
			if err := c.Update(t.Context(), d); err != nil {
				t.Fatal(err)
			}
			checkCalls(t, calls, d, test.asked)
		})
	}
	t.Run("kubectl scale", func(t *testing.T) {
		d := deployment(ns, next(), inUse, replicas(2))
		createDeployment(t, c, d)
		scale := &autoscalingv1.Scale{}
		if err := c.SubResource("scale").Update(t.Context(), d, client.WithSubResourceBody(scale)); err != nil {
			t.Fatal(err)
		}
		checkCalls(t, calls, d, false)
	})
	t.Run("status and deletion", func(t *testing.T) {
		d := deployment(ns, next(), inUse, replicas(2))
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

// checkCalls compares whether the webhook was asked about a Deployment, which it is once at most.
func checkCalls(t *testing.T, calls *calls, d *appsv1.Deployment, asked bool) {
	t.Helper()
	if got := calls.of(d); (got == 1) != asked || got > 1 {
		t.Errorf("asked %d times, want asked: %v", got, asked)
	}
}
