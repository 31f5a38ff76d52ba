package soundness

import (
	"errors"
	"fmt"
	"strings"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/bluegreen-k8s/bluegreen/pkg/plugin/shipped"
)

// policies says of each policy whether it is there, bound, and the one that ships.
func policies(facts Facts, i Installation) []Finding {
	if err := errors.Join(i.Policies.Err, i.Bindings.Err); err != nil {
		return []Finding{unknown("whether the policies are there", err)}
	}
	var findings []Finding
	present := 0
	for _, wanted := range shipped.Policies(i.Options()) {
		policy, there := i.Policies.Value[wanted.Name]
		binding, bound := i.Bindings.Value[wanted.Name]
		switch {
		case !there && !bound && wanted.Optional:
			continue
		case !there:
			findings = append(findings, trouble("There is no ValidatingAdmissionPolicy %s: %s", wanted.Name, restore))
		case !bound:
			findings = append(findings, trouble("There is no ValidatingAdmissionPolicyBinding %s, so the policy refuses nothing: %s", wanted.Name,
				restore))
		default:
			present++
			findings = append(findings, i.compare(facts, wanted, policy, binding)...)
		}
	}
	if len(findings) == 0 {
		return []Finding{ok("%d policies are there, bound, and as they ship", present)}
	}
	return findings
}

// compare says whether a policy and its binding are those that ship with this version.
func (i Installation) compare(facts Facts, wanted shipped.Policy, policy admissionv1.ValidatingAdmissionPolicy,
	binding admissionv1.ValidatingAdmissionPolicyBinding) []Finding {
	if i.Deployment.Value != nil {
		is, of := policy.Labels[versionLabel], i.Deployment.Value.Labels[versionLabel]
		if is != of {
			return []Finding{trouble("ValidatingAdmissionPolicy %s is of version %q, and Deployment %s of %q: %s", wanted.Name, is, i.Name, of,
				restore)}
		}
	}
	differs := i.differences(wanted, policy.Spec, binding.Spec)
	switch {
	case len(differs) == 0:
		return nil
	case i.skewed(facts):
		return []Finding{unknown("whether ValidatingAdmissionPolicy "+wanted.Name+" is the one that ships", fmt.Errorf("bluegreen is %s, and "+
			"this plugin %s", i.version(), facts.Plugin))}
	default:
		return []Finding{trouble("ValidatingAdmissionPolicy %s differs from the one that ships with this plugin, %s, in %s: %s", wanted.Name,
			facts.Plugin, strings.Join(differs, " and "), restore)}
	}
}

// differences returns the fields in which a policy and its binding differ from those that ship.
func (i Installation) differences(wanted shipped.Policy, policy admissionv1.ValidatingAdmissionPolicySpec,
	binding admissionv1.ValidatingAdmissionPolicyBindingSpec) []string {
	var differs []string
	for _, field := range []struct {
		name     string
		is, want any
	}{
		{"failurePolicy", policy.FailurePolicy, wanted.Policy.FailurePolicy},
		{"paramKind", policy.ParamKind, wanted.Policy.ParamKind},
		{"matchConstraints", constraints(policy.MatchConstraints), constraints(wanted.Policy.MatchConstraints)},
		{"namespaceSelector", i.scoped(policy.MatchConstraints), true},
		{"matchConditions", policy.MatchConditions, wanted.Policy.MatchConditions},
		{"variables", policy.Variables, wanted.Policy.Variables},
		{"validations", policy.Validations, wanted.Policy.Validations},
		{"its binding", binding, wanted.Binding},
	} {
		if !equality.Semantic.DeepEqual(field.is, field.want) {
			differs = append(differs, field.name)
		}
	}
	return differs
}

// constraints returns what a policy matches, with the API server's defaults and without the namespaces, which an installation chooses.
func constraints(match *admissionv1.MatchResources) admissionv1.MatchResources {
	if match == nil {
		return admissionv1.MatchResources{}
	}
	read := *match
	read.NamespaceSelector = nil
	if read.ObjectSelector == nil {
		read.ObjectSelector = &metav1.LabelSelector{}
	}
	if read.MatchPolicy == nil {
		read.MatchPolicy = ptr.To(admissionv1.Equivalent)
	}
	return read
}

// scoped reports whether a policy holds in all namespaces, in those that bluegreen watches, or in those of the webhook. These may be
// fewer: AKS keeps webhooks out of some.
func (i Installation) scoped(match *admissionv1.MatchResources) bool {
	if match == nil || match.NamespaceSelector == nil || equality.Semantic.DeepEqual(*match.NamespaceSelector, metav1.LabelSelector{}) {
		return true
	}
	if i.Configuration.Value == nil {
		return true // Nobody can tell.
	}
	return equality.Semantic.DeepEqual(match.NamespaceSelector, i.Selector()) ||
		equality.Semantic.DeepEqual(match.NamespaceSelector, SelectorOf(i.Options().WatchNamespaces))
}

// rights says whether bluegreen's ServiceAccount may do what it needs.
func rights(facts Facts, i Installation) []Finding {
	denied := i.Denied.Value
	switch {
	case i.Denied.Err != nil:
		return []Finding{unknown("what ServiceAccount "+i.Account()+" may do", i.Denied.Err)}
	case len(denied) == 0:
		return []Finding{ok("ServiceAccount %s may do what bluegreen needs", i.Account())}
	case i.skewed(facts):
		return []Finding{unknown("what ServiceAccount "+i.Account()+" needs", fmt.Errorf("bluegreen is %s, and this plugin %s", i.version(),
			facts.Plugin))}
	}
	var lacks []string
	for _, right := range denied {
		lacks = append(lacks, right.String())
	}
	return []Finding{trouble("ServiceAccount %s may not: %s. Its roles and bindings: %s", i.Account(), strings.Join(lacks, ", "), restore)}
}
