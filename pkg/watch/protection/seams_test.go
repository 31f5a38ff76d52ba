package protection

import (
	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
	"github.com/bluegreen-k8s/bluegreen/pkg/watch/cluster"
	. "github.com/bluegreen-k8s/bluegreen/pkg/watch/watchtest"

	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/handler"
)

// This file holds all that the tests of the controller of Deployments in use know of how it is made and called.

// Whether Deployments in use are protected.
const (
	enabled  = true
	disabled = false
)

// newProtection is a controller that has just started, with a drain of a minute.
func newProtection(server *APIServer, protects bool) *Controller {
	return New(cluster.New(server.ThroughCache(), server, server.Recorder, Elected), protects, time.Minute)
}

// drainedProtection is one that has seen traffic leave every Deployment of these tests long ago.
func drainedProtection(server *APIServer, protects bool) *Controller {
	protection := newProtection(server, protects)
	protection.drains.left = map[types.UID]map[string]time.Time{
		DeploymentUID: {"nginx": time.Now().Add(-time.Hour)},
	}
	return protection
}

// reconcileDeployment reconciles a Deployment as it was seen, and returns after how long it is looked at again; 0 for never.
func reconcileDeployment(t *testing.T, protection *Controller, seen *appsv1.Deployment) (lookAgain time.Duration, err error) {
	t.Helper()
	result, err := protection.Reconcile(t.Context(), seen)
	return result.RequeueAfter, err
}

// traffic is a Service before and after a change.
type traffic struct{ before, after *corev1.Service }

// sees has the controller see what the change of a Service means to a Deployment.
func sees(protection *Controller, deployment *appsv1.Deployment, change traffic) {
	before, after := bluegreen.Read(change.before), bluegreen.Read(change.after)
	protection.noteDrain(deployment, before, after, before.Uses(deployment) && !after.Uses(deployment))
}

// waitsForOtherSlots has the controller remember that it waits for other slots to be written.
func waitsForOtherSlots(protection *Controller, deployment *appsv1.Deployment) {
	protection.drains.leave(deployment, otherSlots)
}

// leftSince returns when Services left a Deployment, by name; false if the controller remembers nothing of it.
func leftSince(protection *Controller, deployment *appsv1.Deployment) (map[string]time.Time, bool) {
	return protection.drains.since(deployment)
}

// serviceHandler is what hears of changed Services.
func serviceHandler(protection *Controller) handler.EventHandler {
	return cluster.HandleChanges[*corev1.Service](protection.serviceChanged)
}

// newFollower is a controller in a process that does not lead.
func newFollower(server *APIServer) *Controller {
	return New(cluster.New(server.ThroughCache(), server, server.Recorder, make(chan struct{})), enabled, time.Minute)
}

// deploymentChanged has the controller hear of a changed Deployment.
func deploymentChanged(t *testing.T, protection *Controller, before, after *appsv1.Deployment) {
	t.Helper()
	protection.deploymentChanged(t.Context(), before, after, newRecordingQueue())
}
