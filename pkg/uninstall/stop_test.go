package uninstall

import (
	. "github.com/bluegreen-k8s/bluegreen/pkg/watch/watchtest"

	"context"
	"errors"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
)

// TestAPodThatWasEvictedIsNotWaitedFor: its object stays until somebody deletes it.
func TestAPodThatWasEvictedIsNotWaitedFor(t *testing.T) {
	server := Storing(t, installed(3), ownPod(corev1.PodFailed), ownPod(corev1.PodSucceeded), InUse(Blue)).
		WithInterceptorFuncs(interceptor.Funcs{Watch: watching}).Build()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	if err := uninstall(ctx, server); err != nil {
		t.Fatal(err)
	}
	after := Stored(t, server, InUse(Blue))
	if replicas := replicasOfBluegreen(t, server); bluegreen.Protected(after) || replicas != 0 {
		t.Errorf("finalizers %q, and bluegreen has %d replicas", after.Finalizers, replicas)
	}
}

// TestBluegreenIsStartedAgainWhereUninstallingFails, whatever fails after it was stopped.
func TestBluegreenIsStartedAgainWhereUninstallingFails(t *testing.T) {
	const (
		again   = "bluegreen was stopped, and was given its 3 replicas again: "
		waiting = "waiting for 1 pods of bluegreen to end: context deadline exceeded"
	)
	for name, test := range map[string]struct {
		replicas   int32
		pod        corev1.PodPhase
		startFails bool
		after      int32
		want       string
	}{
		"a pod does not end": {
			replicas: 3,
			pod:      corev1.PodRunning,
			after:    3,
			want:     again + waiting,
		},
		"what is live is deleted meanwhile": {
			replicas: 3,
			pod:      corev1.PodFailed,
			after:    3,
			want:     again + refusesMeanwhile,
		},
		"it was stopped by somebody else": {
			replicas: 0,
			pod:      corev1.PodFailed,
			after:    0,
			want:     refusesMeanwhile,
		},
		"it cannot be started any more": {
			replicas:   3,
			pod:        corev1.PodRunning,
			startFails: true,
			after:      0,
			want:       waiting + "\nbluegreen is stopped, and could not be started again: ",
		},
	} {
		t.Run(name, func(t *testing.T) {
			scaling := &deletingWhatIsLive{startFails: test.startFails}
			server := Storing(t, installed(test.replicas), ownPod(test.pod), InUse(Blue), OnVersion(Blue)).
				WithInterceptorFuncs(interceptor.Funcs{Watch: watching, SubResourcePatch: scaling.patch}).Build()
			ctx := t.Context()
			if test.pod == corev1.PodRunning { // It does not end, so the time has to.
				var cancel context.CancelFunc
				ctx, cancel = context.WithTimeout(ctx, 2*time.Second)
				defer cancel()
			}
			if err := uninstall(ctx, server); err == nil || !strings.HasPrefix(err.Error(), test.want) {
				t.Errorf("error %v, want %q", err, test.want)
			}
			if got := replicasOfBluegreen(t, server); got != test.after {
				t.Errorf("bluegreen has %d replicas, want %d", got, test.after)
			}
		})
	}
}

// deletingWhatIsLive is somebody who deletes the live Deployment just before bluegreen is scaled.
type deletingWhatIsLive struct {
	startFails bool // Every write but the first is refused.
	writes     int
}

func (d *deletingWhatIsLive) patch(ctx context.Context, next client.Client, subResource string, object client.Object,
	patch client.Patch, opts ...client.SubResourcePatchOption) error {
	if d.writes++; ctx.Err() != nil || d.writes > 1 && d.startFails {
		return errors.New("no")
	}
	if err := next.Delete(ctx, InUse(Blue)); err != nil {
		return err
	}
	return next.SubResource(subResource).Patch(ctx, object, patch, opts...)
}

// TestBluegreenIsNotStoppedWhereUninstallingIsRefused beforehand.
func TestBluegreenIsNotStoppedWhereUninstallingIsRefused(t *testing.T) {
	server := Storing(t, installed(3), Deleted(InUse(Blue)), OnVersion(Blue)).WithInterceptorFuncs(interceptor.Funcs{
		SubResourcePatch: func(context.Context, client.Client, string, client.Object, client.Patch, ...client.SubResourcePatchOption) error {
			t.Error("a Deployment is scaled")
			return nil
		},
	}).Build()
	if err := uninstall(t.Context(), server); err == nil || !strings.HasPrefix(err.Error(), refusesBefore) {
		t.Errorf("error %v", err)
	}
}

// TestAnAnswerOfSomebodysWebhookIsNotTakenForADeploymentThatIsGone: the finalizer would stay for ever.
func TestAnAnswerOfSomebodysWebhookIsNotTakenForADeploymentThatIsGone(t *testing.T) {
	server := Storing(t, InUse(Blue)).WithInterceptorFuncs(interceptor.Funcs{
		Patch: func(context.Context, client.WithWatch, client.Object, client.Patch, ...client.PatchOption) error {
			return apierrors.NewNotFound(corev1.Resource("quotas"), "theirs")
		},
	}).Build()
	if err := uninstall(t.Context(), server); err == nil || !strings.Contains(err.Error(), `quotas "theirs" not found`) {
		t.Errorf("error %v", err)
	}
}
