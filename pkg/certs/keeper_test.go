package certs

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"maps"
	"testing"
	"time"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes/scheme"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
)

var options = Options{
	Secret:               types.NamespacedName{Namespace: "bluegreen-system", Name: "bluegreen-webhook-ca"},
	WebhookConfiguration: "bluegreen",
	ServiceName:          "bluegreen-webhook",
	Rotation:             DefaultRotation,
}

// api is a cluster with the two objects of the keeper, and counts what is written to them.
type api struct {
	client.Client
	t       *testing.T
	updates int // of the Secret
	patches int // of the webhook configuration
	fail    error
}

func newAPI(t *testing.T, data map[string][]byte) *api {
	t.Helper()
	a := &api{t: t}
	a.Client = fake.NewClientBuilder().WithScheme(scheme.Scheme).WithObjects(
		&corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: options.Secret.Namespace, Name: options.Secret.Name}, Data: data},
		&admissionregistrationv1.MutatingWebhookConfiguration{
			ObjectMeta: metav1.ObjectMeta{Name: options.WebhookConfiguration},
			Webhooks:   []admissionregistrationv1.MutatingWebhook{{Name: "a.bluegreen"}, {Name: "b.bluegreen"}},
		},
	).WithInterceptorFuncs(interceptor.Funcs{
		Update: func(ctx context.Context, next client.WithWatch, object client.Object, opts ...client.UpdateOption) error {
			a.updates++
			if a.fail != nil {
				return a.fail
			}
			return next.Update(ctx, object, opts...)
		},
		Patch: func(ctx context.Context, next client.WithWatch, object client.Object, patch client.Patch, opts ...client.PatchOption) error {
			a.patches++
			if a.fail != nil {
				return a.fail
			}
			return next.Patch(ctx, object, patch, opts...)
		},
	}).Build()
	return a
}

func (a *api) keeper() *Keeper { return &Keeper{Options: options, client: a} }

func (a *api) authorities() []tls.Certificate {
	a.t.Helper()
	secret := &corev1.Secret{}
	if err := a.Get(context.Background(), options.Secret, secret); err != nil {
		a.t.Fatal(err)
	}
	return decode(secret.Data)
}

// bundles returns the CA bundle of each webhook.
func (a *api) bundles() [][]byte {
	a.t.Helper()
	configuration := &admissionregistrationv1.MutatingWebhookConfiguration{}
	if err := a.Get(context.Background(), types.NamespacedName{Name: options.WebhookConfiguration}, configuration); err != nil {
		a.t.Fatal(err)
	}
	var bundles [][]byte
	for _, webhook := range configuration.Webhooks {
		bundles = append(bundles, webhook.ClientConfig.CABundle)
	}
	return bundles
}

func look(t *testing.T, keeper *Keeper) ctrl.Result {
	t.Helper()
	result, err := keeper.Reconcile(context.Background(), ctrl.Request{NamespacedName: options.Secret})
	if err != nil {
		t.Fatal(err)
	}
	return result
}

func TestTwoReplicasOfAFirstInstallAgreeOnOneCAAndRest(t *testing.T) {
	a := newAPI(t, nil)
	one, other := a.keeper(), a.keeper()
	if _, err := one.GetCertificate(nil); err == nil {
		t.Error("a certificate out of nothing")
	}
	for range 3 {
		look(t, one)
		look(t, other)
	}
	if len(a.authorities()) != 1 || a.updates != 1 || a.patches != 1 {
		t.Errorf("%d CAs, %d writes of the Secret, %d of the configuration", len(a.authorities()), a.updates, a.patches)
	}
	for _, bundle := range a.bundles() {
		roots := x509.NewCertPool()
		if !roots.AppendCertsFromPEM(bundle) || bytes.Contains(bundle, []byte("PRIVATE")) {
			t.Fatalf("no bundle: %s", bundle)
		}
		for _, keeper := range []*Keeper{one, other} {
			served, err := keeper.GetCertificate(nil)
			if err != nil {
				t.Fatal(err)
			}
			leaf, err := x509.ParseCertificate(served.Certificate[0])
			if err != nil {
				t.Fatal(err)
			}
			if _, err := leaf.Verify(x509.VerifyOptions{Roots: roots, DNSName: host}); err != nil {
				t.Error(err)
			}
		}
	}
}

