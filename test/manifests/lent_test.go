package manifests

import (
	"testing"

	rbacv1 "k8s.io/api/rbac/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// editor may write Services, and has no other right.
const editor = "editor"

// lentRight is a right of bluegreen that an annotation of a Service has it use. bluegreen lends it nobody: only those set the annotation
// who have the right themselves.
type lentRight struct {
	right rbacv1.PolicyRule

	// user is somebody who has it, and may write Services. namespace is that of the test.
	user, namespace string

	// policy is the name of what upholds it, with these values of the chart.
	policy string
	values []string

	// asks sets the annotation; refusal is a part of what the editor reads then, and sentence all of it for Service sentence.
	asks              change
	refusal, sentence string

	// writes are those of the editor, by name.
	writes map[string]lentWrite
}

type lentWrite struct {
	before, write changes
	refusal       string
}

// check tries the writes as the editor, and as the user who has the right.
func (l lentRight) check(t *testing.T) {
	admin := as(t, somebody)
	ns := newNamespace(t, admin, l.namespace)
	services := rbacv1.PolicyRule{APIGroups: []string{""}, Resources: []string{"services"}, Verbs: []string{"create", "get", "update"}}
	grant(t, admin, editor, services)
	grant(t, admin, l.user, services, l.right)
	dev, boss := as(t, editor, alone), as(t, l.user, alone)
	probe := service(ns, "probe", managed, l.asks)
	refuses := func() bool { return dev.Create(t.Context(), probe.DeepCopy(), client.DryRunAll) != nil }
	eventually(t, "the editor may create Services", func() bool { return !refuses() })
	installPolicyAlone(t, admin, template(t, l.values...), l.policy, refuses)
	next := names()
	for name, test := range l.writes {
		t.Run("update: "+name, func(t *testing.T) {
			svc := service(ns, next(), test.before...)
			create(t, admin, svc)
			test.write.to(svc)
			checkRefusal(t, dev.Update(t.Context(), svc, client.DryRunAll), test.refusal)
			checkRefusal(t, boss.Update(t.Context(), svc, client.DryRunAll), "")
		})
	}
	t.Run("a creation", func(t *testing.T) {
		checkRefusal(t, dev.Create(t.Context(), service(ns, "new", managed, l.asks), client.DryRunAll), l.refusal)
		checkRefusal(t, dev.Create(t.Context(), service(ns, "new", managed), client.DryRunAll), "")
		checkRefusal(t, boss.Create(t.Context(), service(ns, "new", managed, l.asks), client.DryRunAll), "")
	})
	t.Run("a sentence", func(t *testing.T) {
		svc := service(ns, "sentence", managed)
		create(t, admin, svc)
		l.asks(svc)
		checkSentence(t, dev.Update(t.Context(), svc), l.sentence)
	})
}
