package bluegreen_test

import (
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
)

// The tests about annotations call the code under test by what is in this file alone.

// parsed is what the annotations of a Service ask for.
type parsed struct {
	managed      bool
	target       string
	versionLabel string
	ready        bluegreen.Readiness
	protected    bool
	drain        *time.Duration
}

func parse(annotations map[string]string) (parsed, field.ErrorList) {
	service := bluegreen.Read(&corev1.Service{ObjectMeta: metav1.ObjectMeta{Annotations: annotations}})
	read := parsed{
		managed:      service.Managed,
		target:       service.Target,
		versionLabel: service.VersionLabel,
		ready:        service.Ready,
		protected:    service.Protect,
		drain:        service.Drain,
	}
	return read, service.Errors
}
