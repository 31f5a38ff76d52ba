package manifests

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

const (
	held       = "keeps its selector"
	keyMissing = "its selector lacks the key"
)

var updates = map[string]struct {
	before, write []change
	user, refusal string
}{
	"a switch by the controller":              {[]change{managed}, []change{selects("version", "1.11")}, controller, ""},
	"a switch by somebody":                    {[]change{managed}, []change{selects("version", "1.11")}, somebody, held},
	"a switch by another ServiceAccount":      {[]change{managed}, []change{selects("version", "1.11")}, controller + "-2", held},
	"an ask with the selector":                {[]change{managed}, []change{annotate("bluegreen/target-version", "1.11"), selects("version", "1.11")}, somebody, held},
	"an ask":                                  {[]change{managed}, []change{annotate("bluegreen/target-version", "1.11")}, somebody, ""},
	"another key of the selector":             {[]change{managed}, []change{selects("name", "apache")}, somebody, held},
	"one more key in the selector":            {[]change{managed}, []change{selects("tier", "web")}, somebody, held},
	"the version key left out":                {[]change{managed}, []change{selectsNot("version")}, somebody, held},
	"the whole selector left out":             {[]change{managed}, []change{selectorless}, somebody, held},
	"turned into an ExternalName":             {[]change{managed}, []change{external}, somebody, held},
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

var creations = map[string]struct {
	write         []change
	user, refusal string
}{
	"managed with its key":         {[]change{managed}, somebody, ""},
	"managed, another version":     {[]change{managed, selects("version", "1.9")}, somebody, ""},
	"managed without its key":      {[]change{managed, selectsNot("version")}, somebody, keyMissing},
	"managed without a selector":   {[]change{managed, selectorless}, somebody, keyMissing},
	"managed ExternalName":         {[]change{managed, external}, somebody, keyMissing},
	"managed by the controller":    {[]change{managed, selectsNot("version")}, controller, ""},
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
	for name, test := range updates {
		t.Run("update: "+name, func(t *testing.T) {
			svc := service(ns, n(), test.before...)
			create(t, as(t, controller), svc)
			for _, change := range test.write {
				change(svc)
			}
			checkRefusal(t, as(t, test.user).Update(t.Context(), svc, client.DryRunAll), test.refusal)
		})
	}
	for name, test := range creations {
		t.Run("create: "+name, func(t *testing.T) {
			svc := service(ns, n(), test.write...)
			checkRefusal(t, as(t, test.user).Create(t.Context(), svc, client.DryRunAll), test.refusal)
		})
	}
	t.Run("sentences", func(t *testing.T) { checkSentences(t, ns) })
}

// checkSentences spells out what a person reads.
func checkSentences(t *testing.T, ns string) {
	c := as(t, somebody)
	svc := service(ns, "nginx", managed)
	create(t, c, svc)
	svc.Spec.Selector["version"] = "1.11"
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

// TestPolicyInSingleNamespaces writes as the controller of another release, to hear this release's policy alone.
func TestPolicyInSingleNamespaces(t *testing.T) {
	c := as(t, controller)
	watched, free := newNamespace(t, c, "watched"), newNamespace(t, c, "free")
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
	eventually(t, "the policy is in force", func() bool {
		return c.Create(t.Context(), service(ns, "probe", managed, selectsNot("version")), client.DryRunAll) != nil
	})
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
