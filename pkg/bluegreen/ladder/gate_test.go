package ladder

import (
	"fmt"
	"slices"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
	. "github.com/bluegreen-k8s/bluegreen/pkg/bluegreen/bluegreentest"
)

const movedTraffic = "Traffic moved from version 1.10 to version 1.11"

// rolled is a rollout with so many replicas updated, there, and available.
func rolled(updated, all, available int32) DeploymentOption {
	return func(d *appsv1.Deployment) {
		d.Status.UpdatedReplicas, d.Status.Replicas, d.Status.AvailableReplicas = updated, all, available
	}
}

func exposes(name string, protocol corev1.Protocol) DeploymentOption {
	return func(d *appsv1.Deployment) {
		d.Spec.Template.Spec.Containers = append(d.Spec.Template.Spec.Containers,
			corev1.Container{Ports: []corev1.ContainerPort{{Name: name, Protocol: protocol, ContainerPort: 80}}})
	}
}

func TestASelectorWithoutAVersionIsMatchedByWhatItIsToLeave(t *testing.T) {
	for name, test := range map[string]struct {
		available int32
		reason    bluegreen.Reason
	}{
		"as many":  {3, bluegreen.ReasonSwitched},
		"one less": {2, bluegreen.ReasonFewerThanLive},
	} {
		t.Run(name, func(t *testing.T) {
			green := Deployment("1.11", rolled(3, 3, test.available))
			action := decide(Waiting(Selects("name", "nginx"), Annotation(bluegreen.Ready, string(bluegreen.MatchLive))), List(Deployment("1.10"), green))
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
		ready       bluegreen.Readiness
		deployments []*appsv1.Deployment
		reason      bluegreen.Reason
		message     string
	}{
		"complete: all there":                  {bluegreen.Complete, List(Deployment("1.11", rolled(3, 3, 3))), bluegreen.ReasonSwitched, movedTraffic},
		"complete: one not available":          {bluegreen.Complete, List(Deployment("1.11", rolled(3, 3, 2))), bluegreen.ReasonNotComplete, notComplete},
		"complete: one of the template before": {bluegreen.Complete, List(Deployment("1.11", rolled(2, 3, 3))), bluegreen.ReasonNotComplete, notComplete},
		"complete: one too many yet":           {bluegreen.Complete, List(Deployment("1.11", rolled(3, 4, 3))), bluegreen.ReasonNotComplete, notComplete},
		"complete: paused":                     {bluegreen.Complete, List(Deployment("1.11", rolled(3, 3, 3), Paused)), bluegreen.ReasonPaused, isPaused},
		"complete: not even the minimum":       {bluegreen.Complete, List(Deployment("1.11", Starting)), bluegreen.ReasonNotAvailable, notYet},
		"minimum: paused":                      {bluegreen.Minimum, List(Deployment("1.11", Paused)), bluegreen.ReasonSwitched, movedTraffic},
		"minimum: amid a rollout":              {bluegreen.Minimum, List(Deployment("1.11", rolled(1, 4, 3))), bluegreen.ReasonSwitched, movedTraffic},
		"match-live: as many":                  {bluegreen.MatchLive, List(Deployment("1.10"), Deployment("1.11")), bluegreen.ReasonSwitched, movedTraffic},
		"match-live: fewer":                    {bluegreen.MatchLive, List(Deployment("1.10"), Deployment("1.11", rolled(2, 2, 2))), bluegreen.ReasonFewerThanLive, fewer},
		"match-live: fewer than two live":      {bluegreen.MatchLive, List(Deployment("1.10"), Deployment("1.10", Named("more")), Deployment("1.11")), bluegreen.ReasonFewerThanLive, fewer},
		"match-live: together as many":         {bluegreen.MatchLive, List(Deployment("1.10"), Deployment("1.11", rolled(1, 1, 1)), Deployment("1.11", Named("more"), rolled(2, 2, 2))), bluegreen.ReasonSwitched, movedTraffic},
		"match-live: nothing live is left":     {bluegreen.MatchLive, List(Deployment("1.11")), bluegreen.ReasonSwitched, movedTraffic},
		"match-live: the live one is down":     {bluegreen.MatchLive, List(Deployment("1.10", Starting), Deployment("1.11", rolled(1, 1, 1))), bluegreen.ReasonSwitched, movedTraffic},
		"match-live: not even the minimum":     {bluegreen.MatchLive, List(Deployment("1.10", Starting), Deployment("1.11", Starting)), bluegreen.ReasonNotAvailable, notYet},
	} {
		t.Run(name, func(t *testing.T) {
			action := decide(Waiting(Annotation(bluegreen.Ready, string(test.ready))), test.deployments)
			if action.Reason != test.reason || action.Message != test.message {
				t.Errorf("got %s: %s", action.Reason, action.Message)
			}
		})
	}
}

// spanning is a Deployment whose selector does not name the version, relabelled in place.
func spanning(options ...DeploymentOption) *appsv1.Deployment {
	built := Deployment("1.11", options...)
	built.Spec.Selector.MatchLabels = Pairs("name", "nginx")
	return built
}

func maxUnavailable(value intstr.IntOrString) DeploymentOption {
	return func(d *appsv1.Deployment) {
		d.Spec.Strategy.RollingUpdate = &appsv1.RollingUpdateDeployment{MaxUnavailable: &value, MaxSurge: new(intstr.FromInt32(1))}
	}
}

func TestADeploymentWhoseSelectorSpansVersionsIsJudgedByThePodsOfTheTargetAlone(t *testing.T) {
	const held = "Deployment nginx-1.11: waiting for %s of version 1.11 (its selector spans versions; with one Deployment for each version, the old one serves until then)"
	one, three, eight := fmt.Sprintf(held, "an available pod"), fmt.Sprintf(held, "3 available pods"), fmt.Sprintf(held, "8 available pods")
	goesDownToOne, quarter := maxUnavailable(intstr.FromInt32(2)), maxUnavailable(intstr.FromString("25%"))
	for name, test := range map[string]struct {
		rollout DeploymentOption
		of      int32
		keeps   DeploymentOption
		reason  bluegreen.Reason
		message string
	}{
		"only pods of before":                        {rolled(0, 3, 3), 3, goesDownToOne, bluegreen.ReasonNotAvailable, one},
		"one more, not available yet":                {rolled(1, 4, 3), 3, goesDownToOne, bluegreen.ReasonNotAvailable, one},
		"one more, available, all that it asks for":  {rolled(1, 4, 4), 3, goesDownToOne, bluegreen.ReasonSwitched, movedTraffic},
		"one that may be of before":                  {rolled(1, 3, 2), 3, goesDownToOne, bluegreen.ReasonNotAvailable, one},
		"one more, available, of three":              {rolled(1, 4, 4), 3, quarter, bluegreen.ReasonNotAvailable, three},
		"all there":                                  {rolled(3, 3, 3), 3, quarter, bluegreen.ReasonSwitched, movedTraffic},
		"one of ten, which a warm slot's nine hide":  {rolled(5, 13, 9), 10, quarter, bluegreen.ReasonNotAvailable, eight},
		"eight of ten, a quarter may be unavailable": {rolled(10, 13, 11), 10, quarter, bluegreen.ReasonSwitched, movedTraffic},
		"seven of ten":                               {rolled(10, 13, 10), 10, quarter, bluegreen.ReasonNotAvailable, eight},
		"recreated, all there":                       {rolled(3, 3, 3), 3, func(*appsv1.Deployment) {}, bluegreen.ReasonSwitched, movedTraffic},
		"recreated, two of three":                    {rolled(3, 3, 2), 3, func(*appsv1.Deployment) {}, bluegreen.ReasonNotAvailable, three},
	} {
		t.Run(name, func(t *testing.T) {
			action := decide(Waiting(), List(spanning(test.rollout, Replicas(test.of), test.keeps)))
			if action.Reason != test.reason || action.Message != test.message {
				t.Errorf("got %s: %s", action.Reason, action.Message)
			}
		})
	}
}

// TestAMissingLabelThatIsAddedDoesNotMoveTrafficToPodsWithoutIt: the Deployment's selector names the version, but not all that the
// Service's does.
func TestAMissingLabelThatIsAddedDoesNotMoveTrafficToPodsWithoutIt(t *testing.T) {
	partly := func(rollout, labels DeploymentOption) *appsv1.Deployment {
		built := Deployment("1.11", rollout, labels, maxUnavailable(intstr.FromString("25%")))
		built.Spec.Selector.MatchLabels = Pairs("version", "1.11")
		return built
	}
	bare, whole := Labelled("version", "1.11"), Labelled("name", "nginx", "version", "1.11")
	got := walk(t,
		runs(Deployment("1.10"), partly(rolled(3, 3, 3), bare)),
		create(Service(Asks("1.10"))),
		write(Asks("1.11")),
		runs(partly(rolled(0, 3, 3), whole)),
		runs(partly(rolled(1, 4, 3), whole)),
		runs(partly(rolled(2, 4, 4), whole)),
		runs(partly(rolled(3, 4, 4), whole)),
	)
	held := func(reason bluegreen.Reason, writes int) stop { return stop{"Waiting", reason, "1.10", writes} }
	want := []stop{{"Stable", bluegreen.ReasonStable, "1.10", 0}, held(bluegreen.ReasonDeploymentNotFound, 1), held(bluegreen.ReasonNotAvailable, 1), held(bluegreen.ReasonNotAvailable, 0),
		held(bluegreen.ReasonNotAvailable, 0), {"Stable", bluegreen.ReasonStable, "1.11", 1}}
	if !slices.Equal(got, want) {
		t.Errorf("\n got %v\nwant %v", got, want)
	}
}

func TestMatchLiveCountsPodsOfTheTargetOnly(t *testing.T) {
	for name, test := range map[string]struct {
		rollout DeploymentOption
		reason  bluegreen.Reason
	}{
		"nine available, one of the target":  {rolled(5, 13, 9), bluegreen.ReasonNotAvailable},
		"eight of the target, nine are live": {rolled(10, 13, 11), bluegreen.ReasonFewerThanLive},
		"nine of the target":                 {rolled(10, 11, 10), bluegreen.ReasonSwitched},
	} {
		t.Run(name, func(t *testing.T) {
			green := spanning(test.rollout, Replicas(10), maxUnavailable(intstr.FromString("25%")))
			live := Deployment("1.10", rolled(9, 9, 9), Replicas(9))
			action := decide(Waiting(Annotation(bluegreen.Ready, string(bluegreen.MatchLive))), List(live, green))
			if action.Reason != test.reason {
				t.Errorf("got %s: %s", action.Reason, action.Message)
			}
		})
	}
}

func TestWhatServesAndIsAskedForAtOnceCountsOnce(t *testing.T) {
	adopted := Waiting(Selects("name", "nginx"), Annotation(bluegreen.Ready, string(bluegreen.MatchLive)))
	state := observe(adopted, List(Deployment("1.11")))
	if action := outcomeOf(state); action.Reason != bluegreen.ReasonSwitched {
		t.Errorf("got %s: %s", action.Reason, action.Message)
	}
	if again := state.Refresh(nil); len(again.Target)+len(again.Live) > 0 {
		t.Errorf("a target that is gone is still there: %v", again)
	}
}

func TestATargetWithoutThePortThatTheServiceNamesIsHeld(t *testing.T) {
	names := func(port string, protocol corev1.Protocol) ServiceOption {
		return func(s *corev1.Service) {
			s.Spec.Ports = []corev1.ServicePort{{Port: 80, Protocol: protocol, TargetPort: intstr.FromString(port)}}
		}
	}
	const missing = `Deployment nginx-1.11: no container has a TCP port named "http", a targetPort of the Service`
	for name, test := range map[string]struct {
		port    ServiceOption
		option  DeploymentOption
		reason  bluegreen.Reason
		message string
	}{
		"there":                     {names("http", corev1.ProtocolTCP), exposes("http", corev1.ProtocolTCP), bluegreen.ReasonSwitched, movedTraffic},
		"there, protocols left out": {names("http", ""), exposes("http", ""), bluegreen.ReasonSwitched, movedTraffic},
		"there, in a sidecar": {names("http", ""), func(d *appsv1.Deployment) {
			exposes("http", "")(d)
			d.Spec.Template.Spec.InitContainers, d.Spec.Template.Spec.Containers = d.Spec.Template.Spec.Containers, nil
			d.Spec.Template.Spec.InitContainers[0].RestartPolicy = ptr.To(corev1.ContainerRestartPolicyAlways)
		}, bluegreen.ReasonSwitched, movedTraffic},
		"there, in an init container that ends": {names("http", ""), func(d *appsv1.Deployment) {
			exposes("http", "")(d)
			d.Spec.Template.Spec.InitContainers, d.Spec.Template.Spec.Containers = d.Spec.Template.Spec.Containers, nil
		}, bluegreen.ReasonPortNotFound, missing},
		"another name":     {names("http", ""), exposes("web", ""), bluegreen.ReasonPortNotFound, missing},
		"another protocol": {names("http", ""), exposes("http", corev1.ProtocolUDP), bluegreen.ReasonPortNotFound, missing},
		"no port at all":   {names("http", corev1.ProtocolTCP), Starting, bluegreen.ReasonPortNotFound, missing},
		"a number needs no name": {func(s *corev1.Service) {
			s.Spec.Ports = []corev1.ServicePort{{Port: 80, TargetPort: intstr.FromInt32(8080)}}
		}, exposes("web", ""), bluegreen.ReasonSwitched, movedTraffic},
	} {
		t.Run(name, func(t *testing.T) {
			live := Deployment("1.10", exposes("http", corev1.ProtocolTCP))
			action := decide(Waiting(test.port), List(live, Deployment("1.11", test.option)))
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
		reason      bluegreen.Reason
	}{
		"what serves lacks it too":     {List(Deployment("1.10"), Deployment("1.11")), bluegreen.ReasonSwitched},
		"one of two that serve has it": {List(Deployment("1.10"), Deployment("1.10", Named("more"), has), Deployment("1.11")), bluegreen.ReasonPortNotFound},
		"nothing serves":               {List(Deployment("1.11")), bluegreen.ReasonPortNotFound},
	} {
		t.Run(name, func(t *testing.T) {
			if action := decide(Waiting(proxied), test.deployments); action.Reason != test.reason {
				t.Errorf("got %s: %s", action.Reason, action.Message)
			}
		})
	}
}
