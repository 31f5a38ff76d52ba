package soundness

import (
	"cmp"
	"slices"
	"strings"
	"time"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/bluegreen-k8s/bluegreen/pkg/plugin/shipped"
)

// Read is what has been read of the cluster, or the error by which it is not known. An object that is not there is a nil Value.
type Read[T any] struct {
	Value T
	Err   error
}

// Facts are what could be read of a cluster.
type Facts struct {
	// Now is when it was looked at, and Plugin the version of who looks.
	Now    time.Time
	Plugin string

	// Kubernetes is the version of the API server.
	Kubernetes Read[string]

	// Services are all in the cluster, or in the Namespace if whoever looks may read no others.
	Services  Read[[]corev1.Service]
	Namespace string

	Installations []Installation

	// Unfound are the errors by which it is not known whether there are more installations. If none is known, Asked is what came of a
	// write that any of them would see.
	Unfound []error
	Asked   *Read[Asked]
}

// Installation is what could be read of one.
type Installation struct {
	types.NamespacedName

	Configuration Read[*admissionv1.MutatingWebhookConfiguration]
	Policies      Read[map[string]admissionv1.ValidatingAdmissionPolicy]
	Bindings      Read[map[string]admissionv1.ValidatingAdmissionPolicyBinding]
	Deployment    Read[*appsv1.Deployment]
	Lease         Read[*coordinationv1.Lease]

	// Secret is the one that holds the CA or the certificate.
	Secret Read[*corev1.Secret]

	// Asked says which write the API server was sent, as a dry run, and whether it has asked the webhook about that.
	Asked Read[Asked]

	// Denied are the rights that bluegreen's ServiceAccount lacks.
	Denied Read[[]shipped.Right]
}

// Asked is what came of a dry run.
type Asked struct {
	Write   string
	Webhook bool
}

// Names of what every installation has.
const (
	ServicesWebhook    = "services.bluegreen-k8s.github.io"
	DeploymentsWebhook = "deployments.bluegreen-k8s.github.io"
	LeaseName          = "bluegreen"
)

// controllerVariable is the variable of a policy that says who bluegreen is, and switchesVariable one that only the main policy has.
const (
	controllerVariable = "byController"
	switchesVariable   = "switches"
	usernamePrefix     = "system:serviceaccount:"
)

// Installations returns the names of the installations to which some objects belong, sorted. An installation lacks whatever somebody has
// deleted, so each of its objects is a reason to look for the others.
func Installations(configurations []admissionv1.MutatingWebhookConfiguration, policies []admissionv1.ValidatingAdmissionPolicy,
	deployments []appsv1.Deployment) []types.NamespacedName {
	found := map[types.NamespacedName]bool{}
	for _, object := range configurations {
		if webhook, has := webhookNamed(&object, ServicesWebhook); has && webhook.ClientConfig.Service != nil {
			found[types.NamespacedName{Namespace: webhook.ClientConfig.Service.Namespace, Name: object.Name}] = true
		}
	}
	for _, object := range policies {
		if namespace, _, is := controllerOf(object); is && variable(object, switchesVariable) != "" {
			found[types.NamespacedName{Namespace: namespace, Name: object.Name}] = true
		}
	}
	for _, object := range deployments {
		if flag(&object, "deployment") == object.Name {
			found[types.NamespacedName{Namespace: object.Namespace, Name: object.Name}] = true
		}
	}
	var names []types.NamespacedName
	for name := range found {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b types.NamespacedName) int { return strings.Compare(a.String(), b.String()) })
	return names
}

// controllerOf returns the ServiceAccount that a policy takes for bluegreen's.
func controllerOf(policy admissionv1.ValidatingAdmissionPolicy) (namespace, account string, is bool) {
	_, user, is := strings.Cut(variable(policy, controllerVariable), usernamePrefix)
	if !is {
		return "", "", false
	}
	namespace, account, is = strings.Cut(strings.TrimRight(user, "'"), ":")
	return namespace, account, is
}

func variable(policy admissionv1.ValidatingAdmissionPolicy, name string) string {
	for _, variable := range policy.Spec.Variables {
		if variable.Name == name {
			return variable.Expression
		}
	}
	return ""
}

func webhookNamed(configuration *admissionv1.MutatingWebhookConfiguration, name string) (admissionv1.MutatingWebhook, bool) {
	for _, webhook := range configuration.Webhooks {
		if webhook.Name == name {
			return webhook, true
		}
	}
	return admissionv1.MutatingWebhook{}, false
}

// flag returns the value of a flag on the command line of a Deployment of bluegreen; empty if it has none.
func flag(deployment *appsv1.Deployment, name string) string {
	value := ""
	for _, container := range deployment.Spec.Template.Spec.Containers {
		for _, arg := range container.Args {
			if arg == "--"+name {
				value = "true"
			} else if set, is := strings.CutPrefix(arg, "--"+name+"="); is {
				value = set
			}
		}
	}
	return value
}

// Options returns what the manifests of the installation depend on, as far as that is known.
func (i Installation) Options() shipped.Options {
	options := shipped.Options{Name: i.Name, Namespace: i.Namespace, Account: i.Account(), SelfManaged: i.selfManaged(), Protection: true}
	if configuration := i.Configuration.Value; configuration != nil {
		_, options.Protection = webhookNamed(configuration, DeploymentsWebhook)
	}
	if deployment := i.Deployment.Value; deployment != nil {
		options.Protection = flag(deployment, "in-use-protection") != "false"
		options.Checks = flag(deployment, "checks") == "true"
		options.Metrics = flag(deployment, "metrics-bind-address") != "0"
		if list := flag(deployment, "watch-namespaces"); list != "" {
			options.WatchNamespaces = strings.Split(list, ",")
		}
	}
	return options
}

// Selector returns that of the namespaces about whose Services the API server asks the webhook, or should; nil for all.
func (i Installation) Selector() *metav1.LabelSelector {
	if i.Configuration.Value == nil {
		return SelectorOf(i.Options().WatchNamespaces)
	}
	webhook, _ := webhookNamed(i.Configuration.Value, ServicesWebhook)
	return webhook.NamespaceSelector
}

// SelectorOf returns that of some namespaces, as the chart has it; nil for none.
func SelectorOf(namespaces []string) *metav1.LabelSelector {
	if len(namespaces) == 0 {
		return nil
	}
	return &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{
		{Key: corev1.LabelMetadataName, Operator: metav1.LabelSelectorOpIn, Values: namespaces},
	}}
}

// Account returns the name of bluegreen's ServiceAccount.
func (i Installation) Account() string {
	account := ""
	if deployment := i.Deployment.Value; deployment != nil {
		account = deployment.Spec.Template.Spec.ServiceAccountName
	} else if policy, found := i.Policies.Value[i.Name]; found {
		_, account, _ = controllerOf(policy)
	}
	return cmp.Or(account, i.Name)
}

// SecretName returns the name of the Secret that holds the CA or, from cert-manager, the certificate.
func (i Installation) SecretName() string {
	if i.selfManaged() {
		return i.Name + "-ca"
	}
	return i.Name + "-webhook-tls"
}

// selfManaged reports whether bluegreen keeps its own certificate.
func (i Installation) selfManaged() bool {
	if deployment := i.Deployment.Value; deployment != nil {
		return flag(deployment, "tls-cert-dir") == ""
	}
	return i.Configuration.Value == nil || i.Configuration.Value.Annotations["cert-manager.io/inject-ca-from"] == ""
}
