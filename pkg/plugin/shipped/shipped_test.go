package shipped

import (
	"slices"
	"strings"
	"testing"
)

// everything is an installation that does all there is.
var everything = Options{Name: "shop-bluegreen", Namespace: "shop", Account: "switcher", Protection: true, Checks: true, SelfManaged: true,
	Metrics: true}

func names(policies []Policy) string {
	var names []string
	for _, policy := range policies {
		names = append(names, strings.TrimPrefix(policy.Name, "shop-bluegreen"))
	}
	return strings.Join(names, " ")
}

func TestPoliciesAreThoseOfWhatTheInstallationDoes(t *testing.T) {
	unprotected, unchecked := everything, everything
	unprotected.Protection, unchecked.Checks = false, false
	for name, test := range map[string]struct {
		options Options
		want    string
	}{
		"everything": {
			options: everything,
			want: " -approval -checks -deletion -in-use-protection -own-deployment-writes -own-job-writes -own-service-writes " +
				"-pod-labels -retirement -status",
		},
		"without the protection": {
			options: unprotected,
			want:    " -approval -checks -deletion -own-deployment-writes -own-job-writes -own-service-writes -retirement -status",
		},
		"without checks": {
			options: unchecked,
			want: " -approval -deletion -in-use-protection -own-deployment-writes -own-service-writes -pod-labels -retirement " +
				"-status",
		},
	} {
		t.Run(name, func(t *testing.T) {
			if got := names(Policies(test.options)); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestPoliciesNameTheUsersOfTheInstallation(t *testing.T) {
	users := map[string]string{
		"shop-bluegreen":                       "system:serviceaccount:shop:switcher'",
		"shop-bluegreen-pod-labels":            "system:serviceaccount:shop:shop-bluegreen-uninstall'",
		"shop-bluegreen-own-deployment-writes": "system:serviceaccount:shop:switcher'",
	}
	for _, policy := range Policies(everything) {
		text := policy.Policy.String()
		if strings.Contains(text, "bluegreen-system") || !strings.Contains(text, users[policy.Name]) {
			t.Errorf("%s: %s", policy.Name, text)
		}
		if policy.Binding.PolicyName != policy.Name || len(policy.Binding.ValidationActions) != 1 {
			t.Errorf("%s has the binding %v", policy.Name, policy.Binding)
		}
		if policy.Optional != (policy.Name == "shop-bluegreen-approval") {
			t.Errorf("%s: optional is %v", policy.Name, policy.Optional)
		}
	}
}

func TestRightsAreThoseOfWhatTheInstallationDoes(t *testing.T) {
	inTwo, little := everything, Options{Name: "bluegreen", Namespace: "bluegreen-system", Account: "bluegreen"}
	inTwo.WatchNamespaces = []string{"a", "b"}
	for name, test := range map[string]struct {
		options     Options
		has, hasNot []string
	}{
		"everything": {
			options: everything,
			has: []string{"patch services -A", "get namespaces -A", "create jobs.batch -A", "create leases.coordination.k8s.io -n shop",
				"update leases.coordination.k8s.io/bluegreen -n shop", "update secrets/shop-bluegreen-ca -n shop",
				"patch mutatingwebhookconfigurations.admissionregistration.k8s.io/shop-bluegreen -A",
				"create tokenreviews.authentication.k8s.io -A"},
			hasNot: []string{"list pods -A", "list endpointslices.discovery.k8s.io -A", "list events.events.k8s.io -A"},
		},
		"in two namespaces": {
			options: inTwo,
			has: []string{"patch services -n a", "patch services -n b", "create jobs.batch -n b",
				"create tokenreviews.authentication.k8s.io -A"},
			hasNot: []string{"patch services -A", "create jobs.batch -A"},
		},
		"little": {
			options: little,
			has:     []string{"patch services -A"},
			hasNot: []string{"create jobs.batch -A", "update secrets/bluegreen-ca -n bluegreen-system",
				"create tokenreviews.authentication.k8s.io -A"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			var rights []string
			for _, right := range Rights(test.options) {
				rights = append(rights, right.String())
			}
			for _, right := range test.has {
				if !slices.Contains(rights, right) {
					t.Errorf("%q is missing in %q", right, rights)
				}
			}
			for _, right := range test.hasNot {
				if slices.Contains(rights, right) {
					t.Errorf("%q is not needed", right)
				}
			}
		})
	}
}
