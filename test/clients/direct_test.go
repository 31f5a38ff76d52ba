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
	"k8s.io/utils/ptr"
)

// The clients that are no program of their own: what controllers do, and what a script with curl does.

// warnings collects what the API server warns of.
type warnings struct{ lines []string }

func (w *warnings) HandleWarningHeader(_ int, _, text string) {
	w.lines = append(w.lines, "Warning: "+text)
}

// force applies server-side and forces conflicts, as Argo CD and Flux do.
func force(c *cell, m manifest, flags ...string) said {
	heard := &warnings{}
	own := rest.CopyConfig(config)
	own.WarningHandler = heard
	api, err := kubernetes.NewForConfig(own)
	if err != nil {
		c.Fatal(err)
	}
	options := metav1.PatchOptions{FieldManager: "argocd-controller", Force: ptr.To(true), DryRun: dryRun(flags)}
	object := m.object()
	data := marshal(map[string]any{
		"apiVersion": object.APIVersion,
		"kind":       object.Kind,
		"metadata":   map[string]any{"name": object.Name, "annotations": m.Annotations},
		"spec":       map[string]any{"selector": m.Selector, "ports": []any{map[string]any{"name": "http", "port": 80}}},
	})
	stored, err := api.CoreV1().Services(c.namespace).Patch(c.Context(), service, types.ApplyYAMLPatchType, data, options, subresources(flags)...)
	result := said{stderr: strings.Join(heard.lines, "\n"), err: err}
	if err != nil {
		result.stderr += err.Error()
		return result
	}
	result.stdout = string(marshal(stored))
	return result
}

func forceCreates(c *cell, m manifest) said { return force(c, m) }

func dryRun(flags []string) []string {
	if slices.Contains(flags, "--dry-run=server") {
		return []string{metav1.DryRunAll}
	}
	return nil
}

func subresources(flags []string) []string {
	if slices.Contains(flags, "--subresource=status") {
		return []string{"status"}
	}
	return nil
}

// post and put are a client of which the API server learns no name.
func post(c *cell, m manifest) said { return nameless(c, http.MethodPost, "", m) }

func put(c *cell, m manifest, flags ...string) said {
	path := "/" + service
	for _, subresource := range subresources(flags) {
		path += "/" + subresource
	}
	if dryRun(flags) != nil {
		path += "?dryRun=All"
	}
	return nameless(c, http.MethodPut, path, m)
}

func nameless(c *cell, method, path string, m manifest) said {
	client, err := rest.HTTPClientFor(config)
	if err != nil {
		c.Fatal(err)
	}
	body, err := json.Marshal(m.object())
	if err != nil {
		c.Fatal(err)
	}
	url := fmt.Sprintf("%s/api/v1/namespaces/%s/services%s", config.Host, c.namespace, path)
	request, err := http.NewRequestWithContext(c.Context(), method, url, bytes.NewReader(body))
	if err != nil {
		c.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("User-Agent", "") // Sends none, of which the API server would make a field manager.
	response, err := client.Do(request)
	if err != nil {
		c.Fatal(err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		c.Fatal(err)
	}
	result := said{stdout: string(answer), stderr: strings.Join(response.Header.Values("Warning"), "\n")}
	if response.StatusCode >= http.StatusBadRequest {
		result.stderr += string(answer)
		result.err = fmt.Errorf("status %s", response.Status)
	}
	return result
}
