package manifests

import (
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

const throughStatus = "itself, not its status"

// serviceStatuses are what arrives through services/status.
var serviceStatuses = map[string]struct {
	before, write []change
	refusal       string
}{
	"an ask":                   {[]change{managed}, []change{asked11}, throughStatus},
	"an adoption":              {nil, []change{managed}, throughStatus},
	"a release":                {[]change{managed}, []change{released}, throughStatus},
	"every annotation removed": {[]change{managed}, []change{unannotated}, throughStatus},
	"an option":                {[]change{managed}, []change{annotate("bluegreen/ready", "complete")}, throughStatus},
	"an option with an address": {
		[]change{managed, loadBalancer}, []change{balanced, annotate("bluegreen/ready", "complete")}, throughStatus,
	},
	"an empty option":                    {[]change{managed}, []change{annotate("bluegreen/ready", "")}, throughStatus},
	"bluegreen's own":                    {[]change{managed}, []change{annotate("bluegreen/phase", "Stable")}, throughStatus},
	"an ask in a crowd":                  {[]change{managed, crowded}, []change{asked11}, throughStatus},
	"a release in a crowd":               {[]change{managed, crowded}, []change{released}, throughStatus},
	"nothing":                            {[]change{managed}, nil, ""},
	"a load balancer's address":          {[]change{managed, loadBalancer}, []change{balanced}, ""},
	"an address in a crowd":              {[]change{managed, crowded, loadBalancer}, []change{balanced}, ""},
	"another annotation":                 {[]change{managed}, []change{annotate("example.com/a", "b")}, ""},
	"another annotation in a crowd":      {[]change{managed, crowded}, []change{annotate("example.com/a", "b")}, ""},
	"an annotation that looks like ours": {[]change{managed}, []change{annotate("bluegreen.io/phase", "b")}, ""},
}

// deploymentStatuses are what arrives through deployments/status.
var deploymentStatuses = map[string]struct {
	before, write []deploymentChange
	refusal       string
}{
	"a scale-down of a Deployment nobody managed": {nil, []deploymentChange{noted("web/uid/3")}, throughStatus},
	"a scale-down of one in use":                  {[]deploymentChange{inUse}, []deploymentChange{noted("web/uid/3")}, throughStatus},
	"a scale-down forgotten": {
		[]deploymentChange{inUse, noted("web/uid/3")}, []deploymentChange{notNoted}, throughStatus,
	},
	"the finalizer taken off":    {[]deploymentChange{inUse}, []deploymentChange{finalizers()}, throughStatus},
	"the finalizer replaced":     {[]deploymentChange{inUse}, []deploymentChange{finalizers("a/b")}, throughStatus},
	"the finalizer put on":       {nil, []deploymentChange{inUse}, throughStatus},
	"another finalizer":          {[]deploymentChange{inUse}, []deploymentChange{finalizers("a/b", finalizer)}, ""},
	"a status":                   {[]deploymentChange{inUse, noted("web/uid/3")}, []deploymentChange{observed}, ""},
	"a status of one not in use": {nil, []deploymentChange{observed}, ""},
}

func unannotated(svc *corev1.Service) { svc.Annotations = nil }

func noted(note string) deploymentChange {
	return func(d *appsv1.Deployment) { d.Annotations = map[string]string{"bluegreen/scale-to-zero-after": note} }
}

func notNoted(d *appsv1.Deployment) { d.Annotations = nil }

func observed(d *appsv1.Deployment) { d.Status.ObservedGeneration = d.Generation }

// TestStatusIsNoSideDoor: whoever may patch a status alone asks for nothing, and takes nothing from what serves.
func TestStatusIsNoSideDoor(t *testing.T) {
	c := as(t, somebody)
	ns := newNamespace(t, c, "statuses")
	installStatus(t, c, template(t), "bluegreen", ns)
	n := numbers()
	for name, test := range serviceStatuses {
		t.Run("services/status: "+name, func(t *testing.T) {
			svc := service(ns, n(), test.before...)
			create(t, c, svc)
			for _, change := range test.write {
				change(svc)
			}
			checkRefusal(t, c.Status().Update(t.Context(), svc), test.refusal)
		})
	}
	for name, test := range deploymentStatuses {
		t.Run("deployments/status: "+name, func(t *testing.T) {
			d := deployment(ns, n(), test.before...)
			createDeployment(t, c, d)
			for _, change := range test.write {
				change(d)
			}
			checkRefusal(t, c.Status().Update(t.Context(), d), test.refusal)
		})
	}
	t.Run("by bluegreen", func(t *testing.T) {
		svc := service(ns, n(), managed)
		create(t, c, svc)
		asked11(svc)
		checkRefusal(t, as(t, controller).Status().Update(t.Context(), svc), throughStatus)
	})
	t.Run("the objects themselves", func(t *testing.T) { checkObjectsThemselves(t, c, ns) })
	t.Run("sentences", func(t *testing.T) { checkStatusSentences(t, c, ns) })
}

func checkObjectsThemselves(t *testing.T, c client.Client, ns string) {
	svc, d := service(ns, "itself", managed), deployment(ns, "itself", inUse)
	create(t, c, svc)
	createDeployment(t, c, d)
	asked11(svc)
	checkRefusal(t, c.Update(t.Context(), svc), "")
	finalizers()(d)
	checkRefusal(t, c.Update(t.Context(), d), "")
}

// checkStatusSentences spells out what a person reads.
func checkStatusSentences(t *testing.T, c client.Client, ns string) {
	svc, d := service(ns, "nginx", managed), deployment(ns, "nginx", inUse)
	create(t, c, svc)
	createDeployment(t, c, d)
	ask := client.RawPatch(types.MergePatchType, []byte(`{"metadata":{"annotations":{"bluegreen/target-version":"1.11"}}}`))
	const denied = ` is forbidden: ValidatingAdmissionPolicy 'bluegreen-status' with binding 'bluegreen-status' denied request: `
	checkSentence(t, c.Status().Patch(t.Context(), svc, ask), `services "nginx"`+denied+
		`Service statuses/nginx keeps its annotations and finalizers that begin with bluegreen/ in a write of its status: `+
		`to change them, write the Service itself, not its status.`)
	strip := client.RawPatch(types.MergePatchType, []byte(`{"metadata":{"finalizers":null}}`))
	checkSentence(t, c.Status().Patch(t.Context(), d, strip), `deployments.apps "nginx"`+denied+
		`Deployment statuses/nginx keeps its annotations and finalizers that begin with bluegreen/ in a write of its status: `+
		`to change them, write the Deployment itself, not its status.`)
}

func TestStatusInSingleNamespaces(t *testing.T) {
	c := as(t, somebody)
	watched, free := newNamespace(t, c, "status-watched"), newNamespace(t, c, "status-free")
	installStatus(t, c, template(t, "--set=fullnameOverride=narrow,watchNamespaces={"+watched+"}"), "narrow", watched)
	for ns, refusal := range map[string]string{watched: throughStatus, free: ""} {
		d := deployment(ns, "nginx", inUse)
		createDeployment(t, c, d)
		finalizers()(d)
		checkRefusal(t, c.Status().Update(t.Context(), d), refusal)
	}
}

// installStatus installs the policy of a release about statuses, and waits until it and it alone is in force.
func installStatus(t *testing.T, c client.Client, all objects, release, ns string) {
	t.Helper()
	probe := deployment(ns, "probe")
	createDeployment(t, c, probe)
	inUse(probe)
	refused := func() bool { return c.Status().Update(t.Context(), probe.DeepCopy(), client.DryRunAll) != nil }
	eventually(t, "the policy of the test before is gone", func() bool { return !refused() })
	installPolicy(t, c, all, release+"-status")
	eventually(t, "the policy is in force", refused)
}
