package bluegreen_test

import (
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
)

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
		ask, errs := parse(annotations)

		target, managed := annotations[bluegreen.TargetVersion]
		if ask.managed != managed {
			t.Errorf("managed: %v", ask.managed)
		}
		if len(validation.IsQualifiedName(ask.versionLabel)) > 0 {
			t.Errorf("version label %q is no label key", ask.versionLabel)
		}
		if ask.target != "" && (ask.target != target || len(validation.IsValidLabelValue(target)) > 0) {
			t.Errorf("target %q out of %q", ask.target, target)
		}
		if managed && ask.target == "" && len(errs) == 0 {
			t.Error("no target, and no error either")
		}
		for _, err := range errs {
			if !strings.HasPrefix(err.Field, "metadata.annotations") || err.Error() == "" {
				t.Errorf("an error that names no field: %v", err)
			}
		}
	})
}
