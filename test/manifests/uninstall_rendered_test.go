package manifests

import (
	"maps"
	"slices"
	"strings"
	"testing"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// uninstaller is the ServiceAccount of the hook.
const uninstaller = "bluegreen-uninstall"

var (
	// unprotecting is what taking the finalizers off needs, wherever bluegreen manages Services.
	unprotecting = []string{
		"list services",
		"get,list,patch deployments.apps",
		"patch deployments/scale.apps",
	}
	// stopping is what stopping bluegreen needs.
	stopping = []string{
		"get deployments.apps/bluegreen",
		"patch deployments/scale.apps/bluegreen",
		"list,watch pods",
	}
)

// TestRightsOfTheUninstallHook: in single namespaces some of them are there at rest, but no ServiceAccount that has them.
func TestRightsOfTheUninstallHook(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		set    string
		atRest []string
		hook   []string
	}{
		"everywhere": {
			set:  "replicas=2",
			hook: in("cluster", unprotecting...),
		},
		"without protection": {
			set:  "inUseProtection.enabled=false",
			hook: in("cluster", unprotecting...),
		},
		"in single namespaces": {
			set:    "watchNamespaces={shop,bluegreen-system}",
			atRest: slices.Concat(in("shop", unprotecting...), in(namespace, unprotecting...)),
			hook:   in("cluster", "get namespaces/shop,bluegreen-system"),
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			atRest := installed(template(t, "--set="+test.set))
			if _, exists := atRest["ServiceAccount/"+namespace+"/"+uninstaller]; exists {
				t.Error("the ServiceAccount exists at rest")
			}
			checkRights(t, rights(t, atRest, uninstaller), test.atRest)
			whileUninstalling := rights(t, hooks(template(t, "--set="+test.set)), uninstaller)
			checkRights(t, whileUninstalling, slices.Concat(test.hook, in(namespace, stopping...)))
		})
	}
}

// checkRights compares rights, in any order.
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
		"ServiceAccount":     "-2",
		"ClusterRole":        "-2",
		"Role":               "-2",
		"ClusterRoleBinding": "-1",
		"RoleBinding":        "-1",
		"Job":                "0",
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
		pod := uninstallJob(t, template(t, "--set="+set)).Spec.Template.Spec
		if got := pod.Containers[0].Args; !slices.Equal(got, want) {
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
	all := template(t,
		"--set=image.digest="+digest,
		"--set=priorityClassName=high",
		`--set-json=imagePullSecrets=[{"name":"pull"}]`,
		`--set-json=tolerations=[{"operator":"Exists"}]`,
		`--set-json=nodeSelector={"disk":"ssd"}`,
		`--set-json=affinity={"nodeAffinity":{}}`,
		`--set-json=podLabels={"tier":"control"}`,
		`--set-json=podAnnotations={"mesh":"off"}`,
		`--set-json=commonLabels={"team":"web"}`,
	)
	pod := uninstallJob(t, all).Spec.Template
	for field, equal := range map[string]bool{
		"image":             pod.Spec.Containers[0].Image == container(t, all).Image,
		"imagePullSecrets":  slices.Equal(pod.Spec.ImagePullSecrets, podSpec(t, all).ImagePullSecrets),
		"tolerations":       len(pod.Spec.Tolerations) == 1,
		"nodeSelector":      maps.Equal(pod.Spec.NodeSelector, podSpec(t, all).NodeSelector),
		"priorityClassName": pod.Spec.PriorityClassName == "high",
		"affinity":          pod.Spec.Affinity != nil && pod.Spec.Affinity.NodeAffinity != nil,
		"labels":            pod.Labels["tier"] == "control" && pod.Labels["team"] == "web",
		"annotations":       pod.Annotations["mesh"] == "off",
	} {
		if !equal {
			t.Errorf("%s of the uninstall hook differs: %+v", field, pod)
		}
	}
}

func uninstallJob(t *testing.T, all objects) *batchv1.Job {
	t.Helper()
	return get[batchv1.Job](t, all, "Job/bluegreen-system/bluegreen-uninstall")
}

// hooks are what Helm creates only to uninstall.
func hooks(all objects) objects {
	maps.DeleteFunc(all, func(_ string, doc document) bool { return !doc.hook() })
	return all
}
