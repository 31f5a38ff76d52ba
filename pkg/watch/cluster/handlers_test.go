package cluster_test

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/event"

	. "github.com/bluegreen-k8s/bluegreen/pkg/bluegreen/bluegreentest"
	"github.com/bluegreen-k8s/bluegreen/pkg/watch/cluster"
)

// TestAServiceThatIsGivenBackIsLookedAtOnceMore: the webhook has taken off what bluegreen wrote on it, and a Job may still check it.
func TestAServiceThatIsGivenBackIsLookedAtOnceMore(t *testing.T) {
	managed, plain := Managed(), Service()
	for name, test := range map[string]struct {
		before, after *corev1.Service
		want          bool
	}{
		"given back": {before: managed, after: plain, want: true},
		"adopted":    {before: plain, after: managed, want: true},
		"plain":      {before: plain, after: plain},
	} {
		t.Run(name, func(t *testing.T) {
			if got := cluster.Concerned().Update(event.UpdateEvent{ObjectOld: test.before, ObjectNew: test.after}); got != test.want {
				t.Errorf("got %t", got)
			}
		})
	}
}
