package ladder

import (
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
	. "github.com/bluegreen-k8s/bluegreen/pkg/bluegreen/bluegreentest"
)

func TestAFailureToReturnWhileANewerAskWaitsIsToldOnceAndTheAskGoesOn(t *testing.T) {
	waiting := switchedAgo(t, time.Minute, Asks("1.12"), Annotation(bluegreen.PhaseKey, "Waiting"))
	first := decide(waiting, Deployment("1.10", Starting), broke(-time.Minute))
	if first.Reason != ReasonFailed || !strings.HasPrefix(first.Told, "Version 1.11 has broken 1m0s after the switch") || !first.Warning {
		t.Errorf("%s, told %q", first.Reason, first.Told)
	}
	if phase := first.Service.Annotations[bluegreen.PhaseKey]; phase != "Waiting" {
		t.Errorf("phase %s", phase)
	}
	then := decide(first.Service, Deployment("1.10"), broke(-time.Minute))
	if then.Reason != ReasonDeploymentNotFound || then.Writes {
		t.Errorf("then %+v", then)
	}
}

// switchedAgo is a Service on version 1.11, to which it was switched so long ago, watched for ten minutes.
func switchedAgo(t *testing.T, ago time.Duration, options ...ServiceOption) *corev1.Service {
	t.Helper()
	asked := Managed(Asks("1.11"), forTenMinutes)
	state := observe(asked, List(Deployment("1.10"), Deployment("1.11", Revision("4"))))
	state.Now = now.Add(-ago)
	return edited(admitted(t, serviceWrite{old: asked, new: decideOn(state).Service, byController: true}), options...)
}

func TestARollbackIsOneWriteThatSaysWhyAndHowToAskAgain(t *testing.T) {
	const why = "Version 1.11 was rolled back 1m0s after the switch (Deployment nginx-1.11: not available since 2026-11-28T07:59:48Z; its " +
		"pods cannot be made: quota): traffic stays on version 1.10; ask for another version, or for this one again: kubectl annotate service " +
		"nginx -n shop bluegreen/retry=1795852800 --overwrite"
	quota := func(d *appsv1.Deployment) {
		d.Status.Conditions = append(d.Status.Conditions,
			appsv1.DeploymentCondition{Type: "ReplicaFailure", Status: "True", Message: "quota"})
	}
	action := decide(switchedAgo(t, time.Minute), Deployment("1.10", Kept), broke(-12*time.Second, quota))
	if action.Reason != ReasonRolledBack || !strings.HasPrefix(action.Message, why+"; Deployment nginx-1.10: serves and is being deleted") {
		t.Errorf("%s: %s", action.Reason, action.Message)
	}
	if action.Told != action.Message || !action.Warning {
		t.Errorf("told %q, a warning: %t", action.Told, action.Warning)
	}
	if got := action.Service.Annotations[bluegreen.AttemptKey]; got != "2026-11-28T08:00:00Z//8a2db7bed7c6ac0e/RolledBack" {
		t.Errorf("recorded %s", got)
	}
	if got := action.Service.Annotations[bluegreen.LastSwitchKey]; got != "1.11/1.10/2026-11-28T08:00:00Z//version" {
		t.Errorf("recorded %s", got)
	}
}

func TestWhatTrafficReturnsToIsProtectedFirst(t *testing.T) {
	action := decide(switchedAgo(t, time.Minute), Deployment("1.10"), broke(-time.Minute))
	if len(action.Protect) != 1 || action.Protect[0].Deployment.Name != "nginx-1.10" || action.Protect[0].Serves != "name=nginx,version=1.10" {
		t.Errorf("protects %v", action.Protect)
	}
}

