package manifests

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

const (
	specKept   = "keeps its spec: bluegreen changes nothing in it but"
	ownersKept = "keeps its owners and the finalizers of others"
	asksKept   = "keeps the annotations that users write"
)

// ownDeploymentWrites are what arrives of a Deployment under bluegreen's name.
var ownDeploymentWrites = map[string]struct {
	before, write []deploymentChange
	refusal       string
}{
	"nothing":                            {nil, nil, ""},
	"the finalizer put on":               {[]deploymentChange{finalizers("a/b")}, []deploymentChange{finalizers("a/b", finalizer)}, ""},
	"the finalizer taken off":            {[]deploymentChange{finalizers("a/b", finalizer)}, []deploymentChange{finalizers("a/b")}, ""},
	"the note of a scale-down":           {[]deploymentChange{inUse}, []deploymentChange{noted("web/uid/3")}, ""},
	"the note removed":                   {[]deploymentChange{inUse, noted("web/uid/3")}, []deploymentChange{notNoted}, ""},
	"replicas":                           {[]deploymentChange{replicas(3)}, []deploymentChange{replicas(0)}, ""},
	"paused":                             {nil, []deploymentChange{paused}, ""},
	"a label, as other webhooks stamp":   {nil, []deploymentChange{deploymentLabelled}, ""},
	"an annotation, as other webhooks":   {nil, []deploymentChange{stamped}, ""},
	"the image":                          {nil, []deploymentChange{image("evil:1")}, specKept},
	"the image along with the finalizer": {nil, []deploymentChange{inUse, image("evil:1")}, specKept},
	"the image along with replicas":      {nil, []deploymentChange{replicas(3), image("evil:1")}, specKept},
	"another container":                  {nil, []deploymentChange{sidecar}, specKept},
	"the pods' ServiceAccount":           {nil, []deploymentChange{runsAs("admin")}, specKept},
	"the pods' annotations":              {nil, []deploymentChange{restarted}, specKept},
	"the strategy":                       {nil, []deploymentChange{recreated}, specKept},
	"minReadySeconds":                    {nil, []deploymentChange{minReady}, specKept},
	"revisionHistoryLimit":               {nil, []deploymentChange{history}, specKept},
	"progressDeadlineSeconds":            {nil, []deploymentChange{deadline}, specKept},
	"an owner":                           {nil, []deploymentChange{owned}, ownersKept},
	"no owner":                           {[]deploymentChange{owned}, []deploymentChange{ownerless}, ownersKept},
	"another finalizer":                  {nil, []deploymentChange{finalizers("a/b")}, ownersKept},
	"another finalizer taken off": {
		[]deploymentChange{finalizers("a/b", finalizer)}, []deploymentChange{finalizers(finalizer)}, ownersKept,
	},
	"one finalizer more along with its own": {nil, []deploymentChange{finalizers("a/b", finalizer)}, ownersKept},
}

// ownServiceWrites are what arrives of a Service under bluegreen's name.
var ownServiceWrites = map[string]struct {
	before, write []change
	refusal       string
}{
	"nothing":                          {[]change{managed}, nil, ""},
	"a switch":                         {[]change{asked11}, []change{selects("version", "1.11"), annotate("bluegreen/phase", "Stable")}, ""},
	"a switch of a load balancer":      {[]change{asked11, loadBalancer}, []change{selects("version", "1.11")}, ""},
	"a switch with a crowd":            {[]change{asked11, crowded}, []change{selects("version", "1.11")}, ""},
	"a message":                        {[]change{managed}, []change{annotate("bluegreen/message", "waiting")}, ""},
	"a phase removed after a release":  {[]change{annotate("bluegreen/phase", "Stable")}, []change{unannotate("bluegreen/phase")}, ""},
	"a label, as other webhooks stamp": {[]change{managed}, []change{labelled}, ""},
	"an annotation, as other webhooks": {[]change{managed}, []change{annotate("example.com/a", "b")}, ""},
	"the ports":                        {[]change{managed}, []change{onPort}, specKept},
	"the ports along with a switch":    {[]change{asked11}, []change{selects("version", "1.11"), onPort}, specKept},
	"the type":                         {[]change{managed}, []change{loadBalancer}, specKept},
	"an ExternalName":                  {nil, []change{externalToo}, specKept},
	"external addresses":               {[]change{managed}, []change{externalIP}, specKept},
	"the selector of an unmanaged one": {nil, []change{selects("version", "1.11")}, specKept},
	"an adoption with a switch":        {nil, []change{managed, selects("version", "1.10"), selects("name", "evil")}, specKept},
	"an owner":                         {[]change{managed}, []change{serviceOwned}, ownersKept},
	"a finalizer":                      {[]change{managed}, []change{serviceFinalized}, ownersKept},
	"an ask":                           {[]change{managed}, []change{asked11}, asksKept},
	"an adoption":                      {nil, []change{managed}, asksKept},
	"a release":                        {[]change{managed}, []change{released}, asksKept},
	"an option":                        {[]change{managed}, []change{annotate("bluegreen/ready", "minimum")}, asksKept},
	"the protection given up":          {[]change{managed}, []change{annotate("bluegreen/in-use-protection", "disabled")}, asksKept},
}

