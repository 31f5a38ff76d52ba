package plugin

import (
	"strings"
	"testing"

	. "github.com/bluegreen-k8s/bluegreen/pkg/bluegreen/bluegreentest"
)

func TestWaitEndsWhenTrafficHasMovedAlsoIfTheConnectionWasLost(t *testing.T) {
	s, between := open(t), newProxy(t)
	green := s.deploy("1.11", false)
	s.annotate("bluegreen/target-version", "1.11")
	waits := s.start("wait", "nginx", between.flag())
	between.awaits("WATCH services")

	between.cut()
	waits.says(&waits.stderr, "Warning: the connection to the server is lost: ")
	s.report(green, true)
	s.untilLive("1.11")
	between.restore()
	waits.says(&waits.stderr, "Note: connected to the server again\n")
	if output := waits.end().Must(t); output.Stdout != "service/nginx condition met\n" {
		t.Errorf("it said %q", output.Stdout)
	}
}

func TestWaitEndsAtOnceWhenTheAskHasFailed(t *testing.T) {
	s := open(t, Annotation("bluegreen/deadline", "2s"))
	s.deploy("1.11", false)
	s.annotate("bluegreen/target-version", "1.11")
	output := s.plugin("wait", "nginx", "--timeout=1m")
	s.fails(output, "error: service/nginx has phase Failed: "+s.service().Annotations["bluegreen/message"]+"\n")
	if !strings.Contains(output.Stderr, "Version 1.11 was not ready 2s after it was asked for") {
		t.Errorf("what bluegreen says is missing in %s", output.Stderr)
	}
	s.fails(s.plugin("wait", "nginx", "--for=paused", "--timeout=1m"), output.Stderr)
}

func TestWaitForApproval(t *testing.T) {
	s := open(t, manual)
	s.fails(s.plugin("wait", "nginx", "--for=paused"), "error: service/nginx is on version 1.10, and nothing waits for approval; to look at "+
		"it: kubectl bluegreen status nginx -n NAMESPACE\n")
	s.deploy("1.11", true)
	s.annotate("bluegreen/target-version", "1.11")
	s.prints(s.plugin("wait", "nginx", "--for=Paused"), "service/nginx condition met\n", "")
	s.fails(s.plugin("wait", "nginx", "--timeout=1s"), "error: timed out waiting for the condition on services/nginx: Version 1.11 is ready, "+
		"and waits for approval: kubectl annotate service nginx -n NAMESPACE bluegreen/approved-version=1.11 --overwrite\n")
	s.plugin("promote", "nginx").Must(t)
	s.prints(s.plugin("wait", "nginx"), "service/nginx condition met\n", "")
}

func TestWaitEndsWithWhatItWaitsFor(t *testing.T) {
	s := open(t)
	s.annotate("bluegreen/target-version", "1.11")
	s.fails(s.plugin("wait", "nginx", "--for=ready"), "error: invalid value of --for (ready): must be one of: stable, paused\n")
	s.fails(s.plugin("wait", "apache"), `Error from server (NotFound): services "apache" not found; to see those of namespace NAMESPACE: `+
		"kubectl get services -n NAMESPACE\n")
	between := newProxy(t)
	waits := s.start("wait", "nginx", between.flag())
	between.awaits("WATCH services")
	if err := admin.Delete(t.Context(), s.service()); err != nil {
		t.Fatal(err)
	}
	s.fails(waits.end(), "error: service/nginx was deleted meanwhile; to wait for one of that name, create it first\n")
}
