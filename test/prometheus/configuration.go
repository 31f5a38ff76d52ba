package prometheus

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
	"sigs.k8s.io/yaml"

	"github.com/bluegreen-k8s/bluegreen/test/harness"
)

// configure writes what the Prometheus operator would make of the chart's objects, and how to reach the API server, which knows the pods.
func configure(t *testing.T, directory string, cluster *harness.Cluster, token string) {
	t.Helper()
	kubeconfig := filepath.Join(directory, "kubeconfig")
	writeKubeconfig(t, kubeconfig, cluster, token)
	write(t, filepath.Join(directory, "token"), []byte(token))
	writeYAML(t, filepath.Join(directory, "rules.yaml"), shorten(rules(t, cluster)))
	writeYAML(t, filepath.Join(directory, "prometheus.yaml"), map[string]any{
		"global":         map[string]any{"scrape_interval": Interval.String(), "evaluation_interval": Interval.String()},
		"rule_files":     []string{"rules.yaml"},
		"scrape_configs": []any{scrape(t, cluster, kubeconfig, filepath.Join(directory, "token"))},
	})
}

// serviceMonitor is what the operator reads of one.
type serviceMonitor struct {
	Spec struct {
		Selector  metav1.LabelSelector `json:"selector"`
		Endpoints []struct {
			Port        string `json:"port"`
			Scheme      string `json:"scheme"`
			HonorLabels bool   `json:"honorLabels"`
			TLSConfig   struct {
				InsecureSkipVerify bool `json:"insecureSkipVerify"`
			} `json:"tlsConfig"`
		} `json:"endpoints"`
	} `json:"spec"`
}

// scrape returns how to scrape by the chart's ServiceMonitor.
func scrape(t *testing.T, cluster *harness.Cluster, kubeconfig, token string) map[string]any {
	t.Helper()
	var monitor serviceMonitor
	render(t, cluster, "servicemonitor", &monitor)
	endpoint := monitor.Spec.Endpoints[0]
	relabel := []any{keep("endpointslice_port_name", endpoint.Port)}
	for label, value := range monitor.Spec.Selector.MatchLabels {
		relabel = append(relabel, keep("service_label_"+unsafe.ReplaceAllString(label, "_"), value))
	}
	for label, of := range map[string]string{"namespace": "namespace", "service": "service_name", "pod": "pod_name"} {
		relabel = append(relabel, map[string]any{"source_labels": []string{"__meta_kubernetes_" + of}, "target_label": label})
	}
	return map[string]any{
		"job_name":      harness.Release,
		"scheme":        endpoint.Scheme,
		"honor_labels":  endpoint.HonorLabels,
		"tls_config":    map[string]any{"insecure_skip_verify": endpoint.TLSConfig.InsecureSkipVerify},
		"authorization": map[string]any{"credentials_file": token},
		"kubernetes_sd_configs": []any{map[string]any{
			"role": "endpointslice", "kubeconfig_file": kubeconfig, "namespaces": map[string]any{"names": []string{harness.Installed}},
		}},
		"relabel_configs": relabel,
	}
}

// unsafe is what Prometheus replaces in the names of labels.
var unsafe = regexp.MustCompile(`\W`)

// keep keeps the targets of which the API server says so.
func keep(label, value string) map[string]any {
	return map[string]any{
		"source_labels": []string{"__meta_kubernetes_" + label}, "regex": regexp.QuoteMeta(value), "action": "keep",
	}
}

// render reads what the chart makes of one of its templates.
func render(t *testing.T, cluster *harness.Cluster, template string, into any) {
	t.Helper()
	rendered := harness.Run(t, "helm", "template", harness.Release, filepath.Join(cluster.Root, "charts/bluegreen"),
		"--namespace", harness.Installed, "--set", "metrics.serviceMonitor.enabled=true,metrics.prometheusRule.enabled=true",
		"--show-only", "templates/"+template+".yaml")
	if err := yaml.Unmarshal([]byte(rendered.Stdout), into); err != nil {
		t.Fatal(err)
	}
}

func writeKubeconfig(t *testing.T, path string, cluster *harness.Cluster, token string) {
	t.Helper()
	config := clientcmdapi.NewConfig()
	config.Clusters["local"] = &clientcmdapi.Cluster{Server: cluster.Config.Host, CertificateAuthorityData: cluster.Config.CAData}
	config.AuthInfos["prometheus"] = &clientcmdapi.AuthInfo{Token: token}
	config.Contexts["local"] = &clientcmdapi.Context{Cluster: "local", AuthInfo: "prometheus"}
	config.CurrentContext = "local"
	if err := clientcmd.WriteToFile(*config, path); err != nil {
		t.Fatal(err)
	}
}

func writeYAML(t *testing.T, path string, content any) {
	t.Helper()
	written, err := yaml.Marshal(content)
	if err != nil {
		t.Fatal(err)
	}
	write(t, path, written)
}

func write(t *testing.T, path string, content []byte) {
	t.Helper()
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}
