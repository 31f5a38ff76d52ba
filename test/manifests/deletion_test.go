package manifests

import (
	"strings"
	"testing"

	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

const warnsOfDeletion = "is managed by bluegreen, which cannot hold what deletes it and creates it again"

// warnings keeps what the API server warned of.
type warnings struct{ texts []string }

func (w *warnings) HandleWarningHeader(_ int, _, text string) { w.texts = append(w.texts, text) }

func TestTheDeletionOfAManagedServiceWarnsAndHappens(t *testing.T) {
	admin := as(t, somebody)
	ns := newNamespace(t, admin, "deleted")
	installPolicy(t, admin, template(t), "bluegreen-deletion")
	next := names()
	deletion := func(user string, with ...change) string {
		t.Helper()
		heard := &warnings{}
		c := as(t, user, func(config *rest.Config) { config.WarningHandler = heard })
		object := service(ns, next(), with...)
		create(t, admin, object)
		if err := c.Delete(t.Context(), object); err != nil {
			t.Fatalf("by %s: %v", user, err)
		}
		if err := admin.Get(t.Context(), client.ObjectKeyFromObject(object), object); client.IgnoreNotFound(err) != nil || err == nil {
			t.Fatalf("by %s: it is still there (%v)", user, err)
		}
		return strings.Join(heard.texts, "\n")
	}
	eventually(t, "the policy is in force", func() bool { return deletion(somebody, managed) != "" })

	for name, test := range map[string]struct {
		user    string
		service changes
		warning string
	}{
		"by a person": {
			user:    somebody,
			service: changes{managed},
			warning: warnsOfDeletion,
		},
		"of a follower": {
			user:    somebody,
			service: changes{follows},
			warning: warnsOfDeletion,
		},
		"by a pipeline": {
			user:    "system:serviceaccount:ci:deployer",
			service: changes{managed},
			warning: warnsOfDeletion,
		},
		"with its namespace": {
			user:    "system:serviceaccount:kube-system:namespace-controller",
			service: changes{managed},
		},
		"with its owner": {
			user:    collector,
			service: changes{managed},
		},
		"by all of the controller": {
			user:    "system:kube-controller-manager",
			service: changes{managed},
		},
		"of a plain one": {
			user: somebody,
		},
	} {
		got := deletion(test.user, test.service...)
		if (got == "") != (test.warning == "") || !strings.Contains(got, test.warning) {
			t.Errorf("%s: warned %q, want %q", name, got, test.warning)
		}
	}
}
