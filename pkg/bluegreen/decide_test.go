package bluegreen

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
)

const notYet = "Deployment nginx-1.11: waiting for MinimumReplicasAvailable"

func TestTheGateSaysInOneSentenceWhatHoldsASwitch(t *testing.T) {
	condition := func(kind appsv1.DeploymentConditionType, status corev1.ConditionStatus, reason string) deploymentOption {
		return func(d *appsv1.Deployment) {
			d.Status.Conditions = []appsv1.DeploymentCondition{{Type: kind, Status: status, Reason: reason}}
		}
	}
	ready := deployment("1.11")
	for name, test := range map[string]struct {
		deployments []*appsv1.Deployment
		reason      Reason
		message     string
	}{
		"ready": {list(ready), ReasonSwitched, "Traffic moved from version 1.10 to version 1.11"},
		"no Deployment": {nil, ReasonDeploymentNotFound,
			"No Deployment has pods labelled name=nginx,version=1.11: create it, or set bluegreen/target-version to a version that runs"},
		"only the live version's": {list(deployment("1.10")), ReasonDeploymentNotFound,
			"No Deployment has pods labelled name=nginx,version=1.11: create it, or set bluegreen/target-version to a version that runs"},
		"only another application's": {list(deployment("1.11", labelled("name", "apache", "version", "1.11"))), ReasonDeploymentNotFound,
			"No Deployment has pods labelled name=nginx,version=1.11: create it, or set bluegreen/target-version to a version that runs"},
		"labels on the Deployment only": {list(deployment("1.11", labelled(), func(d *appsv1.Deployment) { d.Labels = pairs("name", "nginx", "version", "1.11") })), ReasonDeploymentNotFound,
			"No Deployment has pods labelled name=nginx,version=1.11: create it, or set bluegreen/target-version to a version that runs"},
		"more labels than the selector": {list(deployment("1.11", labelled("name", "nginx", "version", "1.11", "tier", "web"))), ReasonSwitched,
			"Traffic moved from version 1.10 to version 1.11"},
		"being deleted": {list(deployment("1.11", deleting)), ReasonDeploymentDeleting,
			"Deployment nginx-1.11: is being deleted: create it again once it is gone, or ask for another version"},
		"scaled to zero": {list(deployment("1.11", replicas(0))), ReasonScaledToZero,
			"Deployment nginx-1.11: has 0 replicas: scale it up with kubectl scale deployment nginx-1.11 -n shop --replicas=N"},
		"scaled to zero reports MinimumReplicasAvailable as well": {list(deployment("1.11", replicas(0), func(d *appsv1.Deployment) { d.Status.AvailableReplicas = 0 })), ReasonScaledToZero,
			"Deployment nginx-1.11: has 0 replicas: scale it up with kubectl scale deployment nginx-1.11 -n shop --replicas=N"},
		"replicas left to the default":      {list(deployment("1.11", func(d *appsv1.Deployment) { d.Spec.Replicas = nil })), ReasonSwitched, "Traffic moved from version 1.10 to version 1.11"},
		"starting":                          {list(deployment("1.11", starting)), ReasonNotAvailable, notYet},
		"never looked at by its controller": {list(deployment("1.11", func(d *appsv1.Deployment) { d.Status = appsv1.DeploymentStatus{} })), ReasonNotAvailable, notYet},
		"status of an older generation":     {list(deployment("1.11", func(d *appsv1.Deployment) { d.Generation = 3 })), ReasonNotAvailable, notYet},
		"scaled up from zero just now":      {list(deployment("1.11", func(d *appsv1.Deployment) { d.Status.AvailableReplicas = 0 })), ReasonNotAvailable, notYet},
		"without conditions":                {list(deployment("1.11", func(d *appsv1.Deployment) { d.Status.Conditions = nil })), ReasonNotAvailable, notYet},
		"Available is False":                {list(deployment("1.11", condition(appsv1.DeploymentAvailable, corev1.ConditionFalse, "MinimumReplicasAvailable"))), ReasonNotAvailable, notYet},
		"Available is Unknown":              {list(deployment("1.11", condition(appsv1.DeploymentAvailable, corev1.ConditionUnknown, "MinimumReplicasAvailable"))), ReasonNotAvailable, notYet},
		"Available for another reason":      {list(deployment("1.11", condition(appsv1.DeploymentAvailable, corev1.ConditionTrue, "SomebodySaysSo"))), ReasonNotAvailable, notYet},
		"another condition with the reason": {list(deployment("1.11", condition(appsv1.DeploymentProgressing, corev1.ConditionTrue, "MinimumReplicasAvailable"))), ReasonNotAvailable, notYet},
		"8 of 10": {list(deployment("1.11", replicas(10), func(d *appsv1.Deployment) { d.Status.AvailableReplicas = 8 })), ReasonSwitched,
			"Traffic moved from version 1.10 to version 1.11"},
		"all of several ready":             {list(ready, deployment("1.11", named("nginx-extra"))), ReasonSwitched, "Traffic moved from version 1.10 to version 1.11"},
		"one of several starting":          {list(ready, deployment("1.11", named("nginx-extra"), starting)), ReasonNotAvailable, "Deployment nginx-extra: waiting for MinimumReplicasAvailable"},
		"of several held, the first named": {list(deployment("1.11", named("z"), starting), deployment("1.11", named("a"), starting)), ReasonNotAvailable, "Deployment a: waiting for MinimumReplicasAvailable"},
		"deletion outweighs starting":      {list(deployment("1.11", named("a"), starting), deployment("1.11", named("z"), deleting)), ReasonDeploymentDeleting, "Deployment z: is being deleted: create it again once it is gone, or ask for another version"},
		"no replicas outweigh starting":    {list(deployment("1.11", named("a"), starting), deployment("1.11", named("z"), replicas(0))), ReasonScaledToZero, "Deployment z: has 0 replicas: scale it up with kubectl scale deployment z -n shop --replicas=N"},
	} {
		t.Run(name, func(t *testing.T) {
			observed := waiting()
			action := Decide(Observe(observed, test.deployments))
			if action.Reason != test.reason || action.Message != test.message {
				t.Errorf("got %s: %s", action.Reason, action.Message)
			}
			selector, annotations := pairs("name", "nginx", "version", "1.10"), waits("1.11", test.message)
			if test.reason == ReasonSwitched {
				selector, annotations = pairs("name", "nginx", "version", "1.11"), stable("1.11")
			}
			equalMaps(t, "selector", action.Service.Spec.Selector, selector)
			equalMaps(t, "annotations", action.Service.Annotations, annotations)
			equalMaps(t, "selector observed", observed.Spec.Selector, pairs("name", "nginx", "version", "1.10"))
		})
	}
}

