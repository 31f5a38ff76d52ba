package bluegreen_test

import (
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/utils/ptr"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
)

// The tests about annotations call the code under test by what is in this file alone.

// parsed is what the annotations of a Service ask for.
type parsed struct {
	managed      bool
	target       string
	leader       string
	preview      bool
	versionLabel string
	ready        bluegreen.Readiness
	protected    bool
	promotion    bluegreen.Promotion
	approved     string
	retry        string
	checks       [2]string // before the switch, and after it

	// These are 0 where they are absent.
	drain, deadline, retireAfter, autoRollback time.Duration
}

func parse(annotations map[string]string) (parsed, field.ErrorList) {
	service := bluegreen.Read(&corev1.Service{ObjectMeta: metav1.ObjectMeta{Annotations: annotations}})
	read := parsed{
		managed:      service.Managed,
		target:       service.Target,
		leader:       service.Leader,
		preview:      service.Preview,
		versionLabel: service.VersionLabel,
		ready:        service.Ready,
		protected:    service.Protect,
		promotion:    service.Promotion,
		approved:     service.ApprovedVersion,
		retry:        service.Retry,
		checks:       [2]string{service.CheckBefore, service.CheckAfter},
		drain:        ptr.Deref(service.Drain, 0),
		deadline:     ptr.Deref(service.Deadline, 0),
		retireAfter:  ptr.Deref(service.RetireAfter, 0),
		autoRollback: ptr.Deref(service.AutoRollback, 0),
	}
	return read, service.Errors
}
