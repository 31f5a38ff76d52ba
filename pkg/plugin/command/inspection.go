package command

import (
	"context"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/bluegreen-k8s/bluegreen/pkg/plugin/shipped"
	"github.com/bluegreen-k8s/bluegreen/pkg/plugin/soundness"
)

// inspection reads what a cluster tells of the installations in it.
type inspection struct{ *cluster }

// facts reads all there is to know. What cannot be read is a part of that; without an API server that answers, nothing is.
func (i inspection) facts(ctx context.Context, plugin string) (soundness.Facts, error) {
	facts := soundness.Facts{Plugin: plugin}
	served, err := i.Discovery().ServerVersion()
	switch {
	case apierrors.IsForbidden(err):
		facts.Kubernetes.Err = err
	case err != nil:
		return facts, err
	default:
		facts.Kubernetes.Value = served.GitVersion
	}
	facts.Services, facts.Namespace = i.services(ctx)
	facts.Now = i.now(ctx)
	i.installations(ctx, &facts)
	return facts, ctx.Err()
}

// now returns what time it is for the API server, for the clock of this machine may be off. All that is read later is at least as new.
func (i inspection) now(ctx context.Context) time.Time {
	review, err := i.AuthenticationV1().SelfSubjectReviews().Create(ctx, &authenticationv1.SelfSubjectReview{}, metav1.CreateOptions{})
	if err != nil || review.CreationTimestamp.IsZero() {
		return time.Now()
	}
	return review.CreationTimestamp.Time
}

// services reads those of all namespaces, or else those of the one that the flags name.
func (i inspection) services(ctx context.Context) (soundness.Read[[]corev1.Service], string) {
	list, err := i.CoreV1().Services(metav1.NamespaceAll).List(ctx, metav1.ListOptions{})
	if !apierrors.IsForbidden(err) {
		return all(list, err), ""
	}
	list, err = i.CoreV1().Services(i.namespace).List(ctx, metav1.ListOptions{})
	return all(list, err), i.namespace
}

func all(list *corev1.ServiceList, err error) soundness.Read[[]corev1.Service] {
	if err != nil {
		return soundness.Read[[]corev1.Service]{Err: err}
	}
	return soundness.Read[[]corev1.Service]{Value: list.Items}
}

// installations finds the installations in the cluster by their objects, and reads them.
func (i inspection) installations(ctx context.Context, facts *soundness.Facts) {
	registration := i.AdmissionregistrationV1()
	configurations, err := registration.MutatingWebhookConfigurations().List(ctx, metav1.ListOptions{})
	configured := byName(configurations.Items, err)
	policies, err := registration.ValidatingAdmissionPolicies().List(ctx, metav1.ListOptions{})
	ruled := byName(policies.Items, err)
	bindings, err := registration.ValidatingAdmissionPolicyBindings().List(ctx, metav1.ListOptions{})
	bound := byName(bindings.Items, err)
	ofBluegreen := metav1.ListOptions{LabelSelector: "app.kubernetes.io/name=bluegreen"}
	deployments, err := i.AppsV1().Deployments(metav1.NamespaceAll).List(ctx, ofBluegreen)
	for _, err := range []error{configured.Err, ruled.Err, err} {
		if err != nil {
			facts.Unfound = append(facts.Unfound, err)
		}
	}
	for _, name := range soundness.Installations(configurations.Items, policies.Items, deployments.Items) {
		installation := soundness.Installation{NamespacedName: name, Policies: ruled, Bindings: bound}
		installation.Configuration.Err = configured.Err
		if found, is := configured.Value[name.Name]; is {
			installation.Configuration.Value = &found
		}
		i.read(ctx, *facts, &installation)
		facts.Installations = append(facts.Installations, installation)
	}
	if len(facts.Installations) == 0 && len(facts.Unfound) > 0 {
		asked := i.ask(ctx, *facts, nil)
		facts.Asked = &asked
	}
}

// read reads what belongs to one installation alone.
func (i inspection) read(ctx context.Context, facts soundness.Facts, installation *soundness.Installation) {
	namespace := installation.Namespace
	installation.Deployment = object(i.AppsV1().Deployments(namespace).Get(ctx, installation.Name, metav1.GetOptions{}))
	installation.Lease = object(i.CoordinationV1().Leases(namespace).Get(ctx, soundness.LeaseName, metav1.GetOptions{}))
	installation.Secret = object(i.CoreV1().Secrets(namespace).Get(ctx, installation.SecretName(), metav1.GetOptions{}))
	installation.Denied = i.denied(ctx, *installation)
	installation.Asked = i.ask(ctx, facts, installation.Selector())
}

// object returns what came of reading an object. One that is not there is nil.
func object[T any](found *T, err error) soundness.Read[*T] {
	switch {
	case apierrors.IsNotFound(err):
		return soundness.Read[*T]{}
	case err != nil:
		return soundness.Read[*T]{Err: err}
	default:
		return soundness.Read[*T]{Value: found}
	}
}

// named is an object that has a name.
type named[T any] interface {
	*T
	GetName() string
}

// byName returns what came of listing objects, by their names.
func byName[T any, P named[T]](items []T, err error) soundness.Read[map[string]T] {
	found := map[string]T{}
	for i := range items {
		found[P(&items[i]).GetName()] = items[i]
	}
	return soundness.Read[map[string]T]{Value: found, Err: err}
}

// reviews is how many rights are asked about at once.
const reviews = 10

// denied returns what bluegreen's ServiceAccount may not do, though it needs to.
func (i inspection) denied(ctx context.Context, installation soundness.Installation) soundness.Read[[]shipped.Right] {
	rights := shipped.Rights(installation.Options())
	allowed := make([]bool, len(rights))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(reviews)
	for n, right := range rights {
		group.Go(func() error {
			review := reviewOf(installation.Namespace, installation.Account(), right)
			answer, err := i.AuthorizationV1().SubjectAccessReviews().Create(ctx, review, metav1.CreateOptions{})
			if err == nil {
				allowed[n] = answer.Status.Allowed
			}
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return soundness.Read[[]shipped.Right]{Err: err}
	}
	var denied []shipped.Right
	for n, right := range rights {
		if !allowed[n] {
			denied = append(denied, right)
		}
	}
	return soundness.Read[[]shipped.Right]{Value: denied}
}

// reviewOf asks whether a ServiceAccount has a right.
func reviewOf(namespace, account string, right shipped.Right) *authorizationv1.SubjectAccessReview {
	resource, subresource, _ := strings.Cut(right.Resource, "/")
	return &authorizationv1.SubjectAccessReview{Spec: authorizationv1.SubjectAccessReviewSpec{
		User:   "system:serviceaccount:" + namespace + ":" + account,
		Groups: []string{"system:serviceaccounts", "system:serviceaccounts:" + namespace, "system:authenticated"},
		ResourceAttributes: &authorizationv1.ResourceAttributes{
			Namespace:   right.Namespace,
			Verb:        right.Verb,
			Group:       right.Group,
			Resource:    resource,
			Subresource: subresource,
			Name:        right.Name,
		},
	}}
}
