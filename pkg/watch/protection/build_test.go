package protection

import (
	"context"
	"reflect"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/client-go/tools/events"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
	"github.com/bluegreen-k8s/bluegreen/pkg/watch/cluster"
	. "github.com/bluegreen-k8s/bluegreen/pkg/watch/watchtest"
)

// drained is a Controller that has seen traffic leave the Deployments long ago.
func drained(c client.Client, live client.Reader, recorder events.EventRecorder, enabled bool) *Controller {
	controller := New(cluster.New(c, live, recorder), enabled, time.Minute)
	controller.drains.left = map[types.UID]map[string]time.Time{"2": {"nginx": time.Now().Add(-time.Hour)}}
	return controller
}

// fresh is a Controller that has just started.
func fresh(c client.Client) *Controller {
	p := drained(c, c, events.NewFakeRecorder(10), true)
	p.drains.left = nil
	return p
}

// countGeneration does what the API server does when the annotations or the spec of a Deployment have changed.
func countGeneration(t *testing.T, c client.Client, before *appsv1.Deployment) {
	t.Helper()
	after := Current(t, c, before)
	if reflect.DeepEqual(before.Annotations, after.Annotations) && reflect.DeepEqual(before.Spec, after.Spec) {
		return
	}
	after.Generation = before.Generation + 1
	if err := c.Update(context.Background(), after); err != nil {
		t.Fatal(err)
	}
}

// recordingQueue records what is added to it.
type recordingQueue struct {
	cluster.Queue
	now, later sets.Set[string]
}

func (q *recordingQueue) Add(request reconcile.Request) { q.now.Insert(request.Name) }

func (q *recordingQueue) AddAfter(request reconcile.Request, _ time.Duration) {
	q.later.Insert(request.Name)
}

// left tells a Controller that a Service has changed.
func left(c *Controller, deployment *appsv1.Deployment, from, to *corev1.Service) {
	before, after := bluegreen.Read(from), bluegreen.Read(to)
	c.noteDrain(deployment, before, after, before.Uses(deployment) && !after.Uses(deployment))
}
