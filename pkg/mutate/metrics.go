package mutate

import (
	"context"
	"net/http"

	"k8s.io/utils/ptr"
	ctrladmission "sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen/admission"
	"github.com/bluegreen-k8s/bluegreen/pkg/metrics"
)

// counted counts the answers of a webhook. controller-runtime counts requests, and how long they take, but every answer is a 200 to it.
type counted struct {
	path string
	ctrladmission.Handler
}

// What becomes of a write.
const (
	unchanged = "unchanged"
	changed   = "changed"
	refused   = "refused"
	failed    = "error"
)

// count returns a webhook whose answers are counted. All counts begin at 0: an increase from nothing is none for Prometheus.
func count(path string, handler ctrladmission.Handler) ctrladmission.Handler {
	for _, outcome := range []string{unchanged, changed, refused, failed} {
		metrics.Admissions.WithLabelValues(path, outcome)
	}
	return counted{path, handler}
}

// Handle implements admission.Handler.
func (c counted) Handle(ctx context.Context, request ctrladmission.Request) ctrladmission.Response {
	response := c.Handler.Handle(ctx, request)
	metrics.Admissions.WithLabelValues(c.path, outcome(response)).Inc()
	return response
}

// outcome returns what became of a write.
func outcome(response ctrladmission.Response) string {
	switch {
	case response.Allowed && len(response.Patches) > 0:
		return changed
	case response.Allowed:
		return unchanged
	case response.Result != nil && response.Result.Code >= http.StatusInternalServerError:
		return failed
	default:
		return refused
	}
}

// countHeld counts a write whose selector named a version that is not live: traffic stays. A dry run has no effect.
func countHeld(request ctrladmission.Request, write admission.ServiceWrite, answer admission.ServiceAnswer) {
	if !ptr.Deref(request.DryRun, false) && write.HoldsSelector(answer) {
		metrics.Held.WithLabelValues(metrics.HeldSelector).Inc()
	}
}
