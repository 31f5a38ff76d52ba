package manifests

import (
	"testing"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

const throughStatus = "itself, not its status"

// TestStatusIsNoSideDoor: whoever may patch a status alone asks for nothing, and takes nothing from what is live.
func TestStatusIsNoSideDoor(t *testing.T) {
	c := as(t, somebody)
	ns := newNamespace(t, c, "statuses")
	installStatus(t, c, template(t), "bluegreen", ns)
	next := names()
	for name, test := range serviceStatuses {
		t.Run("services/status: "+name, func(t *testing.T) {
			svc := service(ns, next(), test.before...)
			create(t, c, svc)
			test.write.to(svc)
			checkRefusal(t, c.Status().Update(t.Context(), svc), test.refusal)
		})
	}
	for name, test := range deploymentStatuses {
		t.Run("deployments/status: "+name, func(t *testing.T) {
			d := deployment(ns, next(), test.before...)
			createDeployment(t, c, d)
			test.write.to(d)
			checkRefusal(t, c.Status().Update(t.Context(), d), test.refusal)
		})
	}
	t.Run("by bluegreen", func(t *testing.T) {
		svc := service(ns, next(), managed)
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

// installStatus installs the policy of a release of the chart about statuses, and waits until it and it alone is in force.
func installStatus(t *testing.T, c client.Client, all objects, release, ns string) {
	t.Helper()
	probe := deployment(ns, "probe")
	createDeployment(t, c, probe)
	inUse(probe)
	refused := func() bool { return c.Status().Update(t.Context(), probe.DeepCopy(), client.DryRunAll) != nil }
	installPolicyAlone(t, c, all, release+"-status", refused)
}
