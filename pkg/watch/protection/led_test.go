package protection

import (
	. "github.com/bluegreen-k8s/bluegreen/pkg/watch/watchtest"

	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/sets"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
)

// TestWhatAFollowerUsesIsKept: what it is on, and where it goes when its leader does.
func TestWhatAFollowerUsesIsKept(t *testing.T) {
	for name, test := range map[string]struct {
		services    []client.Object
		blue, green bool
	}{
		"at rest":                      {services: []client.Object{OnVersion(Blue), Admin(Blue)}, blue: true},
		"its leader waits":             {services: []client.Object{Asking(Green), Admin(Blue)}, blue: true, green: true},
		"its leader has moved":         {services: []client.Object{OnVersion(Green), Admin(Blue)}, blue: true, green: true},
		"all have moved":               {services: []client.Object{OnVersion(Green), Admin(Green)}, green: true},
		"its leader is gone":           {services: []client.Object{Admin(Blue)}, blue: true},
		"its leader is given back":     {services: []client.Object{Nginx(), Admin(Blue)}, blue: true},
		"given back itself":            {services: []client.Object{Asking(Green), Changed(Admin(Blue), isPlain)}},
		"a preview, which uses none":   {services: []client.Object{Asking(Green), Changed(Admin(Blue), isPreview)}},
		"its leader protects nothing":  {services: []client.Object{Changed(Asking(Green), protectsNothing), Admin(Blue)}},
		"its leader asks for nonsense": {services: []client.Object{Asking("?!"), Admin(Blue)}, blue: true},
	} {
		t.Run(name, func(t *testing.T) {
			for version, want := range map[string]bool{Blue: test.blue, Green: test.green} {
				deployment := OfAdmin(InUse(version))
				server := NewAPIServer(t, append(test.services, deployment)...)
				protection := newProtection(server, enabled)
				protection.drains.left = map[types.UID]map[string]time.Time{deployment.UID: {"nginx-admin": time.Now().Add(-time.Hour)}}
				if _, err := reconcileDeployment(t, protection, server.Stored(deployment)); err != nil {
					t.Fatal(err)
				}
				if got := bluegreen.Protected(server.Stored(deployment)); got != want {
					t.Errorf("version %s is protected: %t, want %t", version, got, want)
				}
			}
		})
	}
}

// TestWhatAFollowerLeavesDrainsAsLongAsItsLeaderSays.
func TestWhatAFollowerLeavesDrainsAsLongAsItsLeaderSays(t *testing.T) {
	leader := Changed(OnVersion(Green), func(s *corev1.Service) { s.Annotations[bluegreen.Drain] = "20s" })
	left := OfAdmin(InUse(Blue))
	server := NewAPIServer(t, leader, Admin(Green), left)
	protection := newProtection(server, enabled)
	protection.serviceChanged(t.Context(), Admin(Blue), Admin(Green), newRecordingQueue())
	lookAgain, err := reconcileDeployment(t, protection, server.Stored(left))
	if err != nil || lookAgain.Round(time.Second) != 20*time.Second {
		t.Errorf("looked at again after %s, %v", lookAgain, err)
	}
}

// TestWhatAFollowerWillNotGoToAnyMoreIsLookedAt when its leader changes: its own Service does not.
func TestWhatAFollowerWillNotGoToAnyMoreIsLookedAt(t *testing.T) {
	for name, after := range map[string]*corev1.Service{"withdrawn": OnVersion(Blue), "given back": Nginx(), "deleted": nil} {
		t.Run(name, func(t *testing.T) {
			server := NewAPIServer(t, Admin(Blue), OfAdmin(InUse(Blue)), OfAdmin(InUse(Green)))
			queue := newRecordingQueue()
			newProtection(server, enabled).serviceChanged(t.Context(), Asking(Green), after, queue)
			if want := sets.New("nginx-admin-" + Green); !queue.later.Equal(want) {
				t.Errorf("got %v, want %v", queue.later, want)
			}
		})
	}
}

// TestWhatWasHeldForAFollowerIsLookedAtWhenThatFollowsNoMore.
func TestWhatWasHeldForAFollowerIsLookedAtWhenThatFollowsNoMore(t *testing.T) {
	for name, after := range map[string]*corev1.Service{"given back": Changed(Admin(Blue), isPlain), "deleted": nil} {
		t.Run(name, func(t *testing.T) {
			server := NewAPIServer(t, Asking("1.12"), HeldSlot())
			queue := newRecordingQueue()
			newProtection(server, enabled).serviceChanged(t.Context(), Admin(Blue), after, queue)
			if want := sets.New(HeldSlot().Name); !queue.now.Equal(want) {
				t.Errorf("got %v, want %v", queue.now, want)
			}
		})
	}
}

func isPlain(s *corev1.Service) { delete(s.Annotations, bluegreen.Follows) }

func isPreview(s *corev1.Service) {
	isPlain(s)
	s.Annotations[bluegreen.PreviewOf] = "nginx"
}

func protectsNothing(s *corev1.Service) { s.Annotations[bluegreen.InUseProtection] = "disabled" }
