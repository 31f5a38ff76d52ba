package manifests

import (
	"testing"

	rbacv1 "k8s.io/api/rbac/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

const (
	// editor may write Services, and operator may scale Deployments, too.
	editor   = "editor"
	operator = "operator"

	mayNotRetire = "only who may scale them sets it: verb patch, resource deployments/scale"
)

// retirementWrites are writes by somebody who may write Services, but scale no Deployments.
var retirementWrites = map[string]struct {
	before, write changes
	refusal       string
}{
	"a retirement":                      {changes{managed}, changes{retires("1h")}, mayNotRetire},
	"another one":                       {changes{managed, retires("1h")}, changes{retires("1m")}, mayNotRetire},
	"an empty one":                      {changes{managed}, changes{retires("")}, mayNotRetire},
	"on a Service that is not managed":  {nil, changes{retires("1h")}, mayNotRetire},
	"with an adoption":                  {nil, changes{managed, retires("1h")}, mayNotRetire},
	"stored, and an ask":                {changes{managed, retires("1h")}, changes{asked11}, ""},
	"stored, and labels and ports":      {changes{managed, retires("1h")}, changes{labelled, onPort}, ""},
	"stored, and an adoption":           {changes{retires("1h")}, changes{managed}, mayNotRetire},
	"stored, and another version label": {changes{managed, retires("1h")}, changes{byK}, mayNotRetire},
	"stored, and given back":            {changes{managed, retires("1h")}, changes{givenBack}, ""},
	"removed":                           {changes{managed, retires("1h")}, changes{unannotate("bluegreen/retire-after")}, ""},
	"none":                              {changes{managed}, changes{asked11}, ""},
}

// TestRetirementIsForThoseWhoMayScale: bluegreen lends nobody its right to scale Deployments.
func TestRetirementIsForThoseWhoMayScale(t *testing.T) {
	admin := as(t, somebody)
	ns := newNamespace(t, admin, "retirements")
	services := rbacv1.PolicyRule{APIGroups: []string{""}, Resources: []string{"services"}, Verbs: []string{"create", "get", "update"}}
	grant(t, admin, editor, services)
	grant(t, admin, operator, services, rbacv1.PolicyRule{
		APIGroups: []string{"apps"}, Resources: []string{"deployments/scale"}, Verbs: []string{"patch"},
	})
	dev, boss := as(t, editor, alone), as(t, operator, alone)
	probe := service(ns, "probe", managed, retires("1h"))
	refuses := func() bool { return dev.Create(t.Context(), probe.DeepCopy(), client.DryRunAll) != nil }
	eventually(t, "the editor may create Services", func() bool { return !refuses() })
	installPolicyAlone(t, admin, template(t), "bluegreen-retirement", refuses)
	next := names()
	for name, test := range retirementWrites {
		t.Run("update: "+name, func(t *testing.T) {
			svc := service(ns, next(), test.before...)
			create(t, admin, svc)
			test.write.to(svc)
			checkRefusal(t, dev.Update(t.Context(), svc, client.DryRunAll), test.refusal)
			checkRefusal(t, boss.Update(t.Context(), svc, client.DryRunAll), "")
		})
	}
	t.Run("a creation", func(t *testing.T) {
		checkRefusal(t, dev.Create(t.Context(), service(ns, "new", managed, retires("1h")), client.DryRunAll), mayNotRetire)
		checkRefusal(t, dev.Create(t.Context(), service(ns, "new", managed), client.DryRunAll), "")
		checkRefusal(t, boss.Create(t.Context(), service(ns, "new", managed, retires("1h")), client.DryRunAll), "")
	})
	t.Run("a sentence", func(t *testing.T) {
		svc := service(ns, "sentence", managed)
		create(t, admin, svc)
		retires("1h")(svc)
		checkSentence(t, dev.Update(t.Context(), svc), `services "sentence" is forbidden: ValidatingAdmissionPolicy 'bluegreen-retirement' with `+
			`binding 'bluegreen-retirement' denied request: Service retirements/sentence: annotation bluegreen/retire-after scales the Deployments `+
			`that traffic has left to 0, so only who may scale them sets it: verb patch, resource deployments/scale, in namespace retirements`)
	})
}

func retires(after string) change { return annotate("bluegreen/retire-after", after) }
