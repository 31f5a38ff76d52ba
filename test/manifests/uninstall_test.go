package manifests

import (
	"context"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/bluegreen-k8s/bluegreen/pkg/uninstall"
)

// uninstaller is the ServiceAccount of the hook.
const uninstaller = "bluegreen-uninstall"

// releaser is what taking the finalizers away needs, wherever bluegreen manages Services; own is what ending bluegreen needs.
var (
	releaser = []string{"list services", "get,list,patch deployments.apps", "patch deployments/scale.apps"}
	own      = []string{"get deployments.apps/bluegreen", "patch deployments/scale.apps/bluegreen", "list,watch pods"}
)

// TestRightsOfTheUninstallHook: in single namespaces some of them are there at rest, but no ServiceAccount that has them.
func TestRightsOfTheUninstallHook(t *testing.T) {
	t.Parallel()
	scoped := slices.Concat(in("shop", releaser...), in(namespace, releaser...))
	for name, test := range map[string]struct {
		set          string
		atRest, hook []string
	}{
		"everywhere":         {"replicas=2", nil, in("cluster", releaser...)},
		"without protection": {"inUseProtection.enabled=false", nil, in("cluster", releaser...)},
		"in single namespaces": {
			"watchNamespaces={shop,bluegreen-system}", scoped, in("cluster", "get namespaces/shop,bluegreen-system"),
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			atRest := installed(template(t, "--set="+test.set))
			if _, exists := atRest["ServiceAccount/"+namespace+"/"+uninstaller]; exists {
				t.Error("the ServiceAccount exists at rest")
			}
			checkRights(t, rights(t, atRest, uninstaller), test.atRest)
			checkRights(t, rights(t, hooks(template(t, "--set="+test.set)), uninstaller), slices.Concat(test.hook, in(namespace, own...)))
		})
	}
}

