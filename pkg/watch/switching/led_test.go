package switching

import (
	. "github.com/bluegreen-k8s/bluegreen/pkg/watch/watchtest"

	"errors"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
)

// preview is a preview of nginx on a version.
func preview(version string) *corev1.Service {
	return Changed(Admin(version), func(s *corev1.Service) {
		s.Name = "nginx-preview"
		delete(s.Annotations, bluegreen.Follows)
		s.Annotations[bluegreen.PreviewOf] = "nginx"
		s.Spec.Selector = PodsOf(version)
	})
}

// liveOf is the version that a Service selects, and its phase.
func liveOf(server *APIServer, service *corev1.Service) string {
	stored := Stored(server.T, server, service)
	return stored.Spec.Selector["version"] + " " + stored.Annotations[bluegreen.PhaseKey]
}

func TestALeaderMovesAfterARehearsalAndItsFollowerRightAfterIt(t *testing.T) {
	server := NewAPIServer(t, Asking(Green), Admin(Blue), preview(Blue), Ready("nginx-1.11"), OfAdmin(Ready("x")))
	said, err := reconciled(server)
	if err != nil {
		t.Fatal(err)
	}
	expectTraffic(server, Green, "Stable")
	if got := liveOf(server, Admin(Blue)); got != "1.11 Stable" {
		t.Errorf("the follower is on %s", got)
	}
	if got := liveOf(server, preview(Blue)); got != "1.10 Stable" {
		t.Errorf("the preview, which moves by itself, is on %s", got)
	}
	const moved = "Normal Switched Traffic moved from version 1.10 to version 1.11"
	if want := []string{moved, moved}; !slices.Equal(said, want) {
		t.Errorf("said %q", said)
	}
	if len(server.Rehearsals) != 1 || !strings.HasPrefix(server.Rehearsals[0], "nginx-admin ") || len(server.Patches) != 2 {
		t.Errorf("rehearsed %q, sent %q", server.Rehearsals, server.Patches)
	}
}

func TestARefusedFollowerIsToldAndNothingMoves(t *testing.T) {
	server := NewAPIServer(t, Asking(Green), Admin(Blue), Ready("nginx-1.11"), OfAdmin(Ready("x")))
	server.Refusal, server.RefusedName = apierrors.NewForbidden(corev1.Resource("services"), "nginx-admin", errors.New("no")), "nginx-admin"
	if again := lookedAtAgain(t, newController(server, setup{}), server.ServiceInCache()); again != 15*time.Second {
		t.Errorf("looked at again after %s", again)
	}
	ExpectOneEvent(t, server.Said(), "Warning WriteFailed", "Follower nginx-admin: the write that moves its traffic is refused", "no")
	expectTraffic(server, Blue, "Waiting")
	if got := liveOf(server, Admin(Blue)); got != "1.10 Stable" {
		t.Errorf("the follower is on %s", got)
	}
	expect(server, outcome{live: Blue, phase: "Waiting"})
	server.Refusal = nil
	if _, err := reconciled(server); err != nil {
		t.Error(err)
	}
	expectTraffic(server, Green, "Stable")
}

// TestARehearsalWithoutAnAnswerIsAnErrorAndMovesNothing: it is tried again at once, and nobody has refused anything.
func TestARehearsalWithoutAnAnswerIsAnErrorAndMovesNothing(t *testing.T) {
	server := NewAPIServer(t, Asking(Green), Admin(Blue), Ready("nginx-1.11"), OfAdmin(Ready("x")))
	server.Refusal, server.RefusedName = &url.Error{Op: "Patch", URL: "https://api", Err: errors.New("no route")}, "nginx-admin"
	said, err := reconciled(server)
	if !errors.Is(err, server.Refusal) {
		t.Errorf("got %v", err)
	}
	expectNothingSaidOrSent(server, said)
}

