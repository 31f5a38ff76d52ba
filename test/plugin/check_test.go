package plugin

import (
	"encoding/json"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	. "github.com/bluegreen-k8s/bluegreen/pkg/bluegreen/bluegreentest"
	. "github.com/bluegreen-k8s/bluegreen/pkg/plugin/soundnesstest"
)

// ours is the installation as a check prints it.
const ours = " bluegreen-system/bluegreen "

func TestCheckOfASoundInstallation(t *testing.T) {
	s := openAlone(t)
	output := s.plugin("check").Must(t)
	s.finds(output, "STATE CHECK INSTALLATION FINDING",
		`OK Kubernetes - The API server is v1\..*`,
		"OK Version"+ours+"bluegreen is 0.1.0, and this plugin dev",
		"OK Deployment"+ours+"2 of 2 replicas are available, with image bluegreen-k8s/bluegreen:0.1.0",
		"OK Leader"+ours+"[^ ]+ leads for [0-9]+s, and renews its Lease",
		"OK Webhook configuration"+ours+"It has the webhooks services.bluegreen-k8s.github.io and deployments.bluegreen-k8s.github.io",
		"OK Webhook"+ours+"The API server asked the webhook about the write of Service NAMESPACE/nginx, a dry run",
		"OK CA bundle"+ours+"API servers trust a CA until 20[0-9-]+",
		"OK Certificate"+ours+"Secret bluegreen-ca holds a CA that is valid until 20[0-9-]+, and API servers trust it",
		"OK Policies"+ours+"10 policies are there, bound, and as they ship",
		"OK Rights"+ours+"ServiceAccount bluegreen may do what bluegreen needs",
		"OK Services - 1 are managed, and none is in trouble")
	if output.Stderr != "" {
		t.Errorf("it also says %s", output.Stderr)
	}
	if message, written := s.service().Annotations["bluegreen/message"]; written {
		t.Errorf("it has written %q", message)
	}
}

func TestCheckForPrograms(t *testing.T) {
	s := openAlone(t)
	var report struct {
		Version  string
		Findings []struct{ State, Check, Installation, Message string }
	}
	if err := json.Unmarshal([]byte(s.plugin("check", "-o", "json").Must(t).Stdout), &report); err != nil {
		t.Fatal(err)
	}
	if len(report.Findings) != 11 || report.Version != "dev" {
		t.Fatalf("got %+v", report)
	}
	second := report.Findings[1]
	if second.State != "OK" || second.Check != "Version" || second.Installation != "bluegreen-system/bluegreen" || second.Message == "" {
		t.Errorf("got %+v", second)
	}
	s.fails(s.plugin("check", "-o", "xml"), `error: unable to match a printer suitable for the output format "xml", allowed formats are: `+
		"json,yaml\n")
}

func TestCheckSaysWhatSomebodyHasBroken(t *testing.T) {
	s := openAlone(t)
	for _, test := range []struct {
		name  string
		broke func(*shop)
		want  string
	}{
		{
			name:  "a policy is gone",
			broke: func(s *shop) { s.without("ValidatingAdmissionPolicy", "bluegreen-retirement") },
			want:  "Trouble Policies" + ours + "There is no ValidatingAdmissionPolicy bluegreen-retirement: the helm upgrade, or .*",
		},
		{
			name:  "a binding is gone",
			broke: func(s *shop) { s.without("ValidatingAdmissionPolicyBinding", "bluegreen-status") },
			want: "Trouble Policies" + ours + "There is no ValidatingAdmissionPolicyBinding bluegreen-status, so the policy refuses nothing: " +
				".*",
		},
		{
			name: "a policy lets everything pass",
			broke: func(s *shop) {
				s.changed("ValidatingAdmissionPolicy", "bluegreen", `[{"op":"replace","path":"/spec/validations/0/expression","value":"true"}]`)
			},
			want: "Trouble Policies" + ours + "ValidatingAdmissionPolicy bluegreen differs from the one that ships with this plugin, dev, in " +
				"validations: .*",
		},
		{
			name: "a policy is of an earlier version",
			broke: func(s *shop) {
				s.changed("ValidatingAdmissionPolicy", "bluegreen",
					`[{"op":"replace","path":"/metadata/labels/app.kubernetes.io~1version","value":"0.0.9"}]`)
			},
			want: "Trouble Policies" + ours + `ValidatingAdmissionPolicy bluegreen is of version "0.0.9", and Deployment bluegreen of "0.1.0": .*`,
		},
		{
			name: "the webhook is not reached",
			broke: func(s *shop) {
				s.changed("MutatingWebhookConfiguration", "bluegreen",
					`[{"op":"replace","path":"/webhooks/0/clientConfig/service/name","value":"nobody"}]`)
				s.untilUnasked()
			},
			want: "Trouble Webhook" + ours + "The API server did not ask the webhook about the write of Service NAMESPACE/nginx, a dry run. .*",
		},
		{
			name:  "the webhook configuration is gone",
			broke: func(s *shop) { s.without("MutatingWebhookConfiguration", "bluegreen") },
			want:  "Trouble Webhook configuration" + ours + "There is no MutatingWebhookConfiguration bluegreen, so nobody .*: the helm upgrade, .*",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := &shop{t: t, namespace: s.namespace, program: s.program, kubeconfig: s.kubeconfig}
			test.broke(s)
			output := s.plugin("check")
			s.finds(amiss(output), test.want)
			if output.Err == nil || output.Err.Error() != "exit status 1" {
				t.Errorf("it ended with %v", output.Err)
			}
		})
	}
}

