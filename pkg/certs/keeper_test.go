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
	"k8s.io/client-go/util/cert"
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

// apiServer is a fake one with the two objects of the keeper. It counts what is written to them, or refuses it.
type apiServer struct {
	client.Client
	t       *testing.T
	updates int // Of the Secret.
	patches int // Of the webhook configuration.
	refusal error
}

func newAPIServer(t *testing.T, secret map[string][]byte) *apiServer {
	t.Helper()
	server := &apiServer{t: t}
	server.Client = fake.NewClientBuilder().WithScheme(scheme.Scheme).WithObjects(
		&corev1.Secret{
			ObjectMeta: metav1.ObjectMeta{Namespace: options.Secret.Namespace, Name: options.Secret.Name},
			Data:       secret,
		},
		&admissionregistrationv1.MutatingWebhookConfiguration{
			ObjectMeta: metav1.ObjectMeta{Name: options.WebhookConfiguration},
			Webhooks:   []admissionregistrationv1.MutatingWebhook{{Name: "a.bluegreen"}, {Name: "b.bluegreen"}},
		},
	).WithInterceptorFuncs(interceptor.Funcs{Update: server.update, Patch: server.patch}).Build()
	return server
}

func (s *apiServer) update(ctx context.Context, next client.WithWatch, object client.Object, opts ...client.UpdateOption) error {
	s.updates++
	if s.refusal != nil {
		return s.refusal
	}
	return next.Update(ctx, object, opts...)
}

func (s *apiServer) patch(ctx context.Context, next client.WithWatch, object client.Object, patch client.Patch,
	opts ...client.PatchOption) error {
	s.patches++
	if s.refusal != nil {
		return s.refusal
	}
	return next.Patch(ctx, object, patch, opts...)
}

func (s *apiServer) keeper() *Keeper { return &Keeper{Options: options, client: s} }

// authorities returns the CAs in the Secret.
func (s *apiServer) authorities() []tls.Certificate {
	s.t.Helper()
	secret := &corev1.Secret{}
	if err := s.Get(s.t.Context(), options.Secret, secret); err != nil {
		s.t.Fatal(err)
	}
	return decode(secret.Data)
}

// configuration returns the webhook configuration.
func (s *apiServer) configuration() *admissionregistrationv1.MutatingWebhookConfiguration {
	s.t.Helper()
	configuration := &admissionregistrationv1.MutatingWebhookConfiguration{}
	if err := s.Get(s.t.Context(), types.NamespacedName{Name: options.WebhookConfiguration}, configuration); err != nil {
		s.t.Fatal(err)
	}
	return configuration
}

// bundles returns the CA bundle of each webhook.
func (s *apiServer) bundles() [][]byte {
	s.t.Helper()
	var bundles [][]byte
	for _, webhook := range s.configuration().Webhooks {
		bundles = append(bundles, webhook.ClientConfig.CABundle)
	}
	return bundles
}

// publish has somebody else make a CA trusted.
func (s *apiServer) publish(authority *x509.Certificate) {
	s.t.Helper()
	bundle, err := cert.EncodeCertificates(authority)
	if err != nil {
		s.t.Fatal(err)
	}
	configuration := s.configuration()
	for i := range configuration.Webhooks {
		configuration.Webhooks[i].ClientConfig.CABundle = bundle
	}
	if err := s.Update(s.t.Context(), configuration); err != nil {
		s.t.Fatal(err)
	}
}

// inBundle returns the CAs of a bundle.
func inBundle(t *testing.T, bundle []byte) []tls.Certificate {
	t.Helper()
	certificates, err := cert.ParseCertsPEM(bundle)
	if err != nil {
		t.Fatal(err)
	}
	var authorities []tls.Certificate
	for _, certificate := range certificates {
		authorities = append(authorities, tls.Certificate{Leaf: certificate})
	}
	return authorities
}

// look has a keeper look at the cluster, which succeeds.
func look(t *testing.T, keeper *Keeper) ctrl.Result {
	t.Helper()
	result, err := keeper.Reconcile(t.Context(), ctrl.Request{NamespacedName: options.Secret})
	if err != nil {
		t.Fatal(err)
	}
	return result
}

