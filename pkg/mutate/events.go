package mutate

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/ptr"
	ctrladmission "sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
)

// tell records Events of what a write asked for in vain: a GitOps tool shows its user no warnings. They are of the object as it is
// stored. A dry run has no effect.
func tell(recorder events.EventRecorder, request ctrladmission.Request, stored runtime.Object, notStored []string) {
	if ptr.Deref(request.DryRun, false) {
		return
	}
	for _, message := range notStored {
		recorder.Eventf(stored, nil, corev1.EventTypeWarning, string(bluegreen.ReasonNotStored), bluegreen.Admitting, "%s",
			bluegreen.Clip(message))
	}
}