func TestDecideWithoutAPendingSwitch(t *testing.T) {
	for name, test := range map[string]struct {
		service     *corev1.Service
		reason      Reason
		annotations map[string]string
		writes      bool
	}{
		"stable":                                  {managed(), ReasonStable, stable("1.10"), false},
		"stable, the webhook never ran":           {service(asks("1.10")), ReasonStable, stable("1.10"), true},
		"stable, with somebody's edits":           {managed(annotation(PhaseKey, "Failed"), annotation(MessageKey, "x")), ReasonStable, stable("1.10"), true},
		"unmanaged":                               {service(), ReasonReleased, nil, false},
		"unmanaged, with others' annotations":     {service(annotation("example.org/a", "b")), ReasonReleased, pairs("example.org/a", "b"), false},
		"released while the webhook was away":     {waiting(lacks(TargetVersion)), ReasonReleased, nil, true},
		"a label on the version of the target":    {managed(annotation(VersionLabel, "name"), asks("nginx")), ReasonStable, pairs(TargetVersion, "nginx", VersionLabel, "name", PhaseKey, "Stable"), false},
		"withdrawn while the webhook was away":    {waiting(asks("1.10")), ReasonStable, stable("1.10"), true},
		"moved behind our back to what was asked": {waiting(selects("name", "nginx", "version", "1.11")), ReasonStable, stable("1.11"), true},
	} {
		t.Run(name, func(t *testing.T) {
			action := Decide(State{Service: test.service})
			if action.Reason != test.reason || action.Message != "" {
				t.Errorf("got %s: %s", action.Reason, action.Message)
			}
			if got := action.Changes(test.service); got != test.writes {
				t.Errorf("writes: got %v", got)
			}
			equalMaps(t, "annotations", action.Service.Annotations, test.annotations)
			equalMaps(t, "selector", action.Service.Spec.Selector, test.service.Spec.Selector)
		})
	}
}

