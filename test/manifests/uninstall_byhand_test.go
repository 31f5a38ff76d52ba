package manifests

import (
	"os"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// TestUninstallByHand runs the commands of the chart's README, and finds no finalizer of ours left, but those of others.
func TestUninstallByHand(t *testing.T) {
	c := as(t, somebody)
	useKubeconfig(t)
	newNamespace(t, c, namespace)
	ns := newNamespace(t, c, "by-hand")
	createDeployment(t, c, deployment(namespace, "bluegreen"))
	createEvicted(t, c)
	live := deployment(ns, "live", finalizers("a/b", finalizer))
	live.Annotations = map[string]string{"bluegreen/scale-to-zero-after": "nginx", "bluegreen/left": "nginx", "c": "d"}
	createDeployment(t, c, live)
	createDeployment(t, c, deployment(ns, "plain", finalizers("a/b")))
	deleted := deployment(ns, "deleted", inUse)
	createDeployment(t, c, deleted)
	if err := c.Delete(t.Context(), deleted); err != nil {
		t.Fatal(err)
	}
	look, unprotect := byHand(t)
	out := mustRun(t, "bash", "-euo", "pipefail", "-c", look)
	if got := strings.Count(out, finalizer); got != 2 || !strings.Contains(out, "DELETED") || strings.Contains(out, "plain") {
		t.Errorf("the Deployments in use are shown as\n%s", out)
	}
	mustRun(t, "bash", "-euo", "pipefail", "-c", unprotect)
	for name, want := range map[string]string{"live": "a/b", "plain": "a/b"} {
		left := &appsv1.Deployment{}
		read(t, c, ns, name, left)
		if got := strings.Join(left.Finalizers, ","); got != want {
			t.Errorf("Deployment %s has the finalizers %q", name, got)
		}
		for key := range left.Annotations {
			if strings.HasPrefix(key, "bluegreen/") {
				t.Errorf("Deployment %s has the annotation %s", name, key)
			}
		}
	}
	if err := c.Get(t.Context(), client.ObjectKeyFromObject(deleted), deleted); !apierrors.IsNotFound(err) {
		t.Errorf("Deployment deleted is still there (%v)", err)
	}
}

// createEvicted leaves the object of a pod of bluegreen that was evicted.
func createEvicted(t *testing.T, c client.Client) {
	t.Helper()
	evicted := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: namespace,
			Name:      "evicted",
			Labels:    map[string]string{"app.kubernetes.io/name": "bluegreen"},
		},
		Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "webhook", Image: "bluegreen:1"}}},
	}
	create(t, c, evicted)
	evicted.Status.Phase = corev1.PodFailed
	if err := c.Status().Update(t.Context(), evicted); err != nil {
		t.Fatal(err)
	}
}

// byHand returns the two scripts of the README's section on uninstalling that follow `helm uninstall`.
func byHand(t *testing.T) (look, unprotect string) {
	t.Helper()
	readme, err := os.ReadFile(chart + "/README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(readme), "\n## Uninstall\n")
	section, _, _ = strings.Cut(section, "\n## ")
	parts := strings.Split(section, "```")
	if len(parts) != 7 {
		t.Fatalf("the section has %d parts:\n%s", len(parts), section)
	}
	return strings.TrimPrefix(parts[3], "sh\n"), strings.TrimPrefix(parts[5], "sh\n")
}
