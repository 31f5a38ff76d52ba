package api

import (
	"context"
	"crypto/tls"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/util/cert"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/bluegreen-k8s/bluegreen/test/installation"
)

// TestACertificateFromCertManagerIsReloadedWithoutARestart plays cert-manager: it writes the files that the kubelet would
// mount, and injects the CA.
func TestACertificateFromCertManagerIsReloadedWithoutARestart(t *testing.T) {
	ns := suite.Namespace(t)
	r := suite.InstallFor(t, "certified", "tls.mode=cert-manager", "watchNamespaces={"+ns+"}")
	dir := t.TempDir()
	issue(t, r, dir)
	process := r.StartFor(t, "--tls-cert-dir="+dir)
	serving(t, ns)
	first := served(t, process.WebhookPort)

	issue(t, r, dir)
	err := wait.PollUntilContextTimeout(t.Context(), 50*time.Millisecond, patience, true, func(context.Context) (bool, error) {
		return served(t, process.WebhookPort) != first, nil
	})
	if err != nil {
		t.Fatal("the new certificate is not served")
	}
	serving(t, ns)
}

// issue writes a new certificate, and makes the API server trust it.
func issue(t *testing.T, r *installation.Installation, dir string) {
	t.Helper()
	host := r.Name + "-webhook." + r.Namespace + ".svc"
	certificate, key, err := cert.GenerateSelfSignedCertKey(host, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{"tls.key": key, "tls.crt": certificate} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var configuration admissionregistrationv1.MutatingWebhookConfiguration
	if err := admin.Get(t.Context(), client.ObjectKey{Name: r.Name}, &configuration); err != nil {
		t.Fatal(err)
	}
	for i := range configuration.Webhooks {
		configuration.Webhooks[i].ClientConfig.CABundle = certificate
	}
	if err := admin.Update(t.Context(), &configuration); err != nil {
		t.Fatal(err)
	}
}

// served returns the serial number of the certificate at a port of this machine.
func served(t *testing.T, port int) string {
	t.Helper()
	connection, err := tls.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port), &tls.Config{InsecureSkipVerify: true})
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	return connection.ConnectionState().PeerCertificates[0].SerialNumber.String()
}
