package bluegreen_test

import (
	"testing"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
)

func TestTheKeysAndPhasesAreAContractAndNeverChange(t *testing.T) {
	for got, want := range map[string]string{
		bluegreen.TargetVersion:       "bluegreen/target-version",
		bluegreen.VersionLabel:        "bluegreen/version-label",
		bluegreen.PhaseKey:            "bluegreen/phase",
		bluegreen.MessageKey:          "bluegreen/message",
		bluegreen.AttemptKey:          "bluegreen/attempt",
		bluegreen.LastSwitchKey:       "bluegreen/last-switch",
		bluegreen.Ready:               "bluegreen/ready",
		bluegreen.InUseProtection:     "bluegreen/in-use-protection",
		bluegreen.Drain:               "bluegreen/drain",
		bluegreen.Retry:               "bluegreen/retry",
		bluegreen.RetireAfter:         "bluegreen/retire-after",
		bluegreen.PrePromotionCheck:   "bluegreen/pre-promotion-check",
		bluegreen.PostPromotionCheck:  "bluegreen/post-promotion-check",
		bluegreen.ChecksKey:           "bluegreen/checks",
		bluegreen.CheckOf:             "bluegreen/check-of",
		string(bluegreen.Checking):    "Checking",
		bluegreen.Follows:             "bluegreen/follows",
		bluegreen.PreviewOf:           "bluegreen/preview-of",
		bluegreen.Deadline:            "bluegreen/deadline",
		bluegreen.AutoRollback:        "bluegreen/auto-rollback",
		bluegreen.Promote:             "bluegreen/promotion",
		bluegreen.ApprovedVersion:     "bluegreen/approved-version",
		string(bluegreen.Auto):        "auto",
		string(bluegreen.Manual):      "manual",
		string(bluegreen.Paused):      "Paused",
		string(bluegreen.Failed):      "Failed",
		string(bluegreen.RolledBack):  "RolledBack",
		string(bluegreen.Minimum):     "minimum",
		string(bluegreen.Complete):    "complete",
		string(bluegreen.MatchLive):   "match-live",
		bluegreen.DefaultVersionLabel: "version",
		string(bluegreen.Stable):      "Stable",
		string(bluegreen.Waiting):     "Waiting",
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
