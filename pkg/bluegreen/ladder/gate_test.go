package ladder

import (
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	. "github.com/bluegreen-k8s/bluegreen/pkg/bluegreen/bluegreentest"
)

// noDeployment is the decision where no Deployment has pods of the target.
var noDeployment = held(ReasonDeploymentNotFound,
	"No Deployment has pods labelled name=nginx,version=1.11: create it, or set bluegreen/target-version to a version that runs")

func beingDeleted(name string) decided {
	return held(ReasonDeploymentDeleting,
		"Deployment "+name+": is being deleted: create it again once it is gone, or ask for another version")
}

func scaledToZero(name string) decided {
	return held(ReasonScaledToZero,
		"Deployment "+name+": has 0 replicas: scale it up with kubectl scale deployment "+name+" -n shop --replicas=N")
}

func notAvailable(name string) decided {
	return held(ReasonNotAvailable, "Deployment "+name+": waiting for MinimumReplicasAvailable")
}

func TestTheGateSaysInOneSentenceWhatHoldsASwitch(t *testing.T) {
	condition := func(kind appsv1.DeploymentConditionType, status corev1.ConditionStatus, reason string) DeploymentOption {
		return func(d *appsv1.Deployment) {
			d.Status.Conditions = []appsv1.DeploymentCondition{{Type: kind, Status: status, Reason: reason}}
		}
	}
	ready := Deployment("1.11")
	for name, test := range map[string]struct {
		deployments []*appsv1.Deployment
		want        decided
	}{
		"ready": {deployments: List(ready), want: movedTo("1.11")},
		"no Deployment": {
			want: noDeployment,
		},
		"only the live version's": {
			deployments: List(Deployment("1.10")),
			want:        noDeployment,
		},
		"only another application's": {
			deployments: List(Deployment("1.11", Labelled("name", "apache", "version", "1.11"))),
			want:        noDeployment,
		},
		"labels on the Deployment only": {
			deployments: List(Deployment("1.11", Labelled(), func(d *appsv1.Deployment) { d.Labels = PodsOf("1.11") })),
			want:        noDeployment,
		},
		"more labels than the selector": {
			deployments: List(Deployment("1.11", Labelled("name", "nginx", "version", "1.11", "tier", "web"))),
			want:        movedTo("1.11"),
		},
		"being deleted": {
			deployments: List(Deployment("1.11", Deleting)),
			want:        beingDeleted("nginx-1.11"),
		},
		"scaled to zero": {
			deployments: List(Deployment("1.11", Replicas(0))),
			want:        scaledToZero("nginx-1.11"),
		},
		"scaled to zero reports MinimumReplicasAvailable as well": {
			deployments: List(Deployment("1.11", Replicas(0), Available(0))),
			want:        scaledToZero("nginx-1.11"),
		},
		"replicas left to the default": {
			deployments: List(Deployment("1.11", func(d *appsv1.Deployment) { d.Spec.Replicas = nil })),
			want:        movedTo("1.11"),
		},
		"starting": {deployments: List(Deployment("1.11", Starting)), want: notAvailable("nginx-1.11")},
		"never looked at by its controller": {
			deployments: List(Deployment("1.11", func(d *appsv1.Deployment) { d.Status = appsv1.DeploymentStatus{} })),
			want:        notAvailable("nginx-1.11"),
		},
		"status of an older generation": {
			deployments: List(Deployment("1.11", func(d *appsv1.Deployment) { d.Generation = 3 })),
			want:        notAvailable("nginx-1.11"),
		},
		"scaled up from zero just now": {
			deployments: List(Deployment("1.11", Available(0))),
			want:        notAvailable("nginx-1.11"),
		},
		"without conditions": {
			deployments: List(Deployment("1.11", func(d *appsv1.Deployment) { d.Status.Conditions = nil })),
			want:        notAvailable("nginx-1.11"),
		},
		"Available is False": {
			deployments: List(Deployment("1.11", condition(appsv1.DeploymentAvailable, corev1.ConditionFalse, "MinimumReplicasAvailable"))),
			want:        notAvailable("nginx-1.11"),
		},
		"Available is Unknown": {
			deployments: List(Deployment("1.11", condition(appsv1.DeploymentAvailable, corev1.ConditionUnknown, "MinimumReplicasAvailable"))),
			want:        notAvailable("nginx-1.11"),
		},
		"Available for another reason": {
			deployments: List(Deployment("1.11", condition(appsv1.DeploymentAvailable, corev1.ConditionTrue, "SomebodySaysSo"))),
			want:        notAvailable("nginx-1.11"),
		},
		"another condition with the reason": {
			deployments: List(Deployment("1.11", condition(appsv1.DeploymentProgressing, corev1.ConditionTrue, "MinimumReplicasAvailable"))),
			want:        notAvailable("nginx-1.11"),
		},
		"8 of 10":              {deployments: List(Deployment("1.11", Replicas(10), Available(8))), want: movedTo("1.11")},
		"all of several ready": {deployments: List(ready, Deployment("1.11", Named("nginx-extra"))), want: movedTo("1.11")},
		"one of several starting": {
			deployments: List(ready, Deployment("1.11", Named("nginx-extra"), Starting)),
			want:        notAvailable("nginx-extra"),
		},
		"of several held, the first named": {
			deployments: List(Deployment("1.11", Named("z"), Starting), Deployment("1.11", Named("a"), Starting)),
			want:        notAvailable("a"),
		},
		"deletion outweighs starting": {
			deployments: List(Deployment("1.11", Named("a"), Starting), Deployment("1.11", Named("z"), Deleting)),
			want:        beingDeleted("z"),
		},
		"no replicas outweigh starting": {
			deployments: List(Deployment("1.11", Named("a"), Starting), Deployment("1.11", Named("z"), Replicas(0))),
			want:        scaledToZero("z"),
		},
	} {
		t.Run(name, func(t *testing.T) {
			observed := Waiting()
			action := decide(observed, test.deployments...)
			test.want.expect(t, action)
			selector, annotations := PodsOf("1.10"), WaitingFor("1.11", test.want.message)
			if test.want.reason == ReasonSwitched {
				selector, annotations = PodsOf("1.11"), StableOn("1.11")
			}
			EqualMaps(t, "selector", action.Service.Spec.Selector, selector)
			EqualMaps(t, "annotations", Unrecorded(action.Service), annotations)
			EqualMaps(t, "selector observed", observed.Spec.Selector, PodsOf("1.10"))
		})
	}
}
