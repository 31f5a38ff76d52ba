package bluegreen

import (
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"
)

const moved = "Traffic moved from version 1.10 to version 1.11"

// rolled is a rollout with so many replicas updated, there, and available.
func rolled(updated, all, available int32) deploymentOption {
	return func(d *appsv1.Deployment) {
		d.Status.UpdatedReplicas, d.Status.Replicas, d.Status.AvailableReplicas = updated, all, available
	}
}

func paused(d *appsv1.Deployment) { d.Spec.Paused = true }

func exposes(name string, protocol corev1.Protocol) deploymentOption {
	return func(d *appsv1.Deployment) {
		d.Spec.Template.Spec.Containers = append(d.Spec.Template.Spec.Containers,
			corev1.Container{Ports: []corev1.ContainerPort{{Name: name, Protocol: protocol, ContainerPort: 80}}})
	}
}

func TestASelectorWithoutAVersionIsMatchedByWhatItIsToLeave(t *testing.T) {
	for name, test := range map[string]struct {
		available int32
		reason    Reason
	}{
		"as many":  {3, ReasonSwitched},
		"one less": {2, ReasonFewerThanLive},
	} {
		t.Run(name, func(t *testing.T) {
			green := deployment("1.11", rolled(3, 3, test.available))
			action := Decide(Observe(waiting(selects("name", "nginx"), annotation(Ready, string(MatchLive))), list(deployment("1.10"), green)))
			if action.Reason != test.reason {
				t.Errorf("got %s: %s", action.Reason, action.Message)
			}
		})
	}
}

func TestHowReadyTheTargetMustBeIsTheServicesToSay(t *testing.T) {
	const (
		notComplete = "Deployment nginx-1.11: waiting for every replica to be updated and available"
		isPaused    = "Deployment nginx-1.11: is paused, and bluegreen/ready=complete asks for a complete rollout: kubectl rollout resume deployment nginx-1.11 -n shop"
		fewer       = "Version 1.11: waiting for as many available replicas as version 1.10 has"
	)
	for name, test := range map[string]struct {
		ready       Readiness
		deployments []*appsv1.Deployment
		reason      Reason
		message     string
	}{
		"complete: all there":                  {Complete, list(deployment("1.11", rolled(3, 3, 3))), ReasonSwitched, moved},
		"complete: one not available":          {Complete, list(deployment("1.11", rolled(3, 3, 2))), ReasonNotComplete, notComplete},
		"complete: one of the template before": {Complete, list(deployment("1.11", rolled(2, 3, 3))), ReasonNotComplete, notComplete},
		"complete: one too many yet":           {Complete, list(deployment("1.11", rolled(3, 4, 3))), ReasonNotComplete, notComplete},
		"complete: paused":                     {Complete, list(deployment("1.11", rolled(3, 3, 3), paused)), ReasonPaused, isPaused},
		"complete: not even the minimum":       {Complete, list(deployment("1.11", starting)), ReasonNotAvailable, notYet},
		"minimum: paused":                      {Minimum, list(deployment("1.11", paused)), ReasonSwitched, moved},
		"minimum: amid a rollout":              {Minimum, list(deployment("1.11", rolled(1, 4, 3))), ReasonSwitched, moved},
		"match-live: as many":                  {MatchLive, list(deployment("1.10"), deployment("1.11")), ReasonSwitched, moved},
		"match-live: fewer":                    {MatchLive, list(deployment("1.10"), deployment("1.11", rolled(2, 2, 2))), ReasonFewerThanLive, fewer},
		"match-live: fewer than two live":      {MatchLive, list(deployment("1.10"), deployment("1.10", named("more")), deployment("1.11")), ReasonFewerThanLive, fewer},
		"match-live: together as many":         {MatchLive, list(deployment("1.10"), deployment("1.11", rolled(1, 1, 1)), deployment("1.11", named("more"), rolled(2, 2, 2))), ReasonSwitched, moved},
		"match-live: nothing live is left":     {MatchLive, list(deployment("1.11")), ReasonSwitched, moved},
		"match-live: the live one is down":     {MatchLive, list(deployment("1.10", starting), deployment("1.11", rolled(1, 1, 1))), ReasonSwitched, moved},
		"match-live: not even the minimum":     {MatchLive, list(deployment("1.10", starting), deployment("1.11", starting)), ReasonNotAvailable, notYet},
	} {
		t.Run(name, func(t *testing.T) {
			action := Decide(Observe(waiting(annotation(Ready, string(test.ready))), test.deployments))
			if action.Reason != test.reason || action.Message != test.message {
				t.Errorf("got %s: %s", action.Reason, action.Message)
			}
		})
	}
}

