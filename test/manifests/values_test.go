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

// secretOfTheRelease is a list of one object, named by a template.
const secretOfTheRelease = `[{"apiVersion":"v1","kind":"Secret","metadata":{"name":"x-{{ .Release.Name }}"}}]`

// effects names for every value of values.yaml a setting, and what it brings into the rendered manifests or, after an
// exclamation mark, takes out of them.
var effects = map[string]struct{ json, want string }{
	"global.imageRegistry":               {`"mirror.example/all"`, `"mirror.example/all/bluegreen-k8s/bluegreen:`},
	"nameOverride":                       {`"other"`, "name: bluegreen-other"},
	"fullnameOverride":                   {`"other"`, "name: other-webhook"},
	"commonLabels":                       {`{"team":"web"}`, "team: web"},
	"replicas":                           {`3`, "replicas: 3"},
	"revisionHistoryLimit":               {`3`, "revisionHistoryLimit: 3"},
	"podDisruptionBudget.enabled":        {`false`, "!kind: PodDisruptionBudget"},
	"podDisruptionBudget.maxUnavailable": {`"50%"`, "maxUnavailable: 50%"},
	"image.repository":                   {`"mirror/bluegreen"`, `"mirror/bluegreen:`},
	"image.tag":                          {`"v9"`, `bluegreen:v9"`},
	"image.digest":                       {`"` + digest + `"`, "bluegreen@" + digest},
	"image.pullPolicy":                   {`"Always"`, "imagePullPolicy: Always"},
	"imagePullSecrets":                   {`[{"name":"pull"}]`, "- name: pull"},
	"watchNamespaces":                    {`["shop"]`, "namespace: shop"},
	"inUseProtection.enabled":            {`false`, "--in-use-protection=false"},
	"approval.restricted":                {`true`, "name: bluegreen-approval"},
	"approval.aggregateToAdmin":          {`true`, "aggregate-to-admin"},
	"checks.enabled":                     {`true`, "- --checks"},
	"tls.mode":                           {`"cert-manager"`, "kind: Certificate"},
	"webhook.port":                       {`10250`, "containerPort: 10250"},
	"webhook.timeoutSeconds":             {`7`, "timeoutSeconds: 7"},
	"hostNetwork":                        {`true`, "hostNetwork: true"},
	"dnsPolicy":                          {`"Default"`, "dnsPolicy: Default"},
	"health.port":                        {`8082`, "--health-probe-bind-address=:8082"},
	"extraArgs":                          {`["--vmodule=ladder=4"]`, "- --vmodule=ladder=4"},
	"logging.format":                     {`"json"`, "--logging-format=json"},
	"logging.verbosity":                  {`4`, "-v=4"},
	"metrics.enabled":                    {`false`, "--metrics-bind-address=0"},
	"metrics.port":                       {`8444`, "--metrics-bind-address=:8444"},
	"metrics.dashboard.enabled":          {`true`, "name: bluegreen-dashboard"},
	"metrics.dashboard.labels.grafana_dashboard": {`"yes"`, `grafana_dashboard: "yes"`},
	"metrics.prometheusRule.enabled":             {`true`, "kind: PrometheusRule"},
	"metrics.prometheusRule.labels":              {`{"evaluated":"yes"}`, `evaluated: "yes"`},
	"metrics.serviceMonitor.enabled":             {`true`, "kind: ServiceMonitor"},
	"metrics.serviceMonitor.interval":            {`"7s"`, "interval: 7s"},
	"metrics.serviceMonitor.labels":              {`{"scraped":"yes"}`, `scraped: "yes"`},
	"networkPolicy.egress":                       {`[{"ports":[{"port":6443}]}]`, "- port: 6443"},
	"deploymentAnnotations":                      {`{"reloads":"yes"}`, `reloads: "yes"`},
	"extraObjects":                               {secretOfTheRelease, "name: x-bluegreen"},
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

// needs names the settings without which values that begin so have no effect.
var needs = map[string]string{
	"approval.aggregateToAdmin":       "approval.restricted=true",
	"metrics.dashboard.labels":        "metrics.dashboard.enabled=true",
	"metrics.prometheusRule.labels":   "metrics.prometheusRule.enabled=true",
	"metrics.serviceMonitor.interval": "metrics.serviceMonitor.enabled=true",
	"metrics.serviceMonitor.labels":   "metrics.serviceMonitor.enabled=true",
	"networkPolicy.egress":            "networkPolicy.enabled=true",
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
			for prefix, setting := range needs {
				if strings.HasPrefix(path, prefix) {
					base = append(base, "--set="+setting)
				}
			}
			want, gone := strings.CutPrefix(effect.want, "!")
			if out := mustRun(t, "helm", base...); strings.Contains(out, want) != gone {
				t.Fatalf("without the setting, %q is rendered: %v", want, !gone)
			}
			if out := mustRun(t, "helm", append(base, "--set-json="+path+"="+effect.json)...); strings.Contains(out, want) == gone {
				t.Errorf("with %s, %q is rendered: %v\n%s", effect.json, want, gone, out)
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
