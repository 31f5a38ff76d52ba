package manifests

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

const (
	specKept   = "keeps its spec: bluegreen changes nothing in it but"
	ownersKept = "keeps its owners and the finalizers of others"
	asksKept   = "keeps the annotations that users write"
)

// TestOwnWrites of bluegreen deploy nothing, whoever has its token.
func TestOwnWrites(t *testing.T) {
	admin, bluegreen := as(t, somebody), as(t, controller)
	ns := newNamespace(t, admin, "own-writes")
	awaitNoPolicy(t, admin, ns)
	installOwnWrites(t, template(t), "bluegreen", ns)
	next := names()
	for name, test := range ownDeploymentWrites {
		t.Run("Deployment: "+name, func(t *testing.T) {
			d := deployment(ns, next(), test.before...)
			createDeployment(t, admin, d)
			test.write.to(d)
			checkRefusal(t, bluegreen.Update(t.Context(), d, client.DryRunAll), test.refusal)
			checkRefusal(t, as(t, controller+"-uninstall").Update(t.Context(), d, client.DryRunAll), test.refusal)
			checkRefusal(t, as(t, controller+"-2").Update(t.Context(), d, client.DryRunAll), "")
		})
	}
	for name, test := range ownServiceWrites {
		t.Run("Service: "+name, func(t *testing.T) {
			svc := service(ns, next(), test.before...)
			create(t, admin, svc)
			test.write.to(svc)
			checkRefusal(t, bluegreen.Update(t.Context(), svc, client.DryRunAll), test.refusal)
			checkRefusal(t, admin.Update(t.Context(), svc, client.DryRunAll), "")
		})
	}
	t.Run("sentence", func(t *testing.T) {
		d := deployment(ns, "nginx")
		createDeployment(t, admin, d)
		image("evil:1")(d)
		checkSentence(t, bluegreen.Update(t.Context(), d), `deployments.apps "nginx" is forbidden: ValidatingAdmissionPolicy `+
			`'bluegreen-own-deployment-writes' with binding 'bluegreen-own-deployment-writes' denied request: Deployment own-writes/nginx `+
			`keeps its spec: bluegreen changes nothing in it but replicas and paused. This is a write of bluegreen, and something changed it `+
			`on its way, probably another mutating webhook: kubectl get mutatingwebhookconfigurations`)
	})
}

// installOwnWrites installs both policies of a release of the chart about its own writes, and waits until they are in force.
func installOwnWrites(t *testing.T, all objects, release, ns string) {
	t.Helper()
	admin, bluegreen := as(t, somebody), as(t, controller)
	d, svc := deployment(ns, "probe"), service(ns, "probe")
	createDeployment(t, admin, d)
	create(t, admin, svc)
	image("evil:1")(d)
	onPort(svc)
	for name, probe := range map[string]client.Object{"deployment": d, "service": svc} {
		refused := func() bool {
			return bluegreen.Update(t.Context(), probe.DeepCopyObject().(client.Object), client.DryRunAll) != nil
		}
		installPolicyAlone(t, admin, all, release+"-own-"+name+"-writes", refused)
	}
}

// TestAFieldOfALaterKubernetes may be named in a policy: where the API server does not know it, it is absent on both sides.
func TestAFieldOfALaterKubernetes(t *testing.T) {
	admin, bluegreen := as(t, somebody), as(t, controller)
	ns := newNamespace(t, admin, "later-fields")
	d := deployment(ns, "nginx")
	createDeployment(t, admin, d)
	evil, scaled := d.DeepCopy(), d.DeepCopy()
	image("evil:1")(evil)
	replicas(3)(scaled)
	refused := func() bool { return bluegreen.Update(t.Context(), evil.DeepCopy(), client.DryRunAll) != nil }
	eventually(t, "the policy of the test before is gone", func() bool { return !refused() })
	const name = "bluegreen-own-deployment-writes"
	all := template(t)
	policy := get[admissionv1.ValidatingAdmissionPolicy](t, all, "ValidatingAdmissionPolicy/"+name)
	policy.Spec.Validations[0].Expression += " && object.spec.?fieldOfTomorrow == oldObject.spec.?fieldOfTomorrow"
	create(t, admin, policy)
	create(t, admin, get[admissionv1.ValidatingAdmissionPolicyBinding](t, all, "ValidatingAdmissionPolicyBinding/"+name))
	eventually(t, "the policy is in force", refused)
	checkRefusal(t, bluegreen.Update(t.Context(), evil, client.DryRunAll), specKept)
	checkRefusal(t, bluegreen.Update(t.Context(), scaled, client.DryRunAll), "")
}

// TestEveryFieldIsJudged: a field that Kubernetes adds is one that bluegreen could write, until it is named in a policy or here.
func TestEveryFieldIsJudged(t *testing.T) {
	t.Parallel()
	for kind, test := range map[string]struct {
		spec    any
		allowed []string
	}{
		"deployment": {
			spec:    appsv1.DeploymentSpec{},
			allowed: []string{"paused", "replicas"},
		},
		"service": {
			spec: corev1.ServiceSpec{}, // The selector too is judged.
		},
	} {
		policy := get[admissionv1.ValidatingAdmissionPolicy](t, template(t), "ValidatingAdmissionPolicy/bluegreen-own-"+kind+"-writes")
		expression := policy.Spec.Validations[0].Expression + " "
		for field := range reflect.TypeOf(test.spec).Fields() {
			name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
			kept := "object.spec.?" + name + " == oldObject.spec.?" + name
			judged := strings.Contains(expression, kept+" ") || strings.Contains(expression, kept+"\n")
			if judged == slices.Contains(test.allowed, name) {
				t.Errorf("%s: field %s is judged: %v", kind, name, judged)
			}
		}
	}
}
