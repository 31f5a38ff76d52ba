package soundness_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	. "github.com/bluegreen-k8s/bluegreen/pkg/bluegreen/bluegreentest"
	"github.com/bluegreen-k8s/bluegreen/pkg/plugin/shipped"
	"github.com/bluegreen-k8s/bluegreen/pkg/plugin/soundness"
)

// lines returns findings as text, a line each; those that are OK only on demand.
func lines(findings []soundness.Finding, all bool) []string {
	var lines []string
	for _, finding := range findings {
		if all || finding.State != soundness.OK {
			lines = append(lines, string(finding.State)+" "+finding.Check+": "+finding.Message)
		}
	}
	return lines
}

func TestASoundInstallation(t *testing.T) {
	i := sound(t)
	findings := soundness.Find(*i.facts)
	want := `OK Kubernetes: The API server is v1.37.2
OK Version: bluegreen is 0.1.0, and this plugin v0.1.0
OK Deployment: 2 of 2 replicas are available, with image registry:5000/bluegreen:0.1.0
OK Leader: bluegreen-6d4f-x leads for 60m, and renews its Lease
OK Webhook configuration: It has the webhooks services.bluegreen-k8s.github.io and deployments.bluegreen-k8s.github.io
OK Webhook: The API server asked the webhook about the write of Service shop/nginx, a dry run
OK CA bundle: API servers trust a CA until 2027-11-28
OK Certificate: Secret bluegreen-ca holds a CA that is valid until 2027-11-28, and API servers trust it
OK Policies: 9 policies are there, bound, and as they ship
OK Rights: ServiceAccount bluegreen may do what bluegreen needs
OK Services: 1 are managed, and none is in trouble`
	if got := strings.Join(lines(findings, true), "\n"); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if err := soundness.Verdict(findings); err != nil {
		t.Error(err)
	}
}

