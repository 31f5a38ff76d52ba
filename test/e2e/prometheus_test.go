//go:build e2e && prometheus

package e2e

import (
	"flag"
	"testing"
	"time"

	"github.com/prometheus/common/model"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
	"github.com/bluegreen-k8s/bluegreen/test/dashboard"
	"github.com/bluegreen-k8s/bluegreen/test/prometheus"
)

var prometheusProgram = flag.String("prometheus", "", "program of Prometheus")

// TestPrometheus has a Prometheus scrape bluegreen while everything happens that it tells of: each query of the dashboard returns data, and
// each alert fires once its cause is made.
func TestPrometheus(t *testing.T) {
	ns := namespaceOf(t, metav1.ObjectMeta{Name: "shop"})
	t.Cleanup(func() { restore(t) })
	p := startPrometheus(t, ns)
	shop{ns}.live(t)
	panels, err := dashboard.Read(cluster.Root)
	if err != nil {
		t.Fatal(err)
	}
	for _, panel := range panels {
		for _, target := range panel.Targets {
			p.AwaitData(t, target.Query())
		}
	}
	awaitAlerts(t, p, ns, []alert{
		{"BluegreenGaveUp", nothingMore},
		{"BluegreenWaitsLong", nothingMore},
		{"BluegreenWebhookUnreachable", hideWebhook},
		{"BluegreenCertificateExpires", expireCA},
	})
	if *update {
		drawDashboard(t, p, panels)
	}
	awaitAlerts(t, p, ns, []alert{{"BluegreenNoLeader", stopReplicas}})
}

// alert is one of the chart, and what makes its cause.
type alert struct {
	name  string
	cause func(*testing.T, string)
}

// awaitAlerts makes the cause of each alert, and waits until it fires.
func awaitAlerts(t *testing.T, p *prometheus.Prometheus, ns string, alerts []alert) {
	t.Helper()
	for _, alert := range alerts {
		alert.cause(t, ns)
		fires := p.AwaitAlert(t, alert.name)
		t.Logf("%.0f s: %s: %s", time.Since(p.Started).Seconds(), alert.name, fires.Annotations["summary"])
	}
}

// drawDashboard draws what the dashboard shows of the test.
func drawDashboard(t *testing.T, p *prometheus.Prometheus, panels []dashboard.Panel) {
	t.Helper()
	picture := dashboard.Picture{Panels: panels, Start: p.Started, End: time.Now(), Step: prometheus.Interval}
	for _, panel := range panels {
		var answers []model.Matrix
		for _, target := range panel.Targets {
			answers = append(answers, p.Answers(t, target.Query(), picture.End))
		}
		picture.Answers = append(picture.Answers, answers)
	}
	if err := picture.Keep(cluster.Root); err != nil {
		t.Fatal(err)
	}
}

// startPrometheus starts a Prometheus in the name of a ServiceAccount that may read metrics, and find what to scrape.
func startPrometheus(t *testing.T, ns string) *prometheus.Prometheus {
	t.Helper()
	token := scraper(t, ns)
	name := "discovery-of-" + ns
	kubectl(t, "create", "role", name, "--namespace", installed, "--verb=list,watch", "--resource=services,pods,endpointslices")
	t.Cleanup(func() { kubectl(t, "delete", "role,rolebinding", name, "--namespace", installed) })
	kubectl(t, "create", "rolebinding", name, "--namespace", installed, "--role="+name, "--serviceaccount="+ns+":scraper")
	return prometheus.Start(t, *prometheusProgram, cluster, token)
}

// shop is a namespace in which everything happens that bluegreen's metrics tell of.
type shop struct{ namespace string }

func (s shop) live(t *testing.T) {
	t.Helper()
	for version, replicas := range map[string]int32{"1.10": 1, "1.11": 0} {
		createDeployment(t, s.namespace, version, replicas)
	}
	awaitAvailable(t, s.namespace, "nginx-1.10", 1)
	s.approved(t)
	s.failed(t)
	s.rolledBack(t)
	s.held(t)
	s.waiting(t)
}

// approved moves Service nginx to a version that has to be waited for, and then waits itself.
func (s shop) approved(t *testing.T) {
	t.Helper()
	createService(t, s.namespace, "nginx", "1.10", "1.10")
	s.annotate(t, "nginx", bluegreen.Promote+"=manual", bluegreen.TargetVersion+"=1.11")
	awaitService(t, s.namespace, "nginx", "a pending switch", pending)
	scale(t, s.namespace, "nginx-1.11", 1)
	s.awaitPhase(t, "nginx", bluegreen.Paused)
	s.annotate(t, "nginx", bluegreen.ApprovedVersion+"=1.11")
	awaitVersion(t, s.namespace, "nginx", "1.11")
}

// failed asks for a version that is not ready in time.
func (s shop) failed(t *testing.T) {
	t.Helper()
	createService(t, s.namespace, "late", "1.10", "1.10")
	s.annotate(t, "late", bluegreen.Deadline+"=2s", bluegreen.TargetVersion+"=1.13")
	s.awaitPhase(t, "late", bluegreen.Failed)
}

// rolledBack switches to a version that breaks then.
func (s shop) rolledBack(t *testing.T) {
	t.Helper()
	createDeployment(t, s.namespace, "1.12", 1)
	awaitAvailable(t, s.namespace, "nginx-1.12", 1)
	createService(t, s.namespace, "broken", "1.10", "1.10")
	s.annotate(t, "broken", bluegreen.AutoRollback+"=10m", bluegreen.TargetVersion+"=1.12")
	awaitVersion(t, s.namespace, "broken", "1.12")
	limitPods(t, s.namespace, 1)
	giveTo(t, podsOfVersion(t, s.namespace, "1.12")[0], "nobody")
	s.awaitPhase(t, "broken", bluegreen.RolledBack)
}

// held deletes what serves, which is kept.
func (s shop) held(t *testing.T) {
	t.Helper()
	kubectl(t, "delete", "deployment", "nginx-1.11", "--namespace", s.namespace, "--wait=false")
	awaitDeployment(t, s.namespace, "nginx-1.11", "been deleted, and stayed", deleted)
}

// waiting asks for a version that nobody deploys.
func (s shop) waiting(t *testing.T) {
	t.Helper()
	createService(t, s.namespace, "waits", "1.10", "1.10")
	s.annotate(t, "waits", bluegreen.TargetVersion+"=1.14")
	s.awaitPhase(t, "waits", bluegreen.Waiting)
}

func (s shop) annotate(t *testing.T, service string, annotations ...string) {
	t.Helper()
	kubectl(t, append([]string{"annotate", "service", service, "--namespace", s.namespace, "--overwrite"}, annotations...)...)
}

func (s shop) awaitPhase(t *testing.T, service string, phase bluegreen.Phase) {
	t.Helper()
	awaitService(t, s.namespace, service, "phase "+string(phase), func(service *corev1.Service) bool { return phaseOf(service) == phase })
}
