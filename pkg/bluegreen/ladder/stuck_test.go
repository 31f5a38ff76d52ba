package ladder

import (
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	. "github.com/bluegreen-k8s/bluegreen/pkg/bluegreen/bluegreentest"
)

const quota = `pods "nginx-1.11-7d9f-qg9cd" is forbidden: exceeded quota: small, requested: pods=1, used: pods=3, limited: pods=3`

// reports adds a condition to what a Deployment reports.
func reports(kind appsv1.DeploymentConditionType, status corev1.ConditionStatus, reason, message string) DeploymentOption {
	return func(d *appsv1.Deployment) {
		d.Status.Conditions = append(d.Status.Conditions,
			appsv1.DeploymentCondition{Type: kind, Status: status, Reason: reason, Message: message})
	}
}

func TestWaitingSaysWhyPodsDoNotGetAvailable(t *testing.T) {
	failing := reports(appsv1.DeploymentReplicaFailure, corev1.ConditionTrue, "FailedCreate", quota)
	late := reports(appsv1.DeploymentProgressing, corev1.ConditionFalse, "ProgressDeadlineExceeded", "it has timed out")
	deadline := func(d *appsv1.Deployment) { d.Spec.ProgressDeadlineSeconds = new(int32(120)) }
	const noProgress = " s (progressDeadlineSeconds), and its pods say why: kubectl describe pods -n shop -l 'name=nginx,version=1.11'"
	for name, test := range map[string]struct {
		options []DeploymentOption
		reason  Reason
		more    string
	}{
		"starting": {
			reason: ReasonNotAvailable,
		},
		"making progress": {
			options: []DeploymentOption{reports(appsv1.DeploymentProgressing, corev1.ConditionTrue, "ReplicaSetUpdated", "progressing")},
			reason:  ReasonNotAvailable,
		},
		"pods over a quota": {
			options: []DeploymentOption{failing},
			reason:  ReasonReplicaFailure,
			more:    "; its pods cannot be made: " + quota,
		},
		"pods over a quota no more": {
			options: []DeploymentOption{reports(appsv1.DeploymentReplicaFailure, corev1.ConditionFalse, "FailedCreate", quota)},
			reason:  ReasonNotAvailable,
		},
		"pods over a quota of the generation before": {
			options: []DeploymentOption{failing, func(d *appsv1.Deployment) { d.Generation++ }},
			reason:  ReasonNotAvailable,
		},
		"late": {
			options: []DeploymentOption{late, deadline},
			reason:  ReasonDeadlineExceeded,
			more:    "; it has made no progress for 120" + noProgress,
		},
		"late by the default": {
			options: []DeploymentOption{late},
			reason:  ReasonDeadlineExceeded,
			more:    "; it has made no progress for 600" + noProgress,
		},
		"late, because pods are over a quota": {
			options: []DeploymentOption{late, failing},
			reason:  ReasonReplicaFailure,
			more:    "; its pods cannot be made: " + quota,
		},
		"paused by its owner": {
			options: []DeploymentOption{Paused},
			reason:  ReasonPaused,
			more:    "; it is paused: kubectl rollout resume deployment nginx-1.11 -n shop",
		},
	} {
		t.Run(name, func(t *testing.T) {
			action := decide(Waiting(), Deployment("1.11", append([]DeploymentOption{Starting}, test.options...)...))
			held(test.reason, notYet+test.more).expect(t, action)
			if warns := test.more != ""; action.Warning != warns {
				t.Errorf("warning: %t", action.Warning)
			}
		})
	}
}

func TestWhatADeploymentReportsHoldsNoSwitchOnceItIsAvailable(t *testing.T) {
	late := reports(appsv1.DeploymentProgressing, corev1.ConditionFalse, "ProgressDeadlineExceeded", "it has timed out")
	failing := reports(appsv1.DeploymentReplicaFailure, corev1.ConditionTrue, "FailedCreate", quota)
	for name, option := range map[string]DeploymentOption{"late": late, "over a quota": failing, "paused": Paused} {
		t.Run(name, func(t *testing.T) {
			movedTo("1.11").expect(t, decide(Waiting(), Deployment("1.11", option)))
		})
	}
}

func TestAWalkThroughAQuota(t *testing.T) {
	failing := reports(appsv1.DeploymentReplicaFailure, corev1.ConditionTrue, "FailedCreate", quota)
	late := reports(appsv1.DeploymentProgressing, corev1.ConditionFalse, "ProgressDeadlineExceeded", "it has timed out")
	got := walk(t,
		runs(Deployment("1.10"), Deployment("1.11", Starting)),
		create(Service(Asks("1.10"))),
		write(Asks("1.11")),
		runs(Deployment("1.11", Starting, failing)),
		runs(Deployment("1.11", Starting, failing, late)),
		runs(Deployment("1.11", Starting, late)),
		runs(Deployment("1.11")),
	)
	expectWalk(t, got,
		rests("1.10", noWrite),
		waits(ReasonNotAvailable, "1.10", oneWrite),
		waits(ReasonReplicaFailure, "1.10", oneWrite),
		waits(ReasonReplicaFailure, "1.10", noWrite),
		waits(ReasonDeadlineExceeded, "1.10", oneWrite),
		rests("1.11", oneWrite),
	)
}

func TestThePausedTargetThatBluegreenPausedIsNotForPeopleToResume(t *testing.T) {
	slot := HeldSlot(Starting)
	action := decide(Waiting(Asks("1.12")), slot)
	if action.Reason == ReasonPaused {
		t.Errorf("got %s: %s", action.Reason, action.Message)
	}
}