// TestAFollowerThatHasChangedMeanwhileHoldsItsLeader until the watch has told: it is given back, deleted, or anything else.
func TestAFollowerThatHasChangedMeanwhileHoldsItsLeader(t *testing.T) {
	for name, change := range map[string]func(*APIServer) error{
		"changed": func(server *APIServer) error {
			labelled := client.RawPatch(types.MergePatchType, []byte(`{"metadata":{"labels":{"app":"other"}}}`))
			return server.Patch(t.Context(), Stored(t, server, Admin(Blue)), labelled)
		},
		"deleted": func(server *APIServer) error { return server.Delete(t.Context(), Admin(Blue)) },
	} {
		t.Run(name, func(t *testing.T) {
			server := NewAPIServer(t, Asking(Green), Admin(Blue), Ready("nginx-1.11"), OfAdmin(Ready("x")))
			seen := server.ServiceInCache()
			server.CacheHolds(append(server.ServicesInCache(), server.DeploymentsInCache()...)...)
			if err := change(server); err != nil {
				t.Fatal(err)
			}
			said, err := reconciledAsSeen(server, seen)
			if err != nil {
				t.Error(err)
			}
			expectNothingSaidOrSent(server, said)
			server.Cached = nil
			if _, err := reconciled(server); err != nil {
				t.Error(err)
			}
			expectTraffic(server, Green, "Stable")
		})
	}
}

// TestAFollowerThatIsNotReadyOnTheAPIServerHoldsItsLeader, whatever the cache holds.
func TestAFollowerThatIsNotReadyOnTheAPIServerHoldsItsLeader(t *testing.T) {
	server := NewAPIServer(t, Asking(Green), Admin(Blue), Ready("nginx-1.11"), OfAdmin(Starting("x")))
	server.CacheHolds(append(server.ServicesInCache(), Ready("nginx-1.11"), OfAdmin(Ready("x")))...)
	said, err := reconciled(server)
	if err != nil {
		t.Fatal(err)
	}
	ExpectOneEvent(t, said, "Normal NotAvailable", "Follower nginx-admin: Deployment nginx-admin-1.11: waiting for MinimumReplicasAvailable")
	expectTraffic(server, Blue, "Waiting")
}

// TestATwinIsProtectedByOneWrite: a second one would meet the first.
func TestATwinIsProtectedByOneWrite(t *testing.T) {
	twin := Changed(Admin(Blue), func(s *corev1.Service) { s.Spec.Selector = PodsOf(Blue) })
	server := NewAPIServer(t, Asking(Green), twin, Ready("nginx-1.11"))
	if err := reconciledWithProtection(server); err != nil {
		t.Fatal(err)
	}
	expectTraffic(server, Green, "Stable")
	if got := liveOf(server, twin); got != "1.11 Stable" || len(server.Patches) != 3 {
		t.Errorf("the twin is on %s; sent %q", got, server.Patches)
	}
}

// TestWhatIsLedMovesByItselfToWhereItsLeaderIs, as the API server has it.
func TestWhatIsLedMovesByItselfToWhereItsLeaderIs(t *testing.T) {
	left := Changed(OnVersion(Green), func(s *corev1.Service) {
		s.Annotations[bluegreen.LastSwitchKey] = bluegreen.Read(Asking(Green)).Switched(now).String()
	})
	before := Changed(left.DeepCopy(), func(s *corev1.Service) { s.ResourceVersion = "7" })
	for name, test := range map[string]struct {
		led, cached, stored *corev1.Service
		deployments         []client.Object
		want                string
	}{
		"a follower that was left behind":     {led: Admin(Blue), stored: left, want: "1.11 Stable"},
		"its leader is back, unseen":          {led: Admin(Blue), cached: before, stored: OnVersion(Blue), want: "1.10 Stable"},
		"its leader is gone, unseen":          {led: Admin(Blue), cached: before, want: "1.10 Stable"},
		"its leader is gone":                  {led: Admin(Blue), want: "1.10 Waiting"},
		"a preview, of an ask":                {led: preview(Blue), stored: Asking(Green), want: "1.11 Stable"},
		"a preview, of an ask that was taken": {led: preview(Green), stored: OnVersion(Blue), want: "1.10 Stable"},
		"a follower from elsewhere":           {led: Admin("1.9"), stored: left, want: "1.9 Waiting"},
		"a follower from elsewhere, and ready": {led: Admin("1.9"), stored: left, want: "1.11 Stable",
			deployments: []client.Object{OfAdmin(Ready("x"))}},
	} {
		t.Run(name, func(t *testing.T) {
			stored := append([]client.Object{test.led}, test.deployments...)
			if test.stored != nil {
				stored = append(stored, test.stored)
			}
			server := NewAPIServer(t, stored...)
			if test.cached != nil {
				server.CacheHolds(append(append(server.DeploymentsInCache(), test.cached), test.led)...)
			}
			if _, err := reconcileService(server, newController(server, setup{}), Stored(t, server, test.led)); err != nil {
				t.Error(err)
			}
			if got := liveOf(server, test.led); got != test.want {
				t.Errorf("on %s, want %s", got, test.want)
			}
		})
	}
}

