package shipped

import (
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

// Right is one thing that the ServiceAccount of an installation may do. An empty Namespace is all of them.
type Right struct{ Verb, Group, Resource, Namespace, Name string }

// String returns the right as kubectl auth can-i takes it.
func (r Right) String() string {
	text := r.Verb + " " + r.Resource
	if r.Group != "" {
		text += "." + r.Group
	}
	if r.Name != "" {
		text += "/" + r.Name
	}
	if r.Namespace == metav1.NamespaceAll {
		return text + " -A"
	}
	return text + " -n " + r.Namespace
}

// Rights returns what the ServiceAccount of an installation may do. A role that the manifests bind to nobody is for people, or for
// whoever reads metrics.
func Rights(o Options) []Right {
	var rights []Right
	found := objects(o)
	bound := boundIn(found)
	for _, object := range found {
		switch object := object.(type) {
		case *rbacv1.Role:
			if bound[refTo("Role", object.Name)] {
				rights = append(rights, o.rightsOf(object.Name, object.Rules, o.Namespace)...)
			}
		case *rbacv1.ClusterRole:
			if !bound[refTo("ClusterRole", object.Name)] {
				continue
			}
			for _, where := range o.where(object.Name) {
				rights = append(rights, o.rightsOf(object.Name, object.Rules, where)...)
			}
		}
	}
	return rights
}

func refTo(kind, name string) rbacv1.RoleRef {
	return rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: kind, Name: name}
}

// boundIn returns the roles that the bindings among some objects grant. The manifests grant them to bluegreen's ServiceAccount alone.
func boundIn(objects []runtime.Object) map[rbacv1.RoleRef]bool {
	bound := map[rbacv1.RoleRef]bool{}
	for _, object := range objects {
		switch object := object.(type) {
		case *rbacv1.RoleBinding:
			bound[object.RoleRef] = true
		case *rbacv1.ClusterRoleBinding:
			bound[object.RoleRef] = true
		}
	}
	return bound
}

// where returns the namespaces in which what a ClusterRole of the manifests allows is allowed. With WatchNamespaces, the chart has Roles
// in those in place of the ones for the work on Services.
func (o Options) where(role string) []string {
	if (role == name || role == name+"-checks") && len(o.WatchNamespaces) > 0 {
		return o.WatchNamespaces
	}
	return []string{metav1.NamespaceAll}
}

func (o Options) rightsOf(role string, rules []rbacv1.PolicyRule, where string) []Right {
	if o.without(role) {
		return nil
	}
	var rights []Right
	for _, rule := range rules {
		for _, group := range rule.APIGroups {
			for _, resource := range rule.Resources {
				for _, verb := range rule.Verbs {
					right := Right{Verb: verb, Group: group, Resource: resource, Namespace: where}
					rights = append(rights, o.named(right, rule.ResourceNames)...)
				}
			}
		}
	}
	return rights
}

// named limits a right to the objects of some names; none for all objects.
func (o Options) named(right Right, names []string) []Right {
	if len(names) == 0 {
		return []Right{right}
	}
	var rights []Right
	for _, object := range names {
		right.Name = object
		if right.Resource != "leases" { // The Lease has one name in every installation.
			right.Name = o.renamed(object)
		}
		rights = append(rights, right)
	}
	return rights
}
