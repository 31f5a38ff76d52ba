package bluegreen_test

import (
	"strings"
	"testing"
	"time"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
	. "github.com/bluegreen-k8s/bluegreen/pkg/bluegreen/bluegreentest"
)

func TestParseErrorsNameFieldAndValueAndRuleAndLeaveTheBadValueOut(t *testing.T) {
	const (
		target = "metadata.annotations[bluegreen/target-version]"
		label  = "metadata.annotations[bluegreen/version-label]"
	)
	for name, test := range map[string]struct {
		annotations map[string]string
		errors      [][]string // of each error, what it says
		want        parsed
	}{
		"an empty target": {
			annotations: Pairs(bluegreen.TargetVersion, ""),
			errors:      [][]string{{target, `""`, "must be the label value of the version that should be live, not empty"}},
			want:        asking(""),
		},
		"a target that is no label value": {
			annotations: Pairs(bluegreen.TargetVersion, "not a label!"),
			errors:      [][]string{{target, `"not a label!"`, "must be a label value: ", "must start and end with an alphanumeric character"}},
			want:        asking(""),
		},
		"a target of 64 characters": {
			annotations: Pairs(bluegreen.TargetVersion, strings.Repeat("v", 64)),
			errors:      [][]string{{target, "vvvv", "must be a label value: must be no more than 63 "}},
			want:        asking(""),
		},
		"a target with a blank": {
			annotations: Pairs(bluegreen.TargetVersion, "1.11 "),
			errors:      [][]string{{target, `"1.11 "`, "must be a label value"}},
			want:        asking(""),
		},
		"a target with a line break": {
			annotations: Pairs(bluegreen.TargetVersion, "1.11\n"),
			errors:      [][]string{{target, `"1.11\n"`, "must be a label value"}},
			want:        asking(""),
		},
		"a target that is no UTF-8": {
			annotations: Pairs(bluegreen.TargetVersion, "\xff"),
			errors:      [][]string{{target, "must be a label value"}},
			want:        asking(""),
		},
		"an empty version label": {
			annotations: Pairs(bluegreen.TargetVersion, "1", bluegreen.VersionLabel, ""),
			errors:      [][]string{{label, `""`, "must be a label key: name part must be non-empty"}},
			want:        asking(""),
		},
		"a version label with two slashes": {
			annotations: Pairs(bluegreen.TargetVersion, "1", bluegreen.VersionLabel, "a/b/c"),
			errors:      [][]string{{label, `"a/b/c"`, "must be a label key: "}},
			want:        asking(""),
		},
		"a readiness nobody knows": {
			annotations: Pairs(bluegreen.TargetVersion, "1", bluegreen.Ready, "Complete"),
			errors: [][]string{{"metadata.annotations[bluegreen/ready]", `"Complete"`,
				`supported values: "minimum", "complete", "match-live"`}},
			want: asking(""),
		},
		"a protection nobody knows": {
			annotations: Pairs(bluegreen.TargetVersion, "1", bluegreen.InUseProtection, "off"),
			errors:      [][]string{{"metadata.annotations[bluegreen/in-use-protection]", `"off"`, `supported values: "enabled", "disabled"`}},
			want:        asking(""),
		},
		"a drain that is no duration": {
			annotations: Pairs(bluegreen.TargetVersion, "1", bluegreen.Drain, "soon"),
			errors:      [][]string{{"metadata.annotations[bluegreen/drain]", `"soon"`, "must be a duration of 0s or more, such as 30s"}},
			want:        asking(""),
		},
		"a drain before it begins": {
			annotations: Pairs(bluegreen.TargetVersion, "1", bluegreen.Drain, "-1s"),
			errors:      [][]string{{"metadata.annotations[bluegreen/drain]", `"-1s"`, "must be a duration of 0s or more"}},
			want:        asking(""),
		},
		"a deadline that is over at once": {
			annotations: Pairs(bluegreen.TargetVersion, "1", bluegreen.Deadline, "0s"),
			errors:      [][]string{{"metadata.annotations[bluegreen/deadline]", `"0s"`, "must be a duration of more than 0s, such as 30s"}},
			want:        asking(""),
		},
		"a retirement that is no duration": {
			annotations: Pairs(bluegreen.TargetVersion, "1", bluegreen.RetireAfter, "never"),
			errors:      [][]string{{"metadata.annotations[bluegreen/retire-after]", `"never"`, "must be a duration of 0s or more"}},
			want:        asking(""),
		},
		"a retirement of what is not protected": {
			annotations: Pairs(bluegreen.TargetVersion, "1", bluegreen.RetireAfter, "1h", bluegreen.InUseProtection, "disabled"),
			errors: [][]string{{"metadata.annotations[bluegreen/retire-after]", `"1h"`,
				"needs bluegreen/in-use-protection to be enabled for this Service"}},
			want: asking("", unprotected),
		},
		"a check by no name": {
			annotations: Pairs(bluegreen.TargetVersion, "1", bluegreen.PrePromotionCheck, "smoke test"),
			errors: [][]string{{"metadata.annotations[bluegreen/pre-promotion-check]", `"smoke test"`,
				"must be the name of a CronJob of this namespace: "}},
			want: asking(""),
		},
		"a check by an empty name": {
			annotations: Pairs(bluegreen.TargetVersion, "1", bluegreen.PrePromotionCheck, ""),
			errors: [][]string{{"metadata.annotations[bluegreen/pre-promotion-check]", `""`,
				"must be the name of a CronJob of this namespace: "}},
			want: asking(""),
		},
		"a check after a switch that is not watched": {
			annotations: Pairs(bluegreen.TargetVersion, "1", bluegreen.PostPromotionCheck, "smoke"),
			errors: [][]string{{"metadata.annotations[bluegreen/post-promotion-check]", `"smoke"`,
				"needs bluegreen/auto-rollback of 1m0s or more, which says how long it may take"}},
			want: asking(""),
		},
		"a check after a switch that is watched too briefly": {
			annotations: Pairs(bluegreen.TargetVersion, "1", bluegreen.PostPromotionCheck, "smoke", bluegreen.AutoRollback, "59s"),
			errors:      [][]string{{"metadata.annotations[bluegreen/post-promotion-check]", "needs bluegreen/auto-rollback of 1m0s or more"}},
			want:        asking("", func(p *parsed) { p.autoRollback = 59 * time.Second }),
		},
		"a check before a switch from what is not protected": {
			annotations: Pairs(bluegreen.TargetVersion, "1", bluegreen.PrePromotionCheck, "smoke", bluegreen.InUseProtection, "disabled"),
			errors: [][]string{{"metadata.annotations[bluegreen/pre-promotion-check]", `"smoke"`,
				"needs bluegreen/in-use-protection to be enabled for this Service"}},
			want: asking("", unprotected),
		},
		"a rollback before anything can have been broken for long": {
			annotations: Pairs(bluegreen.TargetVersion, "1", bluegreen.AutoRollback, "10s"),
			errors: [][]string{{"metadata.annotations[bluegreen/auto-rollback]", `"10s"`,
				"must be a duration of more than 10s (a failure must last that long), such as 30s"}},
			want: asking(""),
		},
		"a promotion nobody knows": {
			annotations: Pairs(bluegreen.TargetVersion, "1", bluegreen.Promote, "by hand"),
			errors:      [][]string{{"metadata.annotations[bluegreen/promotion]", `"by hand"`, `supported values: "auto", "manual"`}},
			want:        asking(""),
		},
		"an approval of no version": {
			annotations: Pairs(bluegreen.TargetVersion, "1", bluegreen.ApprovedVersion, ""),
			errors:      [][]string{{"metadata.annotations[bluegreen/approved-version]", `""`, "not empty"}},
			want:        asking(""),
		},
		"a key nobody knows": {
			annotations: Pairs(bluegreen.TargetVersion, "1", "bluegreen/promtion", "manual"),
			errors: [][]string{{"metadata.annotations", `"bluegreen/promtion"`,
				`supported values: "bluegreen/target-version", "bluegreen/version-label"`}},
			want: asking(""),
		},
		"a key of a later release": {
			annotations: Pairs(bluegreen.TargetVersion, "1", "bluegreen/mirror-to", "nginx"),
			errors:      [][]string{{`"bluegreen/mirror-to"`, "supported values"}},
			want:        asking(""),
		},
		"a target, and to follow another": {
			annotations: Pairs(bluegreen.TargetVersion, "1", bluegreen.Follows, "nginx"),
			errors: [][]string{{"metadata.annotations[bluegreen/follows]", "Forbidden: a Service is asked for a version by " +
				"bluegreen/target-version, or takes that of another Service: remove one of both"}},
			want: asking(""),
		},
		"to follow one, and to be a preview of another": {
			annotations: Pairs(bluegreen.PreviewOf, "nginx", bluegreen.Follows, "other"),
			errors: [][]string{{"metadata.annotations", `"bluegreen/preview-of"`,
				`supported values: "bluegreen/follows", "bluegreen/version-label"`}},
			want: asking("", ledBy("other")),
		},
		"to follow another, with an option that the other one has": {
			annotations: Pairs(bluegreen.Follows, "nginx", bluegreen.Ready, "complete"),
			errors:      [][]string{{`"bluegreen/ready"`, `supported values: "bluegreen/follows", "bluegreen/version-label"`}},
			want:        asking("", ledBy("nginx"), readyWhen(bluegreen.Complete)),
		},
		"to follow what is no name": {
			annotations: Pairs(bluegreen.Follows, "Nginx!"),
			errors: [][]string{{"metadata.annotations[bluegreen/follows]", `"Nginx!"`,
				"must be the name of a Service of this namespace: "}},
			want: asking(""),
		},
		"to be a preview of nothing": {
			annotations: Pairs(bluegreen.PreviewOf, ""),
			errors:      [][]string{{"metadata.annotations[bluegreen/preview-of]", `""`, "must be the name of a Service of this namespace"}},
			want:        asking("", func(p *parsed) { p.preview, p.protected = true, false }),
		},
		"the bare prefix": {
			annotations: Pairs(bluegreen.TargetVersion, "1", "bluegreen/", ""),
			errors:      [][]string{{`"bluegreen/"`, "supported values"}},
			want:        asking(""),
		},
		"all of it, in a stable order": {
			annotations: Pairs(bluegreen.TargetVersion, "", bluegreen.VersionLabel, "-", "bluegreen/z", "", "bluegreen/a", ""),
			errors:      [][]string{{`"bluegreen/a"`}, {`"bluegreen/z"`}, {target}, {label}},
			want:        asking(""),
		},
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
