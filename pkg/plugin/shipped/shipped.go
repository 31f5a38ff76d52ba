// Package shipped is the policies, bindings and rights that an installation of this version has, read from the manifests that ship. It is
// pure.
package shipped

import (
	"slices"
	"strings"

	admissionv1 "k8s.io/api/admissionregistration/v1"
)

// The manifests are of an installation of this name in this namespace.
const (
	name      = "bluegreen"
	namespace = "bluegreen-system"
)

// Options are what the manifests of an installation depend on.
type Options struct {
	// Name is that of its objects, Namespace where it runs, and Account its ServiceAccount.
	Name, Namespace, Account string

	// WatchNamespaces are those in which it works; none for all.
	WatchNamespaces []string

	// Protection reports whether it protects Deployments in use, Checks whether it runs Jobs, SelfManaged whether it keeps its own
	// certificate, and Metrics whether it serves any.
	Protection, Checks, SelfManaged, Metrics bool
}

// Policy is a policy, and the binding without which it refuses nothing.
type Policy struct {
	Name    string
	Policy  admissionv1.ValidatingAdmissionPolicySpec
	Binding admissionv1.ValidatingAdmissionPolicyBindingSpec

	// Optional reports whether an installation with the same command line can do without.
	Optional bool
}

// Policies returns the policies of an installation, by name.
func Policies(o Options) []Policy {
	bindings := map[string]admissionv1.ValidatingAdmissionPolicyBindingSpec{}
	var policies []Policy
	for _, object := range objects(o) {
		switch object := object.(type) {
		case *admissionv1.ValidatingAdmissionPolicyBinding:
			bindings[object.Spec.PolicyName] = object.Spec
		case *admissionv1.ValidatingAdmissionPolicy:
			if !o.without(object.Name) {
				policies = append(policies, Policy{Name: object.Name, Policy: object.Spec, Optional: object.Name == name+"-approval"})
			}
		}
	}
	for i := range policies {
		policy := &policies[i]
		policy.Binding = bindings[policy.Name]
		policy.Name = o.renamed(policy.Name)
		policy.Binding.PolicyName = policy.Name
	}
	slices.SortFunc(policies, func(a, b Policy) int { return strings.Compare(a.Name, b.Name) })
	return policies
}

// without reports whether an installation lacks an object, because that belongs to something which it does not do.
func (o Options) without(object string) bool {
	switch strings.TrimPrefix(object, name+"-") {
	case "in-use-protection", "pod-labels":
		return !o.Protection
	case "checks", "own-job-writes":
		return !o.Checks
	case "ca":
		return !o.SelfManaged
	case "metrics-auth":
		return !o.Metrics
	default:
		return false
	}
}

// renamed returns the name that an object has in the installation.
func (o Options) renamed(object string) string { return o.Name + strings.TrimPrefix(object, name) }
