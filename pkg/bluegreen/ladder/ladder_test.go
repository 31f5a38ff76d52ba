package ladder

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
	. "github.com/bluegreen-k8s/bluegreen/pkg/bluegreen/bluegreentest"
)

const notYet = "Deployment nginx-1.11: waiting for MinimumReplicasAvailable"

func TestTheGateSaysInOneSentenceWhatHoldsASwitch(t *testing.T) {
	condition := func(kind appsv1.DeploymentConditionType, status corev1.ConditionStatus, reason string) DeploymentOption {
		return func(d *appsv1.Deployment) {
			d.Status.Conditions = []appsv1.DeploymentCondition{{Type: kind, Status: status, Reason: reason}}
		}
	}
	ready := Deployment("1.11")
	for name, test := range map[string]struct {
		deployments []*appsv1.Deployment
		reason      bluegreen.Reason
		message     string
	}{
		"ready": {List(ready), bluegreen.ReasonSwitched, "Traffic moved from version 1.10 to version 1.11"},
		"no Deployment": {nil, bluegreen.ReasonDeploymentNotFound,
			"No Deployment has pods labelled name=nginx,version=1.11: create it, or set bluegreen/target-version to a version that runs"},
		"only the live version's": {List(Deployment("1.10")), bluegreen.ReasonDeploymentNotFound,
			"No Deployment has pods labelled name=nginx,version=1.11: create it, or set bluegreen/target-version to a version that runs"},
		"only another application's": {List(Deployment("1.11", Labelled("name", "apache", "version", "1.11"))), bluegreen.ReasonDeploymentNotFound,
			"No Deployment has pods labelled name=nginx,version=1.11: create it, or set bluegreen/target-version to a version that runs"},
		"labels on the Deployment only": {List(Deployment("1.11", Labelled(), func(d *appsv1.Deployment) { d.Labels = Pairs("name", "nginx", "version", "1.11") })), bluegreen.ReasonDeploymentNotFound,
			"No Deployment has pods labelled name=nginx,version=1.11: create it, or set bluegreen/target-version to a version that runs"},
		"more labels than the selector": {List(Deployment("1.11", Labelled("name", "nginx", "version", "1.11", "tier", "web"))), bluegreen.ReasonSwitched,
			"Traffic moved from version 1.10 to version 1.11"},
		"being deleted": {List(Deployment("1.11", Deleting)), bluegreen.ReasonDeploymentDeleting,
			"Deployment nginx-1.11: is being deleted: create it again once it is gone, or ask for another version"},
		"scaled to zero": {List(Deployment("1.11", Replicas(0))), bluegreen.ReasonScaledToZero,
			"Deployment nginx-1.11: has 0 replicas: scale it up with kubectl scale deployment nginx-1.11 -n shop --replicas=N"},
		"scaled to zero reports MinimumReplicasAvailable as well": {List(Deployment("1.11", Replicas(0), func(d *appsv1.Deployment) { d.Status.AvailableReplicas = 0 })), bluegreen.ReasonScaledToZero,
			"Deployment nginx-1.11: has 0 replicas: scale it up with kubectl scale deployment nginx-1.11 -n shop --replicas=N"},
		"replicas left to the default":      {List(Deployment("1.11", func(d *appsv1.Deployment) { d.Spec.Replicas = nil })), bluegreen.ReasonSwitched, "Traffic moved from version 1.10 to version 1.11"},
		"starting":                          {List(Deployment("1.11", Starting)), bluegreen.ReasonNotAvailable, notYet},
		"never looked at by its controller": {List(Deployment("1.11", func(d *appsv1.Deployment) { d.Status = appsv1.DeploymentStatus{} })), bluegreen.ReasonNotAvailable, notYet},
		"status of an older generation":     {List(Deployment("1.11", func(d *appsv1.Deployment) { d.Generation = 3 })), bluegreen.ReasonNotAvailable, notYet},
		"scaled up from zero just now":      {List(Deployment("1.11", func(d *appsv1.Deployment) { d.Status.AvailableReplicas = 0 })), bluegreen.ReasonNotAvailable, notYet},
		"without conditions":                {List(Deployment("1.11", func(d *appsv1.Deployment) { d.Status.Conditions = nil })), bluegreen.ReasonNotAvailable, notYet},
		"Available is False":                {List(Deployment("1.11", condition(appsv1.DeploymentAvailable, corev1.ConditionFalse, "MinimumReplicasAvailable"))), bluegreen.ReasonNotAvailable, notYet},
		"Available is Unknown":              {List(Deployment("1.11", condition(appsv1.DeploymentAvailable, corev1.ConditionUnknown, "MinimumReplicasAvailable"))), bluegreen.ReasonNotAvailable, notYet},
		"Available for another reason":      {List(Deployment("1.11", condition(appsv1.DeploymentAvailable, corev1.ConditionTrue, "SomebodySaysSo"))), bluegreen.ReasonNotAvailable, notYet},
		"another condition with the reason": {List(Deployment("1.11", condition(appsv1.DeploymentProgressing, corev1.ConditionTrue, "MinimumReplicasAvailable"))), bluegreen.ReasonNotAvailable, notYet},
		"8 of 10": {List(Deployment("1.11", Replicas(10), func(d *appsv1.Deployment) { d.Status.AvailableReplicas = 8 })), bluegreen.ReasonSwitched,
			"Traffic moved from version 1.10 to version 1.11"},
		"all of several ready":             {List(ready, Deployment("1.11", Named("nginx-extra"))), bluegreen.ReasonSwitched, "Traffic moved from version 1.10 to version 1.11"},
		"one of several starting":          {List(ready, Deployment("1.11", Named("nginx-extra"), Starting)), bluegreen.ReasonNotAvailable, "Deployment nginx-extra: waiting for MinimumReplicasAvailable"},
		"of several held, the first named": {List(Deployment("1.11", Named("z"), Starting), Deployment("1.11", Named("a"), Starting)), bluegreen.ReasonNotAvailable, "Deployment a: waiting for MinimumReplicasAvailable"},
		"deletion outweighs starting":      {List(Deployment("1.11", Named("a"), Starting), Deployment("1.11", Named("z"), Deleting)), bluegreen.ReasonDeploymentDeleting, "Deployment z: is being deleted: create it again once it is gone, or ask for another version"},
		"no replicas outweigh starting":    {List(Deployment("1.11", Named("a"), Starting), Deployment("1.11", Named("z"), Replicas(0))), bluegreen.ReasonScaledToZero, "Deployment z: has 0 replicas: scale it up with kubectl scale deployment z -n shop --replicas=N"},
	} {
		t.Run(name, func(t *testing.T) {
			observed := Waiting()
			action := decide(observed, test.deployments)
			if action.Reason != test.reason || action.Message != test.message {
				t.Errorf("got %s: %s", action.Reason, action.Message)
			}
			selector, annotations := Pairs("name", "nginx", "version", "1.10"), WaitsFor("1.11", test.message)
			if test.reason == bluegreen.ReasonSwitched {
				selector, annotations = Pairs("name", "nginx", "version", "1.11"), StableOn("1.11")
			}
			EqualMaps(t, "selector", action.Service.Spec.Selector, selector)
			EqualMaps(t, "annotations", action.Service.Annotations, annotations)
			EqualMaps(t, "selector observed", observed.Spec.Selector, Pairs("name", "nginx", "version", "1.10"))
		})
	}
}

