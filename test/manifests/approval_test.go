package manifests

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

const (
	// developer may write Services and their status; promoter may also promote those named nginx.
	developer = "developer"
	promoter  = "promoter"

	mayNotApprove = `only who may "promote" it approves a version`
	mayNotWeaken  = `only who may "promote" it ends that`
)

// approvalWrites are writes by somebody who may write Services, but promote none.
var approvalWrites = map[string]struct {
	before, write changes
	refusal       string
}{
	"an approval": {
		before:  changes{asked11, manual},
		write:   changes{approved("1.11")},
		refusal: mayNotApprove,
	},
	"another approval": {
		before:  changes{asked11, manual, approved("1.10")},
		write:   changes{approved("1.11")},
		refusal: mayNotApprove,
	},
	"an approval, of a Service that needs none": {
		before:  changes{asked11},
		write:   changes{approved("1.11")},
		refusal: mayNotApprove,
	},
	"an approval with an adoption": {
		write:   changes{asked11, manual, approved("1.11")},
		refusal: mayNotApprove,
	},
	"an approval removed": {
		before: changes{asked11, manual, approved("1.11")},
		write:  changes{unannotate("bluegreen/approved-version")},
	},
	"an ask": {
		before: changes{managed, manual, approved("1.10")},
		write:  changes{asked11},
	},
	"labels and ports": {
		before: changes{asked11, manual, approved("1.11")},
		write:  changes{labelled, onPort},
	},
	"promotion made manual": {
		before: changes{asked11},
		write:  changes{manual},
	},
	"promotion made automatic": {
		before:  changes{asked11, manual},
		write:   changes{annotate("bluegreen/promotion", "auto")},
		refusal: mayNotWeaken,
	},
	"promotion left out": {
		before:  changes{asked11, manual},
		write:   changes{unannotate("bluegreen/promotion")},
		refusal: mayNotWeaken,
	},
	"a rollback that is wanted": {
		before:  changes{asked11, manual},
		write:   changes{annotate("bluegreen/auto-rollback", "10m")},
		refusal: mayNotWeaken,
	},
	"a rollback that is wanted no longer": {
		before:  changes{asked11, manual, annotate("bluegreen/auto-rollback", "10m")},
		write:   changes{unannotate("bluegreen/auto-rollback")},
		refusal: mayNotWeaken,
	},
	"a rollback, of a Service that needs no approval": {
		before: changes{asked11},
		write:  changes{annotate("bluegreen/auto-rollback", "10m")},
	},
	"another version label": {
		before:  changes{asked11, manual},
		write:   changes{byK},
		refusal: mayNotWeaken,
	},
	"made a follower": {
		before:  changes{asked11, manual},
		write:   changes{givenBack, follows},
		refusal: mayNotWeaken,
	},
	"a leader added": {
		before:  changes{asked11, manual},
		write:   changes{previews},
		refusal: mayNotWeaken,
	},
	"a leader of what needs no approval": {
		before: changes{follows},
		write:  changes{annotate("bluegreen/follows", "apache")},
	},
	"given back": {
		before:  changes{asked11, manual},
		write:   changes{givenBack},
		refusal: mayNotWeaken,
	},
	"given back, of a Service that needs no approval": {
		before: changes{asked11},
		write:  changes{givenBack},
	},
	"an approval in a crowd": {
		before:  changes{asked11, manual, crowded},
		write:   changes{approved("1.11")},
		refusal: mayNotApprove,
	},
}

