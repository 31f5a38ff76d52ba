//go:build e2e

package gitops

import (
	"encoding/json"
	"fmt"
	"os/exec"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/bluegreen-k8s/bluegreen/test/installation"
)

// argoCD is its application controller in one of its ways to apply.
type argoCD struct {
	name string
	// syncOptions are beside those of the page.
	syncOptions []string
}

var applications = schema.GroupVersionResource{Group: "argoproj.io", Version: "v1alpha1", Resource: "applications"}

// argoNamespace is where Argo CD has its settings and Applications.
const argoNamespace = "argocd"

// startArgoCD starts its application controller, its repository server and its cache, with the health check of the page.
func startArgoCD(p *programs) error {
	program, err := built("ARGO_CD")
	if err != nil {
		return err
	}
	if err := installKinds(program); err != nil {
		return err
	}
	if err := apply([]byte(argoSettings)); err != nil {
		return err
	}
	patch := exec.Command("kubectl", "patch", "configmap", "argocd-cm", "-n", argoNamespace, "--patch-file", example("argo-cd/health.yaml"))
	if printed, err := patch.CombinedOutput(); err != nil {
		return fmt.Errorf("adding the health check: %w\n%s", err, printed)
	}
	ports, err := installation.FreePorts(4)
	if err != nil {
		return err
	}
	cache, server := fmt.Sprintf("127.0.0.1:%d", ports[0]), fmt.Sprintf("127.0.0.1:%d", ports[1])
	if err := p.start("redis", nil, "redis-server", "--port", fmt.Sprint(ports[0]), "--bind", "127.0.0.1", "--save", ""); err != nil {
		return err
	}
	environment := []string{
		"ARGOCD_FAKE_IN_CLUSTER=true", "ARGOCD_GPG_ENABLED=false", "ARGOCD_GNUPGHOME=" + p.dir,
		"ARGOCD_TLS_DATA_PATH=" + p.dir, "ARGOCD_SSH_DATA_PATH=" + p.dir,
	}
	run := func(name string, args ...string) error {
		return p.start(name, append(environment, "ARGOCD_BINARY_NAME="+name), program, append(args, "--redis="+cache)...)
	}
	err = run("argocd-repo-server", "--address=127.0.0.1", fmt.Sprintf("--port=%d", ports[1]), fmt.Sprintf("--metrics-port=%d", ports[2]),
		"--disable-tls", "--client-ca-path=")
	if err != nil {
		return err
	}
	return run("argocd-application-controller", "--namespace="+argoNamespace, "--repo-server="+server, "--repo-server-plaintext",
		fmt.Sprintf("--metrics-port=%d", ports[3]), "--app-resync=10", "--app-resync-jitter=0")
}

// argoSettings are what Argo CD's own installation would bring, besides programs.
const argoSettings = `
apiVersion: v1
kind: Namespace
metadata: {name: argocd}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: argocd-cm, namespace: argocd, labels: {app.kubernetes.io/part-of: argocd}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: argocd-rbac-cm, namespace: argocd, labels: {app.kubernetes.io/part-of: argocd}}
---
apiVersion: v1
kind: Secret
metadata: {name: argocd-secret, namespace: argocd, labels: {app.kubernetes.io/part-of: argocd}}
stringData: {server.secretkey: unused}
---
apiVersion: argoproj.io/v1alpha1
kind: AppProject
metadata: {name: default, namespace: argocd}
spec:
  sourceRepos: ["*"]
  destinations: [{namespace: "*", server: "*"}]
`

func (e argoCD) title() string { return e.name }

// argoApplication is what a user writes of an Application.
type argoApplication struct {
	APIVersion string `json:"apiVersion,omitempty"`
	Kind       string `json:"kind,omitempty"`
	Metadata   struct {
		Name        string            `json:"name,omitempty"`
		Namespace   string            `json:"namespace,omitempty"`
		Annotations map[string]string `json:"annotations,omitempty"`
		Finalizers  []string          `json:"finalizers,omitempty"`
	} `json:"metadata"`
	Spec struct {
		Project     string         `json:"project,omitempty"`
		Source      map[string]any `json:"source,omitempty"`
		Destination map[string]any `json:"destination,omitempty"`
		SyncPolicy  struct {
			Automated   map[string]bool `json:"automated,omitempty"`
			SyncOptions []string        `json:"syncOptions,omitempty"`
		} `json:"syncPolicy"`
		IgnoreDifferences []any `json:"ignoreDifferences,omitempty"`
	} `json:"spec"`
}

func (e argoCD) deploy(c *cell) {
	c.Helper()
	var app argoApplication
	finalizer := "resources-finalizer.argocd.argoproj.io"
	if !c.situation.foreground {
		finalizer += "/background"
	}
	if !c.situation.bare {
		if err := readDocumented("Together, for an application:", &app); err != nil {
			c.Fatal(err)
		}
	}
	app.APIVersion, app.Kind = applications.GroupVersion().String(), "Application"
	app.Metadata.Name, app.Metadata.Namespace = c.namespace, argoNamespace
	app.Metadata.Finalizers = []string{finalizer}
	app.Spec.Project = "default"
	app.Spec.Source = map[string]any{"repoURL": c.repository.url, "path": ".", "targetRevision": "main"}
	app.Spec.Destination = map[string]any{"server": "https://kubernetes.default.svc", "namespace": c.namespace}
	app.Spec.SyncPolicy.Automated = map[string]bool{"prune": true, "selfHeal": !c.situation.handsOff}
	app.Spec.SyncPolicy.SyncOptions = append(app.Spec.SyncPolicy.SyncOptions, e.syncOptions...)
	manifest, err := json.Marshal(app)
	if err == nil {
		err = apply(manifest)
	}
	if err != nil {
		c.Fatal(err)
	}
}

func (argoCD) tell(c *cell) {
	c.Helper()
	c.kubectl("annotate", "application", c.namespace, "--namespace", argoNamespace, "argocd.argoproj.io/refresh=normal")
	c.engine.application(c).await(c, "the newest commit to be compared", func(o *unstructured.Unstructured) bool {
		return text(o, "status", "sync", "revision") == c.repository.commit
	})
}

func (argoCD) application(c *cell) application {
	return applicationOf(applications, argoNamespace, c.namespace)
}

func (argoCD) read(o *unstructured.Unstructured) report {
	state := func(fields ...string) string { return text(o, append([]string{"status"}, fields...)...) }
	sync, health, phase := state("sync", "status"), state("health", "status"), state("operationState", "phase")
	commit := state("operationState", "operation", "sync", "revision")
	started, _ := time.Parse(time.RFC3339, state("operationState", "startedAt"))
	return report{
		commit:  commit,
		busy:    phase == "Running" && time.Since(started) > 20*time.Second,
		settled: phase == "Succeeded" && sync == "Synced" && health == "Healthy" && state("sync", "revision") == commit,
		status:  sync + ", " + health,
		looked:  state("reconciledAt"),
	}
}

// interrupt is what `argocd app terminate-op` does.
func (argoCD) interrupt(c *cell) string {
	c.Helper()
	patch := `{"status":{"operationState":{"phase":"Terminating"}}}`
	c.kubectl("patch", "application", c.namespace, "--namespace", argoNamespace, "--type=merge", "--patch", patch)
	return "after the operation is terminated"
}
