package metrics_test

import (
	"crypto/x509"
	"maps"
	"testing"
	"time"

	"github.com/bluegreen-k8s/bluegreen/pkg/metrics"
	"github.com/bluegreen-k8s/bluegreen/pkg/metrics/metricstest"
)

func TestCertificatesTellWhenTheyExpireOnceThereAreAny(t *testing.T) {
	var serving, authority *x509.Certificate
	certificates := metrics.Certificates(func() (*x509.Certificate, *x509.Certificate) { return serving, authority })
	if got := metricstest.Served(t, certificates); len(got) != 0 {
		t.Errorf("before there are any: %v", got)
	}
	serving, authority = &x509.Certificate{NotAfter: now}, &x509.Certificate{NotAfter: now.Add(time.Hour)}
	want := map[string]float64{
		`bluegreen_certificate_expiry_timestamp_seconds{certificate="serving"}`: float64(now.Unix()),
		`bluegreen_certificate_expiry_timestamp_seconds{certificate="ca"}`:      float64(now.Add(time.Hour).Unix()),
	}
	if got := metricstest.Served(t, certificates); !maps.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
