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
	name := numbers()
	deletion := func(user string, changes ...change) string {
		t.Helper()
		heard := &warnings{}
		c := as(t, user, func(config *rest.Config) { config.WarningHandler = heard })
		object := service(ns, name(), changes...)
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

	for what, test := range map[string]struct {
		user    string
		changes []change
		want    string
	}{
		"by a person":              {somebody, []change{managed}, warnsOfDeletion},
		"by a pipeline":            {"system:serviceaccount:ci:deployer", []change{managed}, warnsOfDeletion},
		"with its namespace":       {"system:serviceaccount:kube-system:namespace-controller", []change{managed}, ""},
		"with its owner":           {collector, []change{managed}, ""},
		"by all of the controller": {"system:kube-controller-manager", []change{managed}, ""},
		"of a plain one":           {somebody, nil, ""},
	} {
		if got := deletion(test.user, test.changes...); (got == "") != (test.want == "") || !strings.Contains(got, test.want) {
			t.Errorf("%s: warned %q, want %q", what, got, test.want)
		}
	}
}
