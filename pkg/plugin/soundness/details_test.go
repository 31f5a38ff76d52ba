package soundness_test

import (
	"testing"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/bluegreen-k8s/bluegreen/pkg/plugin/soundness"
	. "github.com/bluegreen-k8s/bluegreen/pkg/plugin/soundnesstest"
)

// TestWhereTheWebhookIsAskedIsToldByTheDeploymentToo, for whoever may not read the webhook configuration.
func TestWhereTheWebhookIsAskedIsToldByTheDeploymentToo(t *testing.T) {
	i := sound(t)
	i.Configuration.Value = nil
	if selector := i.Selector(); selector != nil {
		t.Errorf("got %v", selector)
	}
	container := &i.Deployment.Value.Spec.Template.Spec.Containers[0]
	container.Args = append(container.Args, "--watch-namespaces=shop,web")
	if got := metav1.FormatLabelSelector(i.Selector()); got != "kubernetes.io/metadata.name in (shop,web)" {
		t.Errorf("got %s", got)
	}
}

func TestCertificates(t *testing.T) {
	nextYear, yesterday, nextWeek := noon.AddDate(1, 0, 0), noon.AddDate(0, 0, -1), noon.AddDate(0, 0, 7)
	for name, test := range map[string]struct {
		change func(installation)
		want   []string
	}{
		"no CA to trust": {
			change: func(i installation) { i.Configuration.Value.Webhooks[1].ClientConfig.CABundle = nil },
			want: []string{"Trouble CA bundle: Webhook deployments.bluegreen-k8s.github.io has no CA to trust (caBundle), so API servers " +
				"cannot reach it: bluegreen writes it while it runs",
				"Trouble Certificate: Webhook deployments.bluegreen-k8s.github.io does not trust the CA in Secret bluegreen-ca (caBundle: CA " +
					"ca is missing): bluegreen writes it while it runs"},
		},
		"another CA is trusted": {
			change: func(i installation) { i.trusts(CA(t, nextYear)) },
			want:   []string{"Trouble Certificate: Webhook deployments.bluegreen-k8s.github.io does not trust the CA in Secret bluegreen-ca"},
		},
		"another CA is trusted too": {
			change: func(i installation) { i.trusts(CA(t, yesterday), i.ca) },
		},
		"an expired CA": {
			change: func(i installation) {
				expired := CA(t, yesterday)
				i.trusts(expired)
				i.Secret.Value.Data["ca.pem"] = PEM(t, expired)
			},
			want: []string{"Trouble CA bundle: Each CA that webhook deployments.bluegreen-k8s.github.io trusts has expired, the last one on " +
				"2026-11-27: bluegreen should have renewed it",
				"Trouble Certificate: The CA in Secret bluegreen-ca has expired on 2026-11-27: bluegreen should have renewed it"},
		},
		"no Secret": {
			change: func(i installation) { i.Secret.Value = nil },
			want:   []string{"Trouble Certificate: There is no Secret bluegreen-ca in namespace bluegreen-system: the helm upgrade"},
		},
		"an empty Secret": {
			change: func(i installation) { i.Secret.Value = &corev1.Secret{} },
			want:   []string{"Trouble Certificate: Secret bluegreen-ca in namespace bluegreen-system holds no CA: bluegreen writes it"},
		},
		"cert-manager": {
			change: func(i installation) { i.byCertManager(Serving(t, host, i.ca, nextYear)) },
		},
		"cert-manager: about to expire": {
			change: func(i installation) { i.byCertManager(Serving(t, host, i.ca, nextWeek)) },
			want: []string{"Trouble Certificate: The certificate in Secret bluegreen-webhook-tls expires on 2026-12-05: cert-manager should " +
				"have renewed it; to see why not: kubectl describe certificate -n bluegreen-system. To have it issue another: kubectl delete " +
				"secret bluegreen-webhook-tls -n bluegreen-system"},
		},
		"cert-manager: expired": {
			change: func(i installation) { i.byCertManager(Serving(t, host, i.ca, yesterday)) },
			want:   []string{"Trouble Certificate: The certificate in Secret bluegreen-webhook-tls has expired on 2026-11-27"},
		},
		"cert-manager: for another host": {
			change: func(i installation) { i.byCertManager(Serving(t, "another.svc", i.ca, nextYear)) },
			want: []string{"Trouble Certificate: Webhook deployments.bluegreen-k8s.github.io does not trust the certificate in Secret " +
				"bluegreen-webhook-tls (caBundle: x509: certificate is valid for another.svc, not " + host + ")"},
		},
		"cert-manager: of another CA": {
			change: func(i installation) { i.byCertManager(Serving(t, host, CA(t, nextYear), nextYear)) },
			want: []string{"Trouble Certificate: Webhook deployments.bluegreen-k8s.github.io does not trust the certificate in Secret " +
				"bluegreen-webhook-tls (caBundle: x509: certificate signed by unknown authority"},
		},
		"cert-manager: no Secret": {
			change: func(i installation) {
				i.args("--tls-cert-dir=/tls")
				i.Secret.Value = nil
			},
			want: []string{"Trouble Certificate: There is no Secret bluegreen-webhook-tls in namespace bluegreen-system: cert-manager makes it"},
		},
	} {
		t.Run(name, func(t *testing.T) { expect(t, test.change, test.want) })
	}
}

// changes change one policy of an installation.
func changes(name string, change func(*admissionv1.ValidatingAdmissionPolicy)) func(installation) {
	return func(i installation) {
		policy := i.Policies.Value[name]
		policy = *policy.DeepCopy()
		change(&policy)
		i.Policies.Value[name] = policy
	}
}

