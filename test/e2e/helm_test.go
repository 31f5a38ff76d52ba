//go:build e2e

package e2e

import (
	"testing"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
)

// TestHelmUpgrades upgrades a release whose chart has the version in annotation and selector: Helm 4 applies server-side,
// and must meet no conflict, whoever wrote the Service in between.
func TestHelmUpgrades(t *testing.T) {
	ns := namespace(t)
	upgrade := func(version string) {
		helm(t, "upgrade", "app", "testdata/app", "--install", "--namespace", ns, "--set-string", "version="+version)
	}
	upgrade("1.10")
	for _, name := range []string{"nginx-1.10", "nginx-1.11", "nginx-1.12"} {
		awaitAvailable(t, ns, name, 2)
	}
	r := send(t, ns, "nginx", "1.10")

	for _, version := range []string{"1.11", "1.12", "1.10"} {
		r.Asked(version)
		upgrade(version)
		awaitVersion(t, ns, "nginx", version)
		r.AwaitAnswer(t, version)
	}

	r.Asked("1.12")
	kubectl(t, "annotate", "service", "nginx", "--namespace", ns, bluegreen.TargetVersion+"=1.12", "--overwrite")
	awaitVersion(t, ns, "nginx", "1.12")
	r.AwaitAnswer(t, "1.12")
	r.Asked("1.11")
	upgrade("1.11")
	awaitVersion(t, ns, "nginx", "1.11")
	r.AwaitAnswer(t, "1.11")
	assertSwitched(t, r.Judge(t).Switches)
}
