package protection

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
	"github.com/bluegreen-k8s/bluegreen/pkg/watch/cluster"
	. "github.com/bluegreen-k8s/bluegreen/pkg/watch/watchtest"
)

func TestTheFinalizerGoesOnlyWhenTheAPIServerItselfKnowsOfNoUse(t *testing.T) {
	for name, test := range map[string]struct {
		cached, stored []client.Object
		enabled        bool
		kept, again    bool
	}{
		"in use": {cached: []client.Object{OnVersion(Blue)},
			stored:  []client.Object{OnVersion(Blue)},
			enabled: true,
			kept:    true,
			again:   false,
		},
		"left": {cached: []client.Object{OnVersion(Green)},
			stored:  []client.Object{OnVersion(Green)},
			enabled: true,
			kept:    false,
			again:   false,
		},
		"left, and the cache is behind": {cached: []client.Object{OnVersion(Blue)},
			stored:  []client.Object{OnVersion(Green)},
			enabled: true,
			kept:    true,
			again:   false,
		},
		"come back, and the cache does not know": {cached: []client.Object{OnVersion(Green)},
			stored:  []client.Object{OnVersion(Blue)},
			enabled: true,
			kept:    true,
			again:   true,
		},
		"asked for again, and the cache does not know": {cached: []client.Object{OnVersion(Green)},
			stored: []client.Object{func() client.Object {
				s := OnVersion(Green)
				s.Annotations[bluegreen.TargetVersion] = Blue
				return s
			}()},
			enabled: true,
			kept:    true,
			again:   true,
		},
		"no Service": {cached: nil,
			stored:  nil,
			enabled: true,
			kept:    false,
			again:   false,
		},
		"switched off": {cached: []client.Object{OnVersion(Blue)},
			stored:  []client.Object{OnVersion(Blue)},
			enabled: false,
			kept:    false,
			again:   false,
		},
	} {
		t.Run(name, func(t *testing.T) {
			deployment := Serving(Blue)
			stored := Builder(t, cluster.AddIndexes).WithObjects(deployment.DeepCopy()).WithObjects(test.stored...).Build()
			cached := Builder(t, cluster.AddIndexes).WithObjects(deployment.DeepCopy()).WithObjects(test.cached...).Build()
			protection := drained(CachedReader{Client: stored, Cache: cached}, stored, events.NewFakeRecorder(10), test.enabled)
			result, err := protection.Reconcile(context.Background(), Current(t, stored, deployment))
			if err != nil {
				t.Fatal(err)
			}
			if again := result.RequeueAfter > 0; again != test.again {
				t.Errorf("looked at again later: %t, want %t", again, test.again)
			}
			want := []string{"example.org/theirs"}
			if test.kept {
				want = append(want, bluegreen.InUseProtection)
			}
			if got := Current(t, stored, deployment).Finalizers; !slices.Equal(got, want) {
				t.Errorf("finalizers %q, want %q", got, want)
			}
		})
	}
}