func TestPolicies(t *testing.T) {
	shop := &metav1.LabelSelector{MatchLabels: map[string]string{"kubernetes.io/metadata.name": "shop"}}
	weaker := changes("bluegreen-status", func(p *admissionv1.ValidatingAdmissionPolicy) {
		p.Spec.FailurePolicy = new(admissionv1.Ignore)
		p.Spec.Validations[0].Expression = "true"
	})
	for name, test := range map[string]struct {
		change func(installation)
		want   []string
	}{
		"one is gone": {
			change: func(i installation) { delete(i.Policies.Value, "bluegreen-retirement") },
			want:   []string{"Trouble Policies: There is no ValidatingAdmissionPolicy bluegreen-retirement: the helm upgrade"},
		},
		"a binding is gone": {
			change: func(i installation) { delete(i.Bindings.Value, "bluegreen") },
			want:   []string{"Trouble Policies: There is no ValidatingAdmissionPolicyBinding bluegreen, so the policy refuses nothing"},
		},
		"a binding of what is optional is gone": {
			change: func(i installation) { delete(i.Bindings.Value, "bluegreen-approval") },
			want:   []string{"Trouble Policies: There is no ValidatingAdmissionPolicyBinding bluegreen-approval"},
		},
		"what is optional is gone": {
			change: func(i installation) {
				delete(i.Policies.Value, "bluegreen-approval")
				delete(i.Bindings.Value, "bluegreen-approval")
			},
		},
		"a binding only warns": {
			change: func(i installation) {
				binding := i.Bindings.Value["bluegreen"]
				binding.Spec.ValidationActions = []admissionv1.ValidationAction{admissionv1.Warn}
				i.Bindings.Value["bluegreen"] = binding
			},
			want: []string{"Trouble Policies: ValidatingAdmissionPolicy bluegreen differs from the one that ships with this plugin, v0.1.0, in " +
				"its binding: the helm upgrade"},
		},
		"one was changed": {
			change: weaker,
			want: []string{"Trouble Policies: ValidatingAdmissionPolicy bluegreen-status differs from the one that ships with this plugin, " +
				"v0.1.0, in failurePolicy and validations"},
		},
		"one was changed, and the plugin is of another version": {
			change: func(i installation) {
				weaker(i)
				i.facts.Plugin = "v0.2.0"
			},
			want: []string{"Unknown Policies: Cannot know whether ValidatingAdmissionPolicy bluegreen-status is the one that ships: bluegreen " +
				"is 0.1.0, and this plugin v0.2.0"},
		},
		"one is of another version": {
			change: changes("bluegreen-status", func(p *admissionv1.ValidatingAdmissionPolicy) { p.Labels = versionLabel("0.0.9") }),
			want: []string{"Trouble Policies: ValidatingAdmissionPolicy bluegreen-status is of version \"0.0.9\", and Deployment bluegreen of " +
				"\"0.1.0\""},
		},
		"one holds in other namespaces than the webhook": {
			change: changes("bluegreen", func(p *admissionv1.ValidatingAdmissionPolicy) { p.Spec.MatchConstraints.NamespaceSelector = shop }),
			want: []string{"Trouble Policies: ValidatingAdmissionPolicy bluegreen differs from the one that ships with this plugin, v0.1.0, in " +
				"namespaceSelector"},
		},
		"one holds in the namespaces of the webhook": {
			change: func(i installation) {
				changes("bluegreen", func(p *admissionv1.ValidatingAdmissionPolicy) { p.Spec.MatchConstraints.NamespaceSelector = shop })(i)
				i.Configuration.Value.Webhooks[0].NamespaceSelector = shop
			},
		},
		"one holds where bluegreen watches, and the cloud keeps the webhook out of some of that": {
			change: func(i installation) {
				i.args("--watch-namespaces=shop")
				watched := soundness.SelectorOf([]string{"shop"})
				changes("bluegreen", func(p *admissionv1.ValidatingAdmissionPolicy) { p.Spec.MatchConstraints.NamespaceSelector = watched })(i)
				less := watched.DeepCopy()
				less.MatchExpressions = append(less.MatchExpressions, metav1.LabelSelectorRequirement{Key: "control-plane",
					Operator: metav1.LabelSelectorOpDoesNotExist})
				i.Configuration.Value.Webhooks[0].NamespaceSelector = less
			},
		},
		"one matches some objects alone": {
			change: changes("bluegreen", func(p *admissionv1.ValidatingAdmissionPolicy) { p.Spec.MatchConstraints.ObjectSelector = shop }),
			want: []string{"Trouble Policies: ValidatingAdmissionPolicy bluegreen differs from the one that ships with this plugin, v0.1.0, in " +
				"matchConstraints"},
		},
		"checks came to be allowed, and their policies did not come": {
			change: func(i installation) { i.args("--checks") },
			want: []string{"Trouble Policies: There is no ValidatingAdmissionPolicy bluegreen-checks",
				"Trouble Policies: There is no ValidatingAdmissionPolicy bluegreen-own-job-writes"},
		},
		"without the protection": {
			change: func(i installation) {
				i.args("--in-use-protection=false")
				delete(i.Policies.Value, "bluegreen-in-use-protection")
				delete(i.Policies.Value, "bluegreen-pod-labels")
				i.Configuration.Value.Webhooks = i.Configuration.Value.Webhooks[:1]
			},
		},
	} {
		t.Run(name, func(t *testing.T) { expect(t, test.change, test.want) })
	}
}
