package admission

import (
	"fmt"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
	. "github.com/bluegreen-k8s/bluegreen/pkg/bluegreen/bluegreentest"
)

func TestRule1BadValuesAndServicesThatCannotSwitchAreRefused(t *testing.T) {
	blue := PodsOf("1.10")
	otherKeys := []string{
		"spec.selector",
		"Invalid value",
		`all keys but "version" must stay name=nginx`,
		"remove that annotation in a write of its own",
	}
	admitAll(t, map[string]serviceCase{
		"bad target on create": {
			new:    Service(Asks("not a label!")),
			errors: [][]string{{"metadata.annotations[bluegreen/target-version]", `"not a label!"`, "must be a label value"}},
		},
		"bad target on update": {
			old:    Managed(),
			new:    Managed(Asks("-")),
			errors: [][]string{{"metadata.annotations[bluegreen/target-version]", `"-"`}},
		},
		"unknown key on update": {
			old:    Managed(),
			new:    Managed(Annotation("bluegreen/redy", "complete")),
			errors: [][]string{{`"bluegreen/redy"`, "supported values"}},
		},
		"bad version label": {
			old:    Managed(),
			new:    Managed(Annotation(bluegreen.VersionLabel, "?")),
			errors: [][]string{{"metadata.annotations[bluegreen/version-label]", `"?"`, "must be a label key"}},
		},

		"ExternalName created": {
			new:    Service(Asks("1.10"), ExternalName),
			errors: [][]string{{"spec.type", `"ExternalName"`, remedy, "use ClusterIP, NodePort or LoadBalancer, or remove the annotation"}},
		},
		"ExternalName adopted": {
			old:    Service(ExternalName),
			new:    Service(ExternalName, Asks("1.10")),
			errors: [][]string{{"spec.type", remedy}},
		},
		"managed, becomes ExternalName": {
			old:    Managed(),
			new:    Managed(ExternalName),
			errors: [][]string{{"spec.type", remedy}},
		},
		"selectorless created": {
			new:    Service(Asks("1.10"), Selects()),
			errors: [][]string{{"spec.selector", "Required", remedy, "add one in a write of its own"}},
		},
		"selectorless adopted": {
			old:    Service(Selects()),
			new:    Service(Selects(), Asks("1.10")),
			errors: [][]string{{"spec.selector", "Required", remedy}},
		},
		"selectorless adopted, with a selector in the same write": {
			old:    Service(Selects()),
			new:    Service(Asks("1.10")),
			errors: [][]string{{"spec.selector", "all keys but"}, {"spec.selector", remedy, "add one in a write of its own"}},
		},
		"badly managed and selectorless through the back door": {
			old:    Managed(Selects()),
			new:    Managed(Selects(), Asks("1.11")),
			errors: [][]string{{"spec.selector", "Required"}},
		},

		"ExternalName on giving back": {
			old:    Managed(),
			new:    Service(ExternalName),
			errors: [][]string{{"spec.type", `"ExternalName"`, "moves no traffic: change the type in a write of its own after that"}},
		},
		"a version in the selector that is no label value": {
			old:    Managed(),
			new:    Managed(SelectsVersion("a; rm x")),
			errors: [][]string{{"spec.selector[version]", `"a; rm x"`, "must be a label value"}},
		},

		"other key changed": {
			old:    Managed(),
			new:    Managed(Selects("name", "apache", "version", "1.10")),
			errors: [][]string{otherKeys},
		},
		"other key changed together with an ask": {
			old:    Managed(),
			new:    Managed(Asks("1.11"), Selects("name", "apache", "version", "1.11")),
			errors: [][]string{otherKeys},
		},
		"other key added": {
			old:    Managed(),
			new:    Managed(Selects("name", "nginx", "version", "1.10", "tier", "web")),
			errors: [][]string{otherKeys},
		},
		"other key removed": {
			old:    Managed(),
			new:    Managed(Selects("version", "1.10")),
			errors: [][]string{otherKeys},
		},
		"selector emptied": {
			old:    Managed(),
			new:    Managed(Selects()),
			errors: [][]string{otherKeys},
		},
		"selector replaced": {
			old:    Managed(),
			new:    Managed(Selects("app", "apache")),
			errors: [][]string{otherKeys},
		},
		"other key changed on adoption": {
			old:    Service(),
			new:    Managed(Selects("name", "apache", "version", "1.10")),
			errors: [][]string{otherKeys},
		},
		"other key changed on giving back": {
			old:    Managed(),
			new:    Service(Selects("name", "apache", "version", "1.10")),
			errors: [][]string{otherKeys},
		},
		"selector replaced on giving back, under another version label": {
			old:    Managed(Annotation(bluegreen.VersionLabel, "name"), SelectsVersion("1.10"), Asks("nginx")),
			new:    Service(SelectsVersion("1.11")),
			errors: [][]string{{`all keys but "name" must stay version=1.10`}},
		},
		"a key that is the version's only under the label of before": {
			old:    Managed(),
			new:    Managed(Annotation(bluegreen.VersionLabel, "name"), SelectsVersion("1.11")),
			errors: [][]string{{`all keys but "name" must stay version=1.10`}},
		},

		"a nil selector beside an empty one is no change": {
			old:         Service(),
			new:         Service(Annotation("example.org/a", "b")),
			selector:    blue,
			annotations: Pairs("example.org/a", "b"),
		},
	})
}

