package reachability

import (
	. "github.com/bluegreen-k8s/bluegreen/pkg/watch/watchtest"

	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/bluegreen-k8s/bluegreen/pkg/metrics/metricstest"
	"github.com/bluegreen-k8s/bluegreen/pkg/watch/cluster"
)

// apiServer is one that can lose the way to the webhook, and dry runs of which can fail.
type apiServer struct {
	*APIServer
	lost   bool
	fails  error
	looked int
}

// patch stores what bluegreen writes as its own, unless the webhook takes that away.
func (s *apiServer) patch(ctx context.Context, next client.WithWatch, object client.Object, patch client.Patch,
	opts ...client.PatchOption) error {
	s.looked++
	if s.fails != nil {
		return s.fails
	}
	err := next.Patch(ctx, object, patch, opts...)
	if err == nil {
		err = s.Get(ctx, client.ObjectKeyFromObject(object), object) // The fake one answers a dry run with nothing.
	}
	object.SetManagedFields(nil)
	if s.lost {
		object.SetManagedFields([]metav1.ManagedFieldsEntry{{
			Manager:    cluster.Name,
			Operation:  metav1.ManagedFieldsOperationUpdate,
			FieldsType: "FieldsV1",
			FieldsV1:   metav1.NewFieldsV1(`{"f:metadata":{"f:annotations":{"f:bluegreen/message":{}}}}`),
		}})
	}
	return err
}

// running is a Lookout that runs, in a time of its own.
type running struct {
	t       *testing.T
	server  *apiServer
	lookout *Lookout
}

// run runs a Lookout of a cluster with a Service while a test plays the world.
func run(t *testing.T, service *corev1.Service, play func(running)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		own := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: "bluegreen-system", Name: "bluegreen"}}
		server := &apiServer{APIServer: NewAPIServer(t, service, own)}
		shared := cluster.New(interceptor.NewClient(server.WithWatch, interceptor.Funcs{Patch: server.patch}), server, server.Recorder, Elected)
		shared.Census.Service(nil, service)
		lookout := New(shared, client.ObjectKeyFromObject(own))
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		go func() { _ = lookout.Start(ctx) }()
		play(running{t, server, lookout})
	})
}

// expect lets some time pass, and compares how often the Lookout has looked in it, what it says then, and what it told, by type and reason.
func (r running) expect(after time.Duration, looks int, reachable float64, told ...string) {
	r.t.Helper()
	time.Sleep(after)
	synctest.Wait()
	if r.server.looked != looks {
		r.t.Errorf("looked %d times, want %d", r.server.looked, looks)
	}
	r.server.looked = 0
	if got := metricstest.Value(r.t, "bluegreen_webhook_reachable"); got != reachable {
		r.t.Errorf("reachable is %v, want %v", got, reachable)
	}
	said := r.server.Said()
	if !slices.EqualFunc(said, told, strings.HasPrefix) {
		r.t.Errorf("told %q, want %q", said, told)
	}
}

const (
	lost  = "Warning WebhookUnreachable the API server does not reach bluegreen's webhook: "
	found = "Normal WebhookReachable the API server reaches bluegreen's webhook again"
)

func TestAWebhookThatIsReachedIsLookedAtNowAndThenInSilence(t *testing.T) {
	run(t, OnVersion(Blue), func(r running) {
		r.expect(lookSooner, 1, 1)
		r.expect(lookAgain-time.Second, 0, 1)
		r.expect(time.Second, 1, 1)
	})
}

func TestAWebhookThatIsNotReachedIsToldUntilItIsAgain(t *testing.T) {
	run(t, OnVersion(Blue), func(r running) {
		r.expect(lookSooner, 1, 1)
		r.server.lost = true
		r.expect(lookAgain, 1, 0, lost)
		r.expect(lookSooner, 1, 0, lost)
		r.server.lost = false
		r.expect(lookSooner, 1, 1, found)
		r.expect(lookSooner, 0, 1)
	})
}

func TestOwnWritesAreAReasonToLook(t *testing.T) {
	run(t, OnVersion(Blue), func(r running) {
		r.expect(lookSooner, 1, 1)
		r.lookout.hear(true)
		r.expect(0, 0, 1)
		r.lookout.hear(false) // A replica that has just ended, say.
		r.expect(0, 1, 1)
		r.server.lost = true
		r.lookout.hear(false)
		r.expect(0, 1, 0, lost)
		r.server.lost = false
		r.lookout.hear(true)
		r.expect(0, 1, 1, found)
	})
}

// TestAProcessThatJustLeadsDoubtsNothing: it may not serve the webhook itself yet, and be the only one.
func TestAProcessThatJustLeadsDoubtsNothing(t *testing.T) {
	run(t, OnVersion(Blue), func(r running) {
		r.server.lost = true
		r.lookout.hear(false)
		time.Sleep(lookSooner - time.Second)
		synctest.Wait()
		if said := r.server.Said(); r.server.looked != 0 || len(said) != 0 {
			t.Errorf("looked %d times, told %q", r.server.looked, said)
		}
		r.server.lost = false
		r.lookout.hear(true)
		r.expect(0, 1, 1)
	})
}

func TestALookThatFailsTellsNothingAndIsMadeAgain(t *testing.T) {
	run(t, OnVersion(Blue), func(r running) {
		r.expect(lookSooner, 1, 1)
		r.server.fails = errors.New("no answer")
		r.expect(lookAgain, 1, 1)
		r.expect(lookSooner, 1, 1)
		r.server.fails = nil
		r.expect(lookSooner, 1, 1)
	})
}

func TestWithoutAManagedServiceNothingIsWritten(t *testing.T) {
	run(t, Nginx(), func(r running) {
		time.Sleep(time.Hour)
		synctest.Wait()
		if r.server.looked != 0 || len(r.server.Patches) != 0 {
			t.Errorf("wrote %d times", r.server.looked)
		}
	})
}

func TestALookChangesNothing(t *testing.T) {
	run(t, OnVersion(Blue), func(r running) {
		before := r.server.Service()
		r.expect(lookSooner, 1, 1)
		if after := r.server.Service(); after.ResourceVersion != before.ResourceVersion || !maps.Equal(after.Annotations, before.Annotations) {
			t.Errorf("stored %v", after.Annotations)
		}
	})
}
