package switching

import (
	. "github.com/bluegreen-k8s/bluegreen/pkg/watch/watchtest"

	"errors"
	"maps"
	"testing"

	"github.com/bluegreen-k8s/bluegreen/pkg/metrics/metricstest"
)

func TestASwitchIsCountedOnceItIsWritten(t *testing.T) {
	server := NewAPIServer(t, Asking(Green), Ready("nginx-1.11"))
	server.Refusal = errors.New("not now")
	reconcile := func() { _, _ = reconciled(server) }
	if counted := metricstest.Counted(t, reconcile); len(counted) != 0 {
		t.Errorf("of a write that was refused: %v", counted)
	}
	server.Refusal = nil
	want := map[string]float64{"bluegreen_switches_total": 1, "bluegreen_ask_to_ready_seconds_count": 1}
	if counted := metricstest.Counted(t, reconcile); !maps.Equal(counted, want) {
		t.Errorf("counted %v, want %v", counted, want)
	}
}

func TestTheCensusHearsOfEveryChange(t *testing.T) {
	server := NewAPIServer(t, Asking(Green))
	controller := newController(server, setup{})
	serviceChanged(t, controller, nil, OnVersion(Blue))
	if name, found := controller.cluster.Census.Managed(); !found || name.String() != "shop/nginx" {
		t.Errorf("got %s, %t", name, found)
	}
	serviceChanged(t, controller, OnVersion(Blue), Nginx())
	if name, found := controller.cluster.Census.Managed(); found {
		t.Errorf("of one that was given back: %s", name)
	}
}
