//go:build e2e && prometheus

package e2e

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"fmt"
	"math/big"
	"slices"
	"testing"
	"time"

	"k8s.io/client-go/util/cert"
	"k8s.io/client-go/util/keyutil"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
)

// Causes of alerts. Each is a function of a namespace in which a shop is live.

// nothingMore is the cause of alerts about what has happened in the shop.
func nothingMore(*testing.T, string) {}

// hideWebhook has the API server look for the webhook where nobody answers. bluegreen finds out by its next write.
func hideWebhook(t *testing.T, ns string) {
	t.Helper()
	moveWebhook(t, 4430)
	shop{ns}.annotate(t, "nginx", bluegreen.TargetVersion+"=1.10", bluegreen.ApprovedVersion+"=1.10")
	awaitVersion(t, ns, "nginx", "1.10")
}

// moveWebhook has the API server look for both webhooks at a port of the Service.
func moveWebhook(t *testing.T, port int) {
	t.Helper()
	patch := fmt.Sprintf(`[{"op":"replace","path":"/webhooks/0/clientConfig/service/port","value":%[1]d},`+
		`{"op":"replace","path":"/webhooks/1/clientConfig/service/port","value":%[1]d}]`, port)
	kubectl(t, "patch", "mutatingwebhookconfiguration", release, "--type=json", "-p", patch)
}

// expireCA gives bluegreen a CA that expires in ten days.
func expireCA(t *testing.T, _ string) {
	t.Helper()
	made := time.Now().UTC().Truncate(time.Second)
	giveCAs(t, map[string][]byte{"ca-" + made.Format("20060102T150405Z") + ".pem": newAuthority(t, made, 10*24*time.Hour)})
}

// giveCAs replaces the CAs of bluegreen; if there are none, it makes a new one.
func giveCAs(t *testing.T, data map[string][]byte) {
	t.Helper()
	patch, err := json.Marshal([]map[string]any{{"op": "add", "path": "/data", "value": data}})
	if err != nil {
		t.Fatal(err)
	}
	kubectl(t, "patch", "secret", release+"-ca", "--namespace", installed, "--type=json", "-p", string(patch))
}

// newAuthority returns a CA as bluegreen keeps one, but with an end of its own.
func newAuthority(t *testing.T, made time.Time, life time.Duration) []byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(1),
		Subject:               pkix.Name{CommonName: "expires soon"},
		NotBefore:             made.Add(-time.Hour), // bluegreen takes that for an hour before it was made.
		NotAfter:              made.Add(life),
		KeyUsage:              x509.KeyUsageCertSign,
		BasicConstraintsValid: true,
		IsCA:                  true,
	}
	signed, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(signed)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := cert.EncodeCertificates(leaf)
	if err != nil {
		t.Fatal(err)
	}
	private, err := keyutil.MarshalPrivateKeyToPEM(key)
	if err != nil {
		t.Fatal(err)
	}
	return slices.Concat(certificate, private)
}

// stopReplicas ends bluegreen.
func stopReplicas(t *testing.T, _ string) {
	t.Helper()
	scale(t, installed, release, 0)
}

// restore takes all causes away, after the test's context has ended.
func restore(t *testing.T) {
	t.Helper()
	moveWebhook(t, 443)
	giveCAs(t, map[string][]byte{})
	kubectl(t, "scale", "deployment", release, "--namespace", installed, "--replicas=2")
	kubectl(t, "rollout", "status", "deployment/"+release, "--namespace", installed, "--timeout=90s")
	cluster.AwaitWebhook(t)
}