func TestTheMessageOfAnInvalidAskNamesFieldAndValue(t *testing.T) {
	action := Decide(State{Service: service(asks("not a label!"))})
	want := `metadata.annotations[bluegreen/target-version]: Invalid value: "not a label!": must be a label value: `
	if action.Reason != ReasonInvalid || len(action.Message) < len(want) || action.Message[:len(want)] != want {
		t.Errorf("got %s: %s", action.Reason, action.Message)
	}
	equalMaps(t, "annotations", action.Service.Annotations, waits("not a label!", action.Message))
}

func TestTheSameStateLeadsToTheSameMessageInWhateverOrderDeploymentsAreListed(t *testing.T) {
	deployments := list(deployment("1.11", named("c"), starting), deployment("1.11", named("a"), starting), deployment("1.11", named("b"), starting))
	for range deployments {
		deployments = append(deployments[1:], deployments[0])
		action := Decide(Observe(waiting(), slices.Clone(deployments)))
		if want := "Deployment a: waiting for MinimumReplicasAvailable"; action.Message != want {
			t.Errorf("got %q", action.Message)
		}
	}
}

func TestAServiceIsFoundByALabelThatWhatMattersToItHasAndFewOthersHave(t *testing.T) {
	for name, test := range map[string]struct {
		service *corev1.Service
		labels  []string
	}{
		"stable":                {managed(), []string{"name=nginx"}},
		"pending":               {waiting(), []string{"name=nginx"}},
		"the longest value":     {managed(selects("app", "b", "instance", "shop-nginx", "version", "1.10-with-a-long-name")), []string{"instance=shop-nginx"}},
		"as long as another":    {managed(selects("name", "nginx", "app", "nginx", "version", "1.10")), []string{"app=nginx"}},
		"own label":             {managed(annotation(VersionLabel, "name"), asks("green")), []string{"version=1.10"}},
		"no version yet":        {waiting(selects("name", "nginx")), []string{"name=nginx"}},
		"a version and no more": {managed(selects("version", "1.10")), []string{"version=1.10"}},
		"the same, pending":     {waiting(selects("version", "1.10")), []string{"version=1.10", "version=1.11"}},
		"unmanaged":             {service(), nil},
		"invalid":               {managed(asks("?")), []string{"name=nginx"}},
		"no selector":           {managed(selects()), nil},
	} {
		t.Run(name, func(t *testing.T) {
			if got := Labels(test.service); !slices.Equal(got, test.labels) {
				t.Errorf("got %q", got)
			}
		})
	}
}

func list(deployments ...*appsv1.Deployment) []*appsv1.Deployment { return deployments }

func TestAMessageFitsIntoAnEvent(t *testing.T) {
	action := Decide(State{Service: service(asks(strings.Repeat("é!", 5000)))})
	if len(action.Message) > 1024 || !utf8.ValidString(action.Message) || !strings.HasPrefix(action.Message, "metadata.annotations[") {
		t.Errorf("%d bytes: %q", len(action.Message), action.Message)
	}
}