// spanning is a Deployment whose selector does not name the version, relabelled in place.
func spanning(options ...deploymentOption) *appsv1.Deployment {
	built := deployment("1.11", options...)
	built.Spec.Selector.MatchLabels = pairs("name", "nginx")
	return built
}

func TestADeploymentRelabelledInPlaceIsHeldUntilAPodOfTheTargetIsAvailable(t *testing.T) {
	const held = "Deployment nginx-1.11: waiting for an available pod of version 1.11 (its selector spans versions; with one Deployment for each version, the old one serves until then)"
	for name, test := range map[string]struct {
		rollout deploymentOption
		reason  Reason
		message string
	}{
		"only pods of before":         {rolled(0, 3, 3), ReasonNotAvailable, held},
		"one more, not available yet": {rolled(1, 4, 3), ReasonNotAvailable, held},
		"one more, available":         {rolled(1, 4, 4), ReasonSwitched, moved},
		"one that may be of before":   {rolled(1, 3, 2), ReasonNotAvailable, held},
		"all there":                   {rolled(3, 3, 3), ReasonSwitched, moved},
	} {
		t.Run(name, func(t *testing.T) {
			action := Decide(Observe(waiting(), list(spanning(test.rollout))))
			if action.Reason != test.reason || action.Message != test.message {
				t.Errorf("got %s: %s", action.Reason, action.Message)
			}
		})
	}
}

func TestWhatServesAndIsAskedForAtOnceCountsOnce(t *testing.T) {
	adopted := waiting(selects("name", "nginx"), annotation(Ready, string(MatchLive)))
	state := Observe(adopted, list(deployment("1.11")))
	if action := Decide(state); action.Reason != ReasonSwitched {
		t.Errorf("got %s: %s", action.Reason, action.Message)
	}
	if again := state.Refresh(nil); len(again.Target)+len(again.Live) > 0 {
		t.Errorf("a target that is gone is still there: %v", again)
	}
}

func TestATargetWithoutThePortThatTheServiceNamesIsHeld(t *testing.T) {
	names := func(port string, protocol corev1.Protocol) serviceOption {
		return func(s *corev1.Service) {
			s.Spec.Ports = []corev1.ServicePort{{Port: 80, Protocol: protocol, TargetPort: intstr.FromString(port)}}
		}
	}
	const missing = `Deployment nginx-1.11: no container has a TCP port named "http", a targetPort of the Service`
	for name, test := range map[string]struct {
		port    serviceOption
		option  deploymentOption
		reason  Reason
		message string
	}{
		"there":                     {names("http", corev1.ProtocolTCP), exposes("http", corev1.ProtocolTCP), ReasonSwitched, moved},
		"there, protocols left out": {names("http", ""), exposes("http", ""), ReasonSwitched, moved},
		"there, in a sidecar": {names("http", ""), func(d *appsv1.Deployment) {
			exposes("http", "")(d)
			d.Spec.Template.Spec.InitContainers, d.Spec.Template.Spec.Containers = d.Spec.Template.Spec.Containers, nil
			d.Spec.Template.Spec.InitContainers[0].RestartPolicy = ptr.To(corev1.ContainerRestartPolicyAlways)
		}, ReasonSwitched, moved},
		"there, in an init container that ends": {names("http", ""), func(d *appsv1.Deployment) {
			exposes("http", "")(d)
			d.Spec.Template.Spec.InitContainers, d.Spec.Template.Spec.Containers = d.Spec.Template.Spec.Containers, nil
		}, ReasonPortNotFound, missing},
		"another name":     {names("http", ""), exposes("web", ""), ReasonPortNotFound, missing},
		"another protocol": {names("http", ""), exposes("http", corev1.ProtocolUDP), ReasonPortNotFound, missing},
		"no port at all":   {names("http", corev1.ProtocolTCP), starting, ReasonPortNotFound, missing},
		"a number needs no name": {func(s *corev1.Service) {
			s.Spec.Ports = []corev1.ServicePort{{Port: 80, TargetPort: intstr.FromInt32(8080)}}
		}, exposes("web", ""), ReasonSwitched, moved},
	} {
		t.Run(name, func(t *testing.T) {
			action := Decide(Observe(waiting(test.port), list(deployment("1.11", test.option))))
			if action.Reason != test.reason || action.Message != test.message {
				t.Errorf("got %s: %s", action.Reason, action.Message)
			}
		})
	}
}
