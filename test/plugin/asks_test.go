package plugin

import (
	"encoding/json"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"

	. "github.com/bluegreen-k8s/bluegreen/pkg/bluegreen/bluegreentest"
)

func manual(s *corev1.Service) { Annotation("bluegreen/promotion", "manual")(s) }

func TestPromoteLetsTheVersionThroughThatWaits(t *testing.T) {
	s := open(t, manual)
	s.deploy("1.11", true)
	s.annotate("bluegreen/target-version", "1.11")
	s.untilPhase("Paused")

	s.prints(s.plugin("promote", "nginx"), "service/nginx promoted\n",
		"kubectl annotate service nginx -n NAMESPACE bluegreen/approved-version=1.11 --overwrite\n")
	s.untilLive("1.11")
	if entry := fieldsOf(s.service(), "kubectl-bluegreen"); !strings.Contains(entry, "bluegreen/approved-version") {
		t.Errorf("the field manager kubectl-bluegreen owns %q", entry)
	}
}

func TestUndoGoesBackAndSaysThatItsDeploymentMustBeScaledUp(t *testing.T) {
	s := open(t)
	s.deploy("1.11", true)
	s.annotate("bluegreen/target-version", "1.11")
	s.untilLive("1.11")

	asked := "kubectl annotate service nginx -n NAMESPACE bluegreen/target-version=1.10 --overwrite\n"
	s.prints(s.plugin("undo", "nginx"), "service/nginx asked for the version of before\n", asked)
	s.untilLive("1.10")

	s.scale("nginx-1.11", 0)
	s.prints(s.plugin("undo", "nginx"), "service/nginx asked for the version of before\n",
		strings.Replace(asked, "1.10", "1.11", 1)+"Note: Deployment nginx-1.11 has 0 replicas, and traffic waits until it is scaled up: "+
			"kubectl scale deployment nginx-1.11 -n NAMESPACE --replicas=N\n")
	s.until("the wait for replicas", func(service *corev1.Service) bool {
		return strings.Contains(service.Annotations["bluegreen/message"], "has 0 replicas")
	})
}

func TestRetryAsksAgainForWhatHasFailed(t *testing.T) {
	s := open(t, Annotation("bluegreen/deadline", "1s"))
	green := s.deploy("1.11", false)
	s.annotate("bluegreen/target-version", "1.11")
	s.untilPhase("Failed")

	s.report(green, true)
	output := s.plugin("retry", "nginx").Must(t)
	message := s.service().Annotations["bluegreen/retry"]
	s.prints(output, "service/nginx asked again\n",
		"kubectl annotate service nginx -n NAMESPACE bluegreen/retry="+message+" --overwrite\n")
	s.untilLive("1.11")
}

func TestPauseAndWithdraw(t *testing.T) {
	s := open(t)
	s.prints(s.plugin("pause", "nginx"), "service/nginx paused\n",
		"kubectl annotate service nginx -n NAMESPACE bluegreen/promotion=manual --overwrite\n"+
			"Note: to let versions through by themselves again: kubectl annotate service nginx -n NAMESPACE bluegreen/promotion-\n")
	s.deploy("1.11", true)
	s.annotate("bluegreen/target-version", "1.11")
	s.untilPhase("Paused")

	s.prints(s.plugin("withdraw", "nginx"), "service/nginx stays where it is\n",
		"kubectl annotate service nginx -n NAMESPACE bluegreen/target-version=1.10 --overwrite\n")
	if phase := s.service().Annotations["bluegreen/phase"]; phase != "Stable" {
		t.Errorf("phase %q after the withdrawal, want Stable", phase)
	}
}

func TestADryRunWritesNothing(t *testing.T) {
	s := open(t)
	s.annotate("bluegreen/target-version", "1.11")
	s.untilPhase("Waiting")
	asked := "kubectl annotate service nginx -n NAMESPACE bluegreen/target-version=1.10 --overwrite\n"
	s.prints(s.plugin("withdraw", "nginx", "--dry-run=client"), "service/nginx stays where it is (dry run)\n", asked)
	s.prints(s.plugin("withdraw", "nginx", "--dry-run=server"), "service/nginx stays where it is (server dry run)\n", asked)

	var answered corev1.Service
	output := s.plugin("withdraw", "nginx", "--dry-run=server", "-o", "json").Must(t)
	if err := json.Unmarshal([]byte(output.Stdout), &answered); err != nil {
		t.Fatalf("%v in %s", err, output.Stdout)
	}
	if answered.Kind != "Service" || answered.Annotations["bluegreen/phase"] != "Stable" {
		t.Errorf("the answer of the server, with what the webhook makes of it, is %s", output.Stdout)
	}
	s.prints(s.plugin("withdraw", "nginx", "--dry-run=server", "-o", "name"), "service/nginx\n", asked)
	if target := s.service().Annotations["bluegreen/target-version"]; target != "1.11" {
		t.Errorf("a dry run asked for %s", target)
	}
}

func TestWhatChangesMeanwhileIsLookedAtAgain(t *testing.T) {
	s, between := open(t, manual), newProxy(t)
	s.deploy("1.11", true)
	s.annotate("bluegreen/target-version", "1.11")
	s.untilPhase("Paused")
	between.meanwhile = func() { s.annotate("example.org/theirs", "changed") }
	s.prints(s.plugin("promote", "nginx", between.flag()), "service/nginx promoted\n",
		"kubectl annotate service nginx -n NAMESPACE bluegreen/approved-version=1.11 --overwrite\n")
	s.untilLive("1.11")

	s.annotate("bluegreen/promotion", "auto")
	s.annotate("bluegreen/target-version", "1.12")
	s.untilPhase("Waiting")
	between.meanwhile = func() {
		s.deploy("1.12", true)
		s.untilLive("1.12")
	}
	s.fails(s.plugin("withdraw", "nginx", between.flag()),
		"kubectl annotate service nginx -n NAMESPACE bluegreen/target-version=1.11 --overwrite\n"+
			"error: service/nginx is on version 1.12, and no other is asked for; to go back to the one before: "+
			"kubectl bluegreen undo nginx -n NAMESPACE\n")
}

func TestErrorsAreWordedAsKubectlsAndEndInWhatToDo(t *testing.T) {
	s := open(t)
	s.fails(s.plugin("promote"), "error: exactly one NAME of a Service is required, got 0\n"+
		"See 'kubectl bluegreen promote --help' for usage\n")
	s.fails(s.plugin("promote", "apache"), `Error from server (NotFound): services "apache" not found; to see those of namespace NAMESPACE: `+
		"kubectl get services -n NAMESPACE\n")
	s.fails(s.plugin("undo", "nginx"), "error: no switch from another version is recorded (bluegreen/last-switch); to go to a version by "+
		"its name: kubectl annotate service nginx -n NAMESPACE bluegreen/target-version=VERSION --overwrite\n")
	s.fails(s.plugin("pause", "nginx", "--dry-run=maybe"), `error: invalid dry-run value (maybe): must be "none", "server", or "client"`+"\n")
	s.fails(s.plugin("pause", "nginx", "--server=https://127.0.0.1:1"),
		"The connection to the server 127.0.0.1:1 was refused - did you specify the right host or port?\n")
	s.fails(s.plugin("pause", "nginx", "--as=nobody"), `Error from server (Forbidden): services "nginx" is forbidden: User "nobody" cannot `+
		`get resource "services" in API group "" in the namespace "NAMESPACE"`+"\n")
}
