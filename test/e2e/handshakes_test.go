//go:build e2e && certmanager

package e2e

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/bluegreen-k8s/bluegreen/test/harness"
)

// handshakes are TLS handshakes with the webhook, one after another, each by the CA bundle of its moment. An API server does one
// only when it opens a connection, so writes alone would not show every certificate that it would not trust.
type handshakes struct {
	stop    context.CancelFunc
	done    sync.WaitGroup
	address string

	mu      sync.Mutex
	count   int
	refused int
	// serials are those of the certificates that the last handshakes showed, the newest first.
	serials []string
}

// enough handshakes in a row go to every replica.
const enough = 40

// streamHandshakes begins with them. Each goes to whatever replica the webhook's Service chooses.
func streamHandshakes(t *testing.T) *handshakes {
	t.Helper()
	service, err := cluster.CoreV1().Services(installed).Get(t.Context(), release+"-webhook", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	t.Cleanup(stop)
	h := &handshakes{stop: stop, address: net.JoinHostPort(service.Spec.ClusterIP, "443")}
	h.done.Go(func() {
		wait.UntilWithContext(ctx, func(context.Context) { h.one(t) }, 20*time.Millisecond)
	})
	return h
}

func (h *handshakes) one(t *testing.T) {
	start := time.Now()
	serial, err := h.shake()
	h.mu.Lock()
	defer h.mu.Unlock()
	h.count++
	if err != nil {
		t.Logf("%s: a handshake failed: %v", start.Format(time.StampMilli), err)
		h.refused++
		h.serials = nil
		return
	}
	h.serials = append([]string{serial}, h.serials[:min(len(h.serials), enough-1)]...)
}

// shake returns the serial number of the webhook's certificate.
func (h *handshakes) shake() (string, error) {
	bundle, err := caBundle()
	if err != nil {
		return "", err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(bundle)
	connection, err := tls.DialWithDialer(&net.Dialer{Timeout: 2 * time.Second}, "tcp", h.address, &tls.Config{
		RootCAs:    roots,
		ServerName: release + "-webhook." + installed + ".svc",
	})
	if err != nil {
		return "", err
	}
	defer connection.Close()
	return connection.ConnectionState().PeerCertificates[0].SerialNumber.String(), nil
}

// caBundle returns the CAs that API servers trust.
func caBundle() ([]byte, error) {
	configuration, err := cluster.AdmissionregistrationV1().MutatingWebhookConfigurations().Get(
		context.Background(), release, metav1.GetOptions{})
	if err != nil {
		return nil, err
	}
	return configuration.Webhooks[0].ClientConfig.CABundle, nil
}

// await waits until enough handshakes in a row show certificates that are wanted, and returns their serial numbers.
func (h *handshakes) await(t *testing.T, what string, wanted func(serial string) bool) (serials []string) {
	t.Helper()
	served := func(context.Context) (bool, error) {
		h.mu.Lock()
		defer h.mu.Unlock()
		serials = h.serials
		return len(serials) == enough && !slices.ContainsFunc(serials, func(serial string) bool { return !wanted(serial) }), nil
	}
	if err := wait.PollUntilContextTimeout(t.Context(), 50*time.Millisecond, 2*harness.Patience, true, served); err != nil {
		t.Fatalf("waiting for %s: %v", what, err)
	}
	return serials
}

func (h *handshakes) end() {
	h.stop()
	h.done.Wait()
}