func TestDecideWithoutAPendingSwitch(t *testing.T) {
	for name, test := range map[string]struct {
		service     *corev1.Service
		reason      bluegreen.Reason
		annotations map[string]string
		writes      bool
	}{
		"stable":                                  {Managed(), bluegreen.ReasonStable, StableOn("1.10"), false},
		"stable, the webhook never ran":           {Service(Asks("1.10")), bluegreen.ReasonStable, StableOn("1.10"), true},
		"stable, with somebody's edits":           {Managed(Annotation(bluegreen.PhaseKey, "Failed"), Annotation(bluegreen.MessageKey, "x")), bluegreen.ReasonStable, StableOn("1.10"), true},
		"unmanaged":                               {Service(), bluegreen.ReasonNotManaged, nil, false},
		"unmanaged, with others' annotations":     {Service(Annotation("example.org/a", "b")), bluegreen.ReasonNotManaged, Pairs("example.org/a", "b"), false},
		"released while the webhook was away":     {Waiting(Lacks(bluegreen.TargetVersion)), bluegreen.ReasonNotManaged, nil, true},
		"a label on the version of the target":    {Managed(Annotation(bluegreen.VersionLabel, "name"), Asks("nginx")), bluegreen.ReasonStable, Pairs(bluegreen.TargetVersion, "nginx", bluegreen.VersionLabel, "name", bluegreen.PhaseKey, "Stable"), false},
		"withdrawn while the webhook was away":    {Waiting(Asks("1.10")), bluegreen.ReasonStable, StableOn("1.10"), true},
		"moved behind our back to what was asked": {Waiting(Selects("name", "nginx", "version", "1.11")), bluegreen.ReasonStable, StableOn("1.11"), true},
	} {
		t.Run(name, func(t *testing.T) {
			action := decideAlone(test.service)
			if action.Reason != test.reason || action.Message != "" {
				t.Errorf("got %s: %s", action.Reason, action.Message)
			}
			if got := action.writes; got != test.writes {
				t.Errorf("writes: got %v", got)
			}
			EqualMaps(t, "annotations", action.Service.Annotations, test.annotations)
			EqualMaps(t, "selector", action.Service.Spec.Selector, test.service.Spec.Selector)
		})
	}
}