// TestApprovalIsForThoseWhoMayPromote: with approval.restricted, the right to write Services is not the right to approve a version.
func TestApprovalIsForThoseWhoMayPromote(t *testing.T) {
	admin := as(t, somebody)
	ns := newNamespace(t, admin, "approvals")
	grant(t, admin, developer, rbacv1.PolicyRule{
		APIGroups: []string{""}, Resources: []string{"services", "services/status"}, Verbs: []string{"create", "get", "update", "delete"},
	})
	grant(t, admin, promoter, rbacv1.PolicyRule{
		APIGroups: []string{""}, Resources: []string{"services", "services/status"}, Verbs: []string{"create", "get", "update", "delete"},
	}, rbacv1.PolicyRule{
		APIGroups: []string{""}, Resources: []string{"services"}, ResourceNames: []string{"nginx"}, Verbs: []string{"promote"},
	})
	dev, boss := as(t, developer, alone), as(t, promoter, alone)
	probe := service(ns, "probe", asked11, manual, approved("1.11"))
	refuses := func() bool { return dev.Create(t.Context(), probe.DeepCopy(), client.DryRunAll) != nil }
	eventually(t, "the developer may create Services", func() bool { return !refuses() })
	installPolicyAlone(t, admin, template(t, "--set=approval.restricted=true"), "bluegreen-approval", refuses)
	next := names()
	for name, test := range approvalWrites {
		t.Run("update: "+name, func(t *testing.T) {
			svc := service(ns, next(), test.before...)
			create(t, admin, svc)
			test.write.to(svc)
			checkRefusal(t, dev.Update(t.Context(), svc, client.DryRunAll), test.refusal)
			checkRefusal(t, admin.Update(t.Context(), svc, client.DryRunAll), "")
		})
	}
	t.Run("who may promote one promotes that one", func(t *testing.T) {
		for name, refusal := range map[string]string{"nginx": "", "apache": mayNotApprove} {
			svc := service(ns, name, asked11, manual)
			create(t, admin, svc)
			approved("1.11")(svc)
			checkRefusal(t, boss.Update(t.Context(), svc, client.DryRunAll), refusal)
			checkRefusal(t, boss.Status().Update(t.Context(), svc, client.DryRunAll), refusal)
		}
	})
	t.Run("creations", func(t *testing.T) {
		for _, test := range []struct {
			with    changes
			refusal string
		}{{changes{manual}, ""}, {changes{manual, approved("1.11")}, mayNotApprove}, {changes{generated, approved("1.11")}, mayNotApprove}} {
			svc := service(ns, "new", append(test.with, asked11)...)
			checkRefusal(t, dev.Create(t.Context(), svc, client.DryRunAll), test.refusal)
		}
	})
	t.Run("deletions, which could be followed by a creation", func(t *testing.T) {
		for _, test := range []struct {
			with    change
			refusal string
		}{{manual, mayNotWeaken}, {labelled, ""}} {
			svc := service(ns, next(), asked11, test.with)
			create(t, admin, svc)
			checkRefusal(t, dev.Delete(t.Context(), svc, client.DryRunAll), test.refusal)
			for _, garbage := range []string{"system:serviceaccount:kube-system:namespace-controller", "system:kube-controller-manager"} {
				checkRefusal(t, as(t, garbage).Delete(t.Context(), svc, client.DryRunAll), "")
			}
		}
	})
	t.Run("a sentence", func(t *testing.T) {
		svc := service(ns, "sentence", asked11, manual)
		create(t, admin, svc)
		approved("1.11")(svc)
		checkSentence(t, dev.Update(t.Context(), svc), `services "sentence" is forbidden: ValidatingAdmissionPolicy 'bluegreen-approval' with `+
			`binding 'bluegreen-approval' denied request: Service approvals/sentence: only who may "promote" it approves a version (annotation `+
			`bluegreen/approved-version). That is a right like any other: verb promote, resource services, name sentence`)
	})
}

func manual(svc *corev1.Service) { annotate("bluegreen/promotion", "manual")(svc) }

func approved(version string) change { return annotate("bluegreen/approved-version", version) }

// alone takes the groups off a user, who then may do only what was granted.
func alone(config *rest.Config) { config.Impersonate.Groups = nil }

// grant lets a user do something everywhere.
func grant(t *testing.T, c client.Client, user string, rules ...rbacv1.PolicyRule) {
	t.Helper()
	create(t, c, &rbacv1.ClusterRole{ObjectMeta: metav1.ObjectMeta{Name: user}, Rules: rules})
	create(t, c, &rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: user},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: user},
		Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: user}},
	})
}
