package bluegreen_test

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
	. "github.com/bluegreen-k8s/bluegreen/pkg/bluegreen/bluegreentest"
)

func TestParseReadsWhatTheAnnotationsAskFor(t *testing.T) {
	long := strings.Repeat("v", 63)
	for name, test := range map[string]struct {
		annotations map[string]string
		want        bluegreen.Options
	}{
		"no annotations":                  {nil, bluegreen.Options{VersionLabel: "version", Ready: bluegreen.Minimum, Protect: true}},
		"others' annotations":             {Pairs("example.org/a", "b"), bluegreen.Options{VersionLabel: "version", Ready: bluegreen.Minimum, Protect: true}},
		"a version label alone":           {Pairs(bluegreen.VersionLabel, "track"), bluegreen.Options{VersionLabel: "version", Ready: bluegreen.Minimum, Protect: true}},
		"nonsense on an unmanaged one":    {Pairs(bluegreen.VersionLabel, "no label!", "bluegreen/"+"surprise", ""), bluegreen.Options{VersionLabel: "version", Ready: bluegreen.Minimum, Protect: true}},
		"a target":                        {Pairs(bluegreen.TargetVersion, "1.11"), bluegreen.Options{Managed: true, Target: "1.11", VersionLabel: "version", Ready: bluegreen.Minimum, Protect: true}},
		"a target of one character":       {Pairs(bluegreen.TargetVersion, "2"), bluegreen.Options{Managed: true, Target: "2", VersionLabel: "version", Ready: bluegreen.Minimum, Protect: true}},
		"a target of 63 characters":       {Pairs(bluegreen.TargetVersion, long), bluegreen.Options{Managed: true, Target: long, VersionLabel: "version", Ready: bluegreen.Minimum, Protect: true}},
		"a target and a version label":    {Pairs(bluegreen.TargetVersion, "green", bluegreen.VersionLabel, "track"), bluegreen.Options{Managed: true, Target: "green", VersionLabel: "track", Ready: bluegreen.Minimum, Protect: true}},
		"a version label with a prefix":   {Pairs(bluegreen.TargetVersion, "1", bluegreen.VersionLabel, "app.kubernetes.io/version"), bluegreen.Options{Managed: true, Target: "1", VersionLabel: "app.kubernetes.io/version", Ready: bluegreen.Minimum, Protect: true}},
		"bluegreen's own keys beside it":  {Pairs(bluegreen.TargetVersion, "1", bluegreen.PhaseKey, "no phase", bluegreen.MessageKey, "?"), bluegreen.Options{Managed: true, Target: "1", VersionLabel: "version", Ready: bluegreen.Minimum, Protect: true}},
		"others' prefixes are not ours":   {Pairs(bluegreen.TargetVersion, "1", "bluegreen.io/target", "2", "blue/green", "3"), bluegreen.Options{Managed: true, Target: "1", VersionLabel: "version", Ready: bluegreen.Minimum, Protect: true}},
		"the prefix is case sensitive":    {Pairs(bluegreen.TargetVersion, "1", "Bluegreen/target-version", "2"), bluegreen.Options{Managed: true, Target: "1", VersionLabel: "version", Ready: bluegreen.Minimum, Protect: true}},
		"complete":                        {Pairs(bluegreen.TargetVersion, "1", bluegreen.Ready, "complete"), bluegreen.Options{Managed: true, Target: "1", VersionLabel: "version", Ready: bluegreen.Complete, Protect: true}},
		"match-live":                      {Pairs(bluegreen.TargetVersion, "1", bluegreen.Ready, "match-live"), bluegreen.Options{Managed: true, Target: "1", VersionLabel: "version", Ready: bluegreen.MatchLive, Protect: true}},
		"minimum":                         {Pairs(bluegreen.TargetVersion, "1", bluegreen.Ready, "minimum"), bluegreen.Options{Managed: true, Target: "1", VersionLabel: "version", Ready: bluegreen.Minimum, Protect: true}},
		"protection disabled":             {Pairs(bluegreen.TargetVersion, "1", bluegreen.InUseProtection, "disabled"), bluegreen.Options{Managed: true, Target: "1", VersionLabel: "version", Ready: bluegreen.Minimum, Protect: false}},
		"protection enabled":              {Pairs(bluegreen.TargetVersion, "1", bluegreen.InUseProtection, "enabled"), bluegreen.Options{Managed: true, Target: "1", VersionLabel: "version", Ready: bluegreen.Minimum, Protect: true}},
		"the default version label named": {Pairs(bluegreen.TargetVersion, "1", bluegreen.VersionLabel, "version"), bluegreen.Options{Managed: true, Target: "1", VersionLabel: "version", Ready: bluegreen.Minimum, Protect: true}},
	} {
		t.Run(name, func(t *testing.T) {
			got, errs := parse(test.annotations)
			if got != test.want || len(errs) > 0 {
				t.Errorf("got %+v, %v; want %+v", got, errs, test.want)
			}
		})
	}
}

