package manifests

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"
)

const egress = `--set-json=networkPolicy.egress=[{"ports":[{"port":6443}]}]`

// TestOnTheNetworkOfTheNode: a new pod finds its ports free because an old one goes first, and probes and Services follow the ports.
func TestOnTheNetworkOfTheNode(t *testing.T) {
	t.Parallel()
	all := template(t, selfManaged, "--set=hostNetwork=true,webhook.port=19443,metrics.port=18443,health.port=18081")
	deployment := get[appsv1.Deployment](t, all, "Deployment/bluegreen-system/bluegreen")
	rolling := deployment.Spec.Strategy.RollingUpdate
	if *rolling.MaxSurge != intstr.FromInt32(0) || *rolling.MaxUnavailable != intstr.FromInt32(1) {
		t.Errorf("a rollout has maxSurge %s, maxUnavailable %s", rolling.MaxSurge, rolling.MaxUnavailable)
	}
	ports := map[string]int32{}
	for _, port := range container(t, all).Ports {
		ports[port.Name] = port.ContainerPort
	}
	for name, want := range map[string]int32{"webhook": 19443, "metrics": 18443, "health": 18081} {
		if ports[name] != want {
			t.Errorf("port %s is %d, want %d", name, ports[name], want)
		}
	}
	args := []string{"--webhook-port=19443", "--metrics-bind-address=:18443", "--health-probe-bind-address=:18081"}
	if got := container(t, all).Args[:3]; !slices.Equal(got, args) {
		t.Errorf("it runs with %q, want %q", got, args)
	}
	if uninstallJob(t, all).Spec.Template.Spec.HostNetwork {
		t.Error("the uninstall hook, which nobody calls, is on the network of its node")
	}
}

func TestPortsThatMeetAreRefused(t *testing.T) {
	t.Parallel()
	for set, want := range map[string]string{
		"webhook.port=8081":                       "health.port: 8081 is webhook.port too: choose another port",
		"metrics.port=9443":                       "metrics.port: 9443 is webhook.port too: choose another port",
		"metrics.port=9443,metrics.enabled=false": "",
		"webhook.port=10250":                      "",
		"webhook.port=10250,hostNetwork=true":     "webhook.port: 10250 is the kubelet's on every node: choose another port",
	} {
		t.Run(set, func(t *testing.T) {
			t.Parallel()
			_, err := run(t, "helm", "template", "bluegreen", chart, "--set="+set)
			if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
				t.Errorf("got %v, want %q", err, want)
			}
		})
	}
}

// TestRegistryOfAParentChart replaces the one of image.repository, and nothing else.
func TestRegistryOfAParentChart(t *testing.T) {
	t.Parallel()
	for repository, want := range map[string]string{
		"team/bluegreen":                   "mirror.example/team/bluegreen:v1",
		"bluegreen":                        "mirror.example/bluegreen:v1",
		"registry.example/team/bluegreen":  "mirror.example/team/bluegreen:v1",
		"localhost:5000/team/bluegreen":    "mirror.example/team/bluegreen:v1",
		"registry.example/team/v1.x/image": "mirror.example/team/v1.x/image:v1",
	} {
		all := template(t, "--set=global.imageRegistry=mirror.example,image.tag=v1,image.repository="+repository)
		for name, got := range map[string]string{
			"Deployment":     container(t, all).Image,
			"uninstall hook": uninstallJob(t, all).Spec.Template.Spec.Containers[0].Image,
		} {
			if got != want {
				t.Errorf("%s: the image of the %s is %s, want %s", repository, name, got, want)
			}
		}
	}
}

// TestEgressIsLimitedForEveryPod, that of the uninstall hook too: in a namespace that denies what nobody allows it would reach nothing.
func TestEgressIsLimitedForEveryPod(t *testing.T) {
	t.Parallel()
	all := template(t, "--set=networkPolicy.enabled=true", egress)
	deployment := get[appsv1.Deployment](t, all, "Deployment/bluegreen-system/bluegreen")
	for name, pod := range map[string]map[string]string{
		"bluegreen":           deployment.Spec.Template.Labels,
		"bluegreen-uninstall": uninstallJob(t, all).Spec.Template.Labels,
	} {
		policy := get[networkingv1.NetworkPolicy](t, all, "NetworkPolicy/bluegreen-system/"+name)
		selector, err := metav1.LabelSelectorAsSelector(&policy.Spec.PodSelector)
		if err != nil || !selector.Matches(labels.Set(pod)) {
			t.Errorf("NetworkPolicy %s does not select the pods %v (%v)", name, pod, err)
		}
		if got := policy.Spec.Egress; len(got) != 1 || got[0].Ports[0].Port.IntValue() != 6443 || len(policy.Spec.PolicyTypes) != 2 {
			t.Errorf("NetworkPolicy %s has %+v", name, policy.Spec)
		}
	}
	for key, doc := range template(t, "--set=networkPolicy.enabled=true") {
		if doc.GetKind() == "NetworkPolicy" && (doc.GetName() != "bluegreen" || strings.Contains(string(doc.raw), "gress: ")) {
			t.Errorf("without rules for egress, %s is rendered:\n%s", key, doc.raw)
		}
	}
}

var shellBlock = regexp.MustCompile("(?s)```sh\n(.*?)```")

// TestThePlatformsPageRenders: docs/platforms.md names values, and shows how to set them.
func TestThePlatformsPageRenders(t *testing.T) {
	t.Parallel()
	commands := shellBlock.FindAllStringSubmatch(readFile(t, "../../docs/platforms.md"), -1)
	if len(commands) == 0 {
		t.Error("the page has no commands")
	}
	for _, command := range commands {
		mustRun(t, "sh", "-c", "cd ../.. && "+command[1])
	}
}