func TestWhatBreaksWithNothingToReturnToSaysSo(t *testing.T) {
	action := decide(switchedAgo(t, time.Minute), Deployment("1.10", Replicas(0)), broke(-12*time.Second))
	const want = "Version 1.11 has broken 1m0s after the switch (Deployment nginx-1.11: not available since 2026-11-28T07:59:48Z), and " +
		"traffic could not return to version 1.10 (Deployment nginx-1.10: has 0 replicas: scale it up with kubectl scale deployment nginx-1.10 " +
		"-n shop --replicas=N): traffic stays, and does not return by itself any more; once version 1.10 is ready: kubectl annotate service " +
		"nginx -n shop bluegreen/target-version=1.10 --overwrite"
	if action.Message != want || action.Told != want || !action.Warning {
		t.Errorf("\ngot  %s\nwant %s\ntold %s", action.Message, want, action.Told)
	}
	if record := action.Service.Annotations[bluegreen.LastSwitchKey]; record != "1.10/1.11/2026-11-28T07:59:00Z//version/Failed" {
		t.Errorf("recorded %s", record)
	}
}

func TestASwitchIsWatchedIfThatIsWantedAndThereIsAVersionToReturnTo(t *testing.T) {
	for name, test := range map[string]struct {
		service *corev1.Service
		watched bool
	}{
		"wanted":                  {service: Managed(Asks("1.11"), forTenMinutes), watched: true},
		"not wanted":              {service: Managed(Asks("1.11"))},
		"no version was selected": {service: Managed(Asks("1.11"), forTenMinutes, Selects("name", "nginx"))},
	} {
		t.Run(name, func(t *testing.T) {
			after := decide(test.service, Deployment("1.11")).Service
			if _, _, watched := bluegreen.Read(after).Window(); watched != test.watched {
				t.Errorf("recorded %s", after.Annotations[bluegreen.LastSwitchKey])
			}
		})
	}
}

func TestAServiceIsLookedAtAgainWhenSomethingIsDue(t *testing.T) {
	switched := switchedAgo(t, time.Minute)
	judged := decide(switched, broke(-12*time.Second)).Service
	waiting := func(deadline string) *corev1.Service {
		return switchedAgo(t, time.Minute, Asks("1.12"), Annotation(bluegreen.Deadline, deadline))
	}
	for name, test := range map[string]struct {
		service *corev1.Service
		green   *appsv1.Deployment
		want    time.Duration // from now; 0 is never
	}{
		"all is well":          {service: switched, green: Deployment("1.11", Revision("4"))},
		"broken for 4 s":       {service: switched, green: broke(-4 * time.Second), want: 6 * time.Second},
		"by a clock ahead":     {service: switched, green: broke(4 * time.Second), want: 14 * time.Second},
		"it could not return":  {service: judged, green: broke(-time.Minute), want: 9 * time.Minute},
		"after the window":     {service: switchedAgo(t, time.Hour), green: broke(-4 * time.Second)},
		"a deadline is nearer": {service: waiting("2s"), green: broke(0), want: 2 * time.Second},
		"a deadline is later":  {service: waiting("10m"), green: broke(0), want: 10 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			var got time.Duration
			if at := Decide(observe(test.service, List(test.green))).LookAgain; !at.IsZero() {
				got = at.Sub(now)
			}
			if got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

func TestANewerAskThatHasFailedNamesWhereTrafficStaysAfterARollback(t *testing.T) {
	failed := decide(switchedAgo(t, time.Minute, Asks("1.12"), Annotation(bluegreen.AttemptKey, recordOf("1.12")+"/Failed"),
		Annotation(bluegreen.MessageKey, "Version 1.12 was not ready 10m0s after it was asked for (x): traffic stays on version 1.11; ask"+
			tryAgain)), Deployment("1.10"), broke(-time.Minute))
	const want = "Version 1.12 was not ready 10m0s after it was asked for (x): traffic stays on version 1.10; ask" + tryAgain
	if failed.Reason != ReasonRolledBack || failed.Message != want {
		t.Errorf("%s: %s", failed.Reason, failed.Message)
	}
	if !strings.HasSuffix(failed.Told, "traffic is on version 1.10 again; version 1.12 is still asked for") {
		t.Errorf("told %q", failed.Told)
	}
}

// recordOf is the record of an ask for a version that began ten minutes ago.
func recordOf(version string) string {
	return bluegreen.Read(Managed(Asks(version))).Try(now.Add(-10 * time.Minute)).String()
}
