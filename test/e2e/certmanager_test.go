//go:build e2e && certmanager

package e2e

import (
	"bytes"
	"flag"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/bluegreen-k8s/bluegreen/test/markdown"
)

var chartOfCertManager = flag.String("cert-manager", "", "directory of cert-manager's Helm chart")

// The names of the Certificates in the chart.
const (
	authority = release + "-webhook-ca"
	serving   = release + "-webhook"
)

// TestCertManager has cert-manager make the webhook's certificate, and changes all about it that may change, under writes that
// show whether the webhook saw them. It writes what came of that into docs/operate.md.
func TestCertManager(t *testing.T) {
	installCertManager(t)
	ns, r := twoVersions(t)
	if installation.serving == 0 || installation.serving > 60*time.Second {
		t.Errorf("from helm install, webhook serving after %v; want it within 60 s", installation.serving)
	}
	switchTo(t, r, ns, "1.11")
	assertSwitched(t, r.Judge(t).Switches)

	page := readPage(t, "operate.md", installed)
	table := markdown.Table{Head: []string{"what changes", "until all pods have it", "handshakes", "failed", "asks", "past the webhook"}}
	for _, test := range []struct {
		what   string
		change func(*testing.T)
	}{
		{what: "the serving certificate is renewed", change: renewServing},
		{what: "the CA is renewed, and then the serving certificate", change: renewBoth},
		{what: "the CA's key is replaced, and then the serving certificate", change: replaceKey},
		{what: "both are replaced by the commands below", change: func(t *testing.T) { replaceByThePage(t, page) }},
		{what: "`tls.mode`, from cert-manager to self-managed", change: changeMode("self-managed")},
		{what: "`tls.mode`, from self-managed to cert-manager", change: changeMode("cert-manager")},
	} {
		t.Run(test.what, func(t *testing.T) {
			asks, shakes := streamAsks(t, ns, 1), streamHandshakes(t)
			before := shakes.await(t, "every replica to be trusted", func(string) bool { return true })
			start := time.Now()
			test.change(t)
			shakes.await(t, "every replica to be trusted with a new certificate", func(serial string) bool {
				return !slices.Contains(before, serial)
			})
			took := time.Since(start)
			shakes.end()
			table.Add(test.what, fmt.Sprintf("%.0f s", took.Seconds()), fmt.Sprint(shakes.count), fmt.Sprint(shakes.refused),
				fmt.Sprint(asks.count), fmt.Sprint(len(asks.bypassed)))
			if shakes.refused > 0 {
				t.Errorf("%d handshakes failed", shakes.refused)
			}
			asks.assertAllAdmitted(t)
			kubectl(t, "delete", "service", "asked-0", "--namespace", ns)
		})
	}
	page.assertAllRun(t)
	if *update && !t.Failed() {
		operating := filepath.Join(cluster.Root, "docs/operate.md")
		if err := markdown.Fill(operating, "certificates", "make cert-manager", table.String()); err != nil {
			t.Fatal(err)
		}
	}
}

// installCertManager installs cert-manager with its own chart, and leaves a cluster without it and without bluegreen.
func installCertManager(t *testing.T) {
	t.Helper()
	uninstall := func(name, namespace string) {
		helm(t, "uninstall", name, "--namespace", namespace, "--ignore-not-found", "--wait")
	}
	uninstall(release, installed)
	uninstall("cert-manager", "cert-manager")
	t.Cleanup(func() {
		uninstall(release, installed)
		uninstall("cert-manager", "cert-manager")
	})
	args := []string{"install", "cert-manager", *chartOfCertManager, "--namespace", "cert-manager", "--create-namespace", "--wait",
		"--set", "crds.enabled=true,crds.keep=false,prometheus.enabled=false,startupapicheck.enabled=false,livenessProbe.enabled=false"}
	for component, prefix := range map[string]string{"controller": "", "cainjector": "cainjector.", "webhook": "webhook."} {
		args = append(args, "--set",
			fmt.Sprintf("%[1]simage.repository=cert-manager,%[1]simage.tag=local,%[1]sextraArgs={%[2]s}", prefix, component))
	}
	helm(t, args...)
}

func renewServing(t *testing.T) { renew(t, serving) }

// renewBoth makes the new CA the trusted one while the replicas serve what the old one signed.
func renewBoth(t *testing.T) {
	before := secretOf(t, authority)
	renew(t, authority)
	renew(t, serving)
	if !bytes.Equal(secretOf(t, authority)[corev1.TLSPrivateKeyKey], before[corev1.TLSPrivateKeyKey]) {
		t.Error("a renewal replaced the CA's key")
	}
}

func replaceKey(t *testing.T) {
	reissued(t, authority, func() { kubectl(t, "delete", "secret", authority, "--namespace", installed) })
	renew(t, serving)
}

// replaceByThePage ends with one CA that is trusted, the new one.
func replaceByThePage(t *testing.T, page *page) {
	before := secretOf(t, authority)
	page.run(t, "Replace the CA's key")
	now := secretOf(t, authority)
	if bytes.Equal(now[corev1.TLSPrivateKeyKey], before[corev1.TLSPrivateKeyKey]) {
		t.Error("the CA's key is the old one")
	}
	bundle, err := caBundle()
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(bundle, now[corev1.TLSCertKey]) {
		t.Errorf("the API server trusts\n%s\nand not only\n%s", bundle, now[corev1.TLSCertKey])
	}
}

func secretOf(t *testing.T, name string) map[string][]byte {
	t.Helper()
	secret, err := cluster.CoreV1().Secrets(installed).Get(t.Context(), name, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return secret.Data
}

func changeMode(mode string) func(*testing.T) {
	return func(t *testing.T) {
		helm(t, append([]string{"upgrade", "--set", "tls.mode=" + mode}, installArgs()...)...)
		awaitAvailable(t, installed, release, 2)
	}
}

// renew has cert-manager issue a certificate anew, as `cmctl renew` does.
func renew(t *testing.T, name string) {
	t.Helper()
	issuing := fmt.Sprintf(`[{"op": "add", "path": "/status/conditions/-", "value": {"type": "Issuing", "status": "True",
		"reason": "ManuallyTriggered", "message": "renewed by a test", "lastTransitionTime": %q}}]`, time.Now().UTC().Format(time.RFC3339))
	reissued(t, name, func() {
		kubectl(t, "patch", "certificate", name, "--namespace", installed, "--subresource=status", "--type=json", "--patch", issuing)
	})
}

// reissued does what makes cert-manager issue a certificate anew, and waits until it has.
func reissued(t *testing.T, name string, cause func()) {
	t.Helper()
	printed := kubectl(t, "get", "certificate", name, "--namespace", installed, "--output=jsonpath={.status.revision}")
	revision, err := strconv.Atoi(printed.Stdout)
	if err != nil {
		t.Fatal(err)
	}
	cause()
	kubectl(t, "wait", "certificate", name, "--namespace", installed, "--timeout=60s",
		fmt.Sprintf("--for=jsonpath={.status.revision}=%d", revision+1))
}
