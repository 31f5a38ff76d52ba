package manifests

import (
	"testing"

	rbacv1 "k8s.io/api/rbac/v1"
)

const (
	// operator may write Services, and scale Deployments.
	operator = "operator"

	mayNotRetire = "only who may scale them sets it: verb patch, resource deployments/scale"
)

// retirementWrites are writes by somebody who may write Services, but scale no Deployments.
var retirementWrites = map[string]lentWrite{
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
	lentRight{
		right: rbacv1.PolicyRule{
			APIGroups: []string{"apps"}, Resources: []string{"deployments/scale"}, Verbs: []string{"patch"},
		},
		user:      operator,
		namespace: "retirements",
		policy:    "bluegreen-retirement",
		asks:      retires("1h"),
		refusal:   mayNotRetire,
		sentence: `services "sentence" is forbidden: ValidatingAdmissionPolicy 'bluegreen-retirement' with ` +
			`binding 'bluegreen-retirement' denied request: Service retirements/sentence: annotation bluegreen/retire-after scales the ` +
			`Deployments that traffic has left to 0, so only who may scale them sets it: verb patch, resource deployments/scale, in ` +
			`namespace retirements`,
		writes: retirementWrites,
	}.check(t)
}

func retires(after string) change { return annotate("bluegreen/retire-after", after) }
