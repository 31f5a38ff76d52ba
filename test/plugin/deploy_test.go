package plugin

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	. "github.com/bluegreen-k8s/bluegreen/pkg/bluegreen/bluegreentest"
	. "github.com/bluegreen-k8s/bluegreen/pkg/plugin/viewtest"
)

// manifest writes a file of examples/nginx, with some of its text replaced, and returns its path.
func (s *shop) manifest(name string, replacements ...string) string {
	s.t.Helper()
	text, err := os.ReadFile(filepath.Join("../../examples/nginx", name))
	if err != nil {
		s.t.Fatal(err)
	}
	path := filepath.Join(s.t.TempDir(), name)
	if err := os.WriteFile(path, []byte(strings.NewReplacer(replacements...).Replace(string(text))), 0o600); err != nil {
		s.t.Fatal(err)
	}
	return path
}

// untilDeployed watches the Deployment of a version until somebody has created it, and returns it.
func (s *shop) untilDeployed(version string) *appsv1.Deployment {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), patience)
	defer cancel()
	watcher, err := admin.Watch(ctx, &appsv1.DeploymentList{}, client.InNamespace(s.namespace))
	if err != nil {
		s.t.Fatal(err)
	}
	defer watcher.Stop()
	for event := range watcher.ResultChan() {
		if deployment, ok := event.Object.(*appsv1.Deployment); ok && deployment.Name == "nginx-"+version {
			return deployment
		}
	}
	s.t.Fatalf("nobody has created the Deployment of %s within %v", version, patience)
	return nil
}

func TestDeployAppliesAsksAndFollowsUntilTrafficHasMoved(t *testing.T) {
	s := open(t)
	deploys := s.start("deploy", "nginx", "1.11", "-f", s.manifest("green.yaml"))
	deploys.says(&deploys.stdout, "deployment.apps/nginx-1.11 serverside-applied\n")
	deploys.says(&deploys.stdout, "Service nginx: Waiting on version 1.10: Deployment nginx-1.11: waiting for MinimumReplicasAvailable\n")
	green := s.untilDeployed("1.11")
	s.pods(green, ImagePullBackOff)
	deploys.says(&deploys.stdout, "Pod nginx-1.11-5d4f-a: ImagePullBackOff")
	s.report(green, true)

	output := deploys.end().Must(t)
	lines := strings.Split(strings.TrimSpace(blank(output.Stdout)), "\n")
	if last := lines[len(lines)-1]; last != "Done in AGE: traffic of service/nginx is on version 1.11" {
		t.Errorf("its last line is %q", last)
	}
	want := "kubectl annotate service nginx -n NAMESPACE bluegreen/target-version=1.11 --overwrite\n"
	if !strings.HasSuffix(output.Stderr, s.in(want)) {
		t.Errorf("it does not say %q but %q", s.in(want), output.Stderr)
	}
	if manager := s.deployment("1.11").ManagedFields[0]; manager.Manager != "kubectl-bluegreen" || manager.Operation != "Apply" {
		t.Errorf("the Deployment is managed by %s, by %s", manager.Manager, manager.Operation)
	}
	again := s.plugin("deploy", "nginx", "1.11", "-f", s.manifest("green.yaml")).Must(t)
	if !strings.Contains(again.Stdout, "traffic of service/nginx is on version 1.11\n") {
		t.Errorf("the same again says %s", again.Stdout)
	}
}

func TestDeployFailsWithItsAskAndAsksAnewTheNextTime(t *testing.T) {
	s := open(t, Annotation("bluegreen/deadline", "2s"))
	green := s.deploy("1.11", false)
	output := s.plugin("deploy", "nginx", "1.11")
	said := s.service().Annotations["bluegreen/message"]
	if output.Err == nil || !strings.HasSuffix(output.Stderr, "error: service/nginx has phase Failed: "+said+"\n") {
		t.Fatalf("%v\n%s", output.Err, output.Stderr)
	}
	s.report(green, true)
	s.plugin("deploy", "nginx", "1.11").Must(t)
	if retry := s.service().Annotations["bluegreen/retry"]; retry == "" || s.service().Spec.Selector["version"] != "1.11" {
		t.Errorf("the same version, deployed again, was not asked for again (bluegreen/retry %q)", retry)
	}
}

