package view_test

import (
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	. "github.com/bluegreen-k8s/bluegreen/pkg/bluegreen/bluegreentest"
	"github.com/bluegreen-k8s/bluegreen/pkg/plugin/view"
	. "github.com/bluegreen-k8s/bluegreen/pkg/plugin/viewtest"
)

func TestAPodThatIsNotReadySaysWhyAndWhereToLook(t *testing.T) {
	blue := ReplicaSet(DeploymentOf("1.10"), 0, 1)
	describe := "kubectl describe pod nginx-1.10-5d4f-a -n shop"
	unhealthy := Event("Pod", Pod(blue, "a"), time.Minute, "Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 500")
	before := Event("Pod", Pod(blue, "a"), time.Second, "Unhealthy", "Readiness probe failed: connection refused")
	for name, test := range map[string]struct {
		pod              PodOption
		events           []*eventsv1.Event
		state, why, look string
	}{
		"it is ready": {pod: func(*corev1.Pod) {}, state: "Running"},
		"its image cannot be pulled": {
			pod:   ImagePullBackOff,
			state: "ImagePullBackOff",
			why:   `container nginx: Back-off pulling image "nginx:1.11"`,
			look:  describe,
		},
		"it ends again and again": {
			pod:   CrashLoopBackOff,
			state: "CrashLoopBackOff",
			why:   "container nginx ended with exit code 1 (Error)",
			look:  "kubectl logs nginx-1.10-5d4f-a -c nginx -n shop --previous",
		},
		"it has ended": {
			pod: func(p *corev1.Pod) {
				CrashLoopBackOff(p)
				status := &p.Status.ContainerStatuses[0]
				status.State = corev1.ContainerState{Terminated: status.LastTerminationState.Terminated}
				status.LastTerminationState.Terminated = nil
			},
			state: "Error",
			why:   "container nginx ended with exit code 1 (Error)",
			look:  "kubectl logs nginx-1.10-5d4f-a -c nginx -n shop",
		},
		"no node takes it": {
			pod:   Unschedulable,
			state: "Unschedulable",
			why:   "0/3 nodes are available: 3 Insufficient cpu.",
			look:  describe,
		},
		"its probe fails": {
			pod:    Unready,
			events: []*eventsv1.Event{unhealthy, before},
			state:  "Running",
			why:    "Readiness probe failed: HTTP probe failed with statuscode: 500",
			look:   describe,
		},
		"its probe has not succeeded yet": {
			pod:   Unready,
			state: "Running",
			why:   "container nginx runs, and its readiness probe has not succeeded yet",
		},
		"an init container holds it": {
			pod: func(p *corev1.Pod) {
				ImagePullBackOff(p)
				p.Status.InitContainerStatuses = p.Status.ContainerStatuses
				p.Status.InitContainerStatuses[0].Name = "migrate"
				p.Status.ContainerStatuses = []corev1.ContainerStatus{{Name: "nginx", State: corev1.ContainerState{
					Waiting: &corev1.ContainerStateWaiting{Reason: "PodInitializing"}}}}
			},
			state: "ImagePullBackOff",
			why:   `container migrate: Back-off pulling image "nginx:1.11"`,
			look:  describe,
		},
		"a load balancer does not know it yet": {
			pod: func(p *corev1.Pod) {
				Unready(p)
				p.Status.ContainerStatuses[0].Ready = true
				p.Spec.ReadinessGates = []corev1.PodReadinessGate{{ConditionType: "example.org/target-health"}}
			},
			state: "Running",
			why:   "its readiness gate example.org/target-health is closed",
			look:  describe,
		},
		"it was evicted": {
			pod: func(p *corev1.Pod) {
				Unready(p)
				p.Status.Phase, p.Status.Reason, p.Status.Message = corev1.PodFailed, "Evicted", "The node was low on resource: memory."
			},
			state: "Evicted",
			why:   "The node was low on resource: memory.",
			look:  describe,
		},
		"it ends": {
			pod:   func(p *corev1.Pod) { Unready(p); p.DeletionTimestamp = &metav1.Time{Time: Eight} },
			state: "Terminating",
		},
	} {
		t.Run(name, func(t *testing.T) {
			objects := view.Objects{
				Services:    Services(Managed()),
				Deployments: List(DeploymentOf("1.10")),
				ReplicaSets: []*appsv1.ReplicaSet{blue},
				Pods:        []*corev1.Pod{Pod(blue, "a", test.pod)},
				Events:      test.events,
			}
			seen, _ := view.Of(objects, "nginx", Eight)
			got := seen.Service.Deployments[0].ReplicaSets[0].Pods[0]
			if got.State != test.state || got.Why != test.why || got.Look != test.look {
				t.Errorf("got  %s, %q, %q\nwant %s, %q, %q", got.State, got.Why, got.Look, test.state, test.why, test.look)
			}
		})
	}
}