// TestNothingRetiresWhereNothingIsProtected: of such an installation, a new retire-after is refused. A stored one stops no other write.
func TestNothingRetiresWhereNothingIsProtected(t *testing.T) {
	anHour := Annotation(bluegreen.RetireAfter, "1h")
	aDay := Annotation(bluegreen.RetireAfter, "24h")
	for name, test := range map[string]struct {
		old, new *corev1.Service
		refused  bool
	}{
		"created":                     {new: Managed(anHour), refused: true},
		"added":                       {old: Managed(), new: Managed(anHour), refused: true},
		"changed":                     {old: Managed(anHour), new: Managed(aDay), refused: true},
		"adopted with it":             {old: Service(anHour), new: Managed(anHour), refused: true},
		"stored, and another ask":     {old: Managed(anHour), new: Managed(anHour, Asks("1.11"))},
		"removed":                     {old: Managed(anHour), new: Managed()},
		"given back, and still there": {old: Managed(anHour), new: Service(anHour)},
	} {
		t.Run(name, func(t *testing.T) {
			answer := admit(serviceWrite{old: test.old, new: test.new, unprotected: true})
			refused := len(answer.Errors) > 0 && strings.Contains(answer.Errors[0].Error(),
				`metadata.annotations[bluegreen/retire-after]: Invalid value: "`) &&
				strings.Contains(answer.Errors[0].Error(), "needs inUseProtection.enabled in bluegreen's Helm chart")
			if refused != test.refused || len(answer.Errors) > 1 || !refused && len(answer.Errors) > 0 {
				t.Errorf("got %v", answer.Errors)
			}
			if test.new.Annotations[bluegreen.TargetVersion] != "" {
				protected := admit(serviceWrite{old: test.old, new: test.new})
				if len(protected.Errors) > 0 {
					t.Errorf("with protection: %v", protected.Errors)
				}
			}
		})
	}
}

// TestNothingIsCheckedWhereNoJobsMayRun: of such an installation, a new check is refused. A stored one stops no other write.
func TestNothingIsCheckedWhereNoJobsMayRun(t *testing.T) {
	smoke, thorough := Annotation(bluegreen.PrePromotionCheck, "smoke"), Annotation(bluegreen.PrePromotionCheck, "thorough")
	after := []ServiceOption{Annotation(bluegreen.PostPromotionCheck, "smoke"), Annotation(bluegreen.AutoRollback, "10m")}
	for name, test := range map[string]struct {
		old, new *corev1.Service
		refused  string
	}{
		"created":                 {new: Managed(smoke), refused: "pre"},
		"added":                   {old: Managed(), new: Managed(smoke), refused: "pre"},
		"added, after the switch": {old: Managed(), new: Managed(after...), refused: "post"},
		"changed":                 {old: Managed(smoke), new: Managed(thorough), refused: "pre"},
		"adopted with it":         {old: Service(smoke), new: Managed(smoke), refused: "pre"},
		"stored, and another ask": {old: Managed(smoke), new: Managed(smoke, Asks("1.11"))},
		"removed":                 {old: Managed(smoke), new: Managed()},
	} {
		t.Run(name, func(t *testing.T) {
			answer := admit(serviceWrite{old: test.old, new: test.new, withoutJobs: true})
			want := fmt.Sprintf("metadata.annotations[bluegreen/%s-promotion-check]: Invalid value: ", test.refused)
			if test.refused == "" && len(answer.Errors) > 0 || test.refused != "" && (len(answer.Errors) != 1 ||
				!strings.HasPrefix(answer.Errors[0].Error(), want) ||
				!strings.HasSuffix(answer.Errors[0].Error(), "needs checks.enabled in bluegreen's Helm chart")) {
				t.Errorf("got %v", answer.Errors)
			}
			if allowed := admit(serviceWrite{old: test.old, new: test.new}); len(allowed.Errors) > 0 {
				t.Errorf("with checks: %v", allowed.Errors)
			}
		})
	}
}
