package bluegreen

import (
	"fmt"
	"slices"
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

func maxUnavailable(value intstr.IntOrString) deploymentOption {
	return func(d *appsv1.Deployment) {
		d.Spec.Strategy.RollingUpdate = &appsv1.RollingUpdateDeployment{MaxUnavailable: &value, MaxSurge: ptr.To(intstr.FromInt32(1))}
	}
}

func TestADeploymentWhoseSelectorSpansVersionsIsJudgedByThePodsOfTheTargetAlone(t *testing.T) {
	const held = "Deployment nginx-1.11: waiting for %s of version 1.11 (its selector spans versions; with one Deployment for each version, the old one serves until then)"
	one, three, eight := fmt.Sprintf(held, "an available pod"), fmt.Sprintf(held, "3 available pods"), fmt.Sprintf(held, "8 available pods")
	goesDownToOne, quarter := maxUnavailable(intstr.FromInt32(2)), maxUnavailable(intstr.FromString("25%"))
	for name, test := range map[string]struct {
		rollout deploymentOption
		of      int32
		keeps   deploymentOption
		reason  Reason
		message string
	}{
		"only pods of before":                        {rolled(0, 3, 3), 3, goesDownToOne, ReasonNotAvailable, one},
		"one more, not available yet":                {rolled(1, 4, 3), 3, goesDownToOne, ReasonNotAvailable, one},
		"one more, available, all that it asks for":  {rolled(1, 4, 4), 3, goesDownToOne, ReasonSwitched, moved},
		"one that may be of before":                  {rolled(1, 3, 2), 3, goesDownToOne, ReasonNotAvailable, one},
		"one more, available, of three":              {rolled(1, 4, 4), 3, quarter, ReasonNotAvailable, three},
		"all there":                                  {rolled(3, 3, 3), 3, quarter, ReasonSwitched, moved},
		"one of ten, which a warm slot's nine hide":  {rolled(5, 13, 9), 10, quarter, ReasonNotAvailable, eight},
		"eight of ten, a quarter may be unavailable": {rolled(10, 13, 11), 10, quarter, ReasonSwitched, moved},
		"seven of ten":                               {rolled(10, 13, 10), 10, quarter, ReasonNotAvailable, eight},
		"recreated, all there":                       {rolled(3, 3, 3), 3, func(*appsv1.Deployment) {}, ReasonSwitched, moved},
		"recreated, two of three":                    {rolled(3, 3, 2), 3, func(*appsv1.Deployment) {}, ReasonNotAvailable, three},
	} {
		t.Run(name, func(t *testing.T) {
			action := Decide(Observe(waiting(), list(spanning(test.rollout, replicas(test.of), test.keeps))))
			if action.Reason != test.reason || action.Message != test.message {
				t.Errorf("got %s: %s", action.Reason, action.Message)
			}
		})
	}
}

// TestAMissingLabelThatIsAddedDoesNotMoveTrafficToPodsWithoutIt: the Deployment's selector names the version, but not all that the
// Service's does.
func TestAMissingLabelThatIsAddedDoesNotMoveTrafficToPodsWithoutIt(t *testing.T) {
	partly := func(rollout, labels deploymentOption) *appsv1.Deployment {
		built := deployment("1.11", rollout, labels, maxUnavailable(intstr.FromString("25%")))
		built.Spec.Selector.MatchLabels = pairs("version", "1.11")
		return built
	}
	bare, whole := labelled("version", "1.11"), labelled("name", "nginx", "version", "1.11")
	got := walk(t,
		runs(deployment("1.10"), partly(rolled(3, 3, 3), bare)),
		create(service(asks("1.10"))),
		write(asks("1.11")),
		runs(partly(rolled(0, 3, 3), whole)),
		runs(partly(rolled(1, 4, 3), whole)),
		runs(partly(rolled(2, 4, 4), whole)),
		runs(partly(rolled(3, 4, 4), whole)),
	)
	held := func(reason Reason, writes int) stop { return stop{"Waiting", reason, "1.10", writes} }
	want := []stop{{"Stable", ReasonStable, "1.10", 0}, held(ReasonDeploymentNotFound, 1), held(ReasonNotAvailable, 1), held(ReasonNotAvailable, 0),
		held(ReasonNotAvailable, 0), {"Stable", ReasonStable, "1.11", 1}}
	if !slices.Equal(got, want) {
		t.Errorf("\n got %v\nwant %v", got, want)
	}
}

func TestMatchLiveCountsPodsOfTheTargetOnly(t *testing.T) {
	for name, test := range map[string]struct {
		rollout deploymentOption
		reason  Reason
	}{
		"nine available, one of the target":  {rolled(5, 13, 9), ReasonNotAvailable},
		"eight of the target, nine are live": {rolled(10, 13, 11), ReasonFewerThanLive},
		"nine of the target":                 {rolled(10, 11, 10), ReasonSwitched},
	} {
		t.Run(name, func(t *testing.T) {
			green := spanning(test.rollout, replicas(10), maxUnavailable(intstr.FromString("25%")))
			live := deployment("1.10", rolled(9, 9, 9), replicas(9))
			action := Decide(Observe(waiting(annotation(Ready, string(MatchLive))), list(live, green)))
			if action.Reason != test.reason {
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
			live := deployment("1.10", exposes("http", corev1.ProtocolTCP))
			action := Decide(Observe(waiting(test.port), list(live, deployment("1.11", test.option))))
			if action.Reason != test.reason || action.Message != test.message {
				t.Errorf("got %s: %s", action.Reason, action.Message)
			}
		})
	}
}

func TestAPortThatAnInjectedSidecarNamesHoldsNothing(t *testing.T) {
	proxied := func(s *corev1.Service) {
		s.Spec.Ports = []corev1.ServicePort{{Port: 80, TargetPort: intstr.FromString("proxy")}}
	}
	has := exposes("proxy", corev1.ProtocolTCP)
	for name, test := range map[string]struct {
		deployments []*appsv1.Deployment
		reason      Reason
	}{
		"what serves lacks it too":     {list(deployment("1.10"), deployment("1.11")), ReasonSwitched},
		"one of two that serve has it": {list(deployment("1.10"), deployment("1.10", named("more"), has), deployment("1.11")), ReasonPortNotFound},
		"nothing serves":               {list(deployment("1.11")), ReasonPortNotFound},
	} {
		t.Run(name, func(t *testing.T) {
			if action := Decide(Observe(waiting(proxied), test.deployments)); action.Reason != test.reason {
				t.Errorf("got %s: %s", action.Reason, action.Message)
			}
		})
	}
}
