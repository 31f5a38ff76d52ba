package certs

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/cert"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

// Options name the objects that the keeper reads and writes.
type Options struct {
	// Secret holds the CAs. It must exist; an empty one is filled.
	Secret types.NamespacedName

	// WebhookConfiguration is the name of the MutatingWebhookConfiguration that trusts the CAs.
	WebhookConfiguration string

	// ServiceName is that of the Service, in the Secret's namespace, through which the API server calls the webhook.
	ServiceName string

	Rotation Rotation
}

// CacheByObject restricts the informers to the two objects the keeper reads.
func (o Options) CacheByObject() map[client.Object]cache.ByObject {
	named := func(name string) fields.Selector { return fields.OneTermEqualSelector("metadata.name", name) }
	return map[client.Object]cache.ByObject{
		&corev1.Secret{}: {Namespaces: map[string]cache.Config{
			o.Secret.Namespace: {FieldSelector: named(o.Secret.Name)},
		}},
		&admissionregistrationv1.MutatingWebhookConfiguration{}: {Field: named(o.WebhookConfiguration)},
	}
}

// Keeper keeps the CAs, the serving certificate and the CA bundle of the webhook configuration. Every replica runs one;
// they agree by the Secret's resourceVersion.
type Keeper struct {
	Options
	client  client.Client
	serving atomic.Pointer[serving]
}

// serving is a serving certificate and the CA that signed it.
type serving struct {
	certificate *tls.Certificate
	signer      *x509.Certificate
}

var _ reconcile.Reconciler = &Keeper{}

// GetCertificate returns the current serving certificate, for tls.Config.
func (k *Keeper) GetCertificate(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	if current := k.serving.Load(); current != nil {
		return current.certificate, nil
	}
	return nil, errors.New("no serving certificate yet: waiting for the CA in Secret " + k.Secret.String())
}

// Certificates returns the current serving certificate and the CA that signed it; nil before there are any.
func (k *Keeper) Certificates() (serving, authority *x509.Certificate) {
	if current := k.serving.Load(); current != nil {
		return current.certificate.Leaf, current.signer
	}
	return nil, nil
}

// Reconcile makes Secret, serving certificate and webhook configuration what the rotation asks for.
func (k *Keeper) Reconcile(ctx context.Context, _ reconcile.Request) (reconcile.Result, error) {
	secret := &corev1.Secret{}
	if err := k.client.Get(ctx, k.Secret, secret); err != nil {
		return reconcile.Result{}, fmt.Errorf("reading the Secret of the CA: %w", err)
	}
	now := time.Now()
	authorities := decode(secret.Data)
	plan := k.Rotation.plan(authorities, now)
	if plan.renew || plan.oldest > 0 {
		// The write comes back through the watch, and so does that of a replica that was faster.
		return reconcile.Result{}, ignoreConflict(k.rotate(ctx, secret, authorities[plan.oldest:], plan.renew, now))
	}
	if err := k.serve(authorities[plan.signer], now); err != nil {
		return reconcile.Result{}, err
	}
	return reconcile.Result{RequeueAfter: plan.next}, ignoreConflict(k.publish(ctx, authorities, plan.others))
}

// rotate writes the CAs to keep, and a new one if it is due.
func (k *Keeper) rotate(ctx context.Context, secret *corev1.Secret, keep []tls.Certificate, renew bool, now time.Time) error {
	kept := make(map[string][]byte, len(keep)+1)
	for _, authority := range keep {
		kept[dataKey(madeAt(authority))] = secret.Data[dataKey(madeAt(authority))]
	}
	if renew {
		made, err := newAuthority(now)
		if err != nil {
			return err
		}
		kept[dataKey(now)] = made
	}
	secret.Data = kept
	if err := k.client.Update(ctx, secret); err != nil {
		return fmt.Errorf("writing the Secret of the CA: %w", err)
	}
	ctrl.LoggerFrom(ctx).Info("Rotated the CA", "renewed", renew, "authorities", len(kept))
	return nil
}

// serve makes a serving certificate when another CA signs than before.
func (k *Keeper) serve(signer tls.Certificate, now time.Time) error {
	if current := k.serving.Load(); current != nil && current.signer.Equal(signer.Leaf) {
		return nil
	}
	host := k.ServiceName + "." + k.Secret.Namespace + ".svc"
	certificate, err := newServing(signer, []string{host, host + ".cluster.local"}, now)
	if err != nil {
		return err
	}
	k.serving.Store(&serving{certificate: certificate, signer: signer.Leaf})
	return nil
}

// publish writes the CAs into the webhook configuration, for the API server to trust, and leaves others there if they are to stay.
// Without a configuration there is nothing to do.
func (k *Keeper) publish(ctx context.Context, authorities []tls.Certificate, others bool) error {
	configuration := &admissionregistrationv1.MutatingWebhookConfiguration{}
	if err := k.client.Get(ctx, types.NamespacedName{Name: k.WebhookConfiguration}, configuration); err != nil {
		return client.IgnoreNotFound(err)
	}
	published := configuration.DeepCopy()
	for i := range published.Webhooks {
		var earlier []byte
		config := &published.Webhooks[i].ClientConfig
		if others {
			earlier = config.CABundle
		}
		bundle, err := cert.EncodeCertificates(joined(authorities, earlier)...)
		if err != nil {
			return fmt.Errorf("encoding the CA bundle: %w", err)
		}
		config.CABundle = bundle
	}
	if slices.EqualFunc(published.Webhooks, configuration.Webhooks, sameBundle) {
		return nil
	}
	patch := client.StrategicMergeFrom(configuration, client.MergeFromWithOptimisticLock{})
	if err := k.client.Patch(ctx, published, patch); err != nil {
		return fmt.Errorf("writing the CA bundle: %w", err)
	}
	return nil
}

// joined returns the certificates of the CAs, and after them the others of an earlier bundle. One that cannot be read has none.
func joined(authorities []tls.Certificate, earlier []byte) []*x509.Certificate {
	var certificates []*x509.Certificate
	for _, authority := range authorities {
		certificates = append(certificates, authority.Leaf)
	}
	published, _ := cert.ParseCertsPEM(earlier)
	for _, other := range published {
		if !slices.ContainsFunc(certificates, other.Equal) {
			certificates = append(certificates, other)
		}
	}
	return certificates
}

func sameBundle(a, b admissionregistrationv1.MutatingWebhook) bool {
	return bytes.Equal(a.ClientConfig.CABundle, b.ClientConfig.CABundle)
}

func ignoreConflict(err error) error {
	if apierrors.IsConflict(err) {
		return nil
	}
	return err
}

// SetupWithManager registers the keeper, on every replica. It needs the cache of Options.CacheByObject.
func (k *Keeper) SetupWithManager(mgr manager.Manager) error {
	k.client = mgr.GetClient()
	toSecret := func(context.Context, client.Object) []reconcile.Request {
		return []reconcile.Request{{NamespacedName: k.Secret}}
	}
	return ctrl.NewControllerManagedBy(mgr).
		Named("certificates").
		For(&corev1.Secret{}).
		Watches(&admissionregistrationv1.MutatingWebhookConfiguration{}, handler.EnqueueRequestsFromMapFunc(toSecret)).
		WithOptions(controller.Options{NeedLeaderElection: new(false)}).
		Complete(k)
}
