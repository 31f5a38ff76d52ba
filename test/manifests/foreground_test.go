package manifests

import (
	"cmp"
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

func TestForegroundDeletion(t *testing.T) {
	c := as(t, somebody)
	ns := newNamespace(t, c, "deleted")
	installProtection(t, c, template(t), "bluegreen", ns)
	next := names()
	for name, test := range deletions {
		t.Run(name, func(t *testing.T) {
			d := deployment(ns, next(), test.deployment)
			createDeployment(t, c, d)
			deleter := as(t, cmp.Or(test.user, somebody))
			checkRefusal(t, deleter.Delete(t.Context(), d, test.how), test.refusal)
			checkKept(t, c, d)
		})
	}
	t.Run("in the background first", func(t *testing.T) {
		d := deployment(ns, next(), inUse)
		createDeployment(t, c, d)
		checkRefusal(t, c.Delete(t.Context(), d, background), "")
		checkRefusal(t, c.Delete(t.Context(), d, foreground), inForeground)
		checkKept(t, c, d)
	})
	t.Run("asked for in the address", func(t *testing.T) {
		d := deployment(ns, next(), inUse)
		createDeployment(t, c, d)
		for way, refusal := range map[string]string{"Foreground": inForeground, "Background": ""} {
			checkRefusal(t, deleteByAddress(t, d, way), refusal)
			checkKept(t, c, d)
		}
	})
	t.Run("of a collection", func(t *testing.T) {
		d := deployment(ns, next(), inUse)
		createDeployment(t, c, d)
		these := client.MatchingLabels{"name": d.Name}
		checkRefusal(t, c.DeleteAllOf(t.Context(), d, client.InNamespace(ns), these, foreground), inForeground)
		checkRefusal(t, c.DeleteAllOf(t.Context(), d, client.InNamespace(ns), these, background), "")
		checkKept(t, c, d)
	})
}

// checkKept fails the test where a Deployment in use is on its way into foreground deletion.
func checkKept(t *testing.T, c client.Client, created *appsv1.Deployment) {
	t.Helper()
	if !slices.Contains(created.Finalizers, finalizer) {
		return
	}
	d := &appsv1.Deployment{}
	read(t, c, created.Namespace, created.Name, d)
	if d.DeletionTimestamp != nil && slices.Contains(d.Finalizers, metav1.FinalizerDeleteDependents) {
		t.Errorf("is being deleted, with the finalizers %q", d.Finalizers)
	}
}

func deleteByAddress(t *testing.T, d *appsv1.Deployment, way string) error {
	t.Helper()
	clients, err := kubernetes.NewForConfig(environment.config)
	if err != nil {
		t.Fatal(err)
	}
	return clients.AppsV1().RESTClient().Delete().Namespace(d.Namespace).Resource("deployments").Name(d.Name).
		Param("propagationPolicy", way).Do(t.Context()).Error()
}

// TestKubectlDelete spells out what a person reads.
func TestKubectlDelete(t *testing.T) {
	c := as(t, somebody)
	ns := newNamespace(t, c, "typed")
	installProtection(t, c, template(t), "bluegreen", ns)
	useKubeconfig(t)
	createDeployment(t, c, deployment(ns, "nginx", inUse))
	kubectl := []string{"delete", "deployment", "nginx", "-n", ns, "--wait=false"}
	_, err := run(t, "kubectl", append(kubectl, "--cascade=foreground")...)
	const want = `deployments.apps "nginx" is forbidden: ValidatingAdmissionPolicy 'bluegreen-in-use-protection' with binding ` +
		`'bluegreen-in-use-protection' denied request: Deployment typed/nginx is in use (finalizer bluegreen/in-use-protection), and ` +
		`foreground deletion would end its pods at once. Argo CD needs the sync option PrunePropagationPolicy=background, and then a ` +
		`sync that is started by hand. Delete it in the background, and it goes by itself once traffic has moved: ` +
		`kubectl delete deployment nginx -n typed --cascade=background`
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
	mustRun(t, "kubectl", append(kubectl, "--cascade=orphan")...)
	mustRun(t, "kubectl", append(kubectl, "--cascade=background")...)
}

func TestForegroundDeletionInSingleNamespaces(t *testing.T) {
	c := as(t, somebody)
	watched, free := newNamespace(t, c, "delete-watched"), newNamespace(t, c, "delete-free")
	installProtection(t, c, template(t, "--set=fullnameOverride=narrow,watchNamespaces={"+watched+"}"), "narrow", watched)
	for ns, refusal := range map[string]string{watched: inForeground, free: ""} {
		d := deployment(ns, "nginx", inUse)
		createDeployment(t, c, d)
		checkRefusal(t, c.Delete(t.Context(), d, foreground), refusal)
	}
}

// TestWithoutProtectionNothingOfItIsRendered but the word to bluegreen itself.
func TestWithoutProtectionNothingOfItIsRendered(t *testing.T) {
	t.Parallel()
	for key, doc := range template(t, unprotected) {
		rest := strings.ReplaceAll(string(doc.raw), "--in-use-protection=false", "")
		if strings.Contains(rest, "in-use-protection") {
			t.Errorf("%s is rendered:\n%s", key, doc.raw)
		}
	}
}

// installProtection installs the policy of a release of the chart about Deployments, and waits until it and it alone is in force.
func installProtection(t *testing.T, c client.Client, all objects, release, ns string) {
	t.Helper()
	probe := deployment(ns, "probe", inUse)
	createDeployment(t, c, probe)
	refused := func() bool { return c.Delete(t.Context(), probe, foreground, client.DryRunAll) != nil }
	installPolicyAlone(t, c, all, release+"-in-use-protection", refused)
}