func TestTheServingCertificateStaysUntilAnotherCASigns(t *testing.T) {
	now := time.Now()
	a := newAPI(t, made(t, now.Add(-48*time.Hour), now))
	keeper := a.keeper()
	result := look(t, keeper)
	first, _ := keeper.GetCertificate(nil)
	if err := trusts(a.authorities()[:1], first, host, now); err != nil {
		t.Errorf("the new CA signs before it is known: %v", err)
	}
	if result.RequeueAfter <= 0 || result.RequeueAfter > DefaultRotation.Overlap {
		t.Errorf("looks again after %s", result.RequeueAfter)
	}
	look(t, keeper)
	if second, _ := keeper.GetCertificate(nil); second != first {
		t.Error("another certificate for no reason")
	}
}

func TestARotationKeepsTheCAsInUseAndDropsTheRestAndJunk(t *testing.T) {
	now := time.Now()
	data := made(t, now.Add(-500*24*time.Hour), now.Add(-100*24*time.Hour))
	data["junk"] = []byte("junk")
	a := newAPI(t, data)
	before := maps.Clone(data)
	look(t, a.keeper())
	authorities := a.authorities()
	if len(authorities) != 2 || a.updates != 1 {
		t.Fatalf("%d CAs after %d writes", len(authorities), a.updates)
	}
	if kept := decode(before)[1]; !authorities[0].Leaf.Equal(kept.Leaf) {
		t.Error("the CA in use is gone")
	}
	look(t, a.keeper())
	if len(a.authorities()) != 2 || a.updates != 1 {
		t.Errorf("%d CAs after %d writes", len(a.authorities()), a.updates)
	}
}

func TestABundleThatSomebodyEditedIsPutBack(t *testing.T) {
	a := newAPI(t, nil)
	keeper := a.keeper()
	look(t, keeper)
	look(t, keeper)
	want := a.bundles()[1]
	configuration := &admissionregistrationv1.MutatingWebhookConfiguration{}
	if err := a.Get(context.Background(), types.NamespacedName{Name: options.WebhookConfiguration}, configuration); err != nil {
		t.Fatal(err)
	}
	configuration.Webhooks[1].ClientConfig.CABundle = nil
	if err := a.Update(context.Background(), configuration); err != nil {
		t.Fatal(err)
	}
	look(t, keeper)
	if got := a.bundles()[1]; !bytes.Equal(got, want) {
		t.Errorf("got %q", got)
	}
}

func TestAWebhookConfigurationThatIsGoneIsNoError(t *testing.T) {
	a := newAPI(t, made(t, time.Now()))
	if err := a.Delete(context.Background(), &admissionregistrationv1.MutatingWebhookConfiguration{ObjectMeta: metav1.ObjectMeta{Name: options.WebhookConfiguration}}); err != nil {
		t.Fatal(err)
	}
	keeper := a.keeper()
	look(t, keeper)
	if _, err := keeper.GetCertificate(nil); err != nil {
		t.Errorf("nothing to serve with: %v", err)
	}
}

func TestAReplicaThatWasSlowerIsNoErrorAndAnythingElseIs(t *testing.T) {
	conflict := apierrors.NewConflict(schema.GroupResource{Resource: "secrets"}, options.Secret.Name, errors.New("changed"))
	for name, data := range map[string]map[string][]byte{"writing the Secret": nil, "writing the configuration": made(t, time.Now())} {
		t.Run(name, func(t *testing.T) {
			a := newAPI(t, data)
			a.fail = conflict
			look(t, a.keeper())
			a.fail = errors.New("out of disk")
			if _, err := a.keeper().Reconcile(context.Background(), ctrl.Request{}); !errors.Is(err, a.fail) {
				t.Errorf("got %v", err)
			}
		})
	}
	t.Run("no Secret", func(t *testing.T) {
		a := newAPI(t, nil)
		keeper := a.keeper()
		keeper.Secret.Name = "another"
		if _, err := keeper.Reconcile(context.Background(), ctrl.Request{}); !apierrors.IsNotFound(err) {
			t.Errorf("got %v", err)
		}
	})
}
