package plugin

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	. "github.com/bluegreen-k8s/bluegreen/pkg/bluegreen/bluegreentest"
	. "github.com/bluegreen-k8s/bluegreen/pkg/plugin/viewtest"
)

func TestDeployForAPreviewEndsOnceThatShowsTheVersion(t *testing.T) {
	s := open(t, manual)
	s.create(Preview())
	old := Endpoints(Preview(), s.pods(s.deployment("1.10"), ready)...)
	s.create(old)
	deploys := s.start("deploy", "nginx", "1.11", "--preview", "-f", s.manifest("green.yaml"))
	green := s.untilDeployed("1.11")
	deploys.says(&deploys.stdout, "Service nginx-preview: Stable on version 1.11\n")
	s.report(green, true)
	deploys.says(&deploys.stdout, "Service nginx: Paused on version 1.10: Version 1.11 is ready, and waits for approval: ")

	starting := s.pods(green, ready, CrashLoopBackOff)
	deploys.says(&deploys.stdout, "Pod nginx-1.11-5d4f-b: CrashLoopBackOff: ") // It goes on: the preview still shows 1.10.
	shows := Endpoints(Preview(), starting...)
	base := old.DeepCopy()
	old.Endpoints = shows.Endpoints
	if err := admin.Patch(t.Context(), old, client.MergeFrom(base)); err != nil {
		t.Fatal(err)
	}
	output := deploys.end().Must(t)
	want := s.in("Done in AGE: version 1.11 waits for approval: kubectl bluegreen promote nginx -n NAMESPACE\n" +
		"service/nginx-preview shows version 1.11: kubectl port-forward service/nginx-preview 8080:80 -n NAMESPACE\n")
	if !strings.HasSuffix(blank(output.Stdout), want) {
		t.Errorf("got\n%swant\n%s", output.Stdout, want)
	}
	if live := s.service().Spec.Selector["version"]; live != "1.10" {
		t.Errorf("version %s is live", live)
	}
}

// ready is a pod as it is made.
func ready(*corev1.Pod) {}

func TestDeployForAPreviewAsksForNothingThatNobodyCouldLookAt(t *testing.T) {
	s := open(t)
	deploy := func(flags ...string) []string {
		return append([]string{"deploy", "nginx", "1.11", "--preview", "-f", s.manifest("green.yaml")}, flags...)
	}
	s.fails(s.plugin(deploy("--approve")...), "error: --approve lets the version through before anybody has looked at it: leave out "+
		"--approve, or --preview\n")
	s.fails(s.plugin(deploy()...), "error: service/nginx has no preview; to have one, create a Service whose annotation "+
		"bluegreen/preview-of is nginx\n")
	s.create(Preview())
	s.fails(s.plugin(deploy()...), "error: version 1.11 would get traffic as soon as it is ready (bluegreen/promotion is auto); to have "+
		"versions wait for approval: kubectl bluegreen pause nginx -n NAMESPACE\n")
	s.annotate("bluegreen/promotion", "manual")
	s.annotate("bluegreen/approved-version", "1.11")
	s.fails(s.plugin(deploy()...), "error: version 1.11 is approved already, and would get traffic as soon as it is ready; to take the "+
		"approval back: kubectl annotate service nginx -n NAMESPACE bluegreen/approved-version-\n")

	s.mayRead("services")
	s.annotate("bluegreen/approved-version", "1.10")
	output := s.plugin(deploy("--as=reader-of-" + s.namespace)...)
	want := "error: which version a preview shows is seen by its endpoints and their pods: pods is forbidden: "
	if output.Err == nil || !strings.HasPrefix(output.Stderr, want) {
		t.Errorf("%v\n%s", output.Err, output.Stderr)
	}
	if target := s.service().Annotations["bluegreen/target-version"]; target != "1.10" {
		t.Errorf("it asked for %s all the same", target)
	}
	var deployments appsv1.DeploymentList
	if err := admin.List(t.Context(), &deployments, client.InNamespace(s.namespace)); err != nil || len(deployments.Items) != 1 {
		t.Errorf("it applied the manifest all the same (%v)", err)
	}
}

// TestDeployBringsThePreviewToo, as the first deployment with one does.
func TestDeployBringsThePreviewToo(t *testing.T) {
	s := open(t, manual)
	preview := filepath.Join(t.TempDir(), "preview.yaml")
	if err := os.WriteFile(preview, []byte(`apiVersion: v1
kind: Service
metadata: {name: nginx-preview, annotations: {bluegreen/preview-of: nginx}}
spec: {selector: {name: nginx, version: "1.10"}, ports: [{port: 80}]}
`), 0o600); err != nil {
		t.Fatal(err)
	}
	deploys := s.start("deploy", "nginx", "1.11", "--preview", "-f", preview, "-f", s.manifest("green.yaml"))
	green := s.untilDeployed("1.11")
	s.report(green, true)
	deploys.says(&deploys.stdout, "Service nginx: Paused on version 1.10: Version 1.11 is ready, and waits for approval: ")
	s.create(Endpoints(Preview(), s.pods(green, ready)...))
	if output := deploys.end().Must(t); !strings.Contains(output.Stdout, "service/nginx-preview shows version 1.11: kubectl port-forward") {
		t.Errorf("got\n%s", output.Stdout)
	}
}

func TestDeployForAPreviewThatIsDeletedEnds(t *testing.T) {
	s := open(t, manual)
	s.create(Preview())
	deploys := s.start("deploy", "nginx", "1.11", "--preview", "-f", s.manifest("green.yaml"))
	s.untilDeployed("1.11")
	deploys.says(&deploys.stdout, "Service nginx: ")
	preview := Preview()
	preview.Namespace = s.namespace
	s.delete(preview)
	output := deploys.end()
	if output.Err == nil || !strings.HasSuffix(output.Stderr, "error: the previews of service/nginx were deleted meanwhile; the ask stays\n") {
		t.Errorf("%v\n%s", output.Err, output.Stderr)
	}
}
