package manifests

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

const (
	held       = "keeps its selector"
	tampered   = "once the target version is ready. This is a write of bluegreen, and something changed it"
	typeHeld   = "keeps its type"
	keyMissing = "its selector lacks the key"
)

var updates = map[string]struct {
	before, write []change
	user, refusal string
}{
	"a switch by somebody":                    {[]change{managed}, []change{selects("version", "1.11")}, somebody, held},
	"a switch by another ServiceAccount":      {[]change{managed}, []change{selects("version", "1.11")}, controller + "-2", held},
	"an ask with the selector":                {[]change{managed}, []change{annotate("bluegreen/target-version", "1.11"), selects("version", "1.11")}, somebody, held},
	"an ask":                                  {[]change{managed}, []change{annotate("bluegreen/target-version", "1.11")}, somebody, ""},
	"another key of the selector":             {[]change{managed}, []change{selects("name", "apache")}, somebody, held},
	"one more key in the selector":            {[]change{managed}, []change{selects("tier", "web")}, somebody, held},
	"the version key left out":                {[]change{managed}, []change{selectsNot("version")}, somebody, held},
	"the whole selector left out":             {[]change{managed}, []change{selectorless}, somebody, held},
	"turned into an ExternalName":             {[]change{managed}, []change{external}, somebody, typeHeld},
	"an ExternalName with the selector":       {[]change{managed}, []change{externalToo}, somebody, typeHeld},
	"an ExternalName on release":              {[]change{managed}, []change{released, externalToo}, somebody, typeHeld},
	"an ExternalName on adoption":             {nil, []change{managed, externalToo}, somebody, typeHeld},
	"an ExternalName adopted":                 {[]change{externalToo}, []change{managed}, somebody, ""},
	"an ExternalName, an unmanaged Service":   {nil, []change{externalToo}, somebody, ""},
	"an ExternalName as before":               {[]change{externalToo, managed}, []change{labelled}, somebody, ""},
	"an ExternalName no longer":               {[]change{externalToo, managed}, []change{internal}, somebody, ""},
	"another type":                            {[]change{managed}, []change{loadBalancer}, somebody, ""},
	"labels and ports":                        {[]change{managed}, []change{labelled, onPort}, somebody, ""},
	"other annotations":                       {[]change{managed}, []change{annotate("example.com/a", "b")}, somebody, ""},
	"release":                                 {[]change{managed}, []change{released}, somebody, ""},
	"release with another selector":           {[]change{managed}, []change{released, selects("version", "1.11")}, somebody, "remove the annotation in one write"},
	"adoption":                                {nil, []change{managed}, somebody, ""},
	"adoption without the key":                {[]change{selectsNot("version")}, []change{managed}, somebody, ""},
	"adoption with another selector":          {nil, []change{managed, selects("version", "1.11")}, somebody, held},
	"adoption without a selector":             {[]change{selectorless}, []change{managed}, somebody, ""},
	"a selector for a Service without one":    {[]change{selectorless, managed}, []change{selects("version", "1.11")}, somebody, held},
	"an unmanaged Service":                    {nil, []change{selects("version", "1.11")}, somebody, ""},
	"an unmanaged Service's selector removed": {nil, []change{selectorless}, somebody, ""},
	"the key that a label names": {
		[]change{managed, annotate("bluegreen/version-label", "v"), selects("v", "1")}, []change{selects("v", "2")}, somebody, "target-version=2 --overwrite",
	},
	"a crowd of annotations":               {[]change{managed, crowded}, []change{labelled}, somebody, ""},
	"a switch with a crowd of annotations": {[]change{managed, crowded}, []change{selects("version", "1.11")}, somebody, held},
}