func TestWhatBecomesOfAnAskWhoseEndIsNotAwaited(t *testing.T) {
	s := open(t)
	s.deploy("1.11", false)
	output := s.plugin("deploy", "nginx", "1.11", "--timeout=5s")
	want := s.in("error: timed out waiting for the condition on services/nginx: Deployment nginx-1.11: waiting for " +
		"MinimumReplicasAvailable; the ask stays; to withdraw it: kubectl bluegreen withdraw nginx -n NAMESPACE\n")
	if output.Err == nil || !strings.HasSuffix(output.Stderr, want) {
		t.Errorf("%v\n%swant %s", output.Err, output.Stderr, want)
	}

	deploys := s.start("deploy", "nginx", "1.11")
	deploys.says(&deploys.stdout, "Service nginx: Waiting on version 1.10")
	deploys.interrupt()
	output = deploys.end()
	want = s.in("Interrupted: the ask stays; to withdraw it: kubectl bluegreen withdraw nginx -n NAMESPACE\n")
	if output.Err == nil || output.Err.Error() != "exit status 130" || !strings.HasSuffix(output.Stderr, want) {
		t.Errorf("%v\n%swant %s", output.Err, output.Stderr, want)
	}
	if target := s.service().Annotations["bluegreen/target-version"]; target != "1.11" {
		t.Errorf("the ask is for %s", target)
	}

	deploys = s.start("deploy", "nginx", "1.11")
	deploys.says(&deploys.stdout, "Service nginx: Waiting on version 1.10")
	s.annotate("bluegreen/target-version", "1.12")
	want = s.in("error: somebody else asks service/nginx for version 1.12 meanwhile; to look at it: kubectl bluegreen status nginx " +
		"-n NAMESPACE\n")
	if output := deploys.end(); !strings.HasSuffix(output.Stderr, want) {
		t.Errorf("%v\n%s", output.Err, output.Stderr)
	}
}

func TestDeployEndsWhenItsVersionWaitsForApproval(t *testing.T) {
	s := open(t, manual)
	s.deploy("1.11", true)
	output := s.plugin("deploy", "nginx", "1.11").Must(t)
	want := s.in("Done in AGE: version 1.11 waits for approval: kubectl bluegreen promote nginx -n NAMESPACE\n")
	if !strings.HasSuffix(blank(output.Stdout), want) {
		t.Errorf("got\n%swant\n%s", output.Stdout, want)
	}
	output = s.plugin("deploy", "nginx", "1.11", "--approve").Must(t)
	if !strings.Contains(output.Stderr, "bluegreen/approved-version=1.11 bluegreen/target-version=1.11") {
		t.Errorf("it wrote %s", output.Stderr)
	}
	s.untilLive("1.11")
}

func TestDeployAsksForNothingIfItCannotApply(t *testing.T) {
	s := open(t)
	before := s.service().ResourceVersion
	s.fails(s.plugin("deploy", "nginx"), "error: a SERVICE and a VERSION are required, got 1 arguments\n"+
		"See 'kubectl bluegreen deploy --help' for usage\n")
	s.fails(s.plugin("deploy", "nginx", "not a label"), `error: invalid VERSION "not a label": must be a label value: a valid label must be `+
		"an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character "+
		"(e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')\n")
	if output := s.plugin("deploy", "nginx", "1.11", "-f", "absent.yaml"); output.Err == nil ||
		output.Stderr != `error: the path "absent.yaml" does not exist`+"\n" {
		t.Errorf("a file that is not there: %v, %s", output.Err, output.Stderr)
	}
	path := s.manifest("service.yaml")
	s.fails(s.plugin("deploy", "nginx", "1.11", "-f", path), "error: the manifest of service/nginx in "+path+
		" asks for version 1.10 (bluegreen/target-version), not for 1.11: correct it, or leave it out\n")

	s.deploy("1.11", false)
	patch := client.RawPatch(types.MergePatchType, []byte(`{"spec":{"minReadySeconds":5}}`))
	if err := admin.Patch(t.Context(), s.deployment("1.11"), patch, client.FieldOwner("somebody")); err != nil {
		t.Fatal(err)
	}
	path = s.manifest("green.yaml", "replicas: 3", "replicas: 3\n  minReadySeconds: 7")
	output := s.plugin("deploy", "nginx", "1.11", "-f", path)
	for _, want := range []string{"Error from server (Conflict): ", `conflict with "somebody"`, ".spec.minReadySeconds",
		"nobody was asked for anything; to take these fields over, repeat the command with --force-conflicts"} {
		if output.Err == nil || !strings.Contains(output.Stderr, want) {
			t.Errorf("%v\n%q is missing in %s", output.Err, want, output.Stderr)
		}
	}
	if now := s.service(); now.Annotations["bluegreen/target-version"] != "1.10" || now.ResourceVersion != before {
		t.Error("it asked all the same")
	}
	forced := s.start("deploy", "nginx", "1.11", "--force-conflicts", "-f", path)
	forced.says(&forced.stdout, "Service nginx: Waiting on version 1.10")
	if applied, _ := yaml.Marshal(s.deployment("1.11").Spec); !strings.Contains(string(applied), "minReadySeconds: 7") {
		t.Errorf("the Deployment is %s", applied)
	}
}