// unsound are installations of which something is amiss: all that is not OK of them, as the beginnings of lines.
var unsound = map[string]struct {
	change func(installation)
	want   []string
}{
	"an old API server": {
		change: func(i installation) { i.facts.Kubernetes.Value = "v1.29.9-gke.1" },
		want:   []string{"Trouble Kubernetes: The API server is v1.29.9-gke.1, and bluegreen needs 1.30 or newer"},
	},
	"no Deployment": {
		change: func(i installation) { i.Deployment.Value = nil },
		want:   []string{"Trouble Deployment: There is no Deployment bluegreen in namespace bluegreen-system: the helm upgrade"},
	},
	"no replicas": {
		change: func(i installation) { i.Deployment.Value.Spec.Replicas = new(int32(0)) },
		want:   []string{"Trouble Deployment: Deployment bluegreen has 0 replicas"},
	},
	"a replica that is not available": {
		change: func(i installation) { i.Deployment.Value.Status.AvailableReplicas = 1 },
		want:   []string{"Trouble Deployment: 1 of 2 replicas of Deployment bluegreen are available; to see why: kubectl describe"},
	},
	"no Lease": {
		change: func(i installation) { i.Lease.Value = nil },
		want:   []string{"Trouble Leader: Nobody leads"},
	},
	"a Lease that nobody holds": {
		change: func(i installation) { i.Lease.Value.Spec.HolderIdentity = new("") },
		want:   []string{"Trouble Leader: Nobody leads"},
	},
	"a Lease that was not renewed": {
		change: func(i installation) { i.Lease.Value = lease(noon.Add(-5 * time.Minute)) },
		want:   []string{"Trouble Leader: bluegreen-6d4f-x led, and has not renewed Lease bluegreen for 5m"},
	},
	"no webhook configuration": {
		change: func(i installation) { i.Configuration.Value = nil },
		want:   []string{"Trouble Webhook configuration: There is no MutatingWebhookConfiguration bluegreen"},
	},
	"a webhook less": {
		change: func(i installation) { i.Configuration.Value.Webhooks = i.Configuration.Value.Webhooks[:1] },
		want: []string{"Trouble Webhook configuration: MutatingWebhookConfiguration bluegreen lacks the webhook deployments.bluegreen-k8s" +
			".github.io"},
	},
	"a webhook that is not reached": {
		change: func(i installation) { i.Asked.Value.Webhook = false },
		want:   []string{"Trouble Webhook: The API server did not ask the webhook about the write of Service shop/nginx, a dry run."},
	},
	"a Service that failed": {
		change: func(i installation) {
			i.facts.Services.Value = append(i.facts.Services.Value, *Waiting(NamedService("apache"), Annotation("bluegreen/phase", "Failed"),
				Annotation("bluegreen/message", "Version 1.11 was not ready in time")))
		},
		want: []string{"Trouble Services: shop/apache has phase Failed: Version 1.11 was not ready in time"},
	},
	"Services that were rolled back, and wait": {
		change: func(i installation) {
			i.facts.Services.Value = []corev1.Service{
				*waitingSince("2026-11-28T11:30:00Z"),
				*waitingSince("2026-11-28T08:00:00Z", NamedService("old"), Annotation("bluegreen/message", "not yet")),
				*Managed(NamedService("broken"), Annotation("bluegreen/phase", "RolledBack")),
			}
		},
		want: []string{"Trouble Services: shop/broken has phase RolledBack: kubectl bluegreen status broken -n shop",
			"Trouble Services: shop/old has been waiting for 4h: not yet"},
	},
	"what nobody may read": {
		change: func(i installation) {
			i.facts.Services.Err, i.Secret.Err, i.Denied.Err, i.Policies.Err = errForbidden, errForbidden, errForbidden, errForbidden
			i.Lease.Err, i.Asked.Err = errForbidden, errForbidden
		},
		want: []string{"Unknown Leader: Cannot know who leads: secrets is forbidden", "Unknown Webhook: ", "Unknown Certificate: ",
			"Unknown Policies: ", "Unknown Rights: ", "Unknown Services: "},
	},
	"a right that is missing": {
		change: func(i installation) {
			i.Denied.Value = []shipped.Right{{Verb: "patch", Resource: "services"}, {Verb: "list", Group: "apps", Resource: "replicasets",
				Namespace: "shop"}}
		},
		want: []string{"Trouble Rights: ServiceAccount bluegreen may not: patch services -A, list replicasets.apps -n shop."},
	},
	"a right that a plugin of another version asks about": {
		change: func(i installation) {
			i.facts.Plugin = "v0.2.0"
			i.Denied.Value = []shipped.Right{{Verb: "patch", Resource: "pods"}}
		},
		want: []string{"Unknown Rights: Cannot know what ServiceAccount bluegreen needs: bluegreen is 0.1.0, and this plugin v0.2.0"},
	},
}

// waitingSince is a Service whose ask for version 1.11 was first seen at some time.
func waitingSince(at string, options ...ServiceOption) *corev1.Service {
	uid := func(s *corev1.Service) { s.UID = "7" }
	return Waiting(append([]ServiceOption{uid, Annotation("bluegreen/attempt", at+"/7/8a2db7bed7c6ac0e")}, options...)...)
}

func TestWhatIsAmissIsSaidAndAllElseIsOK(t *testing.T) {
	for name, test := range unsound {
		t.Run(name, func(t *testing.T) { expect(t, test.change, test.want) })
	}
}