// TestAnAskFailsByTheFollowersThatTheAPIServerKnows: the one that it waited for is gone.
func TestAnAskFailsByTheFollowersThatTheAPIServerKnows(t *testing.T) {
	server := NewAPIServer(t, late(), InUse(Blue), Ready("nginx-1.11"))
	server.CacheHolds(append(append(server.ServicesInCache(), server.DeploymentsInCache()...), Admin(Blue))...)
	if _, err := reconciled(server); err != nil {
		t.Fatal(err)
	}
	expectTraffic(server, Green, "Stable")
}

func TestWhatGoesTogetherIsEnqueuedTogether(t *testing.T) {
	server := NewAPIServer(t, Asking(Green), Admin(Blue), preview(Blue),
		Changed(Admin(Blue), func(s *corev1.Service) { s.Name, s.Annotations[bluegreen.Follows] = "other", "another" }),
		Changed(Admin(Blue), func(s *corev1.Service) { s.Namespace = "elsewhere" }))
	another := Changed(Admin(Blue), func(s *corev1.Service) { s.Annotations[bluegreen.Follows] = "another" })
	for name, test := range map[string]struct {
		before, after *corev1.Service
		want          []string
	}{
		"a leader":                     {before: Asking(Blue), after: Asking(Green), want: []string{"nginx-admin", "nginx-preview"}},
		"a leader that is created":     {after: Nginx(), want: []string{"nginx-admin", "nginx-preview"}},
		"a leader that is deleted":     {before: Asking(Blue), want: []string{"nginx-admin", "nginx-preview"}},
		"a follower":                   {after: Admin(Blue), want: []string{"nginx"}},
		"a follower that is deleted":   {before: Admin(Blue), want: []string{"nginx"}},
		"a follower that turns around": {before: Admin(Blue), after: another, want: []string{"another", "nginx"}},
		"a preview":                    {before: preview(Blue), after: preview(Green), want: []string{"nginx"}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := enqueued(t, newController(server, setup{}), test.before, test.after); !slices.Equal(got, test.want) {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestAnEventOfADeploymentReachesFollowerAndLeader(t *testing.T) {
	server := NewAPIServer(t, Asking(Green), Admin(Blue), preview(Green))
	controller := newController(server, setup{})
	for name, test := range map[string]struct {
		deployment *appsv1.Deployment
		want       []string
	}{
		"what the follower goes to": {deployment: OfAdmin(Ready("x")), want: []string{"shop/nginx", "shop/nginx-admin"}},
		"what the follower is on":   {deployment: OfAdmin(InUse(Blue)), want: []string{"shop/nginx", "shop/nginx-admin"}},
		"what the preview is on":    {deployment: Ready("nginx-1.11"), want: []string{"shop/nginx"}},
		"of another version":        {deployment: OfAdmin(InUse("1.12"))},
	} {
		t.Run(name, func(t *testing.T) {
			got := reached(t.Context(), controller, test.deployment)
			slices.Sort(got)
			if !slices.Equal(got, test.want) {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}
