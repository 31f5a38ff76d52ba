package protection

import (
	. "github.com/bluegreen-k8s/bluegreen/pkg/watch/watchtest"

	"maps"
	"testing"

	"github.com/bluegreen-k8s/bluegreen/pkg/metrics/metricstest"
)

func TestADeletionThatIsHeldIsCountedByTheLeaderAlone(t *testing.T) {
	blue := InUse(Blue)
	for name, test := range map[string]struct {
		of   func(*APIServer, bool) *Controller
		want map[string]float64
		held map[string]float64
	}{
		"the leader": {
			of:   newProtection,
			want: map[string]float64{`bluegreen_held_writes_total{kind="deletion"}`: 1},
			held: map[string]float64{`bluegreen_deployments_held_from_deletion{namespace="shop"}`: 1},
		},
		"another replica": {of: func(server *APIServer, _ bool) *Controller { return newFollower(server) }},
	} {
		t.Run(name, func(t *testing.T) {
			protection := test.of(NewAPIServer(t, OnVersion(Blue)), true)
			counted := metricstest.Counted(t, func() {
				deploymentChanged(t, protection, blue, Deleted(blue.DeepCopy()))
			})
			if !maps.Equal(counted, test.want) {
				t.Errorf("counted %v, want %v", counted, test.want)
			}
			if held := metricstest.Served(t, protection.cluster.Census); !maps.Equal(held, test.held) {
				t.Errorf("serves %v, want %v", held, test.held)
			}
		})
	}
}
