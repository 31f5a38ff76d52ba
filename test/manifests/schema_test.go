package manifests

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestSchemaRefuses(t *testing.T) {
	t.Parallel()
	for setting, where := range map[string]string{
		`replica=3`:                                                   "replica",
		`replicas="two"`:                                              "/replicas",
		`replicas=-1`:                                                 "/replicas",
		`fullnameOverride="Upper"`:                                    "/fullnameOverride",
		`commonLabels={"a":1}`:                                        "/commonLabels/a",
		`image.name="x"`:                                              "/image",
		`image.repository=""`:                                         "/image/repository",
		`image.digest="latest"`:                                       "/image/digest",
		`image.pullPolicy="Sometimes"`:                                "/image/pullPolicy",
		`imagePullSecrets=["x"]`:                                      "/imagePullSecrets/0",
		`watchNamespaces="shop"`:                                      "/watchNamespaces",
		`watchNamespaces=["Shop"]`:                                    "/watchNamespaces/0",
		`watchNamespaces=["shop","shop"]`:                             "/watchNamespaces",
		`inUseProtection=true`:                                        "/inUseProtection",
		`inUseProtection.enabled="false"`:                             "/inUseProtection/enabled",
		`drain="soon"`:                                                "/drain",
		`drain=30`:                                                    "/drain",
		`tls.mode="none"`:                                             "/tls/mode",
		`global.imageRegistry="mirror.example/"`:                      "/global/imageRegistry",
		`global.imageRegistry="https://mirror.example"`:               "/global/imageRegistry",
		`enabled=false`:                                               "/enabled",
		`extraArgs=["--shutdown-delay-duration=soon"]`:                "/extraArgs/0",
		`extraArgs=["--shutdown-delay-duration=30s"]`:                 "/extraArgs/0",
		`revisionHistoryLimit=-1`:                                     "/revisionHistoryLimit",
		`podDisruptionBudget.maxUnavailable=0`:                        "/podDisruptionBudget/maxUnavailable",
		`podDisruptionBudget.maxUnavailable="0%"`:                     "/podDisruptionBudget/maxUnavailable",
		`podDisruptionBudget.minAvailable=1`:                          "/podDisruptionBudget",
		`webhook.port=null`:                                           "at '/webhook': missing property",
		`health.port=null`:                                            "at '/health': missing property",
		`metrics.port=null`:                                           "at '/metrics': missing property",
		`podDisruptionBudget.maxUnavailable=null`:                     "at '/podDisruptionBudget': missing property",
		`webhook.port=443`:                                            "/webhook/port",
		`webhook.timeoutSeconds=0`:                                    "/webhook/timeoutSeconds",
		`webhook.timeoutSeconds=30`:                                   "/webhook/timeoutSeconds",
		`webhook.failurePolicy="Fail"`:                                "/webhook",
		`webhook.namespaceSelector={}`:                                "/webhook",
		`approval.aggregateToAdmin=true`:                              "/approval/restricted",
		`health.port=80`:                                              "/health/port",
		`metrics.port=80`:                                             "/metrics/port",
		`hostNetwork="yes"`:                                           "/hostNetwork",
		`dnsPolicy="None"`:                                            "/dnsPolicy",
		`extraArgs=["--drain=1h"]`:                                    "/extraArgs/0",
		`extraArgs=["--vmodule","a=1"]`:                               "/extraArgs/0",
		`deploymentAnnotations={"a":1}`:                               "/deploymentAnnotations/a",
		`networkPolicy.egress=[{"port":443}]`:                         "/networkPolicy/egress/0",
		`extraObjects=[{"kind":"ConfigMap"}]`:                         "/extraObjects/0",
		`logging.format="xml"`:                                        "/logging/format",
		`logging.verbosity="debug"`:                                   "/logging/verbosity",
		`metrics.serviceMonitor.interval="soon"`:                      "/metrics/serviceMonitor/interval",
		`metrics.dashboard.enabled="yes"`:                             "/metrics/dashboard/enabled",
		`metrics.prometheusRule.labels={"a":1}`:                       "/metrics/prometheusRule/labels/a",
		`metrics={"enabled":false,"serviceMonitor":{"enabled":true}}`: "/metrics/enabled",
		`metrics={"enabled":false,"prometheusRule":{"enabled":true}}`: "/metrics/enabled",
		`networkPolicy.enabled="yes"`:                                 "/networkPolicy/enabled",
		`serviceAccount.create="no"`:                                  "/serviceAccount/create",
		`podLabels=[]`:                                                "/podLabels",
		`resources.request={}`:                                        "/resources",
		`affinity.pod={}`:                                             "/affinity",
		`tolerations={}`:                                              "/tolerations",
	} {
		t.Run(setting, func(t *testing.T) {
			t.Parallel()
			_, err := run(t, "helm", "template", "bluegreen", chart, "--set-json="+setting)
			if err == nil || !strings.Contains(err.Error(), where) {
				t.Errorf("want a refusal that names %s, got: %v", where, err)
			}
		})
	}
}

// TestSchemaHasNoOtherValues than values.yaml: one more would be accepted and ignored.
func TestSchemaHasNoOtherValues(t *testing.T) {
	t.Parallel()
	schema := struct{ Properties map[string]property }{}
	if err := json.Unmarshal([]byte(readFile(t, chart+"/values.schema.json")), &schema); err != nil {
		t.Fatal(err)
	}
	var accepted []string
	accept(schema.Properties, "", &accepted)
	for _, path := range accepted {
		if path == "enabled" { // TestPartOfAnotherChart has it.
			continue
		}
		known := func(leaf string) bool { return leaf == path || strings.HasPrefix(leaf, path+".") }
		if !slices.ContainsFunc(leaves(t), known) {
			t.Errorf("values.schema.json accepts %s, which values.yaml does not have", path)
		}
	}
}

// property is a part of a schema.
type property struct{ Properties map[string]property }

// accept collects the paths that a user sets, as collect does.
func accept(properties map[string]property, prefix string, paths *[]string) {
	for key, nested := range properties {
		path := prefix + key
		if len(nested.Properties) == 0 || path == "resources" || path == "affinity" {
			*paths = append(*paths, path)
			continue
		}
		accept(nested.Properties, path+".", paths)
	}
}

func TestSchemaAcceptsValuesOfAParentChart(t *testing.T) {
	t.Parallel()
	mustRun(t, "helm", "template", "bluegreen", chart, `--set-json=global={"domain":"example.com"}`)
}

// TestPartOfAnotherChart, which has a condition for it: Helm leaves the value that it names among those of this chart.
func TestPartOfAnotherChart(t *testing.T) {
	t.Parallel()
	parent := t.TempDir()
	if err := os.CopyFS(filepath.Join(parent, "charts/bluegreen"), os.DirFS(chart)); err != nil {
		t.Fatal(err)
	}
	described := "{apiVersion: v2, name: parent, version: 0.1.0, " +
		"dependencies: [{name: bluegreen, version: 0.1.0, condition: bluegreen.enabled}]}"
	if err := os.WriteFile(filepath.Join(parent, "Chart.yaml"), []byte(described), 0o600); err != nil {
		t.Fatal(err)
	}
	for enabled, want := range map[string]bool{"true": true, "false": false} {
		rendered := mustRun(t, "helm", "template", "parent", parent, "--set=bluegreen.enabled="+enabled)
		if got := strings.Contains(rendered, "kind: Deployment"); got != want {
			t.Errorf("with bluegreen.enabled=%s, bluegreen is rendered: %v", enabled, got)
		}
	}
}
