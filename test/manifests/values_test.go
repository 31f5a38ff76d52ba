package manifests

import (
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

const digest = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

// effects names for every value of values.yaml a setting, and what it brings into the rendered manifests.
var effects = map[string]struct{ json, want string }{
	"nameOverride":              {`"other"`, "name: bluegreen-other"},
	"fullnameOverride":          {`"other"`, "name: other-webhook"},
	"commonLabels":              {`{"team":"web"}`, "team: web"},
	"replicas":                  {`3`, "replicas: 3"},
	"image.repository":          {`"mirror/bluegreen"`, `"mirror/bluegreen:`},
	"image.tag":                 {`"v9"`, `bluegreen:v9"`},
	"image.digest":              {`"` + digest + `"`, "bluegreen@" + digest},
	"image.pullPolicy":          {`"Always"`, "imagePullPolicy: Always"},
	"imagePullSecrets":          {`[{"name":"pull"}]`, "- name: pull"},
	"watchNamespaces":           {`["shop"]`, "namespace: shop"},
	"inUseProtection.enabled":   {`false`, "--in-use-protection=false"},
	"approval.restricted":       {`true`, "name: bluegreen-approval"},
	"checks.enabled":            {`true`, "- --checks"},
	"tls.mode":                  {`"cert-manager"`, "kind: Certificate"},
	"webhook.port":              {`10250`, "containerPort: 10250"},
	"logging.format":            {`"json"`, "--logging-format=json"},
	"logging.verbosity":         {`4`, "-v=4"},
	"metrics.enabled":           {`false`, "--metrics-bind-address=0"},
	"metrics.dashboard.enabled": {`true`, "name: bluegreen-dashboard"},
	"metrics.dashboard.labels.grafana_dashboard": {`"yes"`, `grafana_dashboard: "yes"`},
	"metrics.prometheusRule.enabled":             {`true`, "kind: PrometheusRule"},
	"metrics.prometheusRule.labels":              {`{"evaluated":"yes"}`, `evaluated: "yes"`},
	"metrics.serviceMonitor.enabled":             {`true`, "kind: ServiceMonitor"},
	"metrics.serviceMonitor.interval":            {`"7s"`, "interval: 7s"},
	"metrics.serviceMonitor.labels":              {`{"scraped":"yes"}`, `scraped: "yes"`},
	"networkPolicy.enabled":                      {`true`, "kind: NetworkPolicy"},
	"serviceAccount.create":                      {`false`, "serviceAccountName: default"},
	"serviceAccount.name":                        {`"theirs"`, "serviceAccountName: theirs"},
	"serviceAccount.annotations":                 {`{"a":"b"}`, "a: b"},
	"podAnnotations":                             {`{"seen":"here"}`, "seen: here"},
	"drain":                                      {`"2m"`, "--drain=2m"},
	"podLabels":                                  {`{"tier":"control"}`, "tier: control"},
	"resources":                                  {`{"limits":{"memory":"1Gi"}}`, "memory: 1Gi"},
	"priorityClassName":                          {`"system-cluster-critical"`, "priorityClassName: system-cluster-critical"},
	"nodeSelector":                               {`{"disk":"ssd"}`, "disk: ssd"},
	"tolerations":                                {`[{"operator":"Exists"}]`, "- operator: Exists"},
	"affinity":                                   {`{"nodeAffinity":{}}`, "nodeAffinity: {}"},
}

// TestEveryValueCounts fails for an option that nothing uses, and for one without a test.
func TestEveryValueCounts(t *testing.T) {
	t.Parallel()
	if got, want := slices.Sorted(maps.Keys(effects)), leaves(t); !slices.Equal(got, want) {
		t.Fatalf("tested values are\n%q\nvalues.yaml has\n%q", got, want)
	}
	for path, effect := range effects {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			base := []string{"template", "bluegreen", chart}
			for _, object := range []string{"metrics.dashboard", "metrics.prometheusRule", "metrics.serviceMonitor"} {
				if strings.HasPrefix(path, object+".") && !strings.HasSuffix(path, ".enabled") {
					base = append(base, "--set="+object+".enabled=true")
				}
			}
			if out := mustRun(t, "helm", base...); strings.Contains(out, effect.want) {
				t.Fatalf("%q is rendered without the setting too", effect.want)
			}
			if out := mustRun(t, "helm", append(base, "--set-json="+path+"="+effect.json)...); !strings.Contains(out, effect.want) {
				t.Errorf("%s does not render %q:\n%s", effect.json, effect.want, out)
			}
		})
	}
}

// leaves lists the paths of values.yaml that a user sets; `resources` is one, though its default is not empty.
func leaves(t *testing.T) []string {
	t.Helper()
	content, err := os.ReadFile(chart + "/values.yaml")
	if err != nil {
		t.Fatal(err)
	}
	values := map[string]any{}
	if err := yaml.UnmarshalStrict(content, &values); err != nil {
		t.Fatal(err)
	}
	var paths []string
	collect(values, "", &paths)
	slices.Sort(paths)
	return paths
}

func collect(values map[string]any, prefix string, paths *[]string) {
	for key, value := range values {
		path := prefix + key
		if nested, ok := value.(map[string]any); ok && len(nested) > 0 && path != "resources" {
			collect(nested, path+".", paths)
			continue
		}
		*paths = append(*paths, path)
	}
}

func TestSchemaRefuses(t *testing.T) {
	t.Parallel()
	for setting, where := range map[string]string{
		`replica=3`:                              "replica",
		`replicas="two"`:                         "/replicas",
		`replicas=-1`:                            "/replicas",
		`fullnameOverride="Upper"`:               "/fullnameOverride",
		`commonLabels={"a":1}`:                   "/commonLabels/a",
		`image.name="x"`:                         "/image",
		`image.repository=""`:                    "/image/repository",
		`image.digest="latest"`:                  "/image/digest",
		`image.pullPolicy="Sometimes"`:           "/image/pullPolicy",
		`imagePullSecrets=["x"]`:                 "/imagePullSecrets/0",
		`watchNamespaces="shop"`:                 "/watchNamespaces",
		`watchNamespaces=["Shop"]`:               "/watchNamespaces/0",
		`watchNamespaces=["shop","shop"]`:        "/watchNamespaces",
		`inUseProtection=true`:                   "/inUseProtection",
		`inUseProtection.enabled="false"`:        "/inUseProtection/enabled",
		`drain="soon"`:                           "/drain",
		`drain=30`:                               "/drain",
		`tls.mode="none"`:                        "/tls/mode",
		`webhook.port=443`:                       "/webhook/port",
		`webhook.port=8443`:                      "/webhook/port",
		`logging.format="xml"`:                   "/logging/format",
		`logging.verbosity="debug"`:              "/logging/verbosity",
		`metrics.serviceMonitor.interval="soon"`: "/metrics/serviceMonitor/interval",
		`metrics.dashboard.enabled="yes"`:        "/metrics/dashboard/enabled",
		`metrics.prometheusRule.labels={"a":1}`:  "/metrics/prometheusRule/labels/a",
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

func TestSchemaAcceptsValuesOfAParentChart(t *testing.T) {
	t.Parallel()
	mustRun(t, "helm", "template", "bluegreen", chart, `--set-json=global={"domain":"example.com"}`)
}
