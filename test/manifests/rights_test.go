package manifests

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	rbacv1 "k8s.io/api/rbac/v1"
)

// manager is what switching and protecting need, wherever bluegreen manages Services.
var manager = []string{
	"get,list,watch,patch services",
	"get,list,watch,patch deployments.apps",
	"patch deployments/scale.apps",
	"list replicasets.apps",
	"get namespaces",
	"create,patch events.events.k8s.io",
}

// checker is what checks by Jobs need, there.
var checker = []string{
	"get cronjobs.batch",
	"list,watch,create,delete jobs.batch",
}

var leaderElection = in(namespace,
	"create leases.coordination.k8s.io",
	"get,update leases.coordination.k8s.io/bluegreen",
	"create,patch events",
)

// ownEvents is what it takes to tell by Events of its own Deployment, where manager does not hold.
var ownEvents = in(namespace, "get deployments.apps/bluegreen", "create,patch events.events.k8s.io")

var ownCA = append(
	in(namespace, "list,watch,update secrets/bluegreen-ca"),
	in("cluster", "list,watch,patch mutatingwebhookconfigurations.admissionregistration.k8s.io/bluegreen")...)

var metrics = in("cluster",
	"create tokenreviews.authentication.k8s.io",
	"create subjectaccessreviews.authorization.k8s.io",
)

func TestRightsAreThoseInUse(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		args []string
		want [][]string
	}{
		"self-managed": {
			args: []string{selfManaged},
			want: [][]string{in("cluster", manager...), leaderElection, metrics, ownCA},
		},
		"cert-manager": {
			args: []string{certManager},
			want: [][]string{in("cluster", manager...), leaderElection, metrics},
		},
		"without metrics": {
			args: []string{certManager, "--set=metrics.enabled=false"},
			want: [][]string{in("cluster", manager...), leaderElection},
		},
		"without protection": {
			args: []string{certManager, unprotected},
			want: [][]string{in("cluster", manager...), leaderElection, metrics},
		},
		"with checks": {
			args: []string{certManager, "--set=checks.enabled=true"},
			want: [][]string{in("cluster", manager...), in("cluster", checker...), leaderElection, metrics},
		},
		"with checks, in single namespaces": {
			args: []string{certManager, "--set=checks.enabled=true,watchNamespaces={shop}"},
			want: [][]string{in("shop", manager...), in("shop", checker...), ownEvents, leaderElection, metrics},
		},
		"in single namespaces": {
			args: []string{selfManaged, "--set=watchNamespaces={shop,bluegreen-system}"},
			want: [][]string{in("shop", manager...), in(namespace, manager...), ownEvents, leaderElection, metrics, ownCA},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			checkRights(t, rights(t, installed(template(t, test.args...)), "bluegreen"), slices.Concat(test.want...))
		})
	}
}

func TestMetricsReaderOnlyReadsMetrics(t *testing.T) {
	t.Parallel()
	const key = "ClusterRole/bluegreen-metrics-reader"
	role := get[rbacv1.ClusterRole](t, template(t), key)
	if got := fmt.Sprint(role.Rules); !strings.Contains(got, "[/metrics]") || len(role.Rules) != 1 {
		t.Errorf("%s has %s", key, got)
	}
	if _, ok := template(t, "--set=metrics.enabled=false")[key]; ok {
		t.Errorf("%s is rendered without metrics", key)
	}
}

func TestServiceAccountOfSomebodyElse(t *testing.T) {
	t.Parallel()
	all := template(t, "--set=serviceAccount.create=false,serviceAccount.name=theirs")
	for key, doc := range installed(all) {
		if doc.GetKind() == "ServiceAccount" {
			t.Errorf("%s is rendered", key)
		}
		if strings.HasSuffix(doc.GetKind(), "RoleBinding") {
			checkSubject(t, doc, "theirs")
		}
	}
	for _, name := range []string{"bluegreen", "bluegreen-own-deployment-writes", "bluegreen-own-service-writes"} {
		policy := string(all["ValidatingAdmissionPolicy/"+name].raw)
		if !strings.Contains(policy, "'system:serviceaccount:bluegreen-system:theirs'") {
			t.Errorf("policy %s does not know the ServiceAccount that runs bluegreen:\n%s", name, policy)
		}
	}
}

// in scopes rights to a namespace, or to the cluster.
func in(scope string, rights ...string) []string {
	scoped := make([]string, 0, len(rights))
	for _, right := range rights {
		scoped = append(scoped, scope+": "+right)
	}
	return scoped
}

// rights lists what the bindings give one of the chart's two ServiceAccounts, one line for each rule.
func rights(t *testing.T, all objects, serviceAccount string) []string {
	t.Helper()
	var lines []string
	for _, doc := range all {
		scope := doc.GetNamespace()
		switch doc.GetKind() {
		case "ClusterRoleBinding":
			scope = "cluster"
		case "RoleBinding":
		default:
			continue
		}
		bound := "bluegreen"
		if strings.HasPrefix(doc.GetName(), uninstaller) {
			bound = uninstaller
		}
		checkSubject(t, doc, bound)
		if bound != serviceAccount {
			continue
		}
		for _, rule := range boundRules(t, all, doc) {
			lines = append(lines, scope+": "+line(rule))
		}
	}
	slices.Sort(lines)
	return lines
}

func boundRules(t *testing.T, all objects, binding document) []rbacv1.PolicyRule {
	t.Helper()
	if binding.GetKind() == "ClusterRoleBinding" {
		ref := get[rbacv1.ClusterRoleBinding](t, all, binding.key()).RoleRef
		return get[rbacv1.ClusterRole](t, all, ref.Kind+"/"+ref.Name).Rules
	}
	ref := get[rbacv1.RoleBinding](t, all, binding.key()).RoleRef
	return get[rbacv1.Role](t, all, ref.Kind+"/"+binding.GetNamespace()+"/"+ref.Name).Rules
}

func checkSubject(t *testing.T, binding document, serviceAccount string) {
	t.Helper()
	want := []any{map[string]any{"kind": "ServiceAccount", "name": serviceAccount, "namespace": namespace}}
	if got := binding.Object["subjects"]; fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%s binds %v", binding.key(), got)
	}
}

// line writes a rule as "verbs resource.group/name".
func line(rule rbacv1.PolicyRule) string {
	resource := strings.Join(rule.Resources, ",")
	if group := strings.Join(rule.APIGroups, ","); group != "" {
		resource += "." + group
	}
	if len(rule.ResourceNames) > 0 {
		resource += "/" + strings.Join(rule.ResourceNames, ",")
	}
	return strings.Join(rule.Verbs, ",") + " " + resource
}