func TestTwoReplicasOfAFirstInstallAgreeOnOneCAAndRest(t *testing.T) {
	server := newAPIServer(t, nil)
	one, other := server.keeper(), server.keeper()
	if _, err := one.GetCertificate(nil); err == nil {
		t.Error("a certificate out of nothing")
	}
	for range 3 {
		look(t, one)
		look(t, other)
	}
	if len(server.authorities()) != 1 || server.updates != 1 || server.patches != 1 {
		t.Errorf("%d CAs, %d writes of the Secret, %d of the configuration", len(server.authorities()), server.updates, server.patches)
	}
	for _, bundle := range server.bundles() {
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
	server := newAPIServer(t, secretWithCAs(t, now.Add(-48*time.Hour), now))
	keeper := server.keeper()
	result := look(t, keeper)
	first, _ := keeper.GetCertificate(nil)
	if err := trusts(server.authorities()[:1], first, host, now); err != nil {
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
	data := secretWithCAs(t, now.Add(-500*24*time.Hour), now.Add(-100*24*time.Hour))
	data["junk"] = []byte("junk")
	server := newAPIServer(t, data)
	before := maps.Clone(data)
	look(t, server.keeper())
	authorities := server.authorities()
	if len(authorities) != 2 || server.updates != 1 {
		t.Fatalf("%d CAs after %d writes", len(authorities), server.updates)
	}
	if kept := decode(before)[1]; !authorities[0].Leaf.Equal(kept.Leaf) {
		t.Error("the CA in use is gone")
	}
	look(t, server.keeper())
	if len(server.authorities()) != 2 || server.updates != 1 {
		t.Errorf("%d CAs after %d writes", len(server.authorities()), server.updates)
	}
}

func TestABundleThatSomebodyEditedIsPutBack(t *testing.T) {
	server := newAPIServer(t, nil)
	keeper := server.keeper()
	look(t, keeper)
	look(t, keeper)
	want := server.bundles()[1]
	configuration := server.configuration()
	configuration.Webhooks[1].ClientConfig.CABundle = nil
	if err := server.Update(t.Context(), configuration); err != nil {
		t.Fatal(err)
	}
	look(t, keeper)
	if got := server.bundles()[1]; !bytes.Equal(got, want) {
		t.Errorf("got %q", got)
	}
}

// A change from cert-manager: replicas with its certificate serve until the last of them has been replaced.
func TestACAOfSomebodyElseStaysUntilOursStandsAlone(t *testing.T) {
	now := time.Now()
	other := decode(secretWithCAs(t, now.Add(-time.Minute)))
	theirs, err := newServing(other[0], []string{host}, now)
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		age  time.Duration
		kept bool
	}{
		"our first CA is new": {
			age:  time.Second,
			kept: true,
		},
		"it is as old as two overlaps": {
			age:  2 * DefaultRotation.Overlap,
			kept: false,
		},
	} {
		t.Run(name, func(t *testing.T) {
			server := newAPIServer(t, secretWithCAs(t, now.Add(-test.age)))
			server.publish(other[0].Leaf)
			keeper := server.keeper()
			for range 2 {
				look(t, keeper)
			}
			ours, err := keeper.GetCertificate(nil)
			if err != nil {
				t.Fatal(err)
			}
			for _, bundle := range server.bundles() {
				trusted := inBundle(t, bundle)
				if err := trusts(trusted, ours, host, now); err != nil {
					t.Errorf("ours: %v", err)
				}
				if err := trusts(trusted, theirs, host, now); (err == nil) != test.kept {
					t.Errorf("theirs: %v", err)
				}
			}
			if server.patches != 1 {
				t.Errorf("%d writes of the configuration", server.patches)
			}
		})
	}
}

func TestAWebhookConfigurationThatIsGoneIsNoError(t *testing.T) {
	server := newAPIServer(t, secretWithCAs(t, time.Now()))
	if err := server.Delete(t.Context(), server.configuration()); err != nil {
		t.Fatal(err)
	}
	keeper := server.keeper()
	look(t, keeper)
	if _, err := keeper.GetCertificate(nil); err != nil {
		t.Errorf("nothing to serve with: %v", err)
	}
}

func TestAReplicaThatWasSlowerIsNoErrorAndAnythingElseIs(t *testing.T) {
	conflict := apierrors.NewConflict(schema.GroupResource{Resource: "secrets"}, options.Secret.Name, errors.New("changed"))
	for name, secret := range map[string]map[string][]byte{
		"writing the Secret":        nil,
		"writing the configuration": secretWithCAs(t, time.Now()),
	} {
		t.Run(name, func(t *testing.T) {
			server := newAPIServer(t, secret)
			server.refusal = conflict
			look(t, server.keeper())
			server.refusal = errors.New("out of disk")
			if _, err := server.keeper().Reconcile(t.Context(), ctrl.Request{}); !errors.Is(err, server.refusal) {
				t.Errorf("got %v", err)
			}
		})
	}
	t.Run("no Secret", func(t *testing.T) {
		server := newAPIServer(t, nil)
		keeper := server.keeper()
		keeper.Secret.Name = "another"
		if _, err := keeper.Reconcile(t.Context(), ctrl.Request{}); !apierrors.IsNotFound(err) {
			t.Errorf("got %v", err)
		}
	})
}