func checkRights(t *testing.T, got, want []string) {
	t.Helper()
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("rights are\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// TestUninstallHookIsMadeInOrder, and leaves nothing behind.
func TestUninstallHookIsMadeInOrder(t *testing.T) {
	t.Parallel()
	weights := map[string]string{
		"ServiceAccount": "-2", "ClusterRole": "-2", "Role": "-2", "ClusterRoleBinding": "-1", "RoleBinding": "-1", "Job": "0",
	}
	for _, set := range []string{"replicas=2", "watchNamespaces={shop}"} {
		for key, doc := range hooks(template(t, "--set="+set)) {
			annotations := doc.GetAnnotations()
			if annotations["helm.sh/hook"] != "pre-delete" || annotations["helm.sh/hook-weight"] != weights[doc.GetKind()] ||
				annotations["helm.sh/hook-delete-policy"] != "before-hook-creation,hook-succeeded" {
				t.Errorf("%s has %v", key, annotations)
			}
		}
	}
}

func TestUninstallHookRuns(t *testing.T) {
	t.Parallel()
	base := []string{"uninstall", "--namespace=bluegreen-system", "--deployment=bluegreen"}
	for set, want := range map[string][]string{
		"replicas=2":                  base,
		"watchNamespaces={shop,blog}": append(slices.Clone(base), "--watch-namespaces=shop,blog"),
	} {
		if got := uninstallJob(t, template(t, "--set="+set)).Spec.Template.Spec.Containers[0].Args; !slices.Equal(got, want) {
			t.Errorf("%s runs with %q, want %q", set, got, want)
		}
	}
}

// TestUninstallHookIsNoReplica: the Services must not send requests to its pod, nor the budget count it.
func TestUninstallHookIsNoReplica(t *testing.T) {
	t.Parallel()
	all := template(t)
	pod := labels.Set(uninstallJob(t, all).Spec.Template.Labels)
	for _, name := range []string{"bluegreen-webhook", "bluegreen-metrics"} {
		selector := get[corev1.Service](t, all, "Service/bluegreen-system/"+name).Spec.Selector
		if labels.SelectorFromSet(selector).Matches(pod) {
			t.Errorf("Service %s selects the pod of the uninstall hook, %v", name, pod)
		}
	}
}

// TestUninstallHookRunsWherePodsRun: what a cluster asks of the pods of bluegreen, it asks of this one.
func TestUninstallHookRunsWherePodsRun(t *testing.T) {
	t.Parallel()
	all := template(t, `--set-json=imagePullSecrets=[{"name":"pull"}]`, "--set=image.digest="+digest, `--set-json=tolerations=[{"operator":"Exists"}]`,
		`--set-json=nodeSelector={"disk":"ssd"}`, "--set=priorityClassName=high", `--set-json=affinity={"nodeAffinity":{}}`,
		`--set-json=podLabels={"tier":"control"}`, `--set-json=podAnnotations={"mesh":"off"}`, `--set-json=commonLabels={"team":"web"}`)
	template := uninstallJob(t, all).Spec.Template
	for field, equal := range map[string]bool{
		"image":             template.Spec.Containers[0].Image == container(t, all).Image,
		"imagePullSecrets":  slices.Equal(template.Spec.ImagePullSecrets, podSpec(t, all).ImagePullSecrets),
		"tolerations":       len(template.Spec.Tolerations) == 1,
		"nodeSelector":      maps.Equal(template.Spec.NodeSelector, podSpec(t, all).NodeSelector),
		"priorityClassName": template.Spec.PriorityClassName == "high",
		"affinity":          template.Spec.Affinity != nil && template.Spec.Affinity.NodeAffinity != nil,
		"labels":            template.Labels["tier"] == "control" && template.Labels["team"] == "web",
		"annotations":       template.Annotations["mesh"] == "off",
	} {
		if !equal {
			t.Errorf("%s of the uninstall hook differs: %+v", field, template)
		}
	}
}

// TestRightsOfTheUninstallHookSuffice does what the Job does, with the rights of its ServiceAccount alone.
func TestRightsOfTheUninstallHookSuffice(t *testing.T) {
	c := as(t, somebody)
	newNamespace(t, c, namespace)
	ns := newNamespace(t, c, "let-go")
	for set, namespaces := range map[string][]string{"replicas=2": nil, "watchNamespaces={" + ns + "}": {ns}} {
		t.Run(set, func(t *testing.T) {
			giveUninstallRights(t, c, template(t, "--set="+set))
			createDeployment(t, c, deployment(namespace, "bluegreen"))
			d := deployment(ns, "nginx", inUse)
			createDeployment(t, c, d)
			ending := uninstall.Uninstaller{Client: asUninstallHook(t), Namespaces: namespaces}
			own := client.ObjectKey{Namespace: namespace, Name: "bluegreen"}
			var err error
			eventually(t, "the rights are given", func() bool {
				err = ending.Run(t.Context(), own)
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
	ending := uninstall.Uninstaller{Client: asUninstallHook(t), Namespaces: []string{gone, ns}}
	own := client.ObjectKey{Namespace: namespace, Name: "bluegreen"}
	var err error
	ends := func() bool {
		err = ending.Run(t.Context(), own)
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

// TestHelmUninstall plays the Job's controller: refused while the Job fails, done when it succeeds, nothing left.
func TestHelmUninstall(t *testing.T) {
	c := as(t, controller)
	ns := newNamespace(t, c, "uninstalled")
	// In one namespace for the sake of the other tests; see TestUpgradeKeepsTheCA.
	helm(t, "install", "gone", "--namespace="+ns, "--set=watchNamespaces={"+ns+"}")
	uninstall := []string{"uninstall", "gone", "--namespace=" + ns, "--timeout=30s"}
	finished := finishJob(t, c, ns, batchv1.JobFailureTarget, batchv1.JobFailed)
	if out, err := run(t, "helm", uninstall...); err == nil {
		t.Errorf("uninstalled, though the hook failed:\n%s", out)
	}
	failed := <-finished
	read(t, c, "", "gone-bluegreen", &admissionv1.MutatingWebhookConfiguration{})
	read(t, c, ns, "gone-bluegreen", &appsv1.Deployment{})
	finished = finishJob(t, c, ns, batchv1.JobSuccessCriteriaMet, batchv1.JobComplete)
	mustRun(t, "helm", uninstall...)
	if succeeded := <-finished; succeeded == failed {
		t.Error("the second attempt runs no Job of its own")
	}
	checkNothingIsLeft(t, c, ns)
}

// TestHelmUninstallAfterANamespaceIsGone: Helm can make nothing in it, as an upgrade says.
func TestHelmUninstallAfterANamespaceIsGone(t *testing.T) {
	c := as(t, controller)
	ns, gone := newNamespace(t, c, "uninstalled-later"), newNamespace(t, c, "gone-before")
	both := "--set=watchNamespaces={" + ns + "," + gone + "}"
	helm(t, "install", "gone", "--namespace="+ns, both)
	endNamespace(t, c, gone)
	_, err := run(t, "helm", "upgrade", "gone", chart, selfManaged, "--namespace="+ns, both)
	if err == nil || !strings.Contains(err.Error(), `namespaces "gone-before" not found`) {
		t.Errorf("upgraded: %v", err)
	}
	finished := finishJob(t, c, ns, batchv1.JobSuccessCriteriaMet, batchv1.JobComplete)
	mustRun(t, "helm", "uninstall", "gone", "--namespace="+ns, "--timeout=30s")
	<-finished
	checkNothingIsLeft(t, c, ns)
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

// finishJob gives the next unfinished Job the given conditions, and then tells its UID.
func finishJob(t *testing.T, c client.Client, ns string, conditions ...batchv1.JobConditionType) <-chan types.UID {
	finished := make(chan types.UID, 1)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	go func() {
		defer close(finished)
		defer cancel()
		err := wait.PollUntilContextCancel(ctx, 50*time.Millisecond, true, func(ctx context.Context) (bool, error) {
			var jobs batchv1.JobList
			if err := c.List(ctx, &jobs, client.InNamespace(ns)); err != nil || len(jobs.Items) == 0 || len(jobs.Items[0].Status.Conditions) > 0 {
				return false, err
			}
			job := &jobs.Items[0]
			finish(job, conditions)
			finished <- job.UID
			return true, c.Status().Update(ctx, job)
		})
		if err != nil {
			t.Errorf("finishing the Job of helm uninstall: %v", err)
		}
	}()
	return finished
}

func finish(job *batchv1.Job, conditions []batchv1.JobConditionType) {
	now := metav1.Now()
	job.Status.StartTime = &now
	for _, condition := range conditions {
		job.Status.Conditions = append(job.Status.Conditions, batchv1.JobCondition{
			Type: condition, Status: corev1.ConditionTrue, LastTransitionTime: now, LastProbeTime: now,
		})
		if condition == batchv1.JobComplete {
			job.Status.CompletionTime, job.Status.Succeeded = &now, 1
		}
	}
}

// checkNothingIsLeft of release "gone", whether Helm made it to install or to uninstall.
func checkNothingIsLeft(t *testing.T, c client.Client, ns string) {
	t.Helper()
	for key, doc := range template(t, selfManaged, "--set=fullnameOverride=gone-bluegreen,watchNamespaces={bluegreen-system}") {
		left := &metav1.PartialObjectMetadata{}
		left.SetGroupVersionKind(doc.GroupVersionKind())
		name := client.ObjectKey{Name: doc.GetName()}
		if doc.GetNamespace() != "" {
			name.Namespace = ns
		}
		if err := c.Get(t.Context(), name, left); !apierrors.IsNotFound(err) && left.GetDeletionTimestamp() == nil {
			t.Errorf("%s is left behind (%v)", key, err)
		}
	}
}

func uninstallJob(t *testing.T, all objects) *batchv1.Job {
	t.Helper()
	return get[batchv1.Job](t, all, "Job/bluegreen-system/bluegreen-uninstall")
}

// hooks are what Helm makes only to uninstall.
func hooks(all objects) objects {
	maps.DeleteFunc(all, func(_ string, doc document) bool { return !doc.hook() })
	return all
}

// TestUninstallByHand runs the commands of the chart's README, and finds no finalizer of ours left, but those of others.
func TestUninstallByHand(t *testing.T) {
	c := as(t, somebody)
	useKubeconfig(t)
	newNamespace(t, c, namespace)
	ns := newNamespace(t, c, "by-hand")
	createDeployment(t, c, deployment(namespace, "bluegreen"))
	createEvicted(t, c)
	live := deployment(ns, "live", finalizers("a/b", finalizer))
	live.Annotations = map[string]string{"bluegreen/scale-to-zero-after": "nginx", "c": "d"}
	createDeployment(t, c, live)
	createDeployment(t, c, deployment(ns, "plain", finalizers("a/b")))
	deleted := deployment(ns, "deleted", inUse)
	createDeployment(t, c, deleted)
	if err := c.Delete(t.Context(), deleted); err != nil {
		t.Fatal(err)
	}
	look, free := byHand(t)
	out := mustRun(t, "bash", "-euo", "pipefail", "-c", look)
	if got := strings.Count(out, finalizer); got != 2 || !strings.Contains(out, "DELETED") || strings.Contains(out, "plain") {
		t.Errorf("the Deployments in use are shown as\n%s", out)
	}
	mustRun(t, "bash", "-euo", "pipefail", "-c", free)
	for name, want := range map[string]string{"live": "a/b", "plain": "a/b"} {
		left := &appsv1.Deployment{}
		read(t, c, ns, name, left)
		if got := strings.Join(left.Finalizers, ","); got != want {
			t.Errorf("Deployment %s has the finalizers %q", name, got)
		}
		if _, ok := left.Annotations["bluegreen/scale-to-zero-after"]; ok {
			t.Errorf("Deployment %s has the annotations %v", name, left.Annotations)
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
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "evicted", Labels: map[string]string{"app.kubernetes.io/name": "bluegreen"}},
		Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "webhook", Image: "bluegreen:1"}}},
	}
	create(t, c, evicted)
	evicted.Status.Phase = corev1.PodFailed
	if err := c.Status().Update(t.Context(), evicted); err != nil {
		t.Fatal(err)
	}
}

// byHand returns the two scripts of the README's section on uninstalling that follow `helm uninstall`.
func byHand(t *testing.T) (look, free string) {
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
