package manifests

import (
	"cmp"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

const (
	selectorKept = "keeps its selector"
	tampered     = "once the target version is ready. This is a write of bluegreen, and something changed it"
	typeKept     = "keeps its type"
	failureKept  = "To try again, change bluegreen/retry."
	recordsKept  = "bluegreen alone writes them. Take them out of what you write."
	keyMissing   = "its selector lacks the key"
)

func TestPolicy(t *testing.T) {
	admin, ns := as(t, somebody), "policy"
	installPolicy(t, admin, template(t), "bluegreen")
	newNamespace(t, admin, ns)
	awaitPolicy(t, admin, ns)
	next := names()
	for name, test := range updates {
		t.Run("update: "+name, func(t *testing.T) { checkUpdate(t, service(ns, next(), test.before...), test) })
	}
	for name, test := range controllerUpdates {
		test.user = controller
		t.Run("update by the controller: "+name, func(t *testing.T) { checkUpdate(t, service(ns, next(), test.before...), test) })
	}
	for name, test := range creations {
		t.Run("create: "+name, func(t *testing.T) {
			writer := as(t, cmp.Or(test.user, somebody))
			checkRefusal(t, writer.Create(t.Context(), service(ns, next(), test.service...), client.DryRunAll), test.refusal)
		})
	}
	t.Run("sentences", func(t *testing.T) { checkSentences(t, ns) })
}

// checkUpdate creates a Service as it is before, and updates it.
func checkUpdate(t *testing.T, svc *corev1.Service, test serviceUpdate) {
	t.Helper()
	createAdopted(t, as(t, somebody), svc)
	test.write.to(svc)
	writer := as(t, cmp.Or(test.user, somebody))
	checkRefusal(t, writer.Update(t.Context(), svc, client.DryRunAll), test.refusal)
}

// createAdopted creates the Service without its annotations, and adds them then: so it can lack the version's key. One with records,
// which nobody can add, is created with them.
func createAdopted(t *testing.T, c client.Client, svc *corev1.Service) {
	t.Helper()
	if cmp.Or(svc.Annotations["bluegreen/attempt"], svc.Annotations["bluegreen/last-switch"], svc.Annotations["bluegreen/checks"]) != "" {
		create(t, c, svc)
		return
	}
	annotations := svc.Annotations
	svc.Annotations = nil
	create(t, c, svc)
	svc.Annotations = annotations
	if err := c.Update(t.Context(), svc); err != nil {
		t.Fatal(err)
	}
}

// checkSentences spells out what a person reads.
func checkSentences(t *testing.T, ns string) {
	c := as(t, somebody)
	svc := service(ns, "nginx", managed)
	create(t, c, svc)
	selects("version", "1.11")(svc)
	checkSentence(t, as(t, controller).Update(t.Context(), svc),
		`services "nginx" is forbidden: ValidatingAdmissionPolicy 'bluegreen' with binding 'bluegreen' denied request: `+
			`Service policy/nginx keeps its selector: it is managed (annotation bluegreen/target-version), and only bluegreen `+
			`changes the selector of a managed Service, once the target version is ready. This is a write of bluegreen, and `+
			`something changed it on its way, probably another mutating webhook: kubectl get mutatingwebhookconfigurations`)
	without := svc.DeepCopy()
	externalToo(without)
	checkSentence(t, c.Update(t.Context(), without),
		`services "nginx" is forbidden: ValidatingAdmissionPolicy 'bluegreen' with binding 'bluegreen' denied request: `+
			`Service policy/nginx keeps its type: it is managed (annotation bluegreen/target-version), and as an ExternalName it `+
			`would send traffic to none of its pods. To take the Service back, remove the annotation in one write and change the `+
			`type in the next.`)
	checkSentence(t, c.Update(t.Context(), svc),
		`services "nginx" is forbidden: ValidatingAdmissionPolicy 'bluegreen' with binding 'bluegreen' denied request: `+
			`Service policy/nginx keeps its selector: it is managed (annotation bluegreen/target-version), and only bluegreen `+
			`changes the selector of a managed Service, once the target version is ready. bluegreen did not answer this write; `+
			`it can be repeated later, and will leave the selector alone. To switch: `+
			`kubectl annotate service nginx -n policy bluegreen/target-version=1.11 --overwrite`)
	checkSentence(t, c.Create(t.Context(), service(ns, "new", managed, selectsNot("version"))),
		`services "new" is forbidden: ValidatingAdmissionPolicy 'bluegreen' with binding 'bluegreen' denied request: `+
			`Service policy/new is managed (annotation bluegreen/target-version), but its selector lacks the key version, `+
			`and would send traffic to every version at once. Add to spec.selector: version: "1.10" `+
			`(bluegreen, which did not answer this write, adds it when the write is repeated later; `+
			`the annotation bluegreen/version-label names another key).`)
	checkSentence(t, c.Create(t.Context(), service(ns, "follower", follows, selectsNot("version"))),
		`services "follower" is forbidden: ValidatingAdmissionPolicy 'bluegreen' with binding 'bluegreen' denied request: `+
			`Service policy/follower is managed (annotation bluegreen/follows), but its selector lacks the key version, `+
			`and would send traffic to every version at once. Add to spec.selector: version: "" `+
			`(bluegreen, which did not answer this write, adds it when the write is repeated later; `+
			`the annotation bluegreen/version-label names another key).`)
	follower := service(ns, "follower", follows)
	create(t, c, follower)
	selects("version", "1.11")(follower)
	checkSentence(t, c.Update(t.Context(), follower),
		`services "follower" is forbidden: ValidatingAdmissionPolicy 'bluegreen' with binding 'bluegreen' denied request: `+
			`Service policy/follower keeps its selector: it is managed (annotation bluegreen/follows), and only bluegreen `+
			`changes the selector of a managed Service, once the target version is ready. bluegreen did not answer this write; `+
			`it can be repeated later, and will leave the selector alone. It moves with Service nginx.`)
}

func TestPolicyInSingleNamespaces(t *testing.T) {
	c := as(t, somebody)
	watched, free := newNamespace(t, c, "watched"), newNamespace(t, c, "free")
	awaitNoPolicy(t, c, watched)
	installPolicy(t, c, template(t, "--set=fullnameOverride=narrow,watchNamespaces={watched}"), "narrow")
	awaitPolicy(t, c, watched)
	for ns, refusal := range map[string]string{watched: selectorKept, free: ""} {
		svc := service(ns, "nginx", managed)
		create(t, c, svc)
		svc.Spec.Selector["version"] = "1.11"
		checkRefusal(t, c.Update(t.Context(), svc), refusal)
	}
}

func awaitPolicy(t *testing.T, c client.Client, ns string) {
	t.Helper()
	eventually(t, "the policy is in force", func() bool { return judged(t, c, ns) })
}

// awaitNoPolicy waits for the end of one that an earlier test took away: it stays in force for a moment.
func awaitNoPolicy(t *testing.T, c client.Client, ns string) {
	t.Helper()
	eventually(t, "no policy is in force", func() bool { return !judged(t, c, ns) })
}

func judged(t *testing.T, c client.Client, ns string) bool {
	return c.Create(t.Context(), service(ns, "probe", managed, selectsNot("version")), client.DryRunAll) != nil
}

func checkRefusal(t *testing.T, err error, refusal string) {
	t.Helper()
	switch {
	case refusal == "" && err != nil:
		t.Errorf("refused: %v", err)
	case refusal != "" && err == nil:
		t.Error("not refused")
	case refusal != "" && !strings.Contains(err.Error(), refusal):
		t.Errorf("want a refusal with %q, got: %v", refusal, err)
	}
}

func checkSentence(t *testing.T, err error, want string) {
	t.Helper()
	if err == nil || err.Error() != want {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
}