// controllerUpdates are what arrives of the controller's own writes; k is another version label than the default.
var controllerUpdates = map[string]struct {
	before, write []change
	refusal       string
}{
	"a switch":                                {[]change{asked11}, []change{selects("version", "1.11")}, ""},
	"a switch with a crowd of annotations":    {[]change{asked11, crowded}, []change{selects("version", "1.11")}, ""},
	"a switch in a crowd of keys":             {[]change{asked11, selectsCrowd}, []change{selects("version", "1.11")}, ""},
	"a switch of a selector without the key":  {[]change{asked11, selectsNot("version")}, []change{selects("version", "1.11")}, ""},
	"a switch that asks itself":               {[]change{managed}, []change{asked11, selects("version", "1.11")}, tampered},
	"a switch by the key that a label names":  {[]change{asked11, byK, selects("k", "1.10")}, []change{selects("k", "1.11")}, ""},
	"the first by the key that a label names": {[]change{asked11, byK}, []change{selects("k", "1.11")}, ""},
	"a status":                               {[]change{asked11}, []change{annotate("bluegreen/phase", "Waiting")}, ""},
	"a status of a selector without the key": {[]change{asked11, selectsNot("version")}, []change{annotate("bluegreen/phase", "Waiting")}, ""},
	"to a version that is not the target":    {[]change{asked11}, []change{selects("version", "1.12")}, tampered},
	"away from the target":                   {[]change{managed}, []change{selects("version", "1.11")}, tampered},
	"to no version":                          {[]change{asked11}, []change{selectsNot("version")}, tampered},
	"to no selector":                         {[]change{asked11}, []change{selectorless}, tampered},
	"by another key than the label names":    {[]change{asked11, byK, selects("k", "1.10")}, []change{selects("version", "1.11")}, tampered},
	"a switch with one more key":             {[]change{asked11}, []change{selects("version", "1.11"), selects("tier", "web")}, tampered},
	"a switch with one key fewer":            {[]change{asked11}, []change{selects("version", "1.11"), selectsNot("name")}, tampered},
	"a switch with another value":            {[]change{asked11}, []change{selects("version", "1.11"), selects("name", "apache")}, tampered},
	"a switch with another key in place":     {[]change{asked11}, []change{selects("version", "1.11"), selectsNot("name"), selects("tier", "web")}, tampered},
	"a key added with one key fewer":         {[]change{asked11, selectsNot("version")}, []change{selects("version", "1.11"), selectsNot("name")}, tampered},
	"a key added with one more":              {[]change{asked11, selectsNot("version")}, []change{selects("version", "1.11"), selects("tier", "web")}, tampered},
	"another key alone":                      {[]change{asked11}, []change{selects("name", "apache")}, tampered},
	"another key of a selector without it":   {[]change{asked11, selectsNot("version")}, []change{selects("name", "apache")}, tampered},
	"a switch with the ask removed":          {[]change{asked11}, []change{selects("version", "1.11"), released}, tampered},
	"the key removed with the ask":           {[]change{asked11}, []change{selectsNot("version"), released}, tampered},
	"a switch into an ExternalName":          {[]change{asked11}, []change{selects("version", "1.11"), externalToo}, "none of its pods. This is a write of bluegreen"},
	"a switch of an unmanaged Service":       {nil, []change{selects("version", "1.11")}, ""},
}

func asked11(svc *corev1.Service) { annotate("bluegreen/target-version", "1.11")(svc) }

func byK(svc *corev1.Service) { annotate("bluegreen/version-label", "k")(svc) }

func internal(svc *corev1.Service) {
	svc.Spec.Type, svc.Spec.ExternalName = corev1.ServiceTypeClusterIP, ""
}

var creations = map[string]struct {
	write         []change
	user, refusal string
}{
	"managed with its key":         {[]change{managed}, somebody, ""},
	"managed, another version":     {[]change{managed, selects("version", "1.9")}, somebody, ""},
	"managed without its key":      {[]change{managed, selectsNot("version")}, somebody, keyMissing},
	"managed without a selector":   {[]change{managed, selectorless}, somebody, keyMissing},
	"managed ExternalName":         {[]change{managed, external}, somebody, keyMissing},
	"managed by the controller":    {[]change{managed, selectsNot("version")}, controller, keyMissing},
	"managed with a key of choice": {[]change{managed, annotate("bluegreen/version-label", "v"), selects("v", "1")}, somebody, ""},
	"managed without that key":     {[]change{managed, annotate("bluegreen/version-label", "v")}, somebody, keyMissing + ` v`},
	"managed, generated name":      {[]change{managed, generated, selectsNot("version")}, somebody, keyMissing},
	"unmanaged without a key":      {[]change{selectsNot("version")}, somebody, ""},
	"unmanaged without a selector": {[]change{selectorless}, somebody, ""},
	"unmanaged ExternalName":       {[]change{external}, somebody, ""},
}

func generated(svc *corev1.Service) { svc.GenerateName, svc.Name = svc.Name, "" }

func TestPolicy(t *testing.T) {
	admin, ns := as(t, somebody), "policy"
	installPolicy(t, admin, template(t), "bluegreen")
	newNamespace(t, admin, ns)
	awaitPolicy(t, admin, ns)
	n := numbers()
	update := func(t *testing.T, user string, before, write []change, refusal string) {
		svc := service(ns, n(), before...)
		createAdopted(t, admin, svc)
		for _, change := range write {
			change(svc)
		}
		checkRefusal(t, as(t, user).Update(t.Context(), svc, client.DryRunAll), refusal)
	}
	for name, test := range updates {
		t.Run("update: "+name, func(t *testing.T) { update(t, test.user, test.before, test.write, test.refusal) })
	}
	for name, test := range controllerUpdates {
		t.Run("update by the controller: "+name, func(t *testing.T) { update(t, controller, test.before, test.write, test.refusal) })
	}
	for name, test := range creations {
		t.Run("create: "+name, func(t *testing.T) {
			svc := service(ns, n(), test.write...)
			checkRefusal(t, as(t, test.user).Create(t.Context(), svc, client.DryRunAll), test.refusal)
		})
	}
	t.Run("sentences", func(t *testing.T) { checkSentences(t, ns) })
}

// createAdopted creates the Service without its annotations, and adds them then: so it can lack the version's key.
func createAdopted(t *testing.T, c client.Client, svc *corev1.Service) {
	t.Helper()
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
}

func TestPolicyInSingleNamespaces(t *testing.T) {
	c := as(t, somebody)
	watched, free := newNamespace(t, c, "watched"), newNamespace(t, c, "free")
	awaitNoPolicy(t, c, watched)
	installPolicy(t, c, template(t, "--set=fullnameOverride=narrow,watchNamespaces={watched}"), "narrow")
	awaitPolicy(t, c, watched)
	for ns, refusal := range map[string]string{watched: held, free: ""} {
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
