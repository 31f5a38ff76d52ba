// Package prometheus runs a real Prometheus beside the local cluster, with what the chart brings for it: it scrapes by the ServiceMonitor,
// and evaluates the alerts of the PrometheusRule.
package prometheus

import (
	"context"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/prometheus/client_golang/api"
	promapi "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"
	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/bluegreen-k8s/bluegreen/test/harness"
	"github.com/bluegreen-k8s/bluegreen/test/installation"
)

// Interval is how often the Prometheus scrapes, and evaluates its rules.
const Interval = time.Second

// Prometheus is a running one.
type Prometheus struct {
	API promapi.API
	// Started is when it was started, and its data begin.
	Started time.Time
}

// Start starts a program, which finds and scrapes the replicas of bluegreen with a token, until the test ends.
func Start(t *testing.T, program string, cluster *harness.Cluster, token string) *Prometheus {
	t.Helper()
	directory := t.TempDir()
	ports, err := installation.FreePorts(1)
	if err != nil {
		t.Fatal(err)
	}
	address := fmt.Sprintf("127.0.0.1:%d", ports[0])
	configure(t, directory, cluster, token)
	log, err := os.Create(filepath.Join(directory, "log"))
	if err != nil {
		t.Fatal(err)
	}
	command := exec.Command(program, "--config.file="+filepath.Join(directory, "prometheus.yaml"),
		"--storage.tsdb.path="+filepath.Join(directory, "data"), "--web.listen-address="+address)
	command.Stdout, command.Stderr = log, log
	p := &Prometheus{API: client(t, address), Started: time.Now()}
	if err := command.Start(); err != nil {
		t.Fatalf("starting Prometheus: %v", err)
	}
	t.Cleanup(func() { stop(t, command, log) })
	p.await(t, "Prometheus to answer", func(ctx context.Context) bool {
		_, err := p.API.Buildinfo(ctx)
		return err == nil
	})
	return p
}

// stop ends the program, and logs what it said if the test has failed.
func stop(t *testing.T, command *exec.Cmd, log *os.File) {
	if err := command.Process.Signal(os.Interrupt); err != nil {
		t.Error(err)
	}
	if err := command.Wait(); err != nil {
		t.Errorf("Prometheus ended: %v", err)
	}
	log.Close()
	if said, err := os.ReadFile(log.Name()); t.Failed() {
		t.Logf("Prometheus said: %s%v", said, err)
	}
}

func client(t *testing.T, address string) promapi.API {
	t.Helper()
	to, err := api.NewClient(api.Config{Address: "http://" + address})
	if err != nil {
		t.Fatal(err)
	}
	return promapi.NewAPI(to)
}

// AwaitData waits until a query returns data, and returns those.
func (p *Prometheus) AwaitData(t *testing.T, query string) model.Vector {
	t.Helper()
	var found model.Vector
	p.await(t, "data of "+query, func(ctx context.Context) bool {
		answer, _, err := p.API.Query(ctx, query, time.Now())
		if err != nil {
			t.Fatalf("%s: %v", query, err)
		}
		found = answer.(model.Vector)
		return len(found) > 0 && !math.IsNaN(float64(found[0].Value))
	})
	return found
}

// AwaitAlert waits until an alert fires, and returns that.
func (p *Prometheus) AwaitAlert(t *testing.T, name string) promapi.Alert {
	t.Helper()
	var firing promapi.Alert
	p.await(t, "alert "+name, func(ctx context.Context) bool {
		alerts, err := p.API.Alerts(ctx)
		if err != nil {
			t.Fatal(err)
		}
		for _, alert := range alerts.Alerts {
			if string(alert.Labels[model.AlertNameLabel]) == name && alert.State == promapi.AlertStateFiring {
				firing = alert
				return true
			}
		}
		return false
	})
	return firing
}

// await asks until a condition holds: what Prometheus knows cannot be watched.
func (p *Prometheus) await(t *testing.T, what string, condition func(context.Context) bool) {
	t.Helper()
	err := wait.PollUntilContextTimeout(t.Context(), Interval/5, harness.Patience, true,
		func(ctx context.Context) (bool, error) { return condition(ctx), nil })
	if err != nil {
		t.Fatalf("waiting for %s: %v", what, err)
	}
}

// Answers returns what a query has answered from the start until a moment.
func (p *Prometheus) Answers(t *testing.T, query string, until time.Time) model.Matrix {
	t.Helper()
	answer, _, err := p.API.QueryRange(t.Context(), query, promapi.Range{Start: p.Started, End: until, Step: Interval})
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return answer.(model.Matrix)
}