func paused(d *appsv1.Deployment) { d.Spec.Paused = true }

func deploymentLabelled(d *appsv1.Deployment) { d.Labels["team"] = "web" }

func stamped(d *appsv1.Deployment) { d.Annotations = map[string]string{"example.com/stamp": "1"} }

func sidecar(d *appsv1.Deployment) {
	pod := &d.Spec.Template.Spec
	pod.Containers = append(pod.Containers, corev1.Container{Name: "evil", Image: "evil:1"})
}

func runsAs(account string) deploymentChange {
	return func(d *appsv1.Deployment) { d.Spec.Template.Spec.ServiceAccountName = account }
}

func restarted(d *appsv1.Deployment) {
	d.Spec.Template.Annotations = map[string]string{"restarted": "now"}
}

func recreated(d *appsv1.Deployment) {
	d.Spec.Strategy = appsv1.DeploymentStrategy{Type: appsv1.RecreateDeploymentStrategyType}
}

func minReady(d *appsv1.Deployment) { d.Spec.MinReadySeconds = 7 }

func history(d *appsv1.Deployment) { d.Spec.RevisionHistoryLimit = ptr.To[int32](7) }

func deadline(d *appsv1.Deployment) { d.Spec.ProgressDeadlineSeconds = ptr.To[int32](7) }

var owner = []metav1.OwnerReference{{APIVersion: "v1", Kind: "ConfigMap", Name: "owner", UID: "1-2-3"}}

func owned(d *appsv1.Deployment) { d.OwnerReferences = owner }

func ownerless(d *appsv1.Deployment) { d.OwnerReferences = nil }

func serviceOwned(svc *corev1.Service) { svc.OwnerReferences = owner }

func serviceFinalized(svc *corev1.Service) { svc.Finalizers = []string{"a/b"} }

func externalIP(svc *corev1.Service) { svc.Spec.ExternalIPs = []string{"192.0.2.1"} }

// TestOwnWrites of bluegreen deploy nothing, whoever has its token.
func TestOwnWrites(t *testing.T) {
	admin, bluegreen := as(t, somebody), as(t, controller)
	ns := newNamespace(t, admin, "own-writes")
	awaitNoPolicy(t, admin, ns)
	installOwnWrites(t, template(t), "bluegreen", ns)
	n := numbers()
	for name, test := range ownDeploymentWrites {
		t.Run("Deployment: "+name, func(t *testing.T) {
			d := deployment(ns, n(), test.before...)
			createDeployment(t, admin, d)
			for _, change := range test.write {
				change(d)
			}
			checkRefusal(t, bluegreen.Update(t.Context(), d, client.DryRunAll), test.refusal)
			checkRefusal(t, as(t, controller+"-uninstall").Update(t.Context(), d, client.DryRunAll), test.refusal)
			checkRefusal(t, as(t, controller+"-2").Update(t.Context(), d, client.DryRunAll), "")
		})
	}
	for name, test := range ownServiceWrites {
		t.Run("Service: "+name, func(t *testing.T) {
			svc := service(ns, n(), test.before...)
			create(t, admin, svc)
			for _, change := range test.write {
				change(svc)
			}
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

// installOwnWrites installs both policies of a release about its own writes, and waits until they are in force.
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
		eventually(t, "the policy of the test before is gone", func() bool { return !refused() })
		installPolicy(t, admin, all, release+"-own-"+name+"-writes")
		eventually(t, "the policy is in force", refused)
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
		"deployment": {appsv1.DeploymentSpec{}, []string{"paused", "replicas"}},
		"service":    {corev1.ServiceSpec{}, nil}, // The selector too is judged.
	} {
		policy := get[admissionv1.ValidatingAdmissionPolicy](t, template(t), "ValidatingAdmissionPolicy/bluegreen-own-"+kind+"-writes")
		expression := policy.Spec.Validations[0].Expression + " "
		for field := range reflect.TypeOf(test.spec).Fields() {
			name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
			judged := strings.Contains(expression, "object.spec.?"+name+" == oldObject.spec.?"+name+" ") ||
				strings.Contains(expression, "object.spec.?"+name+" == oldObject.spec.?"+name+"\n")
			if judged == slices.Contains(test.allowed, name) {
				t.Errorf("%s: field %s is judged: %v", kind, name, judged)
			}
		}
	}
}