func TestAHeldScaleDownIsDoneOrForgottenByWhatTheAPIServerKnows(t *testing.T) {
	pending := OnVersion(Blue)
	pending.Annotations[bluegreen.TargetVersion] = Green
	released := Nginx(nil)
	released.Spec.Selector["version"] = Blue
	const stays = "Normal ScaleDownForgotten keeps its replicas (3), and the scale-down to 0 that was held is forgotten: " +
		"Service nginx stays on the Deployment; scale it to 0 again if that is still meant"
	for name, test := range map[string]struct {
		cached, stored *corev1.Service
		replicas       int32
		noted          bool
		event          string
	}{
		"pending": {cached: pending,
			stored:   pending,
			replicas: 3,
			noted:    true,
			event:    "",
		},
		"moved away": {cached: OnVersion(Green),
			stored:   OnVersion(Green),
			replicas: 0,
			noted:    false,
			event:    "Normal ScaleDownDone scaled to 0, as was asked for before its traffic moved",
		},
		"moved away, and the cache is ahead": {cached: OnVersion(Green),
			stored:   pending,
			replicas: 3,
			noted:    true,
			event:    "",
		},
		"released, which the cache hides": {cached: Nginx(nil),
			stored:   released,
			replicas: 3,
			noted:    false,
			event:    stays,
		},
		"withdrawn": {cached: OnVersion(Blue),
			stored:   OnVersion(Blue),
			replicas: 3,
			noted:    false,
			event:    stays,
		},
	} {
		t.Run(name, func(t *testing.T) {
			deployment := Serving(Blue)
			deployment.Spec.Replicas = ptr.To[int32](3)
			deployment.Annotations = map[string]string{"example.org/theirs": "a", bluegreen.ScaleToZeroAfter: "nginx/2/3"}
			stored := Builder(t, cluster.AddIndexes).WithObjects(deployment.DeepCopy(), test.stored.DeepCopy()).Build()
			cached := Builder(t, cluster.AddIndexes).WithObjects(deployment.DeepCopy(), test.cached.DeepCopy()).Build()
			recorder := events.NewFakeRecorder(10)
			protection := drained(CachedReader{Client: stored, Cache: cached}, stored, recorder, true)
			for range 3 { // Each write comes back through the watch.
				seen := Current(t, stored, deployment)
				if _, err := protection.Reconcile(context.Background(), seen); err != nil {
					t.Fatal(err)
				}
				countGeneration(t, stored, seen)
			}
			after := Current(t, stored, deployment)
			want := map[string]string{"example.org/theirs": "a"}
			if test.noted {
				want[bluegreen.ScaleToZeroAfter] = "nginx/2/3"
			}
			if *after.Spec.Replicas != test.replicas || !maps.Equal(after.Annotations, want) {
				t.Errorf("%d replicas, %v; want %d, %v", *after.Spec.Replicas, after.Annotations, test.replicas, want)
			}
			close(recorder.Events)
			if event := <-recorder.Events; event != test.event {
				t.Errorf("Event %q, want %q", event, test.event)
			}
		})
	}
}

func TestAHeldScaleDownDoesNotKeepWhatNobodyProtectsAnyMore(t *testing.T) {
	pending := OnVersion(Blue)
	pending.Annotations[bluegreen.TargetVersion] = Green
	pending.Annotations[bluegreen.InUseProtection] = "disabled"
	deployment := Serving(Blue)
	deployment.Annotations = map[string]string{bluegreen.ScaleToZeroAfter: "nginx/2/3"}
	stored := Builder(t, cluster.AddIndexes).WithObjects(deployment, pending).Build()
	protection := drained(stored, stored, events.NewFakeRecorder(10), true)
	for range 2 {
		if _, err := protection.Reconcile(context.Background(), Current(t, stored, deployment)); err != nil {
			t.Fatal(err)
		}
	}
	after := Current(t, stored, deployment)
	if bluegreen.Protected(after) || *after.Spec.Replicas != 3 || after.Annotations[bluegreen.ScaleToZeroAfter] != "nginx/2/3" {
		t.Errorf("finalizers %q, %d replicas, %v", after.Finalizers, *after.Spec.Replicas, after.Annotations)
	}
}