// expect compares what is not OK of an installation that was sound before a change, and the verdict.
func expect(t *testing.T, change func(installation), want []string) {
	t.Helper()
	i := sound(t)
	change(i)
	findings := soundness.Find(*i.facts)
	got := lines(findings, false)
	if len(got) != len(want) {
		t.Fatalf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	inTrouble := false
	for n := range got {
		if !strings.HasPrefix(got[n], want[n]) {
			t.Errorf("got\n%s\nwant\n%s", got[n], want[n])
		}
		inTrouble = inTrouble || strings.HasPrefix(want[n], "Trouble")
	}
	if err := soundness.Verdict(findings); (err != nil) != inTrouble {
		t.Errorf("the verdict is %v", err)
	}
}

func TestVersionsThatDifferAreToldAndNoTrouble(t *testing.T) {
	i := sound(t)
	i.facts.Plugin = "v0.2.0"
	want := "OK Version: bluegreen is 0.1.0, and this plugin v0.2.0: a plugin of that version knows its policies and rights"
	if got := lines(soundness.Find(*i.facts), true)[1]; got != want {
		t.Errorf("got %s", got)
	}
}

func TestInstallationsAreFoundByWhatIsLeftOfThem(t *testing.T) {
	i := sound(t)
	configuration, policy := *i.Configuration.Value, i.Policies.Value["bluegreen"]
	configuration.Name, policy.Name = "bluegreen", "bluegreen"
	configuration.Webhooks[0].ClientConfig.Service = &admissionv1.ServiceReference{Namespace: "bluegreen-system", Name: "bluegreen-webhook"}
	deployment := *i.Deployment.Value
	deployment.Namespace, deployment.Name = "bluegreen-system", "bluegreen"
	another := *deployment.DeepCopy()
	another.Namespace = "shop"
	stranger := appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Name: "bluegreen"}}
	labels := i.Policies.Value["bluegreen-pod-labels"]
	labels.Name = "bluegreen-pod-labels"

	find := func(installed ...any) string {
		var configurations []admissionv1.MutatingWebhookConfiguration
		var policies []admissionv1.ValidatingAdmissionPolicy
		var deployments []appsv1.Deployment
		for _, object := range installed {
			switch object := object.(type) {
			case admissionv1.MutatingWebhookConfiguration:
				configurations = append(configurations, object)
			case admissionv1.ValidatingAdmissionPolicy:
				policies = append(policies, object)
			case appsv1.Deployment:
				deployments = append(deployments, object)
			}
		}
		var names []string
		for _, name := range soundness.Installations(configurations, policies, deployments) {
			names = append(names, name.String())
		}
		return strings.Join(names, " ")
	}
	for name, test := range map[string]struct {
		objects []any
		want    string
	}{
		"nothing":                   {nil, ""},
		"all":                       {[]any{configuration, policy, deployment}, "bluegreen-system/bluegreen"},
		"the webhook configuration": {[]any{configuration}, "bluegreen-system/bluegreen"},
		"the policy":                {[]any{policy}, "bluegreen-system/bluegreen"},
		"the Deployment":            {[]any{deployment}, "bluegreen-system/bluegreen"},
		"two":                       {[]any{another, configuration}, "bluegreen-system/bluegreen shop/bluegreen"},
		"another policy of one, and a Deployment of that name": {[]any{labels, stranger}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			if got := find(test.objects...); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestAClusterWithoutAnInstallation(t *testing.T) {
	refused := errors.New("mutatingwebhookconfigurations is forbidden")
	for name, test := range map[string]struct {
		unfound []error
		asked   *soundness.Read[soundness.Asked]
		want    string
		fails   bool
	}{
		"none": {
			want:  "Trouble Installation: bluegreen is not installed in this cluster",
			fails: true,
		},
		"nobody may know": {
			unfound: []error{refused, errors.New("deployments is forbidden")},
			asked:   &soundness.Read[soundness.Asked]{Err: errForbidden},
			want: "Unknown Installation: Cannot know whether bluegreen is installed: mutatingwebhookconfigurations is forbidden; " +
				"deployments is forbidden",
			fails: true,
		},
		"nobody may know, but one answers": {
			unfound: []error{refused},
			asked:   &soundness.Read[soundness.Asked]{Value: soundness.Asked{Write: "write", Webhook: true}},
			want:    "Unknown Installation: ",
		},
	} {
		t.Run(name, func(t *testing.T) {
			i := sound(t)
			i.facts.Installations, i.facts.Unfound, i.facts.Asked = nil, test.unfound, test.asked
			findings := soundness.Find(*i.facts)
			if got := lines(findings, false)[0]; !strings.HasPrefix(got, test.want) {
				t.Errorf("got %s", got)
			}
			if err := soundness.Verdict(findings); (err != nil) != test.fails {
				t.Errorf("the verdict is %v", err)
			}
		})
	}
}
