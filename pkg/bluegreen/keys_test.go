package bluegreen

import "testing"

func TestTheKeysAndPhasesAreAContractAndNeverChange(t *testing.T) {
	for got, want := range map[string]string{
		TargetVersion:       "bluegreen/target-version",
		VersionLabel:        "bluegreen/version-label",
		PhaseKey:            "bluegreen/phase",
		MessageKey:          "bluegreen/message",
		Ready:               "bluegreen/ready",
		string(Minimum):     "minimum",
		string(Complete):    "complete",
		string(MatchLive):   "match-live",
		DefaultVersionLabel: "version",
		string(Stable):      "Stable",
		string(Waiting):     "Waiting",
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestTheReasonsOfEventsAreAContractAndNeverChange(t *testing.T) {
	for got, want := range map[Reason]string{
		ReasonReleased:           "Released",
		ReasonStable:             "Stable",
		ReasonSwitched:           "Switched",
		ReasonInvalid:            "Invalid",
		ReasonDeploymentNotFound: "DeploymentNotFound",
		ReasonDeploymentDeleting: "DeploymentDeleting",
		ReasonScaledToZero:       "ScaledToZero",
		ReasonNotAvailable:       "NotAvailable",
		ReasonPortNotFound:       "PortNotFound",
		ReasonPaused:             "Paused",
		ReasonNotComplete:        "NotComplete",
		ReasonFewerThanLive:      "FewerThanLive",
	} {
		if string(got) != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