// TestADeploymentThatChangedSinceItWasSeenIsNotScaledToZero: it may be of the version that serves by now.
func TestADeploymentThatChangedSinceItWasSeenIsNotScaledToZero(t *testing.T) {
	for name, test := range map[string]struct {
		replicas int32
		note     string
	}{
		"bound":     {replicas: 3, note: "nginx/2/3"},
		"scaled":    {replicas: 3, note: "nginx/2/3/2"},
		"forgotten": {replicas: 0, note: "nginx/2/3/1"},
	} {
		t.Run(name, func(t *testing.T) {
			deployment := Serving(Blue)
			deployment.Spec.Replicas = &test.replicas
			deployment.Annotations = map[string]string{bluegreen.ScaleToZeroAfter: test.note}
			stored := Builder(t, cluster.AddIndexes).WithObjects(deployment, OnVersion(Green)).Build()
			seen := Current(t, stored, deployment)
			changed := seen.DeepCopy()
			changed.Spec.Template.Labels["version"] = Green
			if err := stored.Update(context.Background(), changed); err != nil {
				t.Fatal(err)
			}
			protection := drained(stored, stored, events.NewFakeRecorder(10), true)
			if _, err := protection.Reconcile(context.Background(), seen); err != nil {
				t.Fatal(err)
			}
			after := Current(t, stored, deployment)
			if *after.Spec.Replicas != test.replicas || after.Annotations[bluegreen.ScaleToZeroAfter] != test.note {
				t.Errorf("%d replicas, %v", *after.Spec.Replicas, after.Annotations)
			}
		})
	}
}

// TestPodsThatAnOlderTemplateMadeKeepADeployment: its ReplicaSets say whether there are any. Pods of others may carry the same labels.
func TestPodsThatAnOlderTemplateMadeKeepADeployment(t *testing.T) {
	for name, test := range map[string]struct {
		owner types.UID
		pods  int32
		kept  bool
	}{
		"its own": {owner: "2",
			pods: 1,
			kept: true,
		},
		"ended": {owner: "2",
			pods: 0,
			kept: false,
		},
		"of another": {owner: "9",
			pods: 1,
			kept: false,
		},
	} {
		deployment := Serving("1.12")
		deployment.Spec.Selector.MatchLabels = map[string]string{"name": "nginx"}
		set := &appsv1.ReplicaSet{ObjectMeta: metav1.ObjectMeta{Namespace: deployment.Namespace, Name: "old",
			Labels: map[string]string{"name": "nginx", "version": Green},
			OwnerReferences: []metav1.OwnerReference{{
				Kind:       "Deployment",
				Name:       "owner",
				UID:        test.owner,
				Controller: new(true),
			}}},
			Status: appsv1.ReplicaSetStatus{Replicas: test.pods}}
		stored := Builder(t, cluster.AddIndexes).WithObjects(deployment, OnVersion(Green), set).Build()
		for _, enabled := range []bool{true, false} {
			if _, err := drained(stored, stored, events.NewFakeRecorder(10), enabled).Reconcile(context.Background(), Current(t, stored, deployment)); err != nil {
				t.Fatal(err)
			}
			if got := bluegreen.Protected(Current(t, stored, deployment)); got != (test.kept && enabled) {
				t.Errorf("%s: kept is %t", name, got)
			}
		}
	}
}

// TestAWriteThatAnotherWebhookRefusesIsSaidAndTriedAgain: nothing else would wake the Deployment.
func TestAWriteThatAnotherWebhookRefusesIsSaidAndTriedAgain(t *testing.T) {
	deployment := Serving(Blue)
	refused := apierrors.NewNotFound(schema.GroupResource{Resource: "configmaps"}, "rules")
	stored := Builder(t, cluster.AddIndexes).WithObjects(deployment, OnVersion(Green)).WithInterceptorFuncs(interceptor.Funcs{
		Patch: func(context.Context, client.WithWatch, client.Object, client.Patch, ...client.PatchOption) error {
			return refused
		},
	}).Build()
	recorder := events.NewFakeRecorder(10)
	if _, err := drained(stored, stored, recorder, true).Reconcile(context.Background(), Current(t, stored, deployment)); !errors.Is(err, refused) {
		t.Errorf("got %v", err)
	}
	select {
	case said := <-recorder.Events:
		if !strings.HasPrefix(said, "Warning WriteFailed ") || !strings.Contains(said, `configmaps "rules"`) {
			t.Errorf("said %q", said)
		}
	default:
		t.Error("no Event")
	}
}
