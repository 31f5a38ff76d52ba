package soundness_test

import (
	"errors"
	"testing"
	"time"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	. "github.com/bluegreen-k8s/bluegreen/pkg/bluegreen/bluegreentest"
	"github.com/bluegreen-k8s/bluegreen/pkg/plugin/shipped"
	"github.com/bluegreen-k8s/bluegreen/pkg/plugin/soundness"
	. "github.com/bluegreen-k8s/bluegreen/pkg/plugin/soundnesstest"
)

// noon is when the cluster is looked at.
var noon = time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)

const host = "bluegreen-webhook.bluegreen-system.svc"

var errForbidden = errors.New(`secrets is forbidden: User "dev" cannot get resource "secrets"`)

// installation is one that keeps its own certificate, in a test that changes some of it.
type installation struct {
	*soundness.Installation
	t     *testing.T
	facts *soundness.Facts
	ca    *Signed
}

// sound returns a cluster with one sound installation and one Service.
func sound(t *testing.T) installation {
	t.Helper()
	found := soundness.Installation{NamespacedName: types.NamespacedName{Namespace: "bluegreen-system", Name: "bluegreen"}}
	facts := &soundness.Facts{
		Now:           noon,
		Plugin:        "v0.1.0",
		Kubernetes:    soundness.Read[string]{Value: "v1.37.2"},
		Services:      soundness.Read[[]corev1.Service]{Value: []corev1.Service{*Managed(), *Service(NamedService("plain"))}},
		Installations: []soundness.Installation{found},
	}
	i := installation{Installation: &facts.Installations[0], t: t, facts: facts, ca: CA(t, noon.AddDate(1, 0, 0))}
	i.Deployment.Value = running()
	i.Lease.Value = lease(noon.Add(-time.Second))
	i.Asked.Value = soundness.Asked{Write: "write of Service shop/nginx, a dry run", Webhook: true}
	i.Secret.Value = &corev1.Secret{Data: map[string][]byte{"ca.pem": PEM(t, i.ca)}}
	i.Configuration.Value = &admissionv1.MutatingWebhookConfiguration{}
	for _, name := range []string{soundness.ServicesWebhook, soundness.DeploymentsWebhook} {
		webhook := admissionv1.MutatingWebhook{Name: name}
		webhook.ClientConfig.CABundle = PEM(t, i.ca)
		i.Configuration.Value.Webhooks = append(i.Configuration.Value.Webhooks, webhook)
	}
	i.ships()
	return i
}

// ships gives the installation the policies that ship with its Deployment, as the API server stores them.
func (i installation) ships() {
	i.Policies.Value = map[string]admissionv1.ValidatingAdmissionPolicy{}
	i.Bindings.Value = map[string]admissionv1.ValidatingAdmissionPolicyBinding{}
	for _, ships := range shipped.Policies(i.Options()) {
		policy := admissionv1.ValidatingAdmissionPolicy{Spec: ships.Policy}
		policy.Labels = versionLabel("0.1.0")
		policy.Spec.MatchConstraints.MatchPolicy = new(admissionv1.Equivalent)
		policy.Spec.MatchConstraints.ObjectSelector = &metav1.LabelSelector{}
		policy.Spec.MatchConstraints.NamespaceSelector = &metav1.LabelSelector{}
		i.Policies.Value[ships.Name] = policy
		i.Bindings.Value[ships.Name] = admissionv1.ValidatingAdmissionPolicyBinding{Spec: ships.Binding}
	}
}

func versionLabel(version string) map[string]string {
	return map[string]string{"app.kubernetes.io/version": version}
}

// running is the Deployment of bluegreen, with both replicas available.
func running() *appsv1.Deployment {
	deployment := &appsv1.Deployment{}
	deployment.Labels = versionLabel("0.1.0")
	deployment.Spec.Replicas = new(int32(2))
	deployment.Spec.Template.Spec.ServiceAccountName = "bluegreen"
	deployment.Spec.Template.Spec.Containers = []corev1.Container{{Name: "webhook", Image: "registry:5000/bluegreen:0.1.0",
		Args: []string{"--in-use-protection=true", "--deployment=bluegreen", "--ca-secret-name=bluegreen-ca"}}}
	deployment.Status.AvailableReplicas = 2
	return deployment
}

func (i installation) container() *corev1.Container {
	return &i.Deployment.Value.Spec.Template.Spec.Containers[0]
}

// args adds to the command line.
func (i installation) args(args ...string) {
	i.container().Args = append(i.container().Args, args...)
}

// lease is one that a pod has held for an hour, and has renewed at some time.
func lease(renewed time.Time) *coordinationv1.Lease {
	held := &coordinationv1.Lease{}
	held.Spec.HolderIdentity = new("bluegreen-6d4f-x_0b1c")
	held.Spec.AcquireTime = &metav1.MicroTime{Time: noon.Add(-time.Hour)}
	held.Spec.RenewTime = &metav1.MicroTime{Time: renewed}
	return held
}

// byCertManager has the installation serve with a certificate from cert-manager.
func (i installation) byCertManager(certificate *Signed) {
	i.args("--tls-cert-dir=/tls")
	i.Secret.Value = &corev1.Secret{Data: map[string][]byte{corev1.TLSCertKey: PEM(i.t, certificate)}}
}

// trusts has both webhooks trust some CAs alone.
func (i installation) trusts(authorities ...*Signed) {
	for n := range i.Configuration.Value.Webhooks {
		i.Configuration.Value.Webhooks[n].ClientConfig.CABundle = PEM(i.t, authorities...)
	}
}