func TestCheckTellsOfAServiceThatFailed(t *testing.T) {
	s := openAlone(t, Annotation("bluegreen/deadline", "2s"))
	s.deploy("1.11", false)
	s.annotate("bluegreen/target-version", "1.11")
	s.untilPhase("Failed")
	output := s.plugin("check")
	s.finds(amiss(output), "Trouble Services - NAMESPACE/nginx has phase Failed: Version 1.11 was not ready 2s after it was asked for.*")
	s.fails(output, "error: 1 of 11 findings are in state Trouble: each says what to do\n")
}

// TestCheckOfAnInstallationThatDoesNotWork is about one beside the other, with a certificate of cert-manager, that never got a pod.
func TestCheckOfAnInstallationThatDoesNotWork(t *testing.T) {
	s := openAlone(t)
	idle := suite.InstallFor(t, "idle", "tls.mode=cert-manager", "watchNamespaces={"+s.namespace+"}")
	t.Cleanup(func() {
		for _, object := range idle.Objects {
			s.delete(object)
		}
	})
	s.runs(idle, false)
	s.delete(&rbacv1.RoleBinding{ObjectMeta: nameOf(s.namespace, "idle")})
	s.untilMay("system:serviceaccount:idle-system:idle", false)
	expired := Serving(t, "idle-webhook.idle-system.svc", CA(t, time.Now().AddDate(1, 0, 0)), time.Now().AddDate(0, 0, -1))
	secret := &corev1.Secret{ObjectMeta: nameOf(idle.Namespace, "idle-webhook-tls"),
		Data: map[string][]byte{corev1.TLSCertKey: PEM(t, expired)}}
	if err := admin.Create(t.Context(), secret); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.delete(secret) })

	const idles = " idle-system/idle "
	s.finds(amiss(s.plugin("check")),
		"Trouble Deployment"+idles+"0 of 2 replicas of Deployment idle are available; to see why: kubectl describe deployment idle .*",
		"Trouble Leader"+idles+"Nobody leads, so no Service is switched; to see why: kubectl logs -n idle-system deployment/idle",
		"Trouble CA bundle"+idles+"Webhook deployments.bluegreen-k8s.github.io has no CA to trust .*: cert-manager's cainjector writes it; .*",
		"Trouble Certificate"+idles+"The certificate in Secret idle-webhook-tls has expired on .*: cert-manager should have renewed it; .*",
		"Trouble Rights"+idles+"ServiceAccount idle may not: get services -n NAMESPACE, .*")
}

func nameOf(namespace, name string) metav1.ObjectMeta {
	return metav1.ObjectMeta{Namespace: namespace, Name: name}
}

// TestCheckByAUserWithFewRights: what they may not read is unknown, and no error as long as the webhook answers them.
func TestCheckByAUserWithFewRights(t *testing.T) {
	s := openAlone(t)
	s.user("developer", rbacv1.PolicyRule{APIGroups: []string{""}, Resources: []string{"services"}, Verbs: []string{"list", "patch"}})
	s.untilMay("developer", true)
	output := s.plugin("check").Must(t)
	s.finds(output, "STATE CHECK INSTALLATION FINDING",
		"OK Kubernetes - .*",
		"Unknown Installation - Cannot know whether bluegreen is installed: mutatingwebhookconfigurations.admissionregistration.k8s.io is "+
			`forbidden: User "developer" cannot list .*`,
		"OK Webhook - The API server asked the webhook about the write of Service NAMESPACE/nginx, a dry run",
		"OK Services - 1 are managed in namespace NAMESPACE, the only one that you may look at, and none is in trouble")

	s.user("nobody")
	s.fails(s.plugin("check"), "error: no installation of bluegreen could be looked at: each finding in state Unknown says why\n")
}
