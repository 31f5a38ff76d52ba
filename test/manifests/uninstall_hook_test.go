package manifests

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/bluegreen-k8s/bluegreen/pkg/uninstall"
)

// TestRightsOfTheUninstallHookSuffice does what the Job does, with the rights of its ServiceAccount alone.
func TestRightsOfTheUninstallHookSuffice(t *testing.T) {
	c := as(t, somebody)
	newNamespace(t, c, namespace)
	ns := newNamespace(t, c, "unprotected")
	for set, namespaces := range map[string][]string{
		"replicas=2":                   nil,
		"watchNamespaces={" + ns + "}": {ns},
	} {
		t.Run(set, func(t *testing.T) {
			giveUninstallRights(t, c, template(t, "--set="+set))
			createDeployment(t, c, deployment(namespace, "bluegreen"))
			d := deployment(ns, "nginx", inUse)
			createDeployment(t, c, d)
			var err error
			eventually(t, "the rights are given", func() bool {
				err = uninstallAsHook(t, namespaces)
				return !apierrors.IsForbidden(err)
			})
			if err != nil {
				t.Error(err)
			}
			if read(t, c, ns, "nginx", d); len(d.Finalizers) > 0 {
				t.Errorf("the Deployment has the finalizers %q", d.Finalizers)
			}
		})
	}
}

// TestTheUninstallHookGoesPastANamespaceThatIsGone, with its rights alone, but not past one in which it has none.
func TestTheUninstallHookGoesPastANamespaceThatIsGone(t *testing.T) {
	c := as(t, somebody)
	newNamespace(t, c, namespace)
	ns, gone := newNamespace(t, c, "stays"), newNamespace(t, c, "goes")
	giveUninstallRights(t, c, template(t, "--set=watchNamespaces={"+ns+","+gone+"}"))
	endNamespace(t, c, gone)
	createDeployment(t, c, deployment(namespace, "bluegreen"))
	var err error
	ends := func() bool {
		err = uninstallAsHook(t, []string{gone, ns})
		return err == nil
	}
	eventually(t, "it ends", ends)
	role := &rbacv1.Role{ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: uninstaller}}
	if err := c.Delete(t.Context(), role); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it is refused", func() bool { return !ends() })
	if !apierrors.IsForbidden(err) || !strings.Contains(err.Error(), "helm upgrade gives bluegreen a right back") {
		t.Errorf("without its Role in a namespace that is there: %v", err)
	}
}

// giveUninstallRights makes the roles of the hook, those at rest among them.
func giveUninstallRights(t *testing.T, c client.Client, all objects) {
	t.Helper()
	for key, doc := range all {
		if strings.Contains(key, "Role") && strings.HasPrefix(doc.GetName(), uninstaller) {
			create(t, c, doc.Unstructured)
		}
	}
}

// uninstallAsHook ends bluegreen in some namespaces, or all, with the rights of the hook alone.
func uninstallAsHook(t *testing.T, namespaces []string) error {
	t.Helper()
	uninstaller := uninstall.Uninstaller{Client: asUninstallHook(t), Namespaces: namespaces}
	return uninstaller.Run(t.Context(), client.ObjectKey{Namespace: namespace, Name: "bluegreen"})
}

func asUninstallHook(t *testing.T) client.WithWatch {
	t.Helper()
	config := rest.CopyConfig(environment.config)
	config.Impersonate = rest.ImpersonationConfig{UserName: "system:serviceaccount:" + namespace + ":" + uninstaller}
	c, err := client.NewWithWatch(config, client.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// endNamespace does to a namespace what the controllers of a cluster do, as far as it holds roles alone.
func endNamespace(t *testing.T, c client.Client, name string) {
	t.Helper()
	for _, kind := range []client.Object{&rbacv1.RoleBinding{}, &rbacv1.Role{}} {
		if err := c.DeleteAllOf(t.Context(), kind, client.InNamespace(name)); err != nil {
			t.Fatal(err)
		}
	}
	ended := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}
	if err := c.Delete(t.Context(), ended); err != nil {
		t.Fatal(err)
	}
	read(t, c, "", name, ended)
	ended.Spec.Finalizers = nil
	if err := c.SubResource("finalize").Update(t.Context(), ended); err != nil {
		t.Fatal(err)
	}
	if err := c.Get(t.Context(), client.ObjectKey{Name: name}, ended); !apierrors.IsNotFound(err) {
		t.Fatalf("namespace %s is still there (%v)", name, err)
	}
}
