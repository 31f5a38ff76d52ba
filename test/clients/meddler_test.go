//go:build e2e

package clients

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	admissionv1 "k8s.io/api/admission/v1"
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/utils/ptr"

	"github.com/bluegreen-k8s/bluegreen/test/harness"
)

// meddler is another mutating webhook, asked after bluegreen's, that changes the selector in every update of Service web. It
// is asked about namespaces with a label of its name.
type meddler string

// meddlerLabel is that label.
const meddlerLabel = "meddler"

const (
	// once: asked once a write.
	once meddler = "Never"
	// insists: asked again when something changed after it, as bluegreen's is.
	insists meddler = "IfNeeded"
)

// meddledVersion is where a meddler would send traffic.
const meddledVersion = "6.66"

// startMeddlers serves the meddlers until the test ends, from where the API server reaches them.
func startMeddlers(t *testing.T) {
	t.Helper()
	api, err := url.Parse(cluster.Config.Host)
	if err != nil {
		t.Fatal(err)
	}
	route, err := net.Dial("udp", api.Host)
	if err != nil {
		t.Fatal(err)
	}
	host := route.LocalAddr().(*net.UDPAddr).IP
	route.Close()
	listener, err := net.Listen("tcp", net.JoinHostPort(host.String(), "0"))
	if err != nil {
		t.Fatal(err)
	}
	certificate, bundle := selfSigned(t, host)
	server := httptest.NewUnstartedServer(http.HandlerFunc(meddle))
	server.Listener.Close()
	server.Listener = listener
	server.TLS = &tls.Config{Certificates: []tls.Certificate{certificate}}
	server.StartTLS()
	t.Cleanup(server.Close)
	for _, meddler := range []meddler{once, insists} {
		meddler.configure(t, server.URL, bundle)
	}
}

// meddle answers the API server.
func meddle(w http.ResponseWriter, r *http.Request) {
	var review admissionv1.AdmissionReview
	if err := json.NewDecoder(r.Body).Decode(&review); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	review.Response = &admissionv1.AdmissionResponse{UID: review.Request.UID, Allowed: true}
	if !bytes.Contains(review.Request.Object.Raw, []byte(overLabel)) {
		review.Response.Patch = []byte(`[{"op":"add","path":"/spec/selector/version","value":"` + meddledVersion + `"}]`)
		review.Response.PatchType = ptr.To(admissionv1.PatchTypeJSONPatch)
	}
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(review); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
	}
}

// configure has the API server ask the meddler, and waits until it does.
func (meddler meddler) configure(t *testing.T, url string, bundle []byte) {
	t.Helper()
	configurations := cluster.AdmissionregistrationV1().MutatingWebhookConfigurations()
	made, err := configurations.Create(t.Context(), &admissionregistrationv1.MutatingWebhookConfiguration{
		ObjectMeta: metav1.ObjectMeta{GenerateName: "zz-meddler-"}, // They are asked in the order of their names.
		Webhooks: []admissionregistrationv1.MutatingWebhook{{
			Name:                    "meddler.example.com",
			AdmissionReviewVersions: []string{"v1"},
			ClientConfig:            admissionregistrationv1.WebhookClientConfig{URL: &url, CABundle: bundle},
			FailurePolicy:           ptr.To(admissionregistrationv1.Fail),
			NamespaceSelector:       &metav1.LabelSelector{MatchLabels: map[string]string{meddlerLabel: string(meddler)}},
			ReinvocationPolicy:      new(admissionregistrationv1.ReinvocationPolicyType(meddler)),
			SideEffects:             ptr.To(admissionregistrationv1.SideEffectClassNone),
			Rules: []admissionregistrationv1.RuleWithOperations{{
				Operations: []admissionregistrationv1.OperationType{admissionregistrationv1.Update},
				Rule: admissionregistrationv1.Rule{
					APIGroups:   []string{""},
					APIVersions: []string{"v1"},
					Resources:   []string{"services"},
				},
			}},
		}},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := configurations.Delete(context.Background(), made.Name, metav1.DeleteOptions{}); err != nil {
			t.Error(err)
		}
	})
	meddler.awaitMeddling(t)
}

// awaitMeddling waits until the API server asks the meddler about a plain Service. What it makes of a configuration cannot be
// watched, so this tries, with dry runs.
func (meddler meddler) awaitMeddling(t *testing.T) {
	t.Helper()
	services := cluster.CoreV1().Services(newNamespace(t, meddler).name)
	probe, err := services.Create(t.Context(), selecting("1").object(), metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	err = wait.PollUntilContextTimeout(t.Context(), 50*time.Millisecond, harness.Patience, true, func(ctx context.Context) (bool, error) {
		var written *corev1.Service
		written, err := services.Update(ctx, probe, metav1.UpdateOptions{DryRun: []string{metav1.DryRunAll}})
		return err == nil && written.Spec.Selector["version"] == meddledVersion, err
	})
	if err != nil {
		t.Fatalf("waiting for the other webhook to be asked: %v", err)
	}
}

// selfSigned returns a certificate for an address, and itself in PEM.
func selfSigned(t *testing.T, host net.IP) (tls.Certificate, []byte) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(time.Hour),
		IPAddresses:  []net.IP{host},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	certificate := tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
	return certificate, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}