func TestParseErrorsNameFieldAndValueAndRuleAndLeaveTheBadValueOut(t *testing.T) {
	const (
		target = "metadata.annotations[bluegreen/target-version]"
		label  = "metadata.annotations[bluegreen/version-label]"
	)
	for name, test := range map[string]struct {
		annotations map[string]string
		errors      [][]string // of each error, what it says
		want        bluegreen.Options
	}{
		"an empty target": {Pairs(bluegreen.TargetVersion, ""),
			[][]string{{target, `""`, "must be the label value of the version that should be live, not empty"}}, bluegreen.Options{Managed: true, Target: "", VersionLabel: "version", Ready: bluegreen.Minimum, Protect: true}},
		"a target that is no label value": {Pairs(bluegreen.TargetVersion, "not a label!"),
			[][]string{{target, `"not a label!"`, "must be a label value: ", "must start and end with an alphanumeric character"}}, bluegreen.Options{Managed: true, Target: "", VersionLabel: "version", Ready: bluegreen.Minimum, Protect: true}},
		"a target of 64 characters": {Pairs(bluegreen.TargetVersion, strings.Repeat("v", 64)),
			[][]string{{target, "vvvv", "must be a label value: must be no more than 63 "}}, bluegreen.Options{Managed: true, Target: "", VersionLabel: "version", Ready: bluegreen.Minimum, Protect: true}},
		"a target with a blank": {Pairs(bluegreen.TargetVersion, "1.11 "),
			[][]string{{target, `"1.11 "`, "must be a label value"}}, bluegreen.Options{Managed: true, Target: "", VersionLabel: "version", Ready: bluegreen.Minimum, Protect: true}},
		"a target with a line break": {Pairs(bluegreen.TargetVersion, "1.11\n"),
			[][]string{{target, `"1.11\n"`, "must be a label value"}}, bluegreen.Options{Managed: true, Target: "", VersionLabel: "version", Ready: bluegreen.Minimum, Protect: true}},
		"a target that is no UTF-8": {Pairs(bluegreen.TargetVersion, "\xff"),
			[][]string{{target, "must be a label value"}}, bluegreen.Options{Managed: true, Target: "", VersionLabel: "version", Ready: bluegreen.Minimum, Protect: true}},
		"an empty version label": {Pairs(bluegreen.TargetVersion, "1", bluegreen.VersionLabel, ""),
			[][]string{{label, `""`, "must be a label key: name part must be non-empty"}}, bluegreen.Options{Managed: true, Target: "", VersionLabel: "version", Ready: bluegreen.Minimum, Protect: true}},
		"a version label with two slashes": {Pairs(bluegreen.TargetVersion, "1", bluegreen.VersionLabel, "a/b/c"),
			[][]string{{label, `"a/b/c"`, "must be a label key: "}}, bluegreen.Options{Managed: true, Target: "", VersionLabel: "version", Ready: bluegreen.Minimum, Protect: true}},
		"a readiness nobody knows": {Pairs(bluegreen.TargetVersion, "1", bluegreen.Ready, "Complete"),
			[][]string{{"metadata.annotations[bluegreen/ready]", `"Complete"`, `supported values: "minimum", "complete", "match-live"`}}, bluegreen.Options{Managed: true, Target: "", VersionLabel: "version", Ready: bluegreen.Minimum, Protect: true}},
		"a protection nobody knows": {Pairs(bluegreen.TargetVersion, "1", bluegreen.InUseProtection, "off"),
			[][]string{{"metadata.annotations[bluegreen/in-use-protection]", `"off"`, `supported values: "enabled", "disabled"`}}, bluegreen.Options{Managed: true, Target: "", VersionLabel: "version", Ready: bluegreen.Minimum, Protect: true}},
		"a key nobody knows": {Pairs(bluegreen.TargetVersion, "1", "bluegreen/"+"promtion", "manual"),
			[][]string{{"metadata.annotations", `"bluegreen/promtion"`, `supported values: "bluegreen/target-version", "bluegreen/version-label"`}}, bluegreen.Options{Managed: true, Target: "", VersionLabel: "version", Ready: bluegreen.Minimum, Protect: true}},
		"a key of a later release": {Pairs(bluegreen.TargetVersion, "1", "bluegreen/promotion", "manual"),
			[][]string{{`"bluegreen/promotion"`, "supported values"}}, bluegreen.Options{Managed: true, Target: "", VersionLabel: "version", Ready: bluegreen.Minimum, Protect: true}},
		"the bare prefix": {Pairs(bluegreen.TargetVersion, "1", "bluegreen/", ""),
			[][]string{{`"bluegreen/"`, "supported values"}}, bluegreen.Options{Managed: true, Target: "", VersionLabel: "version", Ready: bluegreen.Minimum, Protect: true}},
		"all of it, in a stable order": {Pairs(bluegreen.TargetVersion, "", bluegreen.VersionLabel, "-", "bluegreen/"+"z", "", "bluegreen/"+"a", ""),
			[][]string{{`"bluegreen/a"`}, {`"bluegreen/z"`}, {target}, {label}}, bluegreen.Options{Managed: true, Target: "", VersionLabel: "version", Ready: bluegreen.Minimum, Protect: true}},
	} {
		t.Run(name, func(t *testing.T) {
			got, errs := parse(test.annotations)
			if got != test.want {
				t.Errorf("got %+v, want %+v", got, test.want)
			}
			if len(errs) != len(test.errors) {
				t.Fatalf("got %d errors, want %d: %v", len(errs), len(test.errors), errs)
			}
			for i, parts := range test.errors {
				for _, part := range parts {
					if !strings.Contains(errs[i].Error(), part) {
						t.Errorf("error %d does not say %q: %v", i, part, errs[i])
					}
				}
			}
		})
	}
}

