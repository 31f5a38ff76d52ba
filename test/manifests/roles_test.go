package manifests

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	eventsv1 "k8s.io/api/events/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

const rolesNamespace = "roles"

// The users of these tests: two have a role of the chart, and two have what Kubernetes makes its roles edit and admin of.
const (
	asker        = "asker"
	approver     = "approver"
	withEdit     = "with-edit"
	withAdmin    = "with-admin"
	aggregatedTo = "rbac.authorization.k8s.io/aggregate-to-"
)

// acts are what users do, and who may.
var acts = map[string]struct {
	do func(*testing.T, client.Client) error
	by []string
}{
	"ask":                          {annotates("nginx", "bluegreen/target-version", "1.12"), []string{asker, approver, withEdit, withAdmin}},
	"adopt":                        {annotates("apache", "bluegreen/target-version", "1.10"), []string{asker, approver, withEdit, withAdmin}},
	"approve":                      {annotates("nginx", "bluegreen/approved-version", "1.11"), []string{approver, withAdmin}},
	"end the waiting for approval": {annotates("nginx", "bluegreen/promotion", "auto"), []string{approver, withAdmin}},
	"have what was left retired":   {annotates("nginx", "bluegreen/retire-after", "1h"), []string{withEdit, withAdmin}},
	"see what a Service needs": {func(t *testing.T, c client.Client) error {
		return lists(t, c, &corev1.ServiceList{}, &appsv1.DeploymentList{}, &appsv1.ReplicaSetList{}, &corev1.PodList{},
			&discoveryv1.EndpointSliceList{}, &batchv1.JobList{}, &eventsv1.EventList{}, &corev1.EventList{})
	}, []string{asker, withEdit, withAdmin}},
	"read Secrets": {func(t *testing.T, c client.Client) error {
		return lists(t, c, &corev1.SecretList{})
	}, []string{withEdit, withAdmin}},
	"create a Service": {func(t *testing.T, c client.Client) error {
		return c.Create(t.Context(), service(rolesNamespace, "new"), client.DryRunAll)
	}, []string{withEdit, withAdmin}},
	"delete a Service": {func(t *testing.T, c client.Client) error {
		return c.Delete(t.Context(), service(rolesNamespace, "apache"), client.DryRunAll)
	}, []string{withEdit, withAdmin}},
	"change a Deployment": {func(t *testing.T, c client.Client) error {
		patch := client.RawPatch(types.MergePatchType, []byte(`{"spec":{"replicas":0}}`))
		return c.Patch(t.Context(), deployment(rolesNamespace, "nginx"), patch, client.DryRunAll)
	}, []string{withEdit, withAdmin}},
	"let somebody else approve": {func(t *testing.T, c client.Client) error {
		role := &rbacv1.Role{ObjectMeta: metav1.ObjectMeta{Namespace: rolesNamespace, Name: "lends"}, Rules: []rbacv1.PolicyRule{
			{APIGroups: []string{""}, Resources: []string{"services"}, Verbs: []string{"promote"}},
		}}
		return c.Create(t.Context(), role, client.DryRunAll)
	}, []string{withAdmin}},
}

// TestRolesLendWhatTheySay tries each act as each user, with restricted approval that is a right of admins.
func TestRolesLendWhatTheySay(t *testing.T) {
	admin := as(t, somebody)
	newNamespace(t, admin, rolesNamespace)
	all := template(t, "--set=approval.restricted=true,approval.aggregateToAdmin=true")
	for _, name := range []string{"bluegreen-asker", "bluegreen-approver", "bluegreen-viewer"} {
		create(t, admin, get[rbacv1.ClusterRole](t, all, "ClusterRole/"+name))
	}
	users := map[string]client.Client{}
	for user, roles := range map[string][]string{
		asker:     {"bluegreen-asker"},
		approver:  {"bluegreen-approver"},
		withEdit:  aggregated(t, admin, "edit", "view"),
		withAdmin: aggregated(t, admin, "admin", "edit", "view"),
	} {
		users[user] = as(t, user, alone)
		bind(t, admin, user, roles)
	}
	create(t, admin, service(rolesNamespace, "apache"))
	for user, c := range users {
		eventually(t, user+" has rights", func() bool { return annotates("apache", "a", "b")(t, c) == nil })
	}
	approves := func() error {
		return users[withEdit].Create(t.Context(), service(rolesNamespace, "probe", approved("1.11")), client.DryRunAll)
	}
	installPolicyAlone(t, admin, all, "bluegreen-approval", func() bool { return approves() != nil })
	installPolicy(t, admin, all, "bluegreen-retirement")
	create(t, admin, service(rolesNamespace, "nginx", asked11, manual))
	createDeployment(t, admin, deployment(rolesNamespace, "nginx"))
	eventually(t, "the policy is in force", func() bool { return annotates("nginx", "bluegreen/retire-after", "1h")(t, users[asker]) != nil })
	for name, act := range acts {
		for user, c := range users {
			t.Run(user+" wants to "+name, func(t *testing.T) {
				err := act.do(t, c)
				if may := slices.Contains(act.by, user); may && err != nil || !may && !apierrors.IsForbidden(err) {
					t.Errorf("may: %v, but got: %v", may, err)
				}
			})
		}
	}
}

// TestAdminsApproveOnlyIfToldSo: with restricted approval alone, no role of Kubernetes takes up the right.
func TestAdminsApproveOnlyIfToldSo(t *testing.T) {
	t.Parallel()
	approver := get[rbacv1.ClusterRole](t, template(t, "--set=approval.restricted=true"), "ClusterRole/bluegreen-approver")
	for label := range approver.Labels {
		if label == aggregatedTo+"admin" || label == aggregatedTo+"edit" || label == aggregatedTo+"view" {
			t.Errorf("it has the label %s", label)
		}
	}
}

// annotates sets an annotation of a Service, as `kubectl annotate --overwrite` does.
func annotates(name, key, value string) func(*testing.T, client.Client) error {
	patch := client.RawPatch(types.MergePatchType, fmt.Appendf(nil, `{"metadata":{"annotations":{%q:%q}}}`, key, value))
	return func(t *testing.T, c client.Client) error {
		return c.Patch(t.Context(), service(rolesNamespace, name), patch, client.DryRunAll)
	}
}

func lists(t *testing.T, c client.Client, kinds ...client.ObjectList) error {
	t.Helper()
	var errs []error
	for _, list := range kinds {
		errs = append(errs, c.List(t.Context(), list, client.InNamespace(rolesNamespace)))
	}
	return errors.Join(errs...)
}

// aggregated names the roles of which a controller of Kubernetes, which does not run here, makes some of those for users.
func aggregated(t *testing.T, c client.Client, into ...string) (names []string) {
	t.Helper()
	for _, role := range into {
		found := &rbacv1.ClusterRoleList{}
		if err := c.List(t.Context(), found, client.MatchingLabels{aggregatedTo + role: "true"}); err != nil {
			t.Fatal(err)
		}
		for _, role := range found.Items {
			names = append(names, role.Name)
		}
	}
	return names
}

// bind gives a user ClusterRoles in the namespace of these tests.
func bind(t *testing.T, c client.Client, user string, roles []string) {
	t.Helper()
	for i, role := range roles {
		create(t, c, &rbacv1.RoleBinding{
			ObjectMeta: metav1.ObjectMeta{Namespace: rolesNamespace, Name: fmt.Sprintf("%s-%d", user, i)},
			RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: role},
			Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: user}},
		})
	}
}
