package ladder

import (
	"testing"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
)

func TestTheReasonsOfEventsAreAContractAndNeverChange(t *testing.T) {
	for got, want := range map[Reason]string{
		ReasonNotManaged:          "NotManaged",
		ReasonStable:              "Stable",
		ReasonSwitched:            "Switched",
		ReasonInvalid:             "Invalid",
		ReasonDeploymentNotFound:  "DeploymentNotFound",
		ReasonDeploymentDeleting:  "DeploymentDeleting",
		ReasonScaledToZero:        "ScaledToZero",
		ReasonNotAvailable:        "NotAvailable",
		ReasonPortNotFound:        "PortNotFound",
		ReasonPaused:              "Paused",
		ReasonNotComplete:         "NotComplete",
		ReasonFewerThanLive:       "FewerThanLive",
		ReasonReplicaFailure:      "ReplicaFailure",
		ReasonDeadlineExceeded:    "ProgressDeadlineExceeded",
		ReasonNotApproved:         "NotApproved",
		ReasonFailed:              "Failed",
		bluegreen.ReasonWithdrawn: "Withdrawn",
	} {
		if string(got) != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
