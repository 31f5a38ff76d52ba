//go:build e2e

package clients

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/bluegreen-k8s/bluegreen/test/harness"
)

// The clients that are no program of their own: what controllers do, and what a script with curl does.

// dryRun returns the dry runs that the flags of kubectl ask for.
func (change change) dryRun() []string {
	if slices.Contains(change.flags, "--dry-run=server") {
		return []string{metav1.DryRunAll}
	}
	return nil
}

// subresources returns the subresources that the flags of kubectl ask for.
func (change change) subresources() []string {
	if slices.Contains(change.flags, "--subresource=status") {
		return []string{"status"}
	}
	return nil
}

// warnings collects what the API server warns of.
type warnings struct{ lines []string }

func (w *warnings) HandleWarningHeader(_ int, _, text string) {
	w.lines = append(w.lines, "Warning: "+text)
}

// forceApply applies server-side and forces conflicts, as Argo CD and Flux do.
func forceApply(ns *namespace, change change) harness.Output {
	heard := &warnings{}
	config := rest.CopyConfig(cluster.Config)
	config.WarningHandler = heard
	api, err := kubernetes.NewForConfig(config)
	if err != nil {
		ns.Fatal(err)
	}
	options := metav1.PatchOptions{FieldManager: "argocd-controller", Force: new(true), DryRun: change.dryRun()}
	object := change.want.object()
	data := marshal(map[string]any{
		"apiVersion": object.APIVersion,
		"kind":       object.Kind,
		"metadata":   map[string]any{"name": object.Name, "annotations": change.want.Annotations},
		"spec": map[string]any{
			"selector": change.want.Selector,
			"ports":    []any{map[string]any{"name": "http", "port": 80}},
		},
	})
	stored, err := api.CoreV1().Services(ns.name).
		Patch(ns.Context(), service, types.ApplyYAMLPatchType, data, options, change.subresources()...)
	result := harness.Output{Stderr: strings.Join(heard.lines, "\n"), Err: err}
	if err != nil {
		result.Stderr += err.Error()
		return result
	}
	result.Stdout = string(marshal(stored))
	return result
}

func createByForce(ns *namespace, m manifest) harness.Output { return forceApply(ns, change{want: m}) }

// post and put are a client of which the API server learns no name.
func post(ns *namespace, m manifest) harness.Output { return nameless(ns, http.MethodPost, "", m) }

func put(ns *namespace, change change) harness.Output {
	path := "/" + service
	for _, subresource := range change.subresources() {
		path += "/" + subresource
	}
	if change.dryRun() != nil {
		path += "?dryRun=All"
	}
	return nameless(ns, http.MethodPut, path, change.want)
}

func nameless(ns *namespace, method, path string, m manifest) harness.Output {
	client, err := rest.HTTPClientFor(cluster.Config)
	if err != nil {
		ns.Fatal(err)
	}
	body, err := json.Marshal(m.object())
	if err != nil {
		ns.Fatal(err)
	}
	url := fmt.Sprintf("%s/api/v1/namespaces/%s/services%s", cluster.Config.Host, ns.name, path)
	request, err := http.NewRequestWithContext(ns.Context(), method, url, bytes.NewReader(body))
	if err != nil {
		ns.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("User-Agent", "") // Sends none, of which the API server would make a field manager.
	response, err := client.Do(request)
	if err != nil {
		ns.Fatal(err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		ns.Fatal(err)
	}
	result := harness.Output{Stdout: string(answer), Stderr: strings.Join(response.Header.Values("Warning"), "\n")}
	if response.StatusCode >= http.StatusBadRequest {
		result.Stderr += string(answer)
		result.Err = fmt.Errorf("status %s", response.Status)
	}
	return result
}