func TestTheMessageOfAnInvalidAskNamesFieldAndValue(t *testing.T) {
	action := decideAlone(Service(Asks("not a label!")))
	want := `metadata.annotations[bluegreen/target-version]: Invalid value: "not a label!": must be a label value: `
	if action.Reason != bluegreen.ReasonInvalid || len(action.Message) < len(want) || action.Message[:len(want)] != want {
		t.Errorf("got %s: %s", action.Reason, action.Message)
	}
	EqualMaps(t, "annotations", action.Service.Annotations, WaitsFor("not a label!", action.Message))
}

func TestTheSameStateLeadsToTheSameMessageInWhateverOrderDeploymentsAreListed(t *testing.T) {
	deployments := List(Deployment("1.11", Named("c"), Starting), Deployment("1.11", Named("a"), Starting), Deployment("1.11", Named("b"), Starting))
	for range deployments {
		deployments = append(deployments[1:], deployments[0])
		action := decide(Waiting(), slices.Clone(deployments))
		if want := "Deployment a: waiting for MinimumReplicasAvailable"; action.Message != want {
			t.Errorf("got %q", action.Message)
		}
	}
}

func TestAMessageFitsIntoAnEvent(t *testing.T) {
	action := decideAlone(Service(Asks(strings.Repeat("é!", 5000))))
	if len(action.Message) > 1024 || !utf8.ValidString(action.Message) || !strings.HasPrefix(action.Message, "metadata.annotations[") {
		t.Errorf("%d bytes: %q", len(action.Message), action.Message)
	}
}

func TestAnInvalidAskMovesNothingHoweverReadyItsDeploymentIs(t *testing.T) {
	for name, option := range map[string]ServiceOption{
		"bad target":        Asks("not a label!"),
		"empty target":      Asks(""),
		"bad version label": Annotation(bluegreen.VersionLabel, "not a label!"),
		"unknown key":       Annotation("bluegreen/"+"promotion", "manual"),
		"ExternalName":      ExternalName,
		"no selector":       Selects(),
	} {
		t.Run(name, func(t *testing.T) {
			observed := Service(Asks("1.11"), option)
			action := decide(observed, List(Deployment("1.11")))
			if action.Reason != bluegreen.ReasonInvalid || action.Message == "" {
				t.Errorf("got %s: %q", action.Reason, action.Message)
			}
			EqualMaps(t, "selector", action.Service.Spec.Selector, observed.Spec.Selector)
			if found := bluegreen.Read(observed).IndexKeys(); slices.Contains(found, "version=1.11") {
				t.Errorf("it waits for its target: %q", found)
			}
			if state := observe(observed, []*appsv1.Deployment{Deployment("1.11")}); len(state.Target) > 0 {
				t.Errorf("it has a target: %v", state.Target)
			}
		})
	}
}
