package bluegreen

import (
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
)

func TestParseReadsWhatTheAnnotationsAskFor(t *testing.T) {
	long := strings.Repeat("v", 63)
	for name, test := range map[string]struct {
		annotations map[string]string
		want        Policy
	}{
		"no annotations":                  {nil, Policy{VersionLabel: "version", Ready: Minimum, Protect: true}},
		"others' annotations":             {pairs("example.org/a", "b"), Policy{VersionLabel: "version", Ready: Minimum, Protect: true}},
		"a version label alone":           {pairs(VersionLabel, "track"), Policy{VersionLabel: "version", Ready: Minimum, Protect: true}},
		"nonsense on an unmanaged one":    {pairs(VersionLabel, "no label!", prefix+"surprise", ""), Policy{VersionLabel: "version", Ready: Minimum, Protect: true}},
		"a target":                        {pairs(TargetVersion, "1.11"), Policy{true, "1.11", "version", Minimum, true, nil}},
		"a target of one character":       {pairs(TargetVersion, "2"), Policy{true, "2", "version", Minimum, true, nil}},
		"a target of 63 characters":       {pairs(TargetVersion, long), Policy{true, long, "version", Minimum, true, nil}},
		"a target and a version label":    {pairs(TargetVersion, "green", VersionLabel, "track"), Policy{true, "green", "track", Minimum, true, nil}},
		"a version label with a prefix":   {pairs(TargetVersion, "1", VersionLabel, "app.kubernetes.io/version"), Policy{true, "1", "app.kubernetes.io/version", Minimum, true, nil}},
		"bluegreen's own keys beside it":  {pairs(TargetVersion, "1", PhaseKey, "no phase", MessageKey, "?"), Policy{true, "1", "version", Minimum, true, nil}},
		"others' prefixes are not ours":   {pairs(TargetVersion, "1", "bluegreen.io/target", "2", "blue/green", "3"), Policy{true, "1", "version", Minimum, true, nil}},
		"the prefix is case sensitive":    {pairs(TargetVersion, "1", "Bluegreen/target-version", "2"), Policy{true, "1", "version", Minimum, true, nil}},
		"complete":                        {pairs(TargetVersion, "1", Ready, "complete"), Policy{true, "1", "version", Complete, true, nil}},
		"match-live":                      {pairs(TargetVersion, "1", Ready, "match-live"), Policy{true, "1", "version", MatchLive, true, nil}},
		"minimum":                         {pairs(TargetVersion, "1", Ready, "minimum"), Policy{true, "1", "version", Minimum, true, nil}},
		"protection disabled":             {pairs(TargetVersion, "1", InUseProtection, "disabled"), Policy{true, "1", "version", Minimum, false, nil}},
		"protection enabled":              {pairs(TargetVersion, "1", InUseProtection, "enabled"), Policy{true, "1", "version", Minimum, true, nil}},
		"the default version label named": {pairs(TargetVersion, "1", VersionLabel, "version"), Policy{true, "1", "version", Minimum, true, nil}},
	} {
		t.Run(name, func(t *testing.T) {
			got, errs := Parse(test.annotations)
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
		want        Policy
	}{
		"an empty target": {pairs(TargetVersion, ""),
			[][]string{{target, `""`, "must be the label value of the version that should be live, not empty"}}, Policy{true, "", "version", Minimum, true, nil}},
		"a target that is no label value": {pairs(TargetVersion, "not a label!"),
			[][]string{{target, `"not a label!"`, "must be a label value: ", "must start and end with an alphanumeric character"}}, Policy{true, "", "version", Minimum, true, nil}},
		"a target of 64 characters": {pairs(TargetVersion, strings.Repeat("v", 64)),
			[][]string{{target, "vvvv", "must be a label value: must be no more than 63 "}}, Policy{true, "", "version", Minimum, true, nil}},
		"a target with a blank": {pairs(TargetVersion, "1.11 "),
			[][]string{{target, `"1.11 "`, "must be a label value"}}, Policy{true, "", "version", Minimum, true, nil}},
		"a target with a line break": {pairs(TargetVersion, "1.11\n"),
			[][]string{{target, `"1.11\n"`, "must be a label value"}}, Policy{true, "", "version", Minimum, true, nil}},
		"a target that is no UTF-8": {pairs(TargetVersion, "\xff"),
			[][]string{{target, "must be a label value"}}, Policy{true, "", "version", Minimum, true, nil}},
		"an empty version label": {pairs(TargetVersion, "1", VersionLabel, ""),
			[][]string{{label, `""`, "must be a label key: name part must be non-empty"}}, Policy{true, "", "version", Minimum, true, nil}},
		"a version label with two slashes": {pairs(TargetVersion, "1", VersionLabel, "a/b/c"),
			[][]string{{label, `"a/b/c"`, "must be a label key: "}}, Policy{true, "", "version", Minimum, true, nil}},
		"a readiness nobody knows": {pairs(TargetVersion, "1", Ready, "Complete"),
			[][]string{{"metadata.annotations[bluegreen/ready]", `"Complete"`, `supported values: "minimum", "complete", "match-live"`}}, Policy{true, "", "version", Minimum, true, nil}},
		"a protection nobody knows": {pairs(TargetVersion, "1", InUseProtection, "off"),
			[][]string{{"metadata.annotations[bluegreen/in-use-protection]", `"off"`, `supported values: "enabled", "disabled"`}}, Policy{true, "", "version", Minimum, true, nil}},
		"a key nobody knows": {pairs(TargetVersion, "1", prefix+"promtion", "manual"),
			[][]string{{"metadata.annotations", `"bluegreen/promtion"`, `supported values: "bluegreen/target-version", "bluegreen/version-label"`}}, Policy{true, "", "version", Minimum, true, nil}},
		"a key of a later release": {pairs(TargetVersion, "1", "bluegreen/promotion", "manual"),
			[][]string{{`"bluegreen/promotion"`, "supported values"}}, Policy{true, "", "version", Minimum, true, nil}},
		"the bare prefix": {pairs(TargetVersion, "1", "bluegreen/", ""),
			[][]string{{`"bluegreen/"`, "supported values"}}, Policy{true, "", "version", Minimum, true, nil}},
		"all of it, in a stable order": {pairs(TargetVersion, "", VersionLabel, "-", prefix+"z", "", prefix+"a", ""),
			[][]string{{`"bluegreen/a"`}, {`"bluegreen/z"`}, {target}, {label}}, Policy{true, "", "version", Minimum, true, nil}},
	} {
		t.Run(name, func(t *testing.T) {
			got, errs := Parse(test.annotations)
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

func TestAnInvalidAskMovesNothingHoweverReadyItsDeploymentIs(t *testing.T) {
	for name, option := range map[string]serviceOption{
		"bad target":        asks("not a label!"),
		"empty target":      asks(""),
		"bad version label": annotation(VersionLabel, "not a label!"),
		"unknown key":       annotation(prefix+"promotion", "manual"),
		"ExternalName":      externalName,
		"no selector":       selects(),
	} {
		t.Run(name, func(t *testing.T) {
			observed := service(asks("1.11"), option)
			action := Decide(State{Service: observed, Target: []*appsv1.Deployment{deployment("1.11")}})
			if action.Reason != ReasonInvalid || action.Message == "" {
				t.Errorf("got %s: %q", action.Reason, action.Message)
			}
			equalMaps(t, "selector", action.Service.Spec.Selector, observed.Spec.Selector)
			if found := Labels(observed); slices.Contains(found, "version=1.11") {
				t.Errorf("it waits for its target: %q", found)
			}
			if state := Observe(observed, []*appsv1.Deployment{deployment("1.11")}); len(state.Target) > 0 {
				t.Errorf("it has a target: %v", state.Target)
			}
		})
	}
}

func TestOnlyManagedServicesAndThoseThatWereAreOurConcern(t *testing.T) {
	for name, test := range map[string]struct {
		service *corev1.Service
		want    bool
	}{
		"unmanaged":                            {service(), false},
		"others' annotations":                  {service(annotation("example.org/a", "b")), false},
		"version label alone":                  {service(annotation(VersionLabel, "track")), false},
		"managed":                              {managed(), true},
		"badly managed":                        {service(asks("")), true},
		"released while nobody answered":       {managed(lacks(TargetVersion)), true},
		"nothing left but a message of before": {service(annotation(MessageKey, "")), true},
	} {
		t.Run(name, func(t *testing.T) {
			if got := Concerns(test.service); got != test.want {
				t.Errorf("got %v", got)
			}
		})
	}
}