func FuzzParseIsSafeWhateverItReads(f *testing.F) {
	f.Add("1.11", "version", "promotion", "manual", uint8(3))
	f.Add("", "", "", "", uint8(7))
	f.Add("not a label!", "a/b/c", "phase", "Stable", uint8(7))
	f.Add("\xff\x00", "app.kubernetes.io/version", "targt-version", "1.12", uint8(3))
	f.Fuzz(func(t *testing.T, target, label, other, value string, set uint8) {
		annotations := map[string]string{}
		for i, key := range []string{bluegreen.TargetVersion, bluegreen.VersionLabel, "bluegreen/" + other} {
			if set&(1<<i) != 0 {
				annotations[key] = []string{target, label, value}[i]
			}
		}
		options, errs := parse(annotations)

		target, managed := annotations[bluegreen.TargetVersion]
		if options.Managed != managed {
			t.Errorf("managed: %v", options.Managed)
		}
		if len(validation.IsQualifiedName(options.VersionLabel)) > 0 {
			t.Errorf("version label %q is no label key", options.VersionLabel)
		}
		if options.Target != "" && (options.Target != target || len(validation.IsValidLabelValue(target)) > 0) {
			t.Errorf("target %q out of %q", options.Target, target)
		}
		if managed && options.Target == "" && len(errs) == 0 {
			t.Error("no target, and no error either")
		}
		for _, err := range errs {
			if !strings.HasPrefix(err.Field, "metadata.annotations") || err.Error() == "" {
				t.Errorf("an error that names no field: %v", err)
			}
		}
	})
}

// parse reads the annotations of a Service.
func parse(annotations map[string]string) (bluegreen.Options, field.ErrorList) {
	service := bluegreen.Read(&corev1.Service{ObjectMeta: metav1.ObjectMeta{Annotations: annotations}})
	return service.Options, service.Errors
}
